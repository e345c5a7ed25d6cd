"""What synthesis makes of the adder head on parts with carry chains: adders in tables, and positions of chains.

Yosys merges the additions between two register stages that feed each other and nothing else into one sum of many
operands (`alumacc`), which it reduces by full adders to two numbers (`maccmap`): those adders are gates. Their one
last addition stays an adder, and so does an addition that is alone between stages; from some width on (the family's
`arith_map.v`) that goes onto a chain. So does a comparison of two scores.
"""

from __future__ import annotations

import math
from dataclasses import astuple, dataclass
from functools import cache
from itertools import pairwise

from lgc.ir import Circuit
from lgc.mapping.pipeline import Pipeline
from lgc.mapping.shape import HeadShape
from lgc.parts.part import Adders


@dataclass(frozen=True)
class Count:
    """Parts of a head.

    Attributes:
        full, half: full and half adders in lookup tables.
        deep: the full adders, each times log 2 of the levels of additions that were merged.
        positions: of carry chains.
        carry: cells of carry chains.
    """

    full: int = 0
    half: int = 0
    deep: float = 0.0
    positions: int = 0
    carry: int = 0

    def luts(self, adders: Adders) -> float:
        """Lookup tables."""
        apart = adders.full * self.full + adders.deep * self.deep + adders.half * self.half
        return apart + adders.position * self.positions

    def __add__(self, other: Count) -> Count:
        return Count(*(one + two for one, two in zip(astuple(self), astuple(other), strict=True)))


def count_sums(circuit: Circuit, placed: Pipeline, adders: Adders) -> Count:
    """The scores: what all classes' votes and biases are added by."""
    shape = HeadShape.of(circuit)
    last = max((level.index for level in placed.levels if level.region == "popcount"), default=0)
    found = Count()
    for size, bias in zip(circuit.head.sizes.tolist(), circuit.head.bias.tolist(), strict=True):
        operands = (1,) * size
        for start, end in pairwise(sorted({0, last, *placed.indices("popcount")})):
            step = 1 << (end - start)
            groups = [operands[lo : lo + step] for lo in range(0, len(operands), step)]
            operands = tuple(min(shape.score, _width(group)) for group in groups)
            for group, width in zip(groups, operands, strict=True):
                found += _count_sum(group, width, adders)
        if bias and placed.behind("popcount", last):  # else one more operand of the last sum
            found += _count_sum((shape.score, shape.score), shape.score, adders)
    return found


def count_matches(circuit: Circuit, adders: Adders) -> Count:
    """The comparisons of the tournament, without the choice of the winner."""
    width, matches = HeadShape.of(circuit).score, circuit.head.num_classes - 1
    if width < adders.narrowest:
        return Count(full=width * matches)
    return Count(positions=width * matches, carry=width // adders.bits * matches)


def _width(operands: tuple[int, ...]) -> int:
    """Bits of a sum, added up pair by pair."""
    while len(operands) > 1:
        pairs = [operands[lo : lo + 2] for lo in range(0, len(operands), 2)]
        operands = tuple(max(pair) + len(pair) - 1 for pair in pairs)
    return operands[0]


@cache
def _count_sum(operands: tuple[int, ...], width: int, adders: Adders) -> Count:
    """One sum of operands of these widths, none of it before or behind a register stage."""
    if len(operands) < 2:
        return Count()
    columns = [sum(one > position for one in operands) for position in range(width)] + [0]
    full = half = 0
    for position in range(width):
        more = max(0, columns[position] - 1) // 2  # a full adder leaves one of three bits, and a carry
        columns[position] -= 2 * more
        columns[position + 1] += more
        full += more
    depth = math.log2((len(operands) - 1).bit_length())
    if width >= adders.narrowest:
        return Count(full, half, full * depth, width, -(-(width - adders.spared) // adders.bits))
    carry = 0
    for bits in columns[:width]:
        full, half = full + (bits + carry == 3), half + (bits + carry == 2)
        carry = int(bits + carry > 1)
    return Count(full, half, full * depth)
