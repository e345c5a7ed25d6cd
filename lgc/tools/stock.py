"""What is in the cache's folder: entries, and what broken-off builds and earlier versions left."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lgc.tools.entries import KINDS, MANIFEST, PARTIAL, problem_of, remove

DATA, FORMER = "data", "former"
_KEY = re.compile(r"[0-9a-f]{24,64}(-[a-z0-9]+)*")
_FORMER = re.compile(r"((head|train)-)?[0-9a-f]{40}\.so|[0-9a-f]{32}(-\d+)?\.(json|stopped)")
_UNFINISHED_SECONDS = 24 * 3600
_DAY = 24 * 3600


@dataclass(frozen=True)
class Stored:
    """Something of lgc's in the cache.

    Attributes:
        kind: a name of :data:`KINDS`, or ``former``.
        size: bytes.
        days: since it was last used.
    """

    kind: str
    path: Path
    size: int
    days: float

    @property
    def problem(self) -> str | None:
        """What is wrong with it; None where nothing is, or nothing can be said."""
        return problem_of(self.path) if self.kind not in (DATA, FORMER) else None


def stock(folder: Path) -> Iterator[Stored]:
    """All that is lgc's in a folder, by kind; a folder of another name, and a link, is not."""
    for path in _listed(folder):
        if _FORMER.fullmatch(path.name) and path.is_file():
            yield _stored(FORMER, path)
    for kind in KINDS:
        for path in _listed(folder / kind):
            if kind == DATA:
                if path.is_dir():
                    yield _stored(kind, path)
            elif path.is_dir() and _KEY.fullmatch(path.name):
                yield _stored(kind if os.path.lexists(path / MANIFEST) else FORMER, path)
            elif _is_left(path) or (path.is_file() and _FORMER.fullmatch(path.name)):
                yield _stored(FORMER, path)


def _is_left(path: Path) -> bool:
    """Whether a build broke off here: nothing takes a day."""
    return path.name.startswith(PARTIAL) and time.time() - path.stat().st_mtime > _UNFINISHED_SECONDS


def _listed(folder: Path) -> list[Path]:
    if folder.is_symlink() or not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if not path.is_symlink())


def _stored(kind: str, path: Path) -> Stored:
    files = [path] if path.is_file() else [one for one in path.rglob("*") if one.is_file() and not one.is_symlink()]
    mark = path / MANIFEST
    used = (mark if mark.is_file() else path).stat().st_mtime
    return Stored(kind, path, sum(one.stat().st_size for one in files), max(0.0, time.time() - used) / _DAY)


def discard(stored: Stored, names: frozenset[str] | None = None) -> None:
    """Remove it; with ``names`` only the files of those names, and the folder if it is empty then."""
    if names is None:
        remove(stored.path)
        return
    for path in _listed(stored.path):
        if path.name in names:
            remove(path)
    if not any(stored.path.iterdir()):
        stored.path.rmdir()
