"""Calls on workers: what a lost worker held is begun again elsewhere, and nothing is given back twice."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import Any, Generic, TypeVar

from lgc.errors import EXIT_USER, LgcError, NotCheckedError, TimeLimitError, ToolError
from lgc.farm.workers import Workers
from lgc.tools.limits import deadline

K = TypeVar("K", bound=Hashable)


class Flow(Generic[K]):
    """Calls of one function that are under way, each by its key.

    Attributes:
        lost: how often a call was begun again.
    """

    def __init__(self, workers: Workers, function: Callable[[Any], Any]) -> None:
        self.workers, self.function = workers, function
        self.lost = 0
        self._calls: dict[Future[Any], tuple[K, Any, int]] = {}

    def __len__(self) -> int:
        return len(self._calls)

    @property
    def has_room(self) -> bool:
        """Whether another call can be begun."""
        return len(self._calls) < self.workers.room

    def start(self, key: K, argument: Any) -> None:
        """Begin a call."""
        self._start(key, argument, 1)

    def _start(self, key: K, argument: Any, tries: int) -> None:
        self._calls[self.workers.submit(self.function, argument)] = key, argument, tries

    def finished(self) -> tuple[K, Any]:
        """Wait for the next call that ends: its key, and what it gave.

        Raises:
            LgcError: a mistake of the user that the call found.
            ToolError: the call failed on every worker that tried it.
            TimeLimitError: the time of the verb is up.
        """
        while True:
            future = self._ended()
            key, argument, tries = self._calls.pop(future)
            lost = self.workers.settle(future)
            error = None if future.cancelled() else future.exception()
            if error is None and not future.cancelled():
                return key, future.result()
            if isinstance(error, LgcError) and error.exit_code == EXIT_USER:
                raise error
            if error is not None and tries >= self.workers.tries:
                if tries == 1:
                    raise error
                raise _given_up(error, tries, lost) from error
            self.lost += 1
            self._start(key, argument, tries + (error is not None))

    def _ended(self) -> Future[Any]:
        """A call that has ended, which is waited for as long as the verb may take."""
        whole = deadline()
        left = None if whole is None else max(0.0, whole.end - time.monotonic())
        done, _ = wait(self._calls, left, return_when=FIRST_COMPLETED)
        if not done:
            assert whole is not None
            raise TimeLimitError(
                f"the work was stopped after {whole.seconds:g} s", hint="Give it more time with --timeout"
            )
        return done.pop()


def _given_up(error: BaseException, tries: int, lost: bool) -> LgcError:
    if isinstance(error, LgcError) and not isinstance(error, NotCheckedError):
        return error
    what = "ended its worker" if lost else f"failed ({type(error).__name__}: {error})"
    return ToolError(f"a task {what}, {tries} times", hint="Memory may be short: give fewer --workers")
