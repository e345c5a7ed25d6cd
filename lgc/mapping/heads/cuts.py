"""How each class's votes are cut into pieces: with linear terms shared freely, or vote by vote."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from lgc.mapping.heads.cover import cover_terms
from lgc.mapping.heads.gauge import Quadratic, digits, gauge_cover
from lgc.mapping.heads.search import search_cover
from lgc.mapping.heads.terms import Group, Values


@dataclass(frozen=True)
class Prices:
    """What things cost, in lookup tables.

    Attributes:
        lut: operands of a lookup table.
        bit: to add up one more bit.
        piece: a piece of so many nets and bits, its bits added up.
    """

    lut: int
    bit: float
    piece: Callable[[int, int], float]


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


def cut_group(group: Group, prices: Prices, effort: int) -> Cut:
    """The cheapest of the cuts.

    Args:
        effort: rounds of the search for each vote; 0 for none.
    """
    plain = Cut(group.constant, cover_terms(group.terms, prices.lut, prices.piece))
    simple = {nets: values for nets, values in group.terms.items() if len(nets) <= 2}
    others = {nets: values for nets, values in group.terms.items() if len(nets) > 2}
    rest = cover_terms(others, prices.lut, prices.piece)
    constant, shares, linear = gauge_cover(simple, prices.lut, prices.piece)
    cuts = [plain, Cut(group.constant + constant, [*((one.nets, one.values()) for one in shares), *rest], linear)]
    if effort:
        form = Quadratic.of(simple)
        pieces, linear = search_cover(form, prices.lut, prices.piece, prices.bit, effort)
        cuts.append(Cut(group.constant + form.constant, pieces + rest, linear))
    return min(cuts, key=lambda one: one.cost(prices))


def _bits(values: Values) -> int:
    """Bits of a function's count."""
    above = values - values.min()
    used = int(np.bitwise_or.reduce(above))
    return int(above.max()).bit_length() - ((used & -used).bit_length() - 1 if used else 0)
