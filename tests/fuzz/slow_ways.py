"""Ways that take a compiler, a simulator or another tool: many circuits at once where one program can hold them."""

from __future__ import annotations

import ctypes
import random
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[1] / "sim"))
from batch import Batch
from cbuild import Loaded
from draw import VECTORS, vectors
from strategies import random_inputs
from ways import read_netlist

from lgc.backend.base import format_class, to_bytes, write
from lgc.backend.c import C99
from lgc.backend.verilog import Verilog
from lgc.frontend.reference import InterpreterReference
from lgc.ir import Circuit, interp
from lgc.mapping.shape import HeadShape
from lgc.verify.check import compare
from lgc.verify.comparison import Comparison
from lgc.verify.features import features_for, given_by_features
from lgc.verify.formats import open_device
from lgc.verify.vectors import VectorSet

_YOSYS = """
import sys
from pyosys import libyosys as y
for name in sys.argv[1:]:
    d = y.Design()
    for command in (f"read_verilog {name}.v", "synth -flatten -lut 4 -top dut", f"write_blif {name}.blif"):
        y.run_pass(command, d)
"""
HEADS: tuple[dict[str, Any], ...] = (
    {},
    {"head": "compress"},
    {"head": "compress", "argmax": "bit-serial"},
    {"head": "carry"},
    {"head": "ternary"},
    {"head": "ternary", "fabric": "xc7"},
    {"head": "carry", "fabric": "xc7"},
    {"head": "compress", "fabric": "ecp5"},
    {"head": "compress", "fabric": "ice40"},
    {"head": "compress", "fabric": "gowin"},
    {"head": "ripple", "fabric": "gowin"},
)
"""Forms of the Verilog, in turn. The serial head is not among them: it has another latency for each circuit."""
FILES = (".c", ".onnx", ".lgn", ".blif", ".aag", ".aig", ".yosys.json")


class Difference(AssertionError):
    """Two ways disagree about a circuit; ``seed`` is that of the comparison, if it had one of its own."""

    def __init__(self, way: str, circuit: Circuit, reason: object, seed: int | None = None) -> None:
        super().__init__(f"{way}: {reason}")
        self.way, self.circuit, self.seed = way, circuit, seed


def number(circuit: Circuit) -> int:
    """What chooses a circuit's form: it stays while the circuit shrinks."""
    return int(re.sub(r"\D", "", circuit.name) or 0)


def check_c(circuits: Sequence[Circuit], seed: int) -> None:
    """All in one library."""
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for index, circuit in enumerate(circuits):
            write(C99(prefix=f"n{index}"), circuit, folder / f"n{index}.c")
        sources = [str(folder / f"n{index}.c") for index in range(len(circuits))]
        subprocess.run(
            ["cc", "-std=c99", "-O0", "-shared", "-fPIC", *sources, "-o", str(folder / "all.so")], check=True
        )
        library = ctypes.CDLL(str(folder / "all.so"))
        for index, circuit in enumerate(circuits):
            bits = vectors(circuit, rng)
            run = Loaded.of(library, circuit, f"n{index}")
            scores, classes = run("bits", np.packbits(bits, axis=1, bitorder="little"))
            expected = interp.scores(circuit, bits)
            if not ((scores == expected).all() and (classes == circuit.head.classify(expected)).all()):
                raise Difference("C", circuit, "scores or classes differ")
            if circuit.encoder.thresholds is not None:
                scores, _ = run("f64", np.ascontiguousarray(features_for(circuit.encoder, bits)))
                if not (scores == interp.scores(circuit, given_by_features(circuit.encoder, bits))).all():
                    raise Difference("C", circuit, "scores of features differ")


def check_yosys(circuits: Sequence[Circuit], seed: int) -> None:
    """The Verilog, synthesised to lookup tables of four inputs by yosys; all in one process."""
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        names = [f"c{index}" for index in range(len(circuits))]
        for label, circuit in zip(names, circuits, strict=True):
            (folder / f"{label}.v").write_bytes(to_bytes(Verilog(top="dut"), circuit))
        subprocess.run([sys.executable, "-c", _YOSYS, *names], cwd=folder, check=True, capture_output=True)
        for label, circuit in zip(names, circuits, strict=True):
            bits = vectors(circuit, rng)
            outputs = interp.evaluate(read_netlist(folder / f"{label}.blif"), bits).astype(np.int64)
            shape, expected = HeadShape.of(circuit), interp.scores(circuit, bits)
            classes = outputs[:, : shape.index] @ (1 << np.arange(shape.index))
            fields = outputs[:, shape.index :].reshape(len(bits), shape.num_classes, shape.score)
            scores = fields @ (1 << np.arange(shape.score))
            if not ((scores == expected & ((1 << shape.score) - 1)).all()
                    and (classes == circuit.head.classify(expected)).all()):  # fmt: skip
                raise Difference("yosys", circuit, "scores or classes differ")


def check_verilator(circuits: Sequence[Circuit], seed: int) -> None:
    """The Verilog as hardware sees it, combinational, each circuit with another head; all in one simulator."""
    options = [HEADS[number(circuit) % len(HEADS)] for circuit in circuits]
    with tempfile.TemporaryDirectory() as folder:
        batch = Batch(circuits, Path(folder), lanes=1, pipelined=False, options=options)
        batch.check(random_inputs(batch.num_inputs, VECTORS, seed))


def check_files(circuits: Sequence[Circuit], seed: int) -> None:
    """What `lgc verify` does with each kind of file, one kind a circuit."""
    rng = random.Random(seed)
    for circuit in circuits:
        suffix, bits = FILES[number(circuit) % len(FILES)], vectors(circuit, rng)
        with tempfile.TemporaryDirectory() as name:
            path = Path(name) / f"net{suffix}"
            write(format_class(path)(), circuit, path)
            device = open_device(path)
            if not circuit.netlist.num_outputs and device.by == "yosys":
                continue  # bare netlists of no outputs are refused
            bits = given_by_features(circuit.encoder, bits) if device.ordered else bits
            sets = [VectorSet("random", bits)]
            comparison = Comparison.of(device, circuit, InterpreterReference(circuit), Path(name) / "build")
            report = compare(comparison, sets)
            if report.mismatches:
                raise Difference("files", circuit, f"{suffix}: {report.mismatches} vectors differ")


SLOW: dict[str, Callable[[Sequence[Circuit], int], None]] = {
    "C": check_c,
    "yosys": check_yosys,
    "Verilator": check_verilator,
    "files": check_files,
}
