"""Formal equivalence of emitted Verilog and model: every input, every score, the class (docs/verification.md)."""

from lgc.sim.formal.certificate import Certificate, Part
from lgc.sim.formal.context import Refutation
from lgc.sim.formal.prove import prove

__all__ = ["Certificate", "Part", "Refutation", "prove"]
