"""Workers of this machine: processes of one thread each."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait
from typing import Any

from lgc.sweep.execution.flow import Workers

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")


class LocalWorkers(Workers):
    """So many processes, each in a pool of its own: one that dies takes no other with it."""

    def __init__(self, count: int) -> None:
        self._pools = [_pool() for _ in range(count)]
        self._busy: dict[Future[Any], int] = {}

    @property
    def room(self) -> int:
        """See :class:`Workers`."""
        return len(self._pools)

    def submit(self, function: Callable[[Any], Any], argument: Any) -> Future[Any]:
        """See :class:`Workers`."""
        taken = set(self._busy.values())
        index = next(index for index in range(len(self._pools)) if index not in taken)
        try:
            future = self._pools[index].submit(function, argument)
        except BrokenProcessPool:  # its process died, at a task or while it had nothing to do
            self._replace(index)
            future = self._pools[index].submit(function, argument)
        self._busy[future] = index
        return future

    def everywhere(self, function: Callable[[Any], Any], argument: Any) -> list[Any]:
        """See :class:`Workers`."""
        return [future.result() for future in [pool.submit(function, argument) for pool in self._pools]]

    def settle(self, future: Future[Any]) -> bool:
        """See :class:`Workers`."""
        del self._busy[future]  # a pool that lost its process is replaced when it is needed
        return future.cancelled() or isinstance(future.exception(), BrokenProcessPool)

    def _replace(self, index: int) -> None:
        self._pools[index].shutdown(wait=False, cancel_futures=True)
        self._pools[index] = _pool()

    def close(self) -> None:
        """See :class:`Workers`."""
        busy = set(self._busy.values())
        for index, pool in enumerate(self._pools):
            processes = list((pool._processes or {}).values())
            pool.shutdown(wait=index not in busy, cancel_futures=True)
            for process in processes if index in busy else ():
                process.terminate()


def _pool() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=_begin)


def _begin() -> None:
    """What a worker does first: one thread for all libraries, away from Ctrl-C, and no longer than who started it."""
    for name in THREADS:
        os.environ[name] = "1"
    os.setpgrp()
    parent = parent_process()
    assert parent is not None

    def watch() -> None:
        wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
