"""A head from outside of lgc, as docs/extending.md describes one: counters that take the newest bits first."""

from __future__ import annotations

from typing import ClassVar

from lgc.mapping.heads.columns import Columns
from lgc.mapping.heads.cuts import Prices
from lgc.mapping.heads.mapped import MappedHead


class NewestFirst(Columns):
    """Compressor trees that leave the oldest bits of a column for last."""

    def _round(self) -> None:
        for column in self.columns:
            column.reverse()
        super()._round()
        for column in self.columns:
            column.reverse()


class ToyHead(MappedHead):
    """See :class:`NewestFirst`."""

    name: ClassVar[str] = "toy"
    about: ClassVar[str] = "a toy"
    columns: ClassVar[tuple[type[Columns], ...]] = (NewestFirst,)

    def prices(self, lut: int) -> Prices:
        """Every piece at the same price."""
        return Prices(lut=lut, bit=1.0, piece=lambda nets, bits: float(nets + bits))
