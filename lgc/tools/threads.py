"""Threads that a fork does not lose.

A forked process has the objects of its parent, and none of its threads. It waits for ever for those that a pool had
started, be it Python's or OpenMP's. torch's DataLoader and multiprocessing fork on Linux.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")
_FIRST = os.getpid()


def is_forked() -> bool:
    """Whether this process was forked from one that had loaded lgc: threads of C libraries may be gone."""
    return os.getpid() != _FIRST


class Threads:
    """A pool of threads that start when they are first needed, and anew in a forked process.

    Args:
        count: of threads at most, or a function that says so when they start.
        initializer, initargs: what each thread does first.
    """

    def __init__(
        self,
        count: int | Callable[[], int],
        initializer: Callable[..., Any] | None = None,
        initargs: tuple[Any, ...] = (),
    ) -> None:
        self._count, self._first = count, (initializer, initargs)
        self._begin()

    def _begin(self) -> None:
        self._owner, self._lock = os.getpid(), threading.Lock()
        self._started: ThreadPoolExecutor | None = None

    def _pool(self) -> ThreadPoolExecutor:
        if self._owner != os.getpid():  # the lock too is the parent's, and whoever holds it is not here
            self._begin()
        with self._lock:
            if self._started is None:
                count = self._count if isinstance(self._count, int) else self._count()
                initializer, initargs = self._first
                self._started = ThreadPoolExecutor(count, "lgc", initializer, initargs)
            return self._started

    def submit(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> Future[R]:
        """Have a thread call a function."""
        return self._pool().submit(function, *args, **kwargs)

    def map(self, function: Callable[[Any], R], values: Iterable[Any]) -> Iterator[R]:
        """The function of each value, in order."""
        return self._pool().map(function, values)
