"""The heads that are fixed as lookup tables, and where each of them can be had."""

from __future__ import annotations

from lgc.parts.fabrics import Fabric

HEADS = ("compress", "carry", "ternary")
"""The heads that are fixed as lookup tables."""
ON_CHAINS = ("carry", "ternary")
"""Those of carry chains: they take tables of six operands with two outputs, and a fabric that has cells for them."""


def heads_on(fabric: Fabric) -> tuple[str, ...]:
    """The heads of lookup tables that a fabric has cells for."""
    return tuple(head for head in HEADS if fabric.carry or head not in ON_CHAINS)
