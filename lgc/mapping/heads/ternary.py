"""Ternary adders: rows on carry chains that add three numbers at a time.

A position of a row takes three bits of its weight. Its lookup table is a full adder: of the three bits the sum goes
onto the carry chain, and the carry, by the second output, into the table of the next position, which adds it to its own
sum on the chain. So a row of n positions, n lookup tables, adds three numbers of n bits and a bit more at its lowest
position, where no table stands below. (Simkins and Philofsky, "Structures and methods for implementing ternary adders/
subtractors in programmable logic devices", US patent 7,274,211, 2007; Kumm and Zipf, "Efficient high speed compression
trees on Xilinx FPGAs", 2014.) A table reads four nets so, and takes a fifth: in place of one of the three bits stands a
bit of two nets, and a piece of four nets, which counts in two bits, in place of all three.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import ClassVar

from lgc.mapping.heads.chains import ADD, FEW, TAKES, ChainColumns, Position, chain_price
from lgc.mapping.heads.columns import Columns, sum_tables
from lgc.mapping.heads.cuts import Prices
from lgc.mapping.heads.literals import FALSE, TRUE
from lgc.mapping.heads.mapped import MappedHead
from lgc.mapping.heads.waiting import EDGE, SMALL, Waiting

_SHORTEST = 2
"""Positions of a row: a single one removes one bit only, as a full adder does without a chain; two of them three."""


class TernaryColumns(ChainColumns):
    """Columns that are reduced by rows of ternary adders: of the bits of a column, the oldest three make a number."""

    swallows = (SMALL, EDGE)

    def reduce(self) -> list[int]:
        """See :meth:`Columns.reduce`."""
        while (made := self._level()) >= FEW or self._lay_out() or made:
            pass
        while any(len(column) > TAKES[ADD] for column in self.columns):
            if not self._level():
                self._full_adders()
        for exponent, column in enumerate(self.columns):
            if self._is_one(exponent):
                column.append(TRUE)
        self.constant = 0
        while (base := next((place for place, column in enumerate(self.columns) if len(column) > 1), None)) is not None:
            self._last(base)
        return [column[0] if column else FALSE for column in self.columns]

    def _level(self) -> int:
        """Rows side by side: what one gives waits for the next level. How many there are."""
        self._fresh = [len(column) for column in self.columns]
        before = len(self.chains)
        for base in range(self.width):
            while len(row := self._row(base)) >= _SHORTEST:
                self._build(base, row)
        return len(self.chains) - before

    def _full_adders(self) -> None:
        """One level of them beside the chains, two outputs of a table each, in the columns that are too high."""
        for exponent, size in enumerate([len(column) for column in self.columns]):
            for _ in range(size // TAKES[ADD] if size > TAKES[ADD] else 0):
                self.compress([(self.columns[exponent].popleft(), exponent) for _ in range(TAKES[ADD])], 0)

    def _row(self, base: int) -> list[Waiting | None]:
        """What the positions of a row from a column up take, as long as they are full: a piece, or bits alone."""
        row: list[Waiting | None] = []
        for place in range(base, self.width):
            free = self._fresh[place] - (not row)
            pieces = (self._pool.peek(kind, place, 0) for kind in (SMALL, EDGE) if free >= TAKES[kind])
            piece = next((one for one in pieces if one), None)
            if piece is None and free < TAKES[ADD]:
                break
            row.append(piece)
        return row

    def _build(self, base: int, row: list[Waiting | None]) -> None:
        swallowed = tuple(self._swallow(piece) for piece in row if piece)
        literal = self._take_fresh(base)
        positions = [
            replace(self._position(FALSE if place > base else literal, piece, place), linked=place > base)
            for place, piece in enumerate(row, base)
        ]
        self._chain(base, positions, swallowed=swallowed)

    def _last(self, base: int) -> None:
        """A row from a column up, of whatever bits there are, until there is nothing more to add."""
        literal = self._take(base)
        constant = (literal == TRUE) << base
        positions: list[Position] = []
        for place in range(base, self.width):
            column = self.columns[place]
            if not column and positions and not positions[-1].second:
                break
            taken = tuple(column.popleft() for _ in range(min(TAKES[ADD], len(column))))
            constant += sum(one == TRUE for one in taken) << place
            total, carry = sum_tables((1,) * len(taken), 0, 2)
            own = FALSE if positions else literal
            positions.append(Position(own, total, taken, carry, linked=bool(positions), bits=taken))
        self._chain(base, positions, constant=constant)


class TernaryHead(MappedHead):
    """Rows of ternary adders on carry chains."""

    name: ClassVar[str] = "ternary"
    about: ClassVar[str] = "rows of ternary adders on carry chains"
    lut_sizes: ClassVar[tuple[int, ...]] = (6,)
    chains: ClassVar[tuple[str, ...]] = ("carry4",)
    columns: ClassVar[tuple[type[Columns], ...]] = (TernaryColumns,)

    def prices(self, lut: int) -> Prices:
        """A position takes three bits of its weight; rows take no piece of five nets."""
        return Prices(lut=lut, bit=0.55, piece=partial(chain_price, widest=0))
