"""Mutation: faults put into the emitted Verilog, to see whether the vectors would notice (docs/verification.md)."""

from lgc.sim.mutate.campaign import Campaign, Outcome, mutate
from lgc.sim.mutate.faults import Fault, sample_faults

__all__ = ["Campaign", "Fault", "Outcome", "mutate", "sample_faults"]
