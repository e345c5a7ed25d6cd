"""Heads fixed as lookup tables: popcount by compressor trees that swallow the last layer, and argmax (docs/head.md)."""

from lgc.backend.head.lower import map_circuit
from lgc.backend.head.plan import REGIONS, Compressor, Mapped, Piece

__all__ = ["REGIONS", "Compressor", "Mapped", "Piece", "map_circuit"]
