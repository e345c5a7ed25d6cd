"""Formal equivalence of emitted Verilog and model: every input, every score, the class (docs/verification.md)."""

from lgc.verify.formal.certificate import Certificate, Claim
from lgc.verify.formal.context import Refutation
from lgc.verify.formal.groups import prove_apart
from lgc.verify.formal.prove import prove

__all__ = ["Certificate", "Claim", "Refutation", "prove", "prove_apart"]
