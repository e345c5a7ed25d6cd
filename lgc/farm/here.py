"""The worker that is this process: tasks one after the other, nothing started."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from lgc.farm.workers import Workers, heard
from lgc.progress import Progress, Silence


class Here(Workers):
    """Calls functions at once.

    Args:
        told: hears how far they are.
    """

    tries = 1

    def __init__(self, told: Progress | None = None) -> None:
        self._told = told or Silence()

    @property
    def room(self) -> int:
        """See :class:`Workers`."""
        return 1

    def submit(self, function: Callable[[Any], Any], argument: Any) -> Future[Any]:
        """See :class:`Workers`. Ctrl-C goes on to whoever asked."""
        future: Future[Any] = Future()
        before = heard.set(self._told)
        try:
            future.set_result(function(argument))
        except Exception as error:
            future.set_exception(error)
        finally:
            heard.reset(before)
        return future

    def everywhere(self, function: Callable[[Any], Any], argument: Any) -> list[Any]:
        """See :class:`Workers`."""
        return [self.submit(function, argument).result()]

    def settle(self, future: Future[Any]) -> bool:
        """See :class:`Workers`."""
        del future
        return False

    def close(self) -> None:
        """See :class:`Workers`."""
