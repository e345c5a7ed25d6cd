"""Whoever does tasks, as the rest of lgc sees them."""

from __future__ import annotations

import platform
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextvars import ContextVar
from typing import Any

import lgc
from lgc.errors import NotCheckedError
from lgc.progress import Progress, Silence

Task = Mapping[str, Any]
"""``request``, JSON, which decides the result and names it; and beside it where things are, or the things."""

heard: ContextVar[Progress | None] = ContextVar("heard", default=None)


class Workers(ABC):
    """Processes that call functions, here or elsewhere. Functions and arguments can be pickled.

    Attributes:
        tries: how often a task may take its worker down, or fail for the machine's reasons, until it is its own fault.
        elsewhere: whether they may be on other machines, where other things are installed.
    """

    tries, elsewhere = 3, False

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

    def prepare(self, function: Callable[[Any], Any], argument: Any) -> None:  # noqa: B027  # others need not
        """Let workers that start here begin with a call, for which nobody waits. Others have been there before."""

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


def progress_here() -> Progress:
    """Hears how far a task is that runs here; on another machine nobody does."""
    return heard.get() or Silence()


def check_version(request: Mapping[str, Any]) -> None:
    """Refuse a request of another lgc: its answer could be another one.

    Raises:
        NotCheckedError: it is.
    """
    if request["lgc"] != lgc.__version__:
        raise NotCheckedError(
            f"a worker has lgc {lgc.__version__}, and who asks has {request['lgc']}", where=platform.node(),
            hint="Install the same lgc on every machine",
        )  # fmt: skip
