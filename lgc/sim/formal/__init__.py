"""Formal equivalence of emitted Verilog and model: for every input, every score and the class (docs/verification.md)."""

from lgc.sim.formal.certificate import Certificate, Part
from lgc.sim.formal.prove import Refutation, prove

__all__ = ["Certificate", "Part", "Refutation", "prove"]
