"""Widths of the head, decided once for modules and manifest."""

from __future__ import annotations

from dataclasses import dataclass

from lgc.ir import Circuit, Head


def bits_for(value: int) -> int:
    """Bits of an unsigned number up to ``value``, at least one."""
    return max(1, value.bit_length())


@dataclass(frozen=True)
class HeadShape:
    """Widths of a head.

    Attributes:
        count: bits of the largest group's count.
        score: bits of a score.
        signed: whether scores can be negative; then they are two's complement.
        index: bits of a class index.
    """

    count: int
    score: int
    signed: bool
    index: int
    num_classes: int

    @classmethod
    def of(cls, circuit: Circuit) -> HeadShape:
        """The narrowest widths that hold every score."""
        return cls.of_head(circuit.head)

    @classmethod
    def of_head(cls, head: Head) -> HeadShape:
        """The same of a head alone."""
        low, high = head.score_range
        signed = low < 0
        score = max((high if high > 0 else 0).bit_length(), (-low - 1).bit_length()) + 1 if signed else bits_for(high)
        count = bits_for(int(head.sizes.max(initial=0)))
        return cls(count, max(score, count), signed, bits_for(head.num_classes - 1), head.num_classes)
