"""The cache: what is built once and kept. What is in it, whether it is sound, and room."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from lgc.driver.request import Request
from lgc.driver.sheet import Grid, Sheet, Shown
from lgc.settings import Setting
from lgc.tools.entries import KINDS
from lgc.tools.stock import DATA, FORMER

if TYPE_CHECKING:
    from lgc.tools.stock import Stored

_ABOUT = KINDS | {FORMER: "left by earlier versions or broken builds"}


@dataclass(frozen=True)
class CacheRequest(Request):
    """Which part of the cache; ``title`` is what is done with it."""

    kind: Annotated[tuple[str, ...], Setting("Only this kind; may be given several times.", choices=tuple(_ABOUT))] = ()


@dataclass(frozen=True)
class CacheInfo(CacheRequest):
    """Show where the cache is, and what is in it: kinds, numbers, sizes."""


@dataclass(frozen=True)
class CacheVerify(CacheRequest):
    """Compare every file of the cache with its digest. Exit code 3 if one is damaged, or others could write it.

    Nothing is removed: what is damaged is built again when it is needed.
    """


@dataclass(frozen=True)
class CacheClear(CacheRequest):
    """Remove what lgc keeps in the cache, and nothing else. It is built again when it is needed."""

    older: Annotated[
        float | None, Setting("Only what was not used for so many days.", low=0, metavar="DAYS")
    ] = None  # fmt: skip


@dataclass(frozen=True, eq=False, repr=False)
class CacheReport(Shown):
    """What is in the cache, or was.

    Attributes:
        folder: where it is.
        rows: kind, what that is, number of entries, bytes.
        said: what is to be said of all of them.
        problems: what is wrong; empty where nothing is.
    """

    folder: Path
    rows: tuple[tuple[str, str, int, int], ...]
    said: str
    problems: tuple[str, ...] = ()

    def sheet(self) -> Sheet:
        """See :class:`Shown`."""
        cells = tuple((kind, about, f"{count:,}", f"{size:,}") for kind, about, count, size in self.rows)
        grid = Grid(("kind", "what it is", "entries>", "bytes>"), cells)
        return [*([grid] if cells else []), *self.problems, str(self.folder), self.said]

    def as_json(self) -> dict[str, Any]:
        """See :class:`Shown`."""
        rows = [dict(zip(("kind", "about", "entries", "bytes"), row, strict=True)) for row in self.rows]
        fields: dict[str, Any] = {"folder": str(self.folder), "kinds": rows, "problems": list(self.problems)}
        return fields | {"said": self.said}


def info(asked: CacheInfo) -> CacheReport:
    """What is in the cache.

    Raises:
        UntrustedError: there is no home, and no other place is set.
    """
    folder, stored = _stored(asked)
    total = sum(one.size for one in stored)
    return CacheReport(folder, _rows(stored), f"{len(stored):,} entries, {total:,} bytes", _problems_of(folder))


def verify(asked: CacheVerify) -> CacheReport:
    """Whether every entry is as it was built, and nobody else can write it.

    Raises:
        UntrustedError: there is no home, and no other place is set.
    """
    folder, stored = _stored(asked)
    found = [(one, _problem(one)) for one in stored]
    bad = tuple(f"{one.path.relative_to(folder)}: {problem}" for one, problem in found if problem)
    problems = _problems_of(folder) + bad
    said = f"{len(stored) - len(bad):,} of {len(stored):,} entries are as they were built"
    return CacheReport(folder, _rows(stored), said, problems)


def clear(asked: CacheClear) -> CacheReport:
    """Remove entries; the report is about those.

    Raises:
        UntrustedError: others could write the folder, and so choose what is removed.
    """
    from lgc.tools.stock import discard
    from lgc.tools.trust import trusted_folder

    folder, stored = _stored(asked)
    if folder.is_dir():
        trusted_folder(folder)
    chosen = [one for one in stored if asked.older is None or one.days > asked.older]
    for one in chosen:
        discard(one, _downloads(one.path.name) if one.kind == DATA else None)
    said = f"{len(chosen):,} entries removed, {sum(one.size for one in chosen):,} bytes"
    return CacheReport(folder, _rows(chosen), said)


def _stored(asked: CacheRequest) -> tuple[Path, list[Stored]]:
    from lgc.tools.cache import wanted_folder
    from lgc.tools.stock import stock

    folder = wanted_folder().absolute()
    return folder, [
        one
        for one in stock(folder)
        if (not asked.kind or one.kind in asked.kind) and (one.kind != DATA or _downloads(one.path.name))
    ]


def _rows(stored: Sequence[Stored]) -> tuple[tuple[str, str, int, int], ...]:
    groups = {kind: [one for one in stored if one.kind == kind] for kind in _ABOUT}
    return tuple((kind, _ABOUT[kind], len(of), sum(one.size for one in of)) for kind, of in groups.items() if of)


def _problems_of(folder: Path) -> tuple[str, ...]:
    """Why the cache would not be used."""
    from lgc.tools.trust import UntrustedError, trusted_folder

    if not folder.is_dir():
        return ()
    try:
        trusted_folder(folder)
    except UntrustedError as error:
        return (f"The cache is not used. {error}",)
    return ()


def _problem(one: Stored) -> str | None:
    from lgc.train.data.fetch import damaged_files

    if one.kind != DATA:
        return one.problem
    damaged = damaged_files(one.path.name, one.path)
    return f"{', '.join(damaged)}: not as published" if damaged else None


def _downloads(name: str) -> frozenset[str]:
    """The files that lgc writes into the folder of a data set; none where it knows no such set."""
    from lgc.train.data.fetch import SOURCES

    if name not in SOURCES:
        return frozenset()
    source = SOURCES[name]
    files = [*source.files, *([source.archive] if source.archive else [])]
    return frozenset([*files, *(f"{file}.part" for file in files)])
