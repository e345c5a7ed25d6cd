"""The head of compressor trees: counters of lookup tables alone, for any fabric; see :mod:`.columns`."""

from __future__ import annotations

from typing import ClassVar

from lgc.mapping.heads.columns import Columns
from lgc.mapping.heads.cuts import Prices
from lgc.mapping.heads.mapped import MappedHead


class CompressHead(MappedHead):
    """Compressor trees of lookup tables of 4 or 6 operands."""

    name: ClassVar[str] = "compress"
    about: ClassVar[str] = "compressor trees of lookup tables"
    columns: ClassVar[tuple[type[Columns], ...]] = (Columns,)

    def prices(self, lut: int) -> Prices:
        """A 6:3 counter takes three lookup tables to remove three bits, a full adder two for one."""
        if lut == 6:
            return Prices(lut=6, bit=1.0, piece=lambda _, bits: 2.0 * bits)
        return Prices(lut=4, bit=2.0, piece=lambda _, bits: 3.0 * bits)
