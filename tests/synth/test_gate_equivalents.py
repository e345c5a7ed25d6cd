"""examples/asic: circuits with chains of full adders compute the model, and the recipe counts gate equivalents."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from strategies import all_inputs

from lgc.frontend import ImportOptions, load_circuit
from lgc.ir import Builder, Circuit, Encoder, Head
from lgc.ir.interp import classify, evaluate

pytest.importorskip("pyosys")
ASIC = Path(__file__).parents[2] / "examples/asic"


@pytest.fixture(autouse=True)
def _examples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ASIC))


def votes(seed: int, arity: int, groups: list[int]) -> Circuit:
    """Random tables of one arity over eight bits, counted in groups of these sizes."""
    rng, builder = np.random.default_rng(seed), Builder(8)
    size = 1 << (1 << arity)
    nets = [
        builder.add(int(rng.integers(0, size - 1, dtype=np.uint64)), (2 + rng.permutation(8)[:arity]).tolist())
        for _ in range(sum(groups))
    ]
    offsets = np.cumsum([0, *groups])
    head = Head(offsets, np.zeros(len(groups), np.int64), tuple(map(str, range(len(groups)))))
    return Circuit("net", Encoder(8), builder.build(nets), head)


@pytest.mark.parametrize(("arity", "groups"), [(2, [1, 2]), (3, [4, 3, 5]), (6, [7, 7, 7, 7, 7]), (4, [16])])
def test_chains_count_and_compare(tmp_path: Path, arity: int, groups: list[int]) -> None:
    from chains import verilog

    circuit = votes(arity, arity, groups)
    (tmp_path / "top.v").write_text(verilog(circuit, "top"), encoding="utf-8")
    width = max(1, (len(groups) - 1).bit_length())
    read = load_circuit(tmp_path / "top.v", ImportOptions({"classes": width}))
    bits = all_inputs(8)
    assert np.array_equal(evaluate(read.netlist, bits) @ (1 << np.arange(width)), classify(circuit, bits))


def test_the_recipe_counts_nand2(tmp_path: Path) -> None:
    """One NAND is one gate equivalent, whatever its area is; a text that cannot be mapped gives no number."""
    from gate_equivalents import gate_equivalents

    path = tmp_path / "top.v"
    path.write_text("module top (input a, b, output y);\n  assign y = ~(a & b);\nendmodule\n", encoding="utf-8")
    assert gate_equivalents(path, (ASIC / "small.lib").read_bytes()) == pytest.approx(1.0)


def test_the_table_marks_the_frontier(tmp_path: Path) -> None:
    csv = tmp_path / "points.csv"
    csv.write_text("who,point,ge,accuracy\nlgc,best,600,99.00\nlgc,worse,700,98.00\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(ASIC / "gate_equivalents.py"), "--table", str(csv)],
        capture_output=True,
        text=True,
        check=True,
    )
    starred = [line for line in done.stdout.splitlines() if line.startswith("| * |")]
    assert starred == ["| * | lgc | best | 600 | 99.00 % |"]
    assert "sbuehrer/forest | xxl | 61,304 | 97.31 %" in done.stdout
