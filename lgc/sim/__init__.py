"""Proving by simulation that emitted hardware is the model: vectors, Verilator, cocotb, comparison, triage."""
