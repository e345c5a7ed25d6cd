"""Fabrics: the cells of families of parts, which synthesis leaves as they are. They are data, in ``fabrics.toml``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lgc.parts.names import FabricName
from lgc.parts.table import rows

GENERIC: FabricName = "generic"
"""The fabric of all other parts: plain Verilog, without cells."""


@dataclass(frozen=True)
class Fabric:
    """The cells of some families of parts.

    Attributes:
        families: names of those whose parts have them.
        lut: operands of the largest lookup table.
        table: Verilog of a lookup table, with the places ``{arity}``, ``{size}``, ``{init}``, ``{name}``, ``{output}``,
            ``{i0}`` to ``{i5}``, and ``{pins}`` for all of these at once.
        padded: whether every table has ``lut`` operands, those left over at 0.
        carry: the carry cell, lower case, of heads on carry chains; empty if none of them has cells here.
        positions: of a chain that are in a carry cell.
        pairs: whether two tables that read five nets together fit into one, of two outputs.
        muxes: Verilog of the multiplexers that make a larger table: of two of ``lut`` operands, of two of one more, and
            so on; with the places ``{name}``, ``{output}``, ``{low}``, ``{high}`` and ``{select}``. Empty where
            synthesis puts large tables together as well.
        models: Verilog that simulates the cells.
        strings: the most lookup tables of a circuit whose long strings of carry chains the router takes; 0 for any.
        carry_models: the same of the carry cell, where that is not among them.
        mux_models: the same of the multiplexers.
    """

    name: FabricName
    families: tuple[str, ...]
    lut: int
    table: str
    padded: bool
    carry: str
    positions: int
    pairs: bool
    models: str
    carry_models: str = ""
    strings: int = 0
    muxes: Sequence[str] = ()
    mux_models: str = ""


FABRICS: dict[str, Fabric] = {name: Fabric(**row | {"name": name}) for name, row in rows("fabrics.toml").items()}
"""The fabrics that have cells here, by name; of each size of tables, the one that `lgc bench` measures comes first."""


def fabric_name(family: str) -> FabricName:
    """The fabric of a family's parts."""
    return next((one.name for one in FABRICS.values() if family in one.families), GENERIC)
