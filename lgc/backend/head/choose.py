"""How each class's votes are cut into pieces: with linear terms shared freely, or vote by vote."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from lgc.backend.head.cover import cover
from lgc.backend.head.gauge import digits, gauge_cover
from lgc.backend.head.terms import Group, Values


@dataclass(frozen=True)
class Prices:
    """What things cost, in lookup tables.

    Attributes:
        lut: operands of a lookup table.
        bit: to add up one more bit.
        narrow: pieces of at most five nets by bits, from 0, the adding included; beyond them ``wide`` counts.
        wide: a bit of any other piece, its adding included.
    """

    lut: int
    bit: float
    narrow: tuple[float, ...]
    wide: float

    def piece(self, nets: int, bits: int) -> float:
        """A piece, its bits added up."""
        return self.narrow[bits] if nets <= 5 and bits < len(self.narrow) else bits * self.wide


@dataclass
class Cut:
    """A class's sum: ``constant`` plus the pieces plus a linear combination of nets.

    Attributes:
        pieces: nets, ascending, and the function by address.
        linear: coefficient by net.
    """

    constant: int
    pieces: list[tuple[tuple[int, ...], Values]]
    linear: dict[int, int] = field(default_factory=dict)

    def cost(self, prices: Prices) -> float:
        """An estimate in lookup tables."""
        counted = sum(prices.piece(len(nets), _bits(values)) for nets, values in self.pieces)
        return counted + prices.bit * sum(len(digits(coefficient)) for coefficient in self.linear.values())


def cut_group(group: Group, prices: Prices) -> Cut:
    """The cheaper of the two cuts."""
    plain = Cut(group.constant, cover(group.terms, prices.lut, prices.piece))
    simple = {nets: values for nets, values in group.terms.items() if len(nets) <= 2}
    others = {nets: values for nets, values in group.terms.items() if len(nets) > 2}
    constant, shares, linear = gauge_cover(simple, prices.lut, prices.piece)
    pieces = [(share.nets, share.values()) for share in shares]
    pieces += cover(others, prices.lut, prices.piece)
    return min(plain, Cut(group.constant + constant, pieces, linear), key=lambda one: one.cost(prices))


def _bits(values: Values) -> int:
    """Bits of a function's count."""
    above = values - values.min()
    used = int(np.bitwise_or.reduce(above))
    return int(above.max()).bit_length() - ((used & -used).bit_length() - 1 if used else 0)
