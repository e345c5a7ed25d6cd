"""Writing files so that an interrupted run leaves the old one or none."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lgc.errors import OutputError

# What a write through an open file reports; such errors name no file.
_WRITE_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EPIPE)
_BLOCK = 4096


@contextmanager
def replacing(path: Path | str) -> Iterator[Path]:
    """A temporary path beside ``path`` that replaces it when the block ends well.

    A link stays a link, to the new file. What is no file (``/dev/stdout``, ``/dev/null``, a pipe) is written directly.
    An error of the block that is not about this file passes through as it is.

    Raises:
        OutputError: the folder does not exist or cannot be written; a DiskError if the disk is full.
    """
    path = Path(path)
    with _written(path):
        if path.is_dir():
            raise OutputError("this is a folder, not a file", where=str(path))
        special, target = path.exists() and not path.is_file(), path.resolve()
    if special:
        with _written(path, path):
            yield path
        return
    with _written(path):
        handle, name = tempfile.mkstemp(prefix=f".{target.name[:40]}.", suffix=".lgc-tmp", dir=target.parent)
        os.close(handle)
    temporary = Path(name)
    try:
        with _written(path, temporary):
            yield temporary
        with _written(path):
            # mkstemp makes private files; give the result the mode that open() would have.
            umask = os.umask(0)
            os.umask(umask)
            temporary.chmod(0o666 & ~umask)
            temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def check_writable(path: Path | str) -> None:
    """Find out before the work, not after it, that a file cannot be written; nothing is left behind.

    Raises:
        OutputError: as :func:`replacing` would raise, with the same words.
    """
    path = Path(path)
    with _written(path):
        if path.is_dir():
            raise OutputError("this is a folder, not a file", where=str(path), hint="Name a file in it")
        if path.exists() and not path.is_file():
            return  # a device or a pipe: opening it could wait
        handle, name = tempfile.mkstemp(prefix=f".{path.name[:40]}.", suffix=".lgc-tmp", dir=path.resolve().parent)
        try:
            os.write(handle, bytes(_BLOCK))  # a full disk takes empty files
        finally:
            os.close(handle)
            Path(name).unlink()


@contextmanager
def _written(path: Path, only: Path | None = None) -> Iterator[None]:
    """Says of an OSError that ``path`` cannot be written; with ``only``, of those alone that concern that file."""
    try:
        yield
    except OSError as error:
        if only is not None and error.filename != str(only) and (error.filename or error.errno not in _WRITE_ERRORS):
            raise
        hint = "Check the folder, its permissions and the disk"
        raise OutputError.of(error, "cannot write", where=str(path), hint=hint) from None


def write_text(path: Path | str, text: str) -> None:
    """Write a text file, all of it or nothing."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def is_file(path: Path) -> bool:
    """Whether a path is a file; also of a text that can be no path, such as one that is too long."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False
