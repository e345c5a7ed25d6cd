"""Carry chains in a fabric of six-input tables with two outputs: what the heads on chains build them of.

A position adds two bits: one is a net, the other any function of five nets, since the chain's lookup table, which takes
six, gives ``net ^ function``. Of four nets besides the net, the table's second output gives another function.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import ClassVar

from lgc.mapping.heads.columns import Columns, sum_tables
from lgc.mapping.heads.literals import FALSE, TRUE, positive
from lgc.mapping.heads.plan import Chain, Compressor, Piece
from lgc.mapping.heads.terms import Values
from lgc.mapping.heads.waiting import EDGE, SMALL, SWALLOW, Pool, Waiting
from lgc.mapping.heads.waiting import SHARED as SHARED_NETS

ADD = "add"
"""Beside the kinds of pieces, what a position may be given to: three bits of its column."""
TAKES = {ADD: 3, EDGE: 2, SMALL: 0}
"""Bits of its column that a position's function takes: a full adder's, but for those that a piece stands for."""
FEW = 5
"""With fewer chains than this a level is hardly worth its delay: rather count pieces on their own."""
_LOOK = 64
"""How many of the oldest bits of a column are looked at for one that is not inverted."""


@dataclass(frozen=True)
class Position:
    """What one position adds.

    Attributes:
        literal: a bit, or FALSE.
        table: of ``operands``, which are literals: a function that counts as much as the bit.
        second: another table of them, which counts twice as much and leaves by the second output; 0 for none.
        twice: another table of them, which counts twice as much on the chain itself where ``table`` is 0: there is no
            bit besides.
        linked: whether the bit is the second output of the position before, whatever ``literal`` says.
        bits: those of the operands that are bits of the column, each named at one position.
    """

    literal: int = FALSE
    table: int = 0
    operands: tuple[int, ...] = ()
    second: int = 0
    twice: int = 0
    linked: bool = False
    bits: tuple[int, ...] = ()


def chain_price(nets: int, bits: int, widest: int = SWALLOW) -> float:
    """Lookup tables for a piece that goes on carry chains, with what the chains' ends cost: measured over the examples.

    Args:
        widest: nets of a piece whose bits take a position each.
    """
    if nets <= 2 and bits == 1:
        return 0.95
    if nets <= SHARED_NETS and bits == 2:
        return 2.05
    return bits * (1.05 if nets <= widest else 1.55)


class ChainColumns(Columns):
    """Columns that are reduced on carry chains.

    Attributes:
        swallows: kinds of pieces that may wait for a place on a chain.
    """

    swallows: ClassVar[tuple[str, ...]]

    def __init__(self, *args: object) -> None:
        super().__init__(*args)  # type: ignore[arg-type]
        self._fresh: list[int] = []
        self._pool = Pool()

    def add_piece(self, nets: tuple[int, ...], values: Values) -> None:
        """Keep a piece for a chain to swallow if it fits one."""
        piece = Waiting.of(nets, values, self.width)
        if piece.kind in self.swallows:
            self._pool.add(piece)
        else:
            super().add_piece(nets, values)

    def _count(self, pieces: Iterable[Waiting]) -> None:
        """Count pieces on their own, in lookup tables beside the chains."""
        for piece in pieces:
            super().add_piece(piece.nets, piece.values)

    def _lay_out(self) -> bool:
        """Count half of what waits on its own, so that there are bits to add the others to; whether anything waited."""
        before = len(self.pieces)
        for kind in self.swallows:
            for base in range(self.width):
                self._count(self._pool.shed(kind, base, self._pool.count(kind, base) // 2))
        return len(self.pieces) > before

    def _swallow(self, piece: Waiting) -> Piece:
        """Take the first piece of its kind out of the pool, for a chain."""
        assert piece.kind is not None
        self._pool.pop(piece.kind, piece.base)
        return self._swallowed(piece)

    def _swallowed(self, piece: Waiting) -> Piece:
        """A piece that is part of a chain: what the plan says of it."""
        self.constant += piece.offset
        return Piece(self.group, piece.nets, tuple(piece.values.tolist()), piece.offset, ())

    def _position(self, literal: int, piece: Waiting | None, place: int) -> Position:
        """A position that is given to a small piece, or to an edge or nothing and to bits, which leave their column."""
        nets = tuple(positive(net) for net in piece.nets) if piece else ()
        if piece and piece.kind == SMALL:
            return Position(literal, piece.tables[0][1], nets, piece.tables[1][1])
        taken = tuple(self.columns[place].popleft() for _ in range(TAKES[EDGE if piece else ADD]))
        self._fresh[place] -= len(taken)
        total, carry = swallowing_adder(piece.tables[0][1]) if piece else sum_tables((1, 1, 1), 0, 2)
        return Position(literal, total, (*nets, *taken), carry, bits=taken)

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
        self,
        base: int,
        positions: list[Position],
        carry_in: int = FALSE,
        constant: int = 0,
        swallowed: tuple[Piece, ...] = (),
    ) -> None:
        """Build a chain and put its sums and its carries into their columns."""
        mapper = self.mapper
        first = self._entry(carry_in)
        before = len(self.packed)
        selects, datas, seconds = self._tables(base, positions, with_carry=first > 0)
        linked = [one.linked for one in positions]
        own = (*selects, *(second for _, second in self.packed[before:])) if any(linked) else ()
        carry, sums, carries = first, [], []
        for index, (select, data) in enumerate(zip(selects, datas, strict=True)):
            sums.append(mapper.sum(select, carry) if carry else select)
            carry = mapper.carry(select, carry, data) if base + index + 1 < self.width else 0
            carries.append(carry)
        self.chains.append(Chain(tuple(selects), tuple(datas), first, tuple(sums), tuple(carries), own))
        outputs = [(positive(net), base + index) for index, net in enumerate(sums)]
        if carry:
            outputs.append((positive(carry), base + len(positions)))
        leaving = zip(seconds, [*linked[1:], False], strict=True)
        outputs += [(positive(net), place) for place, (net, kept) in enumerate(leaving, base + 1) if net and not kept]
        bits = [(carry_in, base)] if carry_in >> 1 else []
        constant += (carry_in == TRUE) << base
        for exponent, one in enumerate(positions, base):
            bits += [(literal, exponent) for literal in (one.literal, *one.bits) if literal >> 1]
        self.compressors.append(Compressor(self.group, tuple(bits), constant, tuple(outputs), swallowed))
        self.add(tuple(outputs))

    def _entry(self, carry_in: int) -> int:
        """The net by which a carry comes into a chain; 0 for none."""
        return self.mapper.net(carry_in)

    def _tables(
        self, base: int, positions: list[Position], *, with_carry: bool
    ) -> tuple[list[int], list[int], list[int]]:
        """By position, what steers it, what it carries on where that is 0, and its table's second output; 0 for none.

        Args:
            with_carry: whether a carry comes in.
        """
        selects: list[int] = []
        datas: list[int] = []
        seconds: list[int] = []
        for index, one in enumerate(positions):
            literal = positive(seconds[-1]) if one.linked else one.literal
            select, data = self._steer(replace(one, literal=literal), with_carry and not index)
            second = 0
            if one.second and base + index + 1 < self.width:
                second = self.mapper.own(one.second, one.operands)
                self.packed.append((select, second))
            selects.append(select)
            datas.append(data)
            seconds.append(second)
        return selects, datas, seconds

    def _steer(self, one: Position, with_carry: bool) -> tuple[int, int]:
        """The nets that steer a position: the sum of what it adds, and what it carries on where that is 0."""
        data = self.mapper.net(one.literal)  # the chain itself cannot invert
        select = self.mapper.own(*_xor(replace(one, literal=positive(data))))
        if one.twice or (data and with_carry):
            # A carry that comes in takes the place of the net: the table's second output gives the function.
            data = self.mapper.own(one.twice or one.table, one.operands)
            self.packed.append((select, data))
        return select, data


def swallowing_adder(table: int) -> tuple[int, int]:
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
