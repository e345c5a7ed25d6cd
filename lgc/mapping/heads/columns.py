"""Compressor trees of lookup tables: the bits of a class's sum, by weight, down to one bit a weight.

A counter takes bits of one weight, and a few of the next, and gives their sum in three bits or fewer, one lookup table
each. With six operands a 6:3 counter removes three bits for three tables; the counters with two columns, (1,5:3) and
(2,3:3), finish the job from the lowest weight up.
"""

from __future__ import annotations

from collections import deque
from functools import lru_cache

import numpy as np

from lgc.mapping.heads.literals import TRUE, Mapper, positive
from lgc.mapping.heads.plan import Bit, Chain, Compressor, Piece
from lgc.mapping.heads.terms import Values


class Columns:
    """The bits still to be added of one class, by weight; here they are reduced by counters alone.

    Attributes:
        width: bits of the result; what is carried beyond is dropped.
        columns: literals by exponent, oldest first.
        constant: what is added besides.
        chains: the carry chains made so far; here none.
        packed: pairs of nodes of one lookup table with two outputs.
    """

    def __init__(self, mapper: Mapper, group: int, width: int, lut: int) -> None:
        self.mapper, self.group, self.width, self.lut = mapper, group, width, lut
        self.counter = 6 if lut == 6 else 3  # bits of one weight that a full counter takes
        self.columns: list[deque[int]] = [deque() for _ in range(width)]
        self.constant = 0
        self.compressors: list[Compressor] = []
        self.pieces: list[Piece] = []
        self.chains: list[Chain] = []
        self.packed: list[tuple[int, int]] = []

    def add(self, bits: tuple[Bit, ...]) -> None:
        """Put bits into their columns; constants are taken out of them."""
        for literal, exponent in bits:
            if exponent >= self.width or literal >> 1 == 0:
                self.constant += (literal == TRUE) << exponent
            else:
                self.columns[exponent].append(literal)

    def add_piece(self, nets: tuple[int, ...], values: Values) -> None:
        """Count a piece: one lookup table for each bit."""
        offset, tables = encode(values)
        literals = [positive(net) for net in nets]
        bits = tuple((self.mapper.lut(table, literals), exponent) for exponent, table in tables)
        self.pieces.append(Piece(self.group, nets, tuple(values.tolist()), offset, bits))
        self.constant += offset
        self.add(bits)

    def compress(self, taken: list[Bit], constant: int | None = None) -> None:
        """Replace bits, which were taken out of the columns, by their sum.

        Args:
            constant: to add in the same tables, in units of the lowest weight; by default as much as fits for free.
        """
        base = min(exponent for _, exponent in taken)
        weights = tuple(1 << (exponent - base) for _, exponent in taken)
        room = (1 << sum(weights).bit_length()) - 1
        if constant is None:
            constant = min(room - sum(weights), (self.constant >> base) & room)
        self.constant -= constant << base
        literals = [literal for literal, _ in taken]
        size = min((sum(weights) + constant).bit_length(), self.width - base)
        tables = sum_tables(weights, constant, size)
        outputs = tuple((self.mapper.lut(table, literals), base + index) for index, table in enumerate(tables))
        self.compressors.append(Compressor(self.group, tuple(taken), constant << base, outputs))
        self.add(outputs)

    def reduce(self) -> list[int]:
        """Add everything up; the literals of the sum, LSB first."""
        while any(len(column) >= self.counter for column in self.columns):
            self._round()
        for exponent in range(self.width):
            self._finish(exponent)
        return [column[0] if column else 0 for column in self.columns]

    def _round(self) -> None:
        """One level of full counters in every column; what they give waits for the next level."""
        sizes = [len(column) // self.counter for column in self.columns]
        for exponent, count in enumerate(sizes):
            for _ in range(count):
                self.compress([(self.columns[exponent].popleft(), exponent) for _ in range(self.counter)])

    def _finish(self, exponent: int) -> None:
        """Down to one bit in this column, the constant's bit among them; the columns below are done."""
        column = self.columns[exponent]
        while len(column) > 1 or (self.constant >> exponent) & 1:
            one = (self.constant >> exponent) & 1
            if not column:
                self.constant -= one << exponent
                column.append(TRUE)
                return
            taken = [(column.popleft(), exponent) for _ in range(min(self.counter, len(column)))]
            if exponent + 1 < self.width and self.lut > 4:
                following = self.columns[exponent + 1]
                fits = min(self.lut - len(taken), (7 - one - len(taken)) // 2, len(following))
                taken += [(following.popleft(), exponent + 1) for _ in range(fits)]
            self.compress(taken, one)


@lru_cache(maxsize=1 << 12)
def sum_tables(weights: tuple[int, ...], constant: int, width: int) -> tuple[int, ...]:
    """Truth tables of the low ``width`` bits of ``constant`` plus the weighted sum of the operands, LSB first."""
    tables = [0] * width
    for address in range(1 << len(weights)):
        total = constant + sum(weight for index, weight in enumerate(weights) if (address >> index) & 1)
        for bit in range(width):
            tables[bit] |= ((total >> bit) & 1) << address
    return tuple(tables)


def encode(values: Values) -> tuple[int, list[tuple[int, int]]]:
    """A function as ``offset`` plus bits: exponents, ascending and without gaps, and truth tables."""
    offset = int(values.min())
    above = values - offset
    first = (int(np.bitwise_or.reduce(above)) & -int(np.bitwise_or.reduce(above))).bit_length() - 1
    places = range(max(first, 0), int(above.max()).bit_length())
    ones = [(exponent, np.flatnonzero((above >> exponent) & 1).tolist()) for exponent in places]
    return offset, [(exponent, sum(1 << address for address in addresses)) for exponent, addresses in ones]
