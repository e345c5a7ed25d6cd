"""Many circuits in one simulator: a build costs seconds, a circuit in it next to nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgc.backend.base import to_bytes
from lgc.backend.manifest import Manifest
from lgc.backend.verilog import Verilog
from lgc.ir import Circuit, interp
from lgc.mapping.pipeline import most_stages
from lgc.mapping.shape import HeadShape
from lgc.sim.simulate import Internal
from lgc.sim.verilator import BuildOptions, VerilatorSimulator, build

CONTROL = ("clk", "rst", "in_valid")


class Batch:
    """Circuits side by side below one top, each combinational and pipelined, all fed by the same bits.

    Every third circuit has as many stages as it takes, the others different numbers of them. Circuit k reads the lowest
    bits of the common input. A form of r stages is delayed by as many registers as the deepest one has more: it must
    then equal the combinational one, delayed by as many. Its scores and class appear on ``sK_r`` and ``kK_r``.
    ``disagree`` becomes 1 for good when two forms differ in ``out_valid``. ``options`` are those of the target, for
    each circuit.
    """

    def __init__(
        self,
        circuits: Sequence[Circuit],
        folder: Path,
        *,
        lanes: int,
        pipelined: bool = True,
        options: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        self.circuits, self.lanes = list(circuits), lanes
        self.options = list(options) or [{}] * len(self.circuits)
        self.num_inputs = max(circuit.netlist.num_inputs for circuit in circuits)
        counts = [(0, self._ranks(index)) if pipelined else (0,) for index in range(len(self.circuits))]
        self.forms = [(index, count) for index, mine in enumerate(counts) for count in mine]
        self.latency = max(1, *(count for _, count in self.forms))
        self.signals: list[tuple[int, int, str, int]] = []  # circuit, stages, signal, width of a lane
        source = folder / "batch.v"
        source.write_text(self._text())
        ports = [*((name, "input") for name in (*CONTROL, "bits")), ("out_valid", "output"), ("disagree", "output")]
        ports += [(signal, "output") for _, _, signal, _ in self.signals]
        manifest = Manifest.of(
            circuits[0], top="batch", ports=[], latency=self.latency, score_width=1, score_signed=False
        )
        self.simulator = VerilatorSimulator(manifest, folder, lanes, timeout=600)
        self.simulator.program = build(source, ports, BuildOptions("batch", lanes), folder)

    def _ranks(self, index: int) -> int:
        """As many stages as the circuit takes, or fewer, by the index."""
        most = most_stages(Verilog(**self.options[index]).placed(self.circuits[index]).levels)
        return most - index % 3 * (index + 1) % most

    def _text(self) -> str:
        texts, body, header = [], [], [f"input wire {name}" for name in CONTROL]
        header += [f"input wire [{self.num_inputs * self.lanes - 1}:0] bits", "output wire out_valid"]
        for index, stages in self.forms:
            circuit, name = self.circuits[index], f"c{index}_{stages}"
            shape = HeadShape.of(circuit)
            texts.append(to_bytes(Verilog(top=name, pipeline=stages, **self.options[index]), circuit).decode())
            mine = [(f"s{index}_{stages}", shape.num_classes * shape.score), (f"k{index}_{stages}", shape.index)]
            self.signals += [(index, stages, signal, width) for signal, width in mine]
            header += [f"output wire [{width * self.lanes - 1}:0] {signal}" for signal, width in mine]
            wires = [(f"{signal}_0", width * self.lanes) for signal, width in mine] + [(f"v{name}_0", 1)]
            body += [f"  wire [{width - 1}:0] {wire};" for wire, width in wires]
            pins = [f".bits(bits[{circuit.netlist.num_inputs * self.lanes - 1}:0])"]
            pins += [f".scores({wires[0][0]})", f".class_id({wires[1][0]})"]
            pins += [*(f".{port}({port})" for port in CONTROL), f".out_valid({wires[2][0]})"] if stages else []
            body += [f"  {name} u{name} ({', '.join(pins)});"]
            body += [] if stages else [f"  assign v{name}_0 = in_valid;"]
            targets = [mine[0][0], mine[1][0], f"v{name}"]
            for (wire, width), target in zip(wires, targets, strict=True):
                body += _delayed(wire, target, width, self.latency - stages)
        valid = ", ".join(f"vc{index}_{stages}" for index, stages in self.forms)
        body += [f"  wire [{len(self.forms) - 1}:0] valid = {{{valid}}};", "  assign out_valid = |valid;"]
        body += ["  reg differ = 0;", "  always @(posedge clk) if (|valid != &valid) differ <= 1;"]
        body += ["  assign disagree = differ;"]
        top = ["module batch (", ",\n".join([*header, "output wire [0:0] disagree"]), ");", *body, "endmodule", ""]
        return "\n".join([*texts, *top])

    def run(self, bits: NDArray[np.bool_]) -> dict[tuple[int, int], tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """Scores (B, C) and classes (B,) of every circuit and form; asserts that each ``out_valid`` is right."""
        internal = [Internal(signal, width * self.lanes) for _, _, signal, width in self.signals]
        run = self.simulator.run(bits, internal=[*internal, Internal("disagree", 1)])
        assert run.timing is None, run.timing
        assert not run.internal["disagree"].any(), "out_valid of two forms differ"
        evaluations = -(-len(bits) // self.lanes)
        found: dict[tuple[int, int], list[NDArray[np.int64]]] = {}
        for index, stages, signal, width in self.signals:
            # Simulator.run cuts to B rows, and there are as many as evaluations. Net i of lane k is at i*lanes + k.
            nets = run.internal[signal][:evaluations].reshape(evaluations, width, self.lanes)
            rows = nets.swapaxes(1, 2).reshape(evaluations * self.lanes, width)[: len(bits)]
            shape = HeadShape.of(self.circuits[index])
            if signal.startswith("s"):
                values = number(rows.reshape(len(rows), shape.num_classes, shape.score), signed=shape.signed)
            else:
                values = number(rows, signed=False)
            found.setdefault((index, stages), []).append(values)
        return {key: (scores, classes) for key, (scores, classes) in found.items()}

    def check(self, bits: NDArray[np.bool_]) -> int:
        """Compare every circuit and form with the interpreter, on every vector; returns how many were compared."""
        seen = self.run(bits)
        for (index, stages), (scores, classes) in seen.items():
            circuit = self.circuits[index]
            expected = interp.scores(circuit, bits[:, : circuit.netlist.num_inputs])
            message = f"circuit {index} ({circuit.name!r}), {stages} stages, {self.lanes} lanes"
            np.testing.assert_array_equal(scores, expected, err_msg=message)
            np.testing.assert_array_equal(classes, circuit.head.classify(expected), err_msg=message)
        return len(seen)


def _delayed(wire: str, target: str, width: int, clocks: int) -> list[str]:
    """Lines that make ``target`` what ``wire`` was ``clocks`` edges ago; ``target`` is a port, or a wire of one bit."""
    lines = [f"  wire {target};"] if target.startswith("v") else []
    for clock in range(1, clocks + 1):
        before, after = wire.removesuffix("_0") + f"_{clock - 1}", wire.removesuffix("_0") + f"_{clock}"
        update = f"rst ? 0 : {before}" if target.startswith("v") else before
        lines += [f"  reg [{width - 1}:0] {after};", f"  always @(posedge clk) {after} <= {update};"]
    return [*lines, f"  assign {target} = {wire.removesuffix('_0')}_{clocks};"]


def number(fields: NDArray[np.bool_], *, signed: bool) -> NDArray[np.int64]:
    """Bits (..., w), least significant first, to numbers; written apart from lgc.sim on purpose."""
    width = fields.shape[-1]
    values = np.zeros(fields.shape[:-1], np.int64)
    for place in range(width):
        values += fields[..., place].astype(np.int64) << place
    return np.where(fields[..., -1] & signed, values - (1 << width), values)


def named(circuits: Sequence[Circuit], label: str) -> list[Circuit]:
    return [replace(circuit, name=f"{label} {index}") for index, circuit in enumerate(circuits)]
