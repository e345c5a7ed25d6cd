"""Whose a file is: what lgc writes beside an output never replaces somebody else's file, nor that of another output.

A file beside is replaced only if lgc wrote it, for the same output. Where `NAME.json` is somebody else's, or belongs to
another output of the same name (`NAME.v` and `NAME.py`), the manifest is `NAME.v.json`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from lgc.errors import OutputError
from lgc.files import is_file

_HEAD_BYTES = 4096
_MARK = re.compile(rb'written by lgc|"format": "lgc-(?:manifest|sidecar|certificate)"')
_SHARING = (".v", ".py")
"""Suffixes of the outputs that have a manifest called `NAME.json`."""


def is_ours(path: Path) -> bool:
    """Whether lgc wrote a file, by its first lines."""
    return _MARK.search(_head(path)) is not None


def refuse_foreign(place: Path, what: str, hint: str, ours: Callable[[Path], bool] = is_ours) -> None:
    """Raise OutputError if a file that nobody named would be written over one that lgc did not write.

    Args:
        what: would be written.
        ours: whether lgc wrote a file.
    """
    if is_file(place) and place.stat().st_size and not ours(place):
        raise OutputError(f"this file is not lgc's, and would be replaced by {what}", where=str(place), hint=hint)


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(_HEAD_BYTES)
    except OSError:
        return b""


def manifest_of(path: Path) -> Path:
    """Where the manifest of an output lies: `NAME.v.json` if that is there, else `NAME.json`."""
    own = path.with_name(f"{path.name}.json")
    return own if own.exists() else path.with_suffix(".json")


def beside(path: Path, stem: str, suffix: str, text: str) -> Path:
    """Where a file beside an output goes.

    Args:
        path: the output.
        stem: its name without what chose the format.
        suffix: of the file beside, which follows the stem.
        text: what will be in it.

    Raises:
        OutputError: the place is taken by a file that lgc did not write for this output.
    """
    place = path.with_name(stem + suffix)
    if suffix == ".json" and path.suffix.lower() in _SHARING:
        own = path.with_name(f"{path.name}.json")
        if own.exists() or not _may_replace(path, place, text) or _is_of_another(path, stem):
            place = own
    if not _may_replace(path, place, text):
        raise OutputError(
            f"this file is not lgc's, and would be replaced by what belongs beside {path.name}",
            where=str(place),
            hint="Move it away, or give the output another name",
        )
    return place


def _may_replace(path: Path, place: Path, text: str) -> bool:
    """Whether nothing of somebody else is lost: it is no file, or empty, or lgc's."""
    if not is_file(place) or not place.stat().st_size or is_ours(place):
        return True
    # A wrapper and a board's pins have no mark of their own: the manifest has, and they begin as before.
    first = text.split("\n", 1)[0].encode()
    return (
        not _MARK.search(text[:_HEAD_BYTES].encode()) and is_ours(manifest_of(path)) and _head(place).startswith(first)
    )


def _is_of_another(path: Path, stem: str) -> bool:
    """Whether `NAME.json` is there, and is the manifest of another output of this name."""
    others = (path.with_name(stem + suffix) for suffix in _SHARING if suffix != path.suffix.lower())
    return is_file(path.with_name(f"{stem}.json")) and any(
        is_ours(other) and not other.with_name(f"{other.name}.json").exists() for other in others
    )
