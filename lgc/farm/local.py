"""Workers of this machine: processes of one thread each."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from multiprocessing.connection import Connection
from typing import Any

from lgc.farm.child import ANSWER, ERROR, NOTE
from lgc.farm.workers import Workers
from lgc.progress import Progress, Silence

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
_PAUSE = 0.05
_PROGRAM = "import sys; sys.path[:] = {path!r}; from lgc.farm.child import serve; serve({handle})"


class LostWorkerError(Exception):
    """The process of a call ended under it."""


class LocalWorkers(Workers):
    """So many processes, which start with their first call; one that dies takes no other with it, and is replaced.

    They are no copies of this process, and import what they are asked to call: a script that starts them needs no guard
    around what it does.

    Args:
        told: hears how far the calls are.
    """

    def __init__(self, count: int, told: Progress | None = None) -> None:
        self._all = [_Process(told or Silence()) for _ in range(count)]
        self._busy: dict[Future[Any], _Process] = {}

    @property
    def room(self) -> int:
        """See :class:`Workers`."""
        return len(self._all)

    def submit(self, function: Callable[[Any], Any], argument: Any) -> Future[Any]:
        """See :class:`Workers`."""
        taken = self._busy.values()
        process = next(one for one in self._all if one not in taken)
        future = process.submit(function, argument)
        self._busy[future] = process
        return future

    def everywhere(self, function: Callable[[Any], Any], argument: Any) -> list[Any]:
        """See :class:`Workers`."""
        return [future.result() for future in [one.submit(function, argument) for one in self._all]]

    def prepare(self, function: Callable[[Any], Any], argument: Any) -> None:
        """See :class:`Workers`."""
        for one in self._all:
            one.submit(function, argument)

    def settle(self, future: Future[Any]) -> bool:
        """See :class:`Workers`."""
        del self._busy[future]
        return future.cancelled() or isinstance(future.exception(), LostWorkerError)

    def close(self) -> None:
        """See :class:`Workers`."""
        for one in self._all:
            one.end()


class _Process:
    """A worker, and the thread that waits for its answers."""

    def __init__(self, told: Progress) -> None:
        self._told = told
        self._thread = ThreadPoolExecutor(1, "lgc-worker")
        self._child: subprocess.Popen[bytes] | None = None
        self._pipe: Connection | None = None
        self._future: Future[Any] = Future()
        self._future.set_result(None)

    def submit(self, function: Callable[[Any], Any], argument: Any) -> Future[Any]:
        self._future = self._thread.submit(self._call, function, argument)
        return self._future

    def _call(self, function: Callable[[Any], Any], argument: Any) -> Any:
        if self._child is None or self._child.poll() is not None:  # its process died, at a call or in between
            self._forget()
            self._start()
        assert self._pipe is not None
        try:
            self._pipe.send((function, argument))
            while True:
                kind, value = self._pipe.recv()
                if kind == ANSWER:
                    return value
                if kind == ERROR:
                    raise value
                tell = self._told.note if kind == NOTE else self._told.step
                tell(*value)
        except (EOFError, ConnectionError) as error:
            self._forget()
            raise LostWorkerError(f"a worker ended ({type(error).__name__})") from None

    def _start(self) -> None:
        mine, its = socket.socketpair()
        with its:
            program = _PROGRAM.format(path=sys.path, handle=its.fileno())
            self._child = subprocess.Popen(
                [sys.executable, "-c", program], env={**os.environ, **dict.fromkeys(THREADS, "1")},
                stdin=subprocess.DEVNULL, pass_fds=[its.fileno()], start_new_session=True,
            )  # fmt: skip
        self._pipe = Connection(mine.detach())

    def _forget(self) -> None:
        if self._child is not None:
            self._child.kill()
            self._child.wait()
        if self._pipe is not None:
            self._pipe.close()
        self._child = self._pipe = None

    def end(self) -> None:
        """A call that is under way is given up: its thread sees the process end."""
        self._thread.shutdown(wait=False, cancel_futures=True)
        while not self._future.done():
            if (child := self._child) is not None:  # which the thread may just be starting
                child.kill()
            wait([self._future], _PAUSE)
        self._thread.shutdown()
        self._forget()
