"""Simulators of Verilog: one class each, one schedule, one testbench under cocotb."""

from __future__ import annotations

from typing import Literal

SimulatorName = Literal["verilator", "icarus", "cxxrtl"]
"""The simulators that :mod:`lgc.sim.registry` holds."""
