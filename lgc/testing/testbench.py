"""For cocotb testbenches of your own: drive the network, and know what must come out.

    import cocotb
    from lgc.testing.testbench import Testbench

    @cocotb.test()
    async def digits(dut):
        testbench = Testbench(dut, "model.pt", "net.json")
        await testbench.check(bits)

The handle need not be the top: any instance with the network's ports will do, so that the testbench fits into a larger
design.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgc.backend.manifest import read_manifest
from lgc.errors import InputError
from lgc.frontend import load_circuit
from lgc.ir import interp
from lgc.sim.schedule import Clock, schedule
from lgc.sim.testbench import drive, unsigned

Bits = NDArray[np.bool_]


@dataclass(frozen=True)
class Output:
    """What stood at the outputs for one vector; what is no port is None."""

    row: int
    scores: list[int] | None
    class_id: int | None


class Testbench:
    """A network inside a simulation.

    Args:
        dut: the handle of the network's instance.
        model: checkpoint or netlist; expected values are the reference interpreter's.
        manifest: the ``.json`` beside the Verilog.

    Raises:
        InputError: it is of a stream, whose frames this testbench does not send.
    """

    def __init__(self, dut: Any, model: Path | str, manifest: Path | str) -> None:
        self.dut, self.circuit, self.manifest = dut, load_circuit(model), read_manifest(Path(manifest))
        if self.manifest.stream is not None:
            raise InputError(
                "this circuit takes an image pixel by pixel, which this testbench does not", where=str(manifest),
                hint="`lgc verify` simulates it; or drive its AXI4-Streams, see docs/streaming.md",
            )  # fmt: skip

    async def results(self, bits: Bits, clocks: Sequence[Clock] | None = None) -> AsyncIterator[Output]:
        """Drive vectors, bool (B, I), and yield what comes out, in order.

        Args:
            clocks: of a pipelined design, when each row is on offer; by default
                :func:`lgc.sim.schedule.schedule`, which has gaps and resets in it.

        Raises:
            AssertionError: ``out_valid`` is wrong.
        """
        latency = self.manifest.latency
        if clocks is None:
            clocks = schedule(len(bits), latency, self.manifest.interval) if latency else ()
        rows = [int.from_bytes(row.tobytes(), "little") for row in np.packbits(bits, axis=1, bitorder="little")]
        plain = [(clock.row, clock.valid, clock.reset, clock.due) for clock in clocks]
        async for due, is_valid in drive(self.dut, rows, plain, self.manifest.input_port):
            assert is_valid == (due >= 0), f"out_valid is {int(is_valid)}"
            if due >= 0:
                yield Output(due, self._scores(), self._class())

    async def check(self, bits: Bits, clocks: Sequence[Clock] | None = None) -> int:
        """Drive vectors and compare every score and class; returns how many.

        Raises:
            AssertionError: with the first vector that differs, or if nothing came out.
        """
        expected = interp.scores(self.circuit, bits)
        classes = self.circuit.head.classify(expected)
        count = 0
        async for seen in self.results(bits, clocks):
            scores, class_id = expected[seen.row].tolist(), int(classes[seen.row])
            assert seen.scores in (None, scores), f"vector {seen.row}: scores {seen.scores}, not {scores}"
            assert seen.class_id in (None, class_id), f"vector {seen.row}: class {seen.class_id}, not {class_id}"
            count += 1
        assert count == len(bits) > 0, f"{count} of {len(bits)} vectors were checked"
        return count

    def _scores(self) -> list[int] | None:
        if self.manifest.port("scores") is None:
            return None
        width, value = self.manifest.score_width, unsigned(self.dut.scores)
        fields = [(value >> (index * width)) & ((1 << width) - 1) for index in range(len(self.manifest.classes))]
        sign = 1 << (width - 1) if self.manifest.score_signed else 0
        return [(field ^ sign) - sign for field in fields]

    def _class(self) -> int | None:
        return None if self.manifest.port("class_id") is None else unsigned(self.dut.class_id)
