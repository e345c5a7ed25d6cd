"""Kind 7: the ports of a plain netlist are an interface. Nothing drops, merges or moves one, whatever it computes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from strategies import circuits

import lgc
from lgc.ir import Circuit, Encoder, Head, interp
from lgc.passes import PASSES, PIPELINES, optimize

NETLISTS = {
    "constant.aag": "aag 3 2 0 3 1\n2\n4\n6\n0\n2\n6 2 4\n",
    "all-constant.blif": ".model c\n.inputs a b\n.outputs z o z2\n.names z\n.names o\n1\n.names z2\n.end\n",
    "pass-through.blif": (
        ".model t\n.inputs a b unread\n.outputs t u i f f2 i2\n.names a t\n1 1\n.names b u\n1 1\n.names a i\n0 1\n"
        ".names a b f\n11 1\n.names b a f2\n11 1\n.names t i2\n0 1\n.end\n"
    ),
    "folds-late.aag": "aag 5 2 0 4 3\n2\n4\n11\n6\n10\n7\n6 2 4\n8 3 5\n10 6 8\n",  # 10 is 0, found by no single gate
    "duplicates.blif": (
        ".model d\n.inputs a b\n.outputs x y z\n.names a b x\n1- 1\n.names b y\n0 1\n.names b z\n0 1\n.end\n"
    ),
}
FORMATS = (".blif", ".aag", ".aig", ".lgn")


def _written(name: str, folder: Path) -> Path:
    path = folder / name
    path.write_text(NETLISTS[name])
    return path


def _truth(circuit: Circuit) -> np.ndarray:
    """Each output of each input, bool (2^I, O)."""
    count = circuit.netlist.num_inputs
    rows = (np.arange(1 << count)[:, None] >> np.arange(count) & 1).astype(bool)
    found = interp.scores(circuit, rows)
    assert found.min() >= 0 and found.max() <= 1
    return found.astype(bool)


@pytest.mark.parametrize("name", NETLISTS)
@pytest.mark.parametrize("level", ["O0", "O1", "O2", "O3", *PASSES])
def test_no_level_and_no_pass_touches_a_port(name: str, level: str, tmp_path: Path) -> None:
    """The example: -O2 dropped the constant output and moved the others down."""
    before = lgc.read(_written(name, tmp_path)).circuit
    after = optimize(before, level) if level in PIPELINES else PASSES[level]().run(before).circuit
    assert after.head.classes == before.head.classes
    assert after.head.is_interface
    assert after.netlist.num_inputs == before.netlist.num_inputs
    assert np.array_equal(_truth(after), _truth(before))


@pytest.mark.parametrize("name", NETLISTS)
@pytest.mark.parametrize("suffix", FORMATS)
def test_every_netlist_format_has_the_ports_of_the_source(name: str, suffix: str, tmp_path: Path) -> None:
    source = _written(name, tmp_path)
    want = lgc.read(source).circuit
    lgc.compile(source, tmp_path / f"out{suffix}", level="2")
    found = lgc.read(tmp_path / f"out{suffix}").circuit
    assert (found.netlist.num_inputs, found.netlist.num_outputs) == (want.netlist.num_inputs, len(want.head.classes))
    assert np.array_equal(_truth(found), _truth(want))


def test_converting_keeps_them_too(tmp_path: Path) -> None:
    for name in NETLISTS:
        source = _written(name, tmp_path)
        lgc.convert(source, tmp_path / "out.lgn")
        again = lgc.compile(tmp_path / "out.lgn", tmp_path / "again.lgn", level="3").circuit
        assert np.array_equal(_truth(again), _truth(lgc.read(source).circuit))


@pytest.mark.parametrize("name", NETLISTS)
def test_hardware_formats_have_a_score_of_one_bit_for_each_output(name: str, tmp_path: Path) -> None:
    source = _written(name, tmp_path)
    outputs = len(lgc.read(source).circuit.head.classes)
    for suffix in (".v", ".py"):
        output = tmp_path / suffix[1:] / f"out{suffix}"
        output.parent.mkdir()
        lgc.compile(source, output)
        manifest = json.loads(output.with_suffix(".json").read_text())
        scores = next(port for port in manifest["ports"] if port["name"] == "scores")
        assert (scores["width"], manifest["score_width"], manifest["bias"]) == (outputs, 1, [0] * outputs)
    lgc.compile(source, tmp_path / "out.yosys.json")
    ports = json.loads((tmp_path / "out.yosys.json").read_text())["modules"]["lgc"]["ports"]
    assert sum(len(port["bits"]) for port in ports.values() if port["direction"] == "output") == outputs
    lgc.compile(source, tmp_path / "out.c")
    assert f"#define CLASSES {outputs}" in (tmp_path / "out.c").read_text()


@settings(max_examples=40)
@given(circuit=circuits())
def test_any_netlist_keeps_its_outputs(circuit: Circuit) -> None:
    count = circuit.netlist.num_outputs
    assume(count)
    head = Head(np.arange(count + 1), np.zeros(count, np.int64), tuple(f"o{k}" for k in range(count)))
    plain = Circuit("plain", Encoder(circuit.netlist.num_inputs), circuit.netlist, head)
    bits = np.random.default_rng(7).random((64, circuit.netlist.num_inputs)) < 0.5
    for level in PIPELINES:
        after = optimize(plain, level)
        assert after.netlist.num_outputs == count
        assert np.array_equal(interp.scores(after, bits), interp.scores(plain, bits))


def test_votes_are_no_ports(tmp_path: Path) -> None:
    """Grouped outputs are counted: there a constant still becomes bias, which saves the vote."""
    circuit = lgc.read(_written("all-constant.blif", tmp_path), facts={"classes": 1}).circuit
    assert not circuit.head.is_interface
    after = optimize(circuit, "O2")
    assert (after.netlist.num_outputs, after.head.bias.tolist()) == (0, [1])
