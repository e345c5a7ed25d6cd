"""Simulated Verilog of every head and fabric equals the interpreter, combinational and pipelined."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from strategies import random_circuit, random_inputs

from lgc.backend.base import to_bytes, write
from lgc.backend.manifest import read_manifest
from lgc.backend.verilog import Verilog
from lgc.errors import OptionError
from lgc.ir import Circuit, interp
from lgc.passes import optimize
from lgc.sim.verilator import VerilatorSimulator

sys.path.insert(0, str(Path(__file__).parent))  # tests are imported without being a package
from batch import Batch

pytestmark = pytest.mark.sim

GENERIC = [{"head": "compress", "argmax": "bit-serial"}, {"head": "carry"}, {"head": "ternary"}]
NOW, LATER = ("xc7",), ("ecp5", "ice40", "gowin")


def specimens() -> list[Circuit]:
    """One layer with signed scores and the last of ties; two layers; outputs that are inputs, and constants."""
    single = random_circuit(20, [120], 3, seed=3)
    signed = replace(single, head=replace(single.head, bias=np.array([-40, 3, -7]), tie="last"))
    double = random_circuit(12, [20, 30], 5, seed=4)
    return [signed, optimize(double), random_circuit(4, [9], 3, arity=3, seed=5)]


def check(options: list[dict[str, Any]], folder: Path, *, lanes: int) -> None:
    pairs = [(circuit, option) for circuit in specimens() for option in options]
    batch = Batch([circuit for circuit, _ in pairs], folder, lanes=lanes, options=[option for _, option in pairs])
    assert batch.check(random_inputs(batch.num_inputs, 256, seed=lanes)) == 2 * len(pairs)


def test_expressions_of_every_head(tmp_path: Path) -> None:
    check(GENERIC, tmp_path, lanes=64)


@pytest.mark.parametrize("fabric", [*NOW, *(pytest.param(one, marks=pytest.mark.slow) for one in LATER)])
def test_cells_of_every_fabric(fabric: str, tmp_path: Path) -> None:
    """One lane is what hardware is: the cells, by the models in the file."""
    check([{"fabric": fabric}], tmp_path, lanes=1)


@pytest.mark.slow
def test_cells_of_ternary_adders(tmp_path: Path) -> None:
    check([{"fabric": "xc7", "head": "ternary"}], tmp_path, lanes=1)


@pytest.mark.slow
def test_cells_of_compressors_on_a_fabric_with_chains(tmp_path: Path) -> None:
    check([{"fabric": "xc7", "head": "compress", "argmax": "bit-serial"}], tmp_path, lanes=1)


@pytest.mark.parametrize("lanes", [1, 64])
def test_the_serial_head(lanes: int, tmp_path: Path) -> None:
    """Every score, at exactly its clock; what is on offer meanwhile, and what a reset finds, gives no result."""
    circuit = specimens()[0]
    target = Verilog(top="serial", head="serial")
    source = write(target, circuit, tmp_path / "serial.v")[0]
    manifest = read_manifest(tmp_path / "serial.json")
    assert manifest.latency == manifest.interval == 3 * (40 + 1) + 1
    simulator = VerilatorSimulator(manifest, tmp_path, lanes, timeout=600)
    simulator.build(source)
    bits = random_inputs(20, 40 * lanes, seed=6)
    seen = simulator.run(bits)
    assert seen.timing is None, seen.timing
    expected = interp.scores(circuit, bits)
    np.testing.assert_array_equal(seen.scores, expected)
    np.testing.assert_array_equal(seen.classes, circuit.head.classify(expected))
    assert len({tuple(row) for row in expected.tolist()}) > 20


def test_a_serial_head_takes_no_ranks() -> None:
    with pytest.raises(OptionError, match="serial head with a pipeline of 3 register stages"):
        to_bytes(Verilog(head="serial", pipeline=3), specimens()[0])
