"""The order of a class's outputs in which most operands are in registers already: those of the outputs before.

The votes of a class are summed, so their order is free. A word of 512 bits from the second-level cache costs as much as
three instructions.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from itertools import islice

KEPT = 12
"""Operands that are thought of as in registers."""
_LOOKED_AT = 48
_MOST_MOVES = 2_000_000


def near_order(reads: Mapping[int, tuple[int, ...]]) -> list[int]:
    """The outputs, so that each reads few operands that those shortly before it did not.

    Args:
        reads: of each output its distinct operands.
    """
    walk = _Walk(reads)
    return [walk.take() for _ in range(len(reads))]


def takes_long(reads: Mapping[int, tuple[int, ...]]) -> bool:
    """Whether :func:`near_order` would take many seconds: where many outputs read the same few operands."""
    count = sum(map(len, reads.values()))
    operands = len({operand for one in reads.values() for operand in one})
    return len(reads) * count > _MOST_MOVES * operands


class _Walk:
    """Outputs in turn. Those that read a kept operand wait by how many of their operands are not kept."""

    def __init__(self, reads: Mapping[int, tuple[int, ...]]) -> None:
        self._reads, self._left = reads, dict.fromkeys(reads)
        self._missing = {output: len(operands) for output, operands in reads.items()}
        self._at: defaultdict[int, dict[int, None]] = defaultdict(dict)
        for output, operands in reads.items():
            for operand in operands:
                self._at[operand][output] = None
        self._kept: dict[int, None] = {}
        self._waiting: defaultdict[int, dict[int, None]] = defaultdict(dict)

    def take(self) -> int:
        """The next output."""
        count = min((count for count, waiting in self._waiting.items() if waiting), default=None)
        output = next(iter(self._left)) if count is None else self._best(self._waiting[count])
        self._remove(output)
        for operand in self._reads[output]:
            self._keep(operand)
        while len(self._kept) > KEPT:
            self._drop(next(iter(self._kept)))
        return output

    def _best(self, waiting: dict[int, None]) -> int:
        """Of the last that wait, one whose missing operands most of them miss."""
        looked_at = list(islice(reversed(waiting), _LOOKED_AT))
        missed = Counter(one for output in looked_at for one in self._reads[output] if one not in self._kept)
        return max(looked_at, key=lambda output: sum(missed[one] for one in self._reads[output]))

    def _remove(self, output: int) -> None:
        del self._left[output]
        self._waiting[self._missing[output]].pop(output, None)
        for operand in self._reads[output]:
            del self._at[operand][output]

    def _keep(self, operand: int) -> None:
        """The last used comes last; one that nobody reads any more is not kept."""
        if operand in self._kept:
            del self._kept[operand]
            self._kept[operand] = None
        elif self._at[operand]:
            self._kept[operand] = None
            self._move(operand, -1)

    def _drop(self, operand: int) -> None:
        del self._kept[operand]
        self._move(operand, 1)

    def _move(self, operand: int, change: int) -> None:
        for output in self._at[operand]:
            count = self._missing[output]
            self._waiting[count].pop(output, None)
            self._missing[output] = count + change
            if count + change < len(self._reads[output]):
                self._waiting[count + change][output] = None
