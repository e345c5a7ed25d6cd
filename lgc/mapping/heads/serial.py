"""The serial head, for the smallest parts: votes are shifted past one counter, a vote a clock, class by class."""

from __future__ import annotations

from typing import ClassVar

from lgc.errors import OptionError
from lgc.ir import Circuit
from lgc.mapping.estimate import Area, Estimate, pack_gates
from lgc.mapping.heads.base import HeadArchitecture
from lgc.mapping.heads.plan import Mapped
from lgc.mapping.pipeline import Pipeline, input_level, netlist_levels
from lgc.parts.part import Family

_PER_BIT = 3.5
"""Lookup tables for a bit of the one counter, and as many again of the one comparison."""


class SerialHead(HeadArchitecture):
    """A vote a clock: one counter and one comparison, whatever the size of the network."""

    name: ClassVar[str] = "serial"
    about: ClassVar[str] = "a vote a clock"
    is_streaming: ClassVar[bool] = False
    emitter: ClassVar[str] = "lgc.backend.verilog.serial:serial_modules"

    def place(self, circuit: Circuit, mapped: Mapped | None, stages: int, outputs: str) -> Pipeline:
        """See :class:`HeadArchitecture`; it has no places for register stages."""
        del mapped, outputs
        if stages:
            raise OptionError(
                f"the serial head with a pipeline of {stages} register stages",
                hint="It takes a vote a clock anyway: leave --pipeline out",
            )
        return Pipeline((input_level(circuit.netlist), *netlist_levels(circuit.netlist)))

    def latency(self, circuit: Circuit, stages: int) -> int:
        """See :class:`HeadArchitecture`: a clock a vote of the largest class, for every class, and one more a class."""
        del stages
        return circuit.head.num_classes * (int(circuit.head.sizes.max(initial=0)) + 1) + 1

    def interval(self, circuit: Circuit) -> int:
        """See :class:`HeadArchitecture`: only with a result the next input is taken."""
        return self.latency(circuit, 0)

    def estimate(self, circuit: Circuit, *, lut: int, outputs: str, pipeline: int, family: Family | None) -> Estimate:
        """See :class:`HeadArchitecture`. A vote's gate is in the table before its flip-flop."""
        del outputs, pipeline, family
        width = max(1, int(circuit.head.sizes.max(initial=1)).bit_length())
        bits = round(_PER_BIT * width)
        regions = {
            "gates": pack_gates(circuit.netlist, lut),
            "popcount": Area(circuit.netlist.num_outputs + bits, 2),
            "argmax": Area(bits, 3),
        }
        return Estimate(lut, self.name, regions)
