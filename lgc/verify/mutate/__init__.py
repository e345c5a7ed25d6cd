"""Mutation: faults put into the emitted Verilog, to see whether the vectors would notice (docs/verification.md)."""

from lgc.verify.mutate.campaign import Campaign, Outcome, mutate
from lgc.verify.mutate.faults import Fault, find_places, sample_faults

__all__ = ["Campaign", "Fault", "Outcome", "find_places", "mutate", "sample_faults"]
