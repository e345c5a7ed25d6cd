"""A class's sum on its way into tables: the smallest of the ways in which a head can add it up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lgc.mapping.heads.columns import Columns
from lgc.mapping.heads.literals import LUT, Mapper
from lgc.mapping.heads.plan import Bit
from lgc.mapping.heads.terms import Values


@dataclass(frozen=True, eq=False)
class ClassSum:
    """What is added up for a class.

    Attributes:
        width: bits of the result.
        lut: operands of a lookup table.
        pieces: nets of the mapped netlist, ascending, and the function by address.
    """

    group: int
    width: int
    lut: int
    constant: int
    linear: tuple[Bit, ...]
    pieces: Sequence[tuple[tuple[int, ...], Values]]

    def add_up(self, ways: Sequence[type[Columns]], mapper: Mapper) -> tuple[Columns, list[int]]:
        """The columns that take the fewest tables, of equals the first way's, and the sum's literals, LSB first."""
        best = ways[0]
        if len(ways) > 1:
            best = min(ways, key=lambda way: self._tables(way, mapper.trial()))
        return self._built(best, mapper)

    def _built(self, way: type[Columns], mapper: Mapper) -> tuple[Columns, list[int]]:
        columns = way(mapper, self.group, self.width, self.lut)
        columns.constant = self.constant
        columns.add(self.linear)
        for nets, values in self.pieces:
            columns.add_piece(nets, values)
        return columns, columns.reduce()

    def _tables(self, way: type[Columns], trial: Mapper) -> int:
        columns, _ = self._built(way, trial)
        return trial.kinds.count(LUT) - len(columns.packed)
