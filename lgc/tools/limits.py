"""How far a program may go: its time, what it prints, and a disk that has room."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path

from lgc.errors import DiskError, TimeLimitError, ToolError

_FULL_SECONDS = 3.0
"""How long a disk may be full before a program on it is no longer waited for: some wait for ever."""
_LOOK_SECONDS = 0.5
_ROOM = 4096
_MORE_TIME = "Give it more time with --timeout"
_MORE_ROOM = "Make room, or name another folder in TMPDIR or LGC_CACHE"


@dataclass(frozen=True)
class Deadline:
    """When all programs of a block must have ended.

    Attributes:
        end: by the monotonic clock.
        seconds: that the block has altogether.
    """

    end: float
    seconds: float


_deadline: ContextVar[Deadline | None] = ContextVar("deadline", default=None)


def deadline() -> Deadline | None:
    """The one that holds here."""
    return _deadline.get()


def set_deadline(one: Deadline | None) -> None:
    """For a thread that works for a block."""
    _deadline.set(one)


@contextlib.contextmanager
def within(seconds: float | None) -> Iterator[None]:
    """One deadline for all programs that the block runs together; an earlier one goes on holding; None adds none."""
    if seconds is None:
        yield
        return
    before, mine = _deadline.get(), Deadline(time.monotonic() + seconds, seconds)
    token = _deadline.set(before if before is not None and before.end <= mine.end else mine)
    try:
        yield
    finally:
        _deadline.reset(token)


def is_full(folder: Path) -> bool:
    """Whether nothing more can be written there."""
    try:
        disk = os.statvfs(folder)
    except OSError:
        return False
    blocks = disk.f_bfree if os.geteuid() == 0 else disk.f_bavail
    return bool(disk.f_blocks and blocks * disk.f_frsize < _ROOM) or bool(disk.f_files and not disk.f_ffree)


def check_room(what: str, *folders: Path | None) -> None:
    """Where a program failed, say so if a disk that it wrote to is full.

    Args:
        what: the program.

    Raises:
        DiskError: it is.
    """
    full = next((folder for folder in folders if folder is not None and is_full(folder)), None)
    if full is not None:
        raise DiskError(f"{what} failed: the disk is full", where=str(full), hint=_MORE_ROOM)


@dataclass
class Watch:
    """Over a program that runs.

    Attributes:
        what: its name in errors.
        timeout: seconds that it may take; None is without bound of its own.
        files: descriptors that it prints to.
        most: bytes that it may print to each.
        folders: that it writes to.
    """

    what: str
    timeout: float | None
    files: tuple[int, ...]
    most: int
    folders: tuple[Path, ...]
    _start: float = field(default_factory=time.monotonic)
    _looked: float = 0.0
    _full_since: float | None = None

    def check(self) -> None:
        """While it runs.

        Raises:
            TimeLimitError: its time is up.
            DiskError: its disk has been full for a while.
            ToolError: it printed too much.
        """
        self.check_time()
        if any(os.fstat(file).st_size > self.most for file in self.files):
            raise ToolError(f"{self.what} was stopped: it printed more than {self.most >> 20} MB")
        now = time.monotonic()
        if now - self._looked >= _LOOK_SECONDS:
            self._looked = now
            self._check_room(now)

    def check_time(self, *, started: bool = True) -> None:
        """Before it starts, and while it runs.

        Raises:
            TimeLimitError: its time is up.
        """
        now, whole = time.monotonic(), deadline()
        how = "stopped" if started else "not started"
        if self.timeout is not None and now >= self._start + self.timeout:
            raise TimeLimitError(f"{self.what} was {how} after {self.timeout:g} s", hint=_MORE_TIME)
        if whole is not None and now >= whole.end:
            raise TimeLimitError(f"{self.what} was {how} after {whole.seconds:g} s", hint=_MORE_TIME)

    def _check_room(self, now: float) -> None:
        full = next(filter(is_full, self.folders), None)
        if full is None:
            self._full_since = None
            return
        self._full_since = now if self._full_since is None else self._full_since
        if now - self._full_since >= _FULL_SECONDS:
            raise DiskError(f"{self.what} was stopped: the disk is full", where=str(full), hint=_MORE_ROOM)

    def check_end(self, code: int) -> None:
        """When it has ended.

        Raises:
            DiskError: it ended badly, on a full disk.
        """
        if code:
            check_room(self.what, *self.folders)
