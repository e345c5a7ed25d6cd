"""Many circuits in one simulator: a build costs seconds, a circuit in it next to nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lgc.backend.base import to_bytes
from lgc.backend.manifest import Manifest
from lgc.backend.verilog import Verilog
from lgc.backend.verilog.shape import HeadShape
from lgc.ir import Circuit, interp
from lgc.sim.build import BuildOptions, build
from lgc.sim.simulate import Internal, Simulator

LATENCY = 2


class Batch:
    """Circuits side by side below one top, each combinational and registered, all fed by the same bits.

    Circuit k reads the lowest bits of the common input. Its scores and class appear on ``sK`` and ``kK``, those of its
    registered form on ``rsK`` and ``rkK``.
    """

    def __init__(self, circuits: Sequence[Circuit], folder: Path, *, lanes: int, registered: bool = True) -> None:
        self.circuits, self.lanes = list(circuits), lanes
        self.forms = (False, True) if registered else (False,)
        self.num_inputs = max(circuit.netlist.num_inputs for circuit in circuits)
        self.signals: list[tuple[int, bool, str, int]] = []  # circuit, registered, port, width of a lane
        source = folder / "batch.v"
        source.write_text(self._text())
        ports = [("clk", "input"), ("bits", "input"), *((port, "output") for _, _, port, _ in self.signals)]
        program = build(source, ports, BuildOptions("batch", lanes), folder)
        manifest = Manifest.of(circuits[0], top="batch", ports=[], latency=LATENCY, score_width=1, score_signed=False)
        self.simulator = Simulator(program, manifest, lanes, folder, timeout=600)

    def _text(self) -> str:
        texts, body, ports = [], [], []
        for index, circuit in enumerate(self.circuits):
            shape = HeadShape.of(circuit)
            for registered in self.forms:
                name = f"c{index}{'r' if registered else ''}"
                texts.append(to_bytes(Verilog(top=name, registered=registered), circuit).decode())
                prefix = "r" if registered else ""
                mine = [(f"{prefix}s{index}", shape.num_classes * shape.score), (f"{prefix}k{index}", shape.index)]
                ports += [f"output wire [{width * self.lanes - 1}:0] {port}" for port, width in mine]
                self.signals += [(index, registered, port, width) for port, width in mine]
                pins = [f".bits(bits[{circuit.netlist.num_inputs * self.lanes - 1}:0])"]
                pins += [f".scores({mine[0][0]})", f".class_id({mine[1][0]})", *([".clk(clk)"] if registered else [])]
                body.append(f"  {name} u{name} ({', '.join(pins)});")
        header = ["input wire clk", f"input wire [{self.num_inputs * self.lanes - 1}:0] bits", *ports]
        top = ["module batch (", ",\n".join(header), ");", *body, "endmodule", ""]
        return "\n".join([*texts, *top])

    def run(self, bits: NDArray[np.bool_]) -> dict[tuple[int, bool], tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """Scores (B, C) and classes (B,) of every circuit and form."""
        internal = [Internal(port, width * self.lanes) for _, _, port, width in self.signals]
        observed = self.simulator.run(bits, internal=internal).internal
        evaluations = -(-len(bits) // self.lanes)
        found: dict[tuple[int, bool], list[NDArray[np.int64]]] = {}
        for index, registered, port, width in self.signals:
            # Simulator.run cuts to B rows, and there are as many as evaluations.
            rows = observed[port].reshape(evaluations * self.lanes, width)[: len(bits)]
            shape = HeadShape.of(self.circuits[index])
            if port.lstrip("r").startswith("s"):
                values = number(rows.reshape(len(rows), shape.num_classes, shape.score), signed=shape.signed)
            else:
                values = number(rows, signed=False)
            found.setdefault((index, registered), []).append(values)
        return {key: (scores, classes) for key, (scores, classes) in found.items()}

    def check(self, bits: NDArray[np.bool_]) -> int:
        """Compare every circuit and form with the interpreter, on every vector; returns how many were compared."""
        seen = self.run(bits)
        # A new row every clock: what has no register shows the row that came after the one being sampled.
        ahead = np.minimum(np.arange(-(-len(bits) // self.lanes)) + LATENCY - 1, -(-len(bits) // self.lanes) - 1)
        rows = (ahead[:, None] * self.lanes + np.arange(self.lanes)).reshape(-1)[: len(bits)]
        assert len(bits) % self.lanes == 0, "whole evaluations only"
        for index, circuit in enumerate(self.circuits):
            expected = interp.scores(circuit, bits[:, : circuit.netlist.num_inputs])
            for registered in self.forms:
                mine = expected if registered else expected[rows]
                scores, classes = seen[index, registered]
                message = f"circuit {index} ({circuit.name!r}), registered={registered}, {self.lanes} lanes"
                np.testing.assert_array_equal(scores, mine, err_msg=message)
                np.testing.assert_array_equal(classes, circuit.head.classify(mine), err_msg=message)
        return len(seen)


def number(fields: NDArray[np.bool_], *, signed: bool) -> NDArray[np.int64]:
    """Bits (..., w), least significant first, to numbers; written apart from lgc.sim on purpose."""
    width = fields.shape[-1]
    values = np.zeros(fields.shape[:-1], np.int64)
    for place in range(width):
        values += fields[..., place].astype(np.int64) << place
    return np.where(fields[..., -1] & signed, values - (1 << width), values)


def named(circuits: Sequence[Circuit], label: str) -> list[Circuit]:
    return [replace(circuit, name=f"{label} {index}") for index, circuit in enumerate(circuits)]
