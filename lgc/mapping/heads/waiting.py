"""Pieces that wait for a place on a carry chain."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass

from lgc.mapping.heads.columns import encode
from lgc.mapping.heads.terms import Values

SWALLOW = 5
"""Nets that the function of a position may read."""
SHARED = 4
"""Nets that two functions of a position may read, beside the net it adds."""

EDGE, SMALL, WIDE = "edge", "small", "wide"
"""A bit of two nets, which may be one of a full adder's; two bits of few nets, which fill one position; all others."""


@dataclass(frozen=True, eq=False)
class Waiting:
    """A piece that nothing counts yet.

    Attributes:
        tables: exponent and truth table of each bit, ascending; those beyond the score's width are left out.
    """

    nets: tuple[int, ...]
    values: Values
    offset: int
    tables: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, nets: tuple[int, ...], values: Values, width: int) -> Waiting:
        """A piece of a score of so many bits."""
        offset, tables = encode(values)
        return cls(nets, values, offset, tuple((exponent, table) for exponent, table in tables if exponent < width))

    @property
    def base(self) -> int:
        """Exponent of the lowest bit."""
        return self.tables[0][0]

    @property
    def kind(self) -> str | None:
        """What it may fill; None if it fits no position, or needs none."""
        if not self.tables or not 2 <= len(self.nets) <= SWALLOW:
            return None
        if len(self.nets) == 2 and len(self.tables) == 1:
            return EDGE
        return SMALL if len(self.nets) <= SHARED and len(self.tables) == 2 else WIDE


class Pool:
    """The waiting pieces of a class, by kind and lowest exponent, first come first served."""

    def __init__(self) -> None:
        self._queues: dict[tuple[str, int], deque[Waiting]] = defaultdict(deque)

    def add(self, piece: Waiting) -> None:
        """Take in a piece that has a kind."""
        assert piece.kind is not None
        self._queues[piece.kind, piece.base].append(piece)

    def peek(self, kind: str, base: int, index: int) -> Waiting | None:
        """The piece at a place of its queue."""
        queue = self._queues.get((kind, base), ())
        return queue[index] if index < len(queue) else None

    def pop(self, kind: str, base: int) -> Waiting:
        """The first piece of a queue."""
        return self._queues[kind, base].popleft()

    def shed(self, kind: str, base: int, keep: int) -> Iterator[Waiting]:
        """Give up the last pieces of a queue, until so many are left."""
        queue = self._queues.get((kind, base), deque())
        while len(queue) > keep:
            yield queue.pop()

    def count(self, kind: str, base: int) -> int:
        """How many there are."""
        return len(self._queues.get((kind, base), ()))
