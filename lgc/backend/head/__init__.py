"""Heads fixed as lookup tables: popcount by compressor trees that swallow the last layer, and argmax (docs/head.md)."""

from lgc.backend.head.auto import HEADS, ON_CHAINS, Choice, choose_head
from lgc.backend.head.choose import EFFORT
from lgc.backend.head.lower import map_circuit
from lgc.backend.head.plan import REGIONS, Chain, Compressor, Mapped, Piece

__all__ = [
    "EFFORT",
    "HEADS",
    "ON_CHAINS",
    "REGIONS",
    "Chain",
    "Choice",
    "Compressor",
    "Mapped",
    "Piece",
    "choose_head",
    "map_circuit",
]
