"""Heads fixed as lookup tables: popcount by compressor trees that swallow the last layer, and argmax (docs/head.md)."""

from lgc.mapping.heads.auto import HEADS, ON_CHAINS, heads_on
from lgc.mapping.heads.choose import EFFORT
from lgc.mapping.heads.lower import map_circuit
from lgc.mapping.heads.plan import REGIONS, Chain, Compressor, Mapped, Piece

__all__ = [
    "EFFORT",
    "HEADS",
    "ON_CHAINS",
    "REGIONS",
    "Chain",
    "Compressor",
    "Mapped",
    "Piece",
    "heads_on",
    "map_circuit",
]
