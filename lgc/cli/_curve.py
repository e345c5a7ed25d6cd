"""The course of a training beside its bar: a line of blocks, one an epoch, as high as the validation accuracy."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lgc.cli._console import TerminalBar

if TYPE_CHECKING:
    from lgc.driver.progress import Progress

_BLOCKS = "▁▂▃▄▅▆▇█"
_WIDTH = 24
_ACCURACY = re.compile(r"\bvalidation +(\d+(?:\.\d+)?)%")


class _Curve:
    """Progress that passes everything on, and draws the accuracies of the epochs that it hears of."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._accuracies: list[float] = []

    def step(self, name: str, done: int = 0, total: int | None = None) -> None:
        """See :class:`lgc.progress.Progress`."""
        self._progress.step(f"{name} {blocks(self._accuracies)}".rstrip(), done, total)

    def note(self, text: str) -> None:
        """See :class:`lgc.progress.Progress`."""
        if found := _ACCURACY.search(text):
            self._accuracies.append(float(found[1]))
        self._progress.note(text)


def with_curve(progress: Progress) -> Progress:
    """The same with a curve, where there is a bar beside which it can stand."""
    return _Curve(progress) if isinstance(progress, TerminalBar) else progress


def blocks(values: list[float]) -> str:
    """A block for each value, the lowest for the smallest; of many, each stands for several, of which it is the last.

    Args:
        values: any numbers; nothing is drawn for fewer than two.
    """
    if len(values) < 2:
        return ""
    kept = values
    if len(values) > _WIDTH:
        kept = [values[(index + 1) * len(values) // _WIDTH - 1] for index in range(_WIDTH)]
    low, high = min(kept), max(kept)
    scale = (len(_BLOCKS) - 1) / (high - low) if high > low else 0.0
    return "".join(_BLOCKS[round((value - low) * scale)] for value in kept)
