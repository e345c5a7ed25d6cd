"""Compressors on carry chains whose positions swallow a counter or a piece.

A position of a carry chain adds two bits. One of them is a net; the other one may be any function of five nets, since
the chain's lookup table, which takes six, gives ``net ^ function`` as well as ``net ^ net``. So three positions add a
5:3 counter, or a piece of the last layer, to three bits and a carry: nine bits in, four bits out, for three lookup
tables. (Counters on carry chains: Kumm and Zipf, "Efficient high speed compression trees on Xilinx FPGAs", 2014.)
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace

from lgc.backend.head.compress import Columns, encode, sum_tables
from lgc.backend.head.literals import FALSE, positive
from lgc.backend.head.plan import Bit, Chain, Compressor, Piece
from lgc.backend.head.terms import Values

SWALLOW = 5
"""Nets that the function of a position may read."""
_LOOK = 64
"""How many of the oldest bits of a column are looked at for one that is not inverted."""
_SWALLOW_LEVELS = 4
"""In how many levels all pieces that wait are swallowed, or about that."""


@dataclass(frozen=True)
class Position:
    """What one position adds: a literal, and a function of at most five."""

    literal: int = FALSE
    table: int = 0
    operands: tuple[int, ...] = ()


class CarryColumns(Columns):
    """Columns that are reduced on carry chains.

    Attributes:
        chains: those made so far.
        packed: pairs of nodes of one lookup table with two outputs.
    """

    def __init__(self, *args: object) -> None:
        super().__init__(*args)  # type: ignore[arg-type]
        self.chains: list[Chain] = []
        self.packed: list[tuple[int, int]] = []
        self._waiting: list[tuple[tuple[int, ...], Values]] = []

    def add_piece(self, nets: tuple[int, ...], values: Values) -> None:
        """Keep a piece for a chain to swallow if that is cheaper than lookup tables, one for each two bits."""
        if len(nets) <= SWALLOW and len(encode(values)[1]) > 2:
            self._waiting.append((nets, values))
        else:
            super().add_piece(nets, values)

    def reduce(self) -> list[int]:
        """See :meth:`Columns.reduce`."""
        self._swallow_all()
        while any(len(column) >= SWALLOW + 2 for column in self.columns):
            self._round()
        for exponent in range(self.width):
            while len(self.columns[exponent]) > 1 or (self.constant >> exponent) & 1:
                self._ripple(exponent)
        return [column[0] if column else FALSE for column in self.columns]

    def _swallow_all(self) -> None:
        """Level by level, so that chains stand side by side: what one level gives waits for the next.

        A chain gives as many bits as it takes. Where there are few, pieces that are counted on their own give more, so
        that the levels do not become many.
        """
        waiting = deque(self._waiting)
        quota = -(-len(waiting) // _SWALLOW_LEVELS)
        while waiting:
            fresh = [len(column) for column in self.columns]
            before = len(waiting)
            while waiting:
                places = [exponent for exponent, _ in encode(waiting[0][1])[1] if exponent < self.width]
                if any(fresh[exponent] < 1 for exponent in places) or (places and fresh[places[0]] < 2):
                    break
                for exponent in places:
                    fresh[exponent] -= 1
                fresh[places[0]] -= 1
                self._swallow(*waiting.popleft())
            for _ in range(min(len(waiting), quota - (before - len(waiting)))):
                super().add_piece(*waiting.popleft())

    def _swallow(self, nets: tuple[int, ...], values: Values) -> None:
        """Add a piece to bits that are there; count it on its own while there are none."""
        offset, tables = encode(values)
        tables = [(exponent, table) for exponent, table in tables if exponent < self.width]
        if not tables or not all(self.columns[exponent] for exponent, _ in tables):
            super().add_piece(nets, values)
            return
        self.constant += offset
        base = tables[0][0]
        literals = tuple(positive(net) for net in nets)
        raw = [self._take(exponent) for exponent, _ in tables]
        carry_in = self._take(base)
        positions = [Position(one, table, literals) for one, (_, table) in zip(raw, tables, strict=True)]
        piece = Piece(self.group, nets, tuple(values.tolist()), offset, ())
        self._chain(base, positions, carry_in, 0, piece)

    def _round(self) -> None:
        """One level of 5:3 counters in every column, each in a chain with three more bits and a carry."""
        for exponent, size in enumerate([len(column) for column in self.columns]):
            for _ in range(size // (SWALLOW + 2)):
                if len(self.columns[exponent]) < SWALLOW + 2:
                    break
                counted = tuple(self.columns[exponent].popleft() for _ in range(SWALLOW))
                places = range(exponent, min(exponent + 3, self.width))
                tables = sum_tables((1,) * SWALLOW, 0, len(places))
                raw = [self._take(place) for place in places]
                carry_in = self._take(exponent)
                positions = [Position(one, table, counted) for one, table in zip(raw, tables, strict=True)]
                self._chain(exponent, positions, carry_in, 0)

    def _ripple(self, base: int) -> None:
        """One long chain from a column up, until it meets an empty one."""
        positions: list[Position] = []
        constant = 0
        carry_in = self._take(base) if len(self.columns[base]) > 2 else FALSE
        pending: list[Position] = []
        for exponent in range(base, self.width):
            column = self.columns[exponent]
            if not column and not pending and not (self.constant >> exponent) & 1:
                break
            literal = self._take(exponent)
            if not pending:
                pending = self._tile(exponent)
                if pending[0].table == 1 and not pending[0].operands:
                    constant |= 1 << exponent
            positions.append(Position(literal, pending[0].table, pending[0].operands))
            pending = pending[1:]
        self.constant -= constant
        self._chain(base, positions, carry_in, constant)

    def _tile(self, exponent: int) -> list[Position]:
        """What the functions of the next positions count: up to five bits of this column, or the constant's."""
        column = self.columns[exponent]
        size = next((count for count in (5, 3, 1) if len(column) >= count), 0)
        if not size:
            return [Position(table=(self.constant >> exponent) & 1)]
        taken = tuple(column.popleft() for _ in range(size))
        tables = sum_tables((1,) * size, 0, min(size.bit_length(), self.width - exponent))
        return [Position(table=table, operands=taken) for table in tables]

    def _take(self, exponent: int) -> int:
        """A literal of a column, one that is not inverted if there is one among the oldest; FALSE if it is empty."""
        column = self.columns[exponent]
        if not column:
            return FALSE
        for index in range(min(_LOOK, len(column))):
            if not column[index] & 1:
                literal = column[index]
                del column[index]
                return literal
        return column.popleft()

    def _chain(
        self, base: int, positions: list[Position], carry_in: int, constant: int, piece: Piece | None = None
    ) -> None:
        """Build a chain and put its sums and its carry into their columns."""
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
        inputs = _inputs(base, positions, carry_in, piece)
        self.compressors.append(Compressor(self.group, inputs, constant, tuple(outputs), piece))
        self.add(tuple(outputs))

    def _steer(self, one: Position, with_carry: bool) -> tuple[int, int]:
        """The nets that steer a position: the sum of what it adds, and what it carries on where that is 0."""
        data = self.mapper.net(one.literal)  # the chain itself cannot invert
        select = self.mapper.own(*_xor(replace(one, literal=positive(data))))
        if data and with_carry:
            # A carry that comes in takes the place of the net: the table's second output gives the function.
            data = self.mapper.own(one.table, one.operands)
            self.packed.append((select, data))
        return select, data


def _xor(one: Position) -> tuple[int, tuple[int, ...]]:
    """The function of a position's lookup table."""
    if one.literal == FALSE:
        return one.table, one.operands
    size = 1 << len(one.operands)
    return one.table | (one.table ^ ((1 << size) - 1)) << size, (*one.operands, one.literal)


def _inputs(base: int, positions: list[Position], carry_in: int, piece: Piece | None) -> tuple[Bit, ...]:
    """The bits that went into a chain; those of a counter once, not at each of its positions."""
    bits = [(carry_in, base)] if carry_in != FALSE else []
    seen: tuple[int, ...] = ()
    for index, one in enumerate(positions):
        if one.literal != FALSE:
            bits.append((one.literal, base + index))
        if piece is None and one.operands is not seen:
            bits += [(literal, base + index) for literal in one.operands]
            seen = one.operands
    return tuple(bits)
