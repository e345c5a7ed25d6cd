"""Whose files are: what is loaded and run belongs to the user or to root, and nobody else can have put it there.

A folder is as safe as the folders above it: who can write one of them can put another in its place. Where that is so
for all of them, what was found sound stays so until it is used, for nobody else can exchange it.
"""

from __future__ import annotations

import os
import stat
from functools import cache
from pathlib import Path

from lgc.errors import EXIT_TOOL, OutputError

_MAX_LINKS = 40
_OTHERS = stat.S_IWGRP | stat.S_IWOTH


class UntrustedError(OutputError):
    """A folder or file of the cache that others can write, or that cannot be made: an obstacle of the machine's."""

    exit_code = EXIT_TOOL


def trusted_folder(path: Path) -> Path:
    """A folder's own path, without links, after it and all that are above it are found to be the user's or root's.

    A folder that others can write is safe where it is sticky, as ``/tmp`` is: there each can only remove his own.

    Raises:
        UntrustedError: one of them is not, or is missing.
    """
    if not hasattr(os, "getuid"):
        return path.resolve()
    here, todo, links = Path("/"), list(reversed(path.absolute().parts[1:])), 0
    while True:
        sticky = _check_folder(here, here.lstat())
        if not todo:
            return here
        name = todo.pop()
        step = here.parent if name == ".." else here / name
        status = _status(step)
        if stat.S_ISLNK(status.st_mode):
            links += 1
            if links > _MAX_LINKS:
                raise UntrustedError("the links go round in a circle", where=str(path))
            _check_owner(step, status)
            target = step.readlink()
            todo += reversed(target.parts[1:] if target.is_absolute() else target.parts)
            here = Path("/") if target.is_absolute() else here
            continue
        if sticky:
            _check_owner(step, status)
        here = step


def read_trusted(path: Path) -> bytes:
    """A file that nobody else can have written, in a folder that is trusted; what is checked is what is read.

    Raises:
        UntrustedError: it is a link or no file, or not the user's alone.
        OSError: it cannot be read.
    """
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    with open(descriptor, "rb") as stream:  # noqa: PTH123 - an open descriptor
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise UntrustedError("this is no file", where=str(path))
        if hasattr(os, "getuid"):
            _check_owner(path, status)
            if _others_write(status):
                raise UntrustedError("others can write this file", where=str(path))
        return stream.read()


def _status(path: Path) -> os.stat_result:
    try:
        return path.lstat()
    except OSError as error:
        raise UntrustedError(f"cannot be reached ({error.strerror})", where=str(path)) from None


def _check_folder(path: Path, status: os.stat_result) -> bool:
    """Whether others can write it, who then can remove only what is theirs."""
    if not stat.S_ISDIR(status.st_mode):
        raise UntrustedError("this is no folder", where=str(path))
    if path != Path("/"):  # whose that is, is root: in a container it may have another number
        _check_owner(path, status)
    if not _others_write(status):
        return False
    if not status.st_mode & stat.S_ISVTX:
        raise UntrustedError("others can write this folder", where=str(path))
    return True


def _check_owner(path: Path, status: os.stat_result) -> None:
    if status.st_uid not in (os.getuid(), 0):
        raise UntrustedError("this belongs to another user", where=str(path))


def _others_write(status: os.stat_result) -> bool:
    writers = status.st_mode & _OTHERS
    return bool(writers) and not (writers == stat.S_IWGRP and _is_alone(status.st_gid))


@cache
def _is_alone(group: int) -> bool:
    """Whether the user is the group's only member: where each user has such a group, folders are often open to it."""
    import grp
    import pwd

    try:
        own = pwd.getpwuid(os.getuid())
        members = set(grp.getgrgid(group).gr_mem) | {one.pw_name for one in pwd.getpwall() if one.pw_gid == group}
    except KeyError:
        return False
    return members == {own.pw_name}
