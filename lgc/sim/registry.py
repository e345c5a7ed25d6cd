"""All simulators by name."""

from __future__ import annotations

from lgc.sim import SimulatorName
from lgc.sim.cxxrtl import CxxrtlSimulator
from lgc.sim.icarus import IcarusSimulator
from lgc.sim.simulate import Simulator
from lgc.sim.verilator import VerilatorSimulator

SIMULATORS: dict[SimulatorName, type[Simulator]] = {
    "verilator": VerilatorSimulator,
    "icarus": IcarusSimulator,
    "cxxrtl": CxxrtlSimulator,
}
"""The first one is the default: it alone has lanes, waveforms and a view inside."""
