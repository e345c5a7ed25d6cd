"""Ends what this process started, when it is killed and cannot: ``python -I -S watchdog.py MARK``.

SIGKILL, a segmentation fault and the like leave no time for anything. So a second process waits for the end of this
one, by the pipe that is its standard input. Where that closes without a farewell, it kills all that carries a mark in
its environment, wherever that is by now, and removes the temporary folders that it was told of. It is started with the
first program that is run, and costs the start of a bare Python.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

VARIABLE = "LGC_RUN"
"""Holds the marks of all runs that a program belongs to: one run of lgc may start another."""

_FAREWELL = "."
_PASSES, _PAUSE = 3, 0.05
"""How often nothing must be found: what is just starting carries its mark a moment later."""


def kill_marked(mark: str) -> None:
    """Kill the processes whose environment has a mark, and those that they start meanwhile; only where there is /proc.

    Args:
        mark: as :func:`marked_environment` sets it, or the beginning of several.
    """
    for _ in range(_PASSES):
        while pids := [pid for pid in _processes() if _carries(pid, mark)]:
            for pid in pids:
                with contextlib.suppress(OSError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(_PAUSE)


def _processes() -> list[int]:
    with contextlib.suppress(OSError):
        return [int(name) for name in os.listdir("/proc") if name.isdecimal()]  # noqa: PTH208 - a bare Python is fast
    return []


def _carries(pid: int, mark: str) -> bool:
    try:
        with open(f"/proc/{pid}/environ", "rb") as stream:  # noqa: PTH123
            entries = (b"\0" + stream.read()).split(f"\0{VARIABLE}=".encode())
    except OSError:  # it has ended, or is somebody else's
        return False
    return len(entries) > 1 and f":{mark}".encode() in b":" + entries[1].partition(b"\0")[0]


def nowhere() -> IO[bytes]:
    """An open file that has nothing to read, and that nobody writes to.

    It is not what subprocess.DEVNULL opens: that is for writing too, which a user may not where the device's mode is
    wrong, as it is on some machines and in some containers.
    """
    with contextlib.suppress(OSError):
        return open(os.devnull, "rb", buffering=0)  # noqa: PTH123
    return tempfile.TemporaryFile()


class Watchdog:
    """The process beside this one."""

    def __init__(self) -> None:
        self.mark = os.urandom(16).hex()
        self._owner = os.getpid()
        self._process: subprocess.Popen[str] | None = None
        if sys.executable:
            # Without it, everything but a sudden death is as well.
            with contextlib.suppress(OSError), nowhere() as nothing:
                self._process = subprocess.Popen(
                    [sys.executable, "-I", "-S", __file__, self.mark], stdin=subprocess.PIPE, text=True, cwd="/",
                    stdout=nothing, stderr=nothing, start_new_session=True,
                )  # fmt: skip
        atexit.register(self.dismiss)

    @property
    def is_ours(self) -> bool:
        """Whether this process started it: a fork did not."""
        return self._owner == os.getpid()

    def tell(self, line: str) -> None:
        """A folder to remove with ``+`` before it, one that is gone with ``-``."""
        stream = self._process.stdin if self._process else None
        if stream is not None and self.is_ours:
            with contextlib.suppress(OSError, ValueError):
                stream.write(f"{line}\n")
                stream.flush()

    def dismiss(self) -> None:
        """This process ends as it should."""
        self.tell(_FAREWELL)
        if self._process is not None and self.is_ours:
            with contextlib.suppress(OSError, subprocess.TimeoutExpired):
                self._process.communicate(timeout=5)


_lock = threading.Lock()
_watchdog: Watchdog | None = None


def watchdog() -> Watchdog:
    """That of this process, started if there is none."""
    global _watchdog
    with _lock:
        if _watchdog is None or not _watchdog.is_ours:
            _watchdog = Watchdog()
        return _watchdog


@contextlib.contextmanager
def scratch(prefix: str, parent: Path | None = None) -> Iterator[Path]:
    """A temporary folder that is gone when the block ends, and when this process is killed.

    Args:
        parent: where it is made; None is the system's folder for such.

    Raises:
        OSError: it cannot be made.
    """
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
    dog = watchdog()
    dog.tell(f"+{folder}")
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        dog.tell(f"-{folder}")


@contextlib.contextmanager
def gone_if_killed(path: Path) -> Iterator[None]:
    """A file that is removed if this process is killed in the block."""
    dog = watchdog()
    dog.tell(f"+{path}")
    try:
        yield
    finally:
        dog.tell(f"-{path}")


def _watch(mark: str) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    folders: set[str] = set()
    for line in sys.stdin:
        text = line.rstrip("\n")
        if text == _FAREWELL:
            return
        (folders.add if text.startswith("+") else folders.discard)(text[1:])
    kill_marked(mark)
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)
        with contextlib.suppress(OSError):  # a file
            os.unlink(folder)  # noqa: PTH108


if __name__ == "__main__":
    _watch(sys.argv[1])
