"""Files under test as bytes."""

from __future__ import annotations

from pathlib import Path

from lgc.errors import InputError

_MOST_BYTES = 1 << 30


def not_ours(path: Path) -> InputError:
    """The error of a file that lgc did not write."""
    return InputError(
        "this file was not written by lgc, or is damaged: it does not say which circuit it is",
        where=str(path),
        hint="Give the file that `lgc compile` wrote",
    )


def read_bytes(path: Path) -> bytes:
    """A file's bytes; an InputError if it cannot be read, or is larger than any that lgc writes."""
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise InputError(f"it has more than {_MOST_BYTES >> 20} MB", where=str(path))
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"it cannot be read ({error.strerror})", where=str(path)) from None
