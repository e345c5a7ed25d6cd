"""Carry chains in a fabric of six-input tables with two outputs: what the heads on chains build them of.

A position adds two bits: one is a net, the other any function of five nets, since the chain's lookup table, which takes
six, gives ``net ^ function``. Of four nets besides the net, the table's second output gives another function.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from lgc.backend.head.compress import Columns
from lgc.backend.head.literals import FALSE, positive
from lgc.backend.head.plan import Bit, Chain, Compressor, Piece

_LOOK = 64
"""How many of the oldest bits of a column are looked at for one that is not inverted."""


@dataclass(frozen=True)
class Position:
    """What one position adds.

    Attributes:
        literal: a bit, or FALSE.
        table: of ``operands``, which are literals: a function that counts as much as the bit.
        second: another table of them, which counts twice as much and leaves the chain; 0 for none.
        bits: those of the operands that are bits of the column, each named at one position.
    """

    literal: int = FALSE
    table: int = 0
    operands: tuple[int, ...] = ()
    second: int = 0
    bits: tuple[int, ...] = ()


class ChainColumns(Columns):
    """Columns that are reduced on carry chains.

    Attributes:
        chains: those made so far.
        packed: pairs of nodes of one lookup table with two outputs.
    """

    def __init__(self, *args: object) -> None:
        super().__init__(*args)  # type: ignore[arg-type]
        self.chains: list[Chain] = []
        self.packed: list[tuple[int, int]] = []
        self._fresh: list[int] = []

    def _is_one(self, exponent: int) -> bool:
        """Whether the constant that is left to add has this bit."""
        return bool((self.constant >> exponent) & 1)

    def _take_fresh(self, exponent: int) -> int:
        """A literal of a column that was there before this level."""
        self._fresh[exponent] -= 1
        return self._take(exponent, min(_LOOK, self._fresh[exponent] + 1))

    def _take(self, exponent: int, oldest: int = _LOOK) -> int:
        """A literal of a column, one that is not inverted if there is one among the oldest; FALSE if it is empty."""
        column = self.columns[exponent]
        for index in range(min(oldest, len(column))):
            if not column[index] & 1:
                literal = column[index]
                del column[index]
                return literal
        return column.popleft() if column else FALSE

    def _chain(
        self, base: int, positions: list[Position], carry_in: int, constant: int, swallowed: tuple[Piece, ...] = ()
    ) -> None:
        """Build a chain and put its sums and its carries into their columns."""
        mapper = self.mapper
        first = mapper.net(carry_in)
        steering = [self._steer(one, index == 0 and first > 0) for index, one in enumerate(positions)]
        carry, sums, carries = first, [], []
        for index, (select, data) in enumerate(steering):
            sums.append(mapper.sum(select, carry) if carry else select)
            carry = mapper.carry(select, carry, data) if base + index + 1 < self.width else 0
            carries.append(carry)
        selects, datas = zip(*steering, strict=True)
        self.chains.append(Chain(selects, datas, first, tuple(sums), tuple(carries)))
        outputs = [(positive(net), base + index) for index, net in enumerate(sums)]
        if carry:
            outputs.append((positive(carry), base + len(positions)))
        outputs += self._seconds(base, positions, selects)
        bits = [(carry_in, base)] if carry_in != FALSE else []
        for exponent, one in enumerate(positions, base):
            bits += [(literal, exponent) for literal in (one.literal, *one.bits) if literal != FALSE]
        self.compressors.append(Compressor(self.group, tuple(bits), constant, tuple(outputs), swallowed))
        self.add(tuple(outputs))

    def _seconds(self, base: int, positions: list[Position], selects: Sequence[int]) -> list[Bit]:
        """What leaves a chain by the second outputs of its tables."""
        found = []
        for exponent, (one, select) in enumerate(zip(positions, selects, strict=True), base + 1):
            if one.second and exponent < self.width:
                net = self.mapper.own(one.second, one.operands)
                self.packed.append((select, net))
                found.append((positive(net), exponent))
        return found

    def _steer(self, one: Position, with_carry: bool) -> tuple[int, int]:
        """The nets that steer a position: the sum of what it adds, and what it carries on where that is 0."""
        data = self.mapper.net(one.literal)  # the chain itself cannot invert
        select = self.mapper.own(*_xor(replace(one, literal=positive(data))))
        if data and with_carry:
            # A carry that comes in takes the place of the net: the table's second output gives the function.
            data = self.mapper.own(one.table, one.operands)
            self.packed.append((select, data))
        return select, data


def full_adder(table: int) -> tuple[int, int]:
    """Sum and carry of a function of two operands, given by its table, and two more operands."""
    total = carry = 0
    for address in range(16):
        count = ((table >> (address & 3)) & 1) + ((address >> 2) & 1) + (address >> 3)
        total |= (count & 1) << address
        carry |= (count >> 1) << address
    return total, carry


def _xor(one: Position) -> tuple[int, tuple[int, ...]]:
    """The function of a position's lookup table."""
    if one.literal == FALSE:
        return one.table, one.operands
    size = 1 << len(one.operands)
    return one.table | (one.table ^ ((1 << size) - 1)) << size, (*one.operands, one.literal)
