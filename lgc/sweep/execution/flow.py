"""Calls on workers: what a lost worker held is begun again elsewhere, and nothing is given back twice."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import Any, Generic, TypeVar

from lgc.errors import EXIT_USER, LgcError, NotCheckedError, ToolError

K = TypeVar("K", bound=Hashable)

TRIES = 3
"""How often a task may take its worker down, or fail for the machine's reasons, until it is the task's own fault."""


class Workers(ABC):
    """Processes that call functions, here or elsewhere. Functions and arguments can be pickled."""

    @property
    @abstractmethod
    def room(self) -> int:
        """Calls at a time."""

    @abstractmethod
    def submit(self, function: Callable[[Any], Any], argument: Any) -> Future[Any]:
        """Begin a call; there is room for it."""

    @abstractmethod
    def everywhere(self, function: Callable[[Any], Any], argument: Any) -> list[Any]:
        """What a function gives on each worker.

        Raises:
            LgcError: what it raised.
        """

    @abstractmethod
    def settle(self, future: Future[Any]) -> bool:
        """A call has ended: make room, and say whether its worker was lost rather than that it failed.

        Raises:
            ToolError: there are no workers any more.
        """

    @abstractmethod
    def close(self) -> None:
        """End the workers that were started here; calls under way are given up."""

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


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
        """
        while True:
            done, _ = wait(self._calls, return_when=FIRST_COMPLETED)
            future = done.pop()
            key, argument, tries = self._calls.pop(future)
            lost = self.workers.settle(future)
            error = None if future.cancelled() else future.exception()
            if error is None and not future.cancelled():
                return key, future.result()
            if isinstance(error, LgcError) and error.exit_code == EXIT_USER:
                raise error
            if error is not None and tries >= TRIES:
                raise _given_up(error, tries, lost) from error
            self.lost += 1
            self._start(key, argument, tries + (error is not None))


def _given_up(error: BaseException, tries: int, lost: bool) -> LgcError:
    if isinstance(error, LgcError) and not isinstance(error, NotCheckedError):
        return error
    what = "ended its worker" if lost else f"failed ({type(error).__name__}: {error})"
    return ToolError(
        f"a task {what}, {tries} times",
        hint="Memory may be short: give fewer --workers. --resume goes on with the rest",
    )
