"""The one protocol of progress: whoever works tells it, whoever shows it listens."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Hears how far a piece of work has come. Implementations may be called from several threads."""

    def step(self, name: str, done: int = 0, total: int | None = None) -> None:
        """A step has begun or gone on.

        Args:
            name: what is done, for people: ``simulate``, ``yosys: abc9``.
            done: how much of it; 0 at its beginning.
            total: of how much, if that is known.
        """

    def note(self, text: str) -> None:
        """A line worth keeping: an epoch's accuracy, a measurement."""


class Silence:
    """Progress that nobody watches."""

    def step(self, name: str, done: int = 0, total: int | None = None) -> None:
        """See :class:`Progress`."""

    def note(self, text: str) -> None:
        """See :class:`Progress`."""


class Within:
    """Progress of a part of the work: its steps bear the part's name in front.

    Args:
        progress: of all of it.
        part: for people: ``3 register stages``.
    """

    def __init__(self, progress: Progress, part: str) -> None:
        self._progress, self._part = progress, part

    def step(self, name: str, done: int = 0, total: int | None = None) -> None:
        """See :class:`Progress`."""
        self._progress.step(f"{self._part}: {name}", done, total)

    def note(self, text: str) -> None:
        """See :class:`Progress`."""
        self._progress.note(f"{self._part}: {text}")
