"""What the cache knows of runs of tools: what they measured, and which of them were stopped."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

from lgc.errors import TimeLimitError
from lgc.files import write_text
from lgc.tools.entries import found, kept

KIND = "synth"
_STOPPED = "seconds.txt"


@contextmanager
def within_limit(key: str, timeout: float, what: str, *, cache: bool) -> Iterator[None]:
    """Around a run of a tool: what was stopped after as much time before is not tried again.

    Args:
        key: of the run, in the cache.
        cache: whether to ask it.

    Raises:
        TimeLimitError: so it is.
    """
    if cache:
        check_limit(key, timeout, what)
    try:
        yield
    except TimeLimitError:
        keep_stopped(key, timeout)
        raise


def check_limit(key: str, timeout: float, what: str) -> None:
    """Refuse what was stopped after as much time before.

    Raises:
        TimeLimitError: it was.
    """
    mark = found(KIND, f"{key}-stopped")
    before = float((mark / _STOPPED).read_text(encoding="utf-8")) if mark is not None else 0.0
    if mark is not None and before >= timeout:
        raise TimeLimitError(
            f"{what}: an earlier run was stopped after {before:g} s",
            hint="Give it more time with --timeout, or --no-cache to try again",
        )


def keep_stopped(key: str, timeout: float) -> None:
    """Remember that a run was stopped after so many seconds."""
    keep_text(f"{key}-stopped", _STOPPED, f"{timeout:g}")


def keep_text(key: str, name: str, text: str) -> None:
    """An entry of one file."""
    kept(KIND, key, lambda folder: write_text(folder / name, text))


def digest(*parts: bytes) -> str:
    """Of several texts; where one ends and the next begins counts."""
    sha = hashlib.sha256()
    for part in parts:
        sha.update(f"{len(part)}:".encode() + part)
    return sha.hexdigest()[:32]
