"""Carry chains of four-input tables, strung together: what the heads `ripple` and `couple` build.

A position adds what its table says to the carry, and one more position is all that a chain costs: it hands out the
carry of the chain before, and lets a bit in as the carry of the next one. For its table is 0, so its sum is the carry
that comes, and what it hands on is a net. So a chain that takes 2n+1 bits in n+1 tables gives n+1, where full adders in
tables take twice as many.

In `ripple` a position takes two bits of its column, on any part. In `couple` (ECP5's CCU2C) what a position carries on
is a function of two of its four nets, so two positions take four bits of a weight: the first adds their two XORs, and
the second, of twice the weight, their two ANDs.
"""

from __future__ import annotations

from typing import ClassVar

from lgc.mapping.heads.chains import ChainColumns, Position
from lgc.mapping.heads.columns import Columns
from lgc.mapping.heads.cuts import Prices
from lgc.mapping.heads.literals import FALSE, TRUE, positive
from lgc.mapping.heads.mapped import MappedHead

_WIRE, _XOR, _AND = 0b10, 0b0110, 0b1000
_FIRST_OPERAND = 0b1010
"""Of two operands."""
_PARITY = {3: 0b1001_0110, 4: 0x6996}
_FIRST = {_XOR: {3: 0x66, 4: 0x6666}, _AND: {3: 0x88, 4: 0x8888}}
"""A function of the first two of three or four operands."""
_ANDS = {3: 0b0111_1000, 4: 0x7888}
"""The AND of the first two operands is 1, or that of the others, but not both."""


class RippleColumns(ChainColumns):
    """Columns that are reduced by full adders, one a position.

    Attributes:
        least: bits of a column that begin a chain while there are many: the carry that comes in, and a position.
    """

    swallows = ()
    least: ClassVar[int] = 3

    def add_piece(self, nets: tuple[int, ...], values: object) -> None:
        """Count a piece in tables of its own."""
        super(ChainColumns, self).add_piece(nets, values)  # type: ignore[arg-type]

    def reduce(self) -> list[int]:
        """See :meth:`Columns.reduce`."""
        for exponent, column in enumerate(self.columns):
            if self._is_one(exponent):
                column.append(TRUE)
        self.constant = 0
        while self._level():
            pass
        while high := [place for place, column in enumerate(self.columns) if len(column) > 1]:
            self._fresh = [len(column) for column in self.columns]
            self._build(high[0], last=True)
        return [column[0] if column else FALSE for column in self.columns]

    def _level(self) -> bool:
        """Chains side by side: what one gives waits for the next level. Whether there are any."""
        self._fresh = [len(column) for column in self.columns]
        before = len(self.chains)
        for base in range(self.width):
            while self._fresh[base] >= self.least:
                self._build(base, last=False)
        return len(self.chains) > before

    def _build(self, base: int, *, last: bool) -> None:
        """A chain from a column up, as long as there are bits for its positions.

        Args:
            last: whether to go on where a column has but one bit, so that it has none more behind the chain.
        """
        carry_in = self._take_fresh(base)
        positions: list[Position] = []
        while (place := base + len(positions)) < self.width:
            added = self._step(place)
            if not added and last and self._fresh[place]:
                added = [self._add((self._take_fresh(place),))]
            if not added:
                break
            positions += added
        ones = [(literal, at) for at, one in enumerate(positions) for literal in (one.literal, *one.bits)]
        constant = sum(1 << base + at for literal, at in ones if literal == TRUE)
        self._chain(base, positions[: self.width - base], carry_in, constant)

    def _step(self, place: int) -> list[Position]:
        """Positions that are full of the bits of a column; none if it has too few."""
        if self._fresh[place] < 2:
            return []
        return [self._add((self._take_fresh(place), self._take_fresh(place)))]

    def _add(self, bits: tuple[int, ...]) -> Position:
        """A position that adds a bit or two, each of them a net: a carry cell cannot invert."""
        literal, *others = bits
        nets = tuple(positive(self.mapper.net(one)) for one in others)
        return Position(literal, _WIRE if nets else 0, nets, bits=tuple(others))

    def _entry(self, carry_in: int) -> int:
        """The position between two chains, a table of its own; a part's carry reads a net as it is."""
        return self.mapper.own(_WIRE, (positive(self.mapper.net(carry_in)),))

    def _steer(self, one: Position, with_carry: bool) -> tuple[int, int]:
        """The nets that steer a position, and what it carries on where that is 0: the bit that it adds."""
        del with_carry  # it comes by a pin of its own
        return super()._steer(one, with_carry=False)


class CoupleColumns(RippleColumns):
    """Columns that are reduced by couples of positions, which take four bits of a weight."""

    least: ClassVar[int] = 5

    def _step(self, place: int) -> list[Position]:
        """See :class:`RippleColumns`."""
        above = self._fresh[place + 1] if place + 1 < self.width else 0
        if self._fresh[place] > 3:
            return self._couple([self._take_fresh(place) for _ in range(4)])
        if self._fresh[place] > 2 and above:
            bits = [self._take_fresh(place) for _ in range(3)]
            return self._couple(bits, self._take_fresh(place + 1))
        return super()._step(place)

    def _couple(self, bits: list[int], above: int = FALSE) -> list[Position]:
        """Two positions that add four bits, or three and one of the next column.

        What a position carries on is its function where the last two of four operands are 0: these may not be inverted.
        """
        bits.sort(key=lambda literal: not literal & 1)
        size, taken = len(bits), tuple(bits)
        if size > 3:
            bits[2:] = [positive(self.mapper.net(literal)) for literal in bits[2:]]
        first = Position(FALSE, _PARITY[size], tuple(bits), twice=_FIRST[_XOR][size], bits=taken)
        if size == 3:
            bits[2] = above
        more = (above,) if size == 3 else ()
        return [first, Position(FALSE, _ANDS[size], tuple(bits), twice=_FIRST[_AND][size], bits=more)]

    def _add(self, bits: tuple[int, ...]) -> Position:
        """A position that adds a bit or two, inverted or not."""
        if len(bits) > 1:
            return Position(FALSE, _XOR, bits, twice=_FIRST_OPERAND, bits=bits)
        return Position(FALSE, _WIRE, bits, twice=_WIRE, bits=bits)

    def _entry(self, carry_in: int) -> int:
        """See :class:`RippleColumns`; here it may be inverted."""
        return self.mapper.own(_WIRE, (carry_in,))


class RippleHead(MappedHead):
    """Full adders on carry chains that are strung together, one a position."""

    name: ClassVar[str] = "ripple"
    about: ClassVar[str] = "full adders on carry chains, strung together"
    lut_sizes: ClassVar[tuple[int, ...]] = (4,)
    is_strung: ClassVar[bool] = True
    chains: ClassVar[tuple[str, ...]] = ("ccu2c", "sb_carry", "alu")
    columns: ClassVar[tuple[type[Columns], ...]] = (RippleColumns,)

    def prices(self, lut: int) -> Prices:
        """A chain takes as many bits as it has tables, and one more."""
        return Prices(lut=lut, bit=1.55, piece=lambda _, bits: 2.55 * bits)


class CoupleHead(MappedHead):
    """Couples of positions that add four bits of a weight, on carry chains that are strung together."""

    name: ClassVar[str] = "couple"
    about: ClassVar[str] = "four bits to two positions of carry chains, strung together"
    lut_sizes: ClassVar[tuple[int, ...]] = (4,)
    is_strung: ClassVar[bool] = True
    is_provable: ClassVar[bool] = False
    chains: ClassVar[tuple[str, ...]] = ("ccu2c",)
    columns: ClassVar[tuple[type[Columns], ...]] = (CoupleColumns,)

    def prices(self, lut: int) -> Prices:
        """A chain takes four bits more for a couple of tables."""
        return Prices(lut=lut, bit=1.3, piece=lambda _, bits: 2.3 * bits)
