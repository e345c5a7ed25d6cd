"""Drawings: the symbols compute what the gates do, everything has its place, and what cannot be drawn is told."""

from __future__ import annotations

import os
import re
import stat
import xml.etree.ElementTree as ET
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from report_networks import HOSTILE, image_model, table_model
from strategies import circuits

import lgc
from lgc.driver.read import load_source
from lgc.errors import LgcError, MissingToolError, OptionError
from lgc.frontend import write_model
from lgc.ir import Circuit, interp
from lgc.report.drawing import Drawn, gates_behind, scene_of, wiring_of
from lgc.report.layout import Graph, _ascending, place_nodes
from lgc.report.scene import svg_of
from lgc.report.symbols import Symbol, symbol_of
from lgc.report.votes import ranked_votes

SVG = "{http://www.w3.org/2000/svg}"


def computed(symbol: Symbol, operands: tuple[int, ...]) -> int:
    """What a symbol means to somebody who reads circuits. ``operands``: all of the gate's."""
    if symbol.body == "constant":
        return int(symbol.text)
    read = [operands[place] ^ flip for place, flip in zip(symbol.reads, symbol.bubbles, strict=True)]
    if symbol.body == "table":
        return int(symbol.text, 16) >> sum(bit << place for place, bit in enumerate(read)) & 1
    value = {"and": all(read), "or": any(read), "xor": sum(read) % 2 == 1, "buffer": read[0]}[symbol.body]
    return int(bool(value) ^ symbol.inverted)


@pytest.mark.parametrize("arity", [0, 1, 2, 3])
def test_a_symbol_computes_its_table(arity: int) -> None:
    for table in range(1 << (1 << arity)):
        symbol = symbol_of(arity, table)
        for address, operands in enumerate(product((0, 1), repeat=arity)):
            operands = operands[::-1]  # the first operand is the lowest bit of the address
            assert computed(symbol, operands) == table >> address & 1


def drawn(circuit: Circuit, **more: Any) -> Drawn:
    return Drawn(circuit, tuple(range(circuit.netlist.num_outputs)), **more)


@settings(max_examples=25)
@given(circuits(), st.integers(0, 2**32))
def test_any_circuit_is_drawn_with_all_its_classes(circuit: Circuit, seed: int) -> None:
    """And what is drawn orange is what is 1."""
    bits = np.random.default_rng(seed).random((1, circuit.netlist.num_inputs)) < 0.5
    value = interp.unpack(interp.evaluate_nets(circuit.netlist, interp.pack(bits)), 1)[0]
    scores = tuple(interp.scores(circuit, bits)[0].tolist())
    part = drawn(circuit, value=value, scores=scores)
    wiring = wiring_of(part)
    tree = ET.fromstring(svg_of(scene_of(part, place_nodes)))
    texts = [one.text for one in tree.iter(f"{SVG}text")]
    assert sum(bool(re.match(r"sum -?\d+ of", text or "")) for text in texts) == len(part.classes)
    assert len(wiring.symbols) == len(gates_behind(part))
    live = [one for one in tree.iter(f"{SVG}path") if one.get("stroke-width") == "2.2"]
    assert len(live) == sum(isinstance(start, int) and bool(value[start]) for start, _ in wiring.edges)


def test_crossed_wires_of_a_gate_are_put_right_and_it_computes_the_same() -> None:
    from lgc.report.drawing import _uncross

    part = drawn(load_source(table_model()).circuit)
    before, after = wiring_of(part), wiring_of(part)
    placed = place_nodes(after.graph)
    _uncross(after, placed)
    changed = 0
    for net, symbol in after.symbols.items():
        changed += symbol != before.symbols[net]
        for operands in product((0, 1), repeat=2):
            assert computed(symbol, operands) == computed(before.symbols[net], operands)
        ends = [edge for edge, pin in zip(after.edges, after.pins, strict=True) if edge[1] == net and pin == 0]
        if symbol.reads:
            node = net - part.circuit.netlist.first_node
            assert ends[0][0] == part.circuit.netlist.fanin[node, symbol.reads[0]]
    assert changed


@given(st.lists(st.floats(-100, 100), min_size=1, max_size=12))
def test_the_nearest_ascending_numbers_are_found(wanted: list[float]) -> None:
    found = _ascending(np.array(wanted))
    assert (np.diff(found) >= -1e-9).all()
    cost = float(((found - wanted) ** 2).sum())
    for other in (np.sort(wanted), np.full(len(wanted), np.mean(wanted)), np.maximum.accumulate(wanted)):
        assert cost <= float(((other - wanted) ** 2).sum()) + 1e-6


@settings(max_examples=25)
@given(st.data())
def test_nothing_lies_on_anything_else(data: st.DataObject) -> None:
    layer = {index: data.draw(st.integers(0, 3)) for index in range(data.draw(st.integers(1, 14)))}
    height = {node: data.draw(st.floats(5, 50)) for node in layer}
    pairs = [(a, b) for a in layer for b in layer if layer[a] < layer[b]]
    edges = [pair for pair in pairs if data.draw(st.booleans())]
    placed = place_nodes(Graph(layer, height, edges))
    assert all(len(bends) == layer[b] - layer[a] - 1 for (a, b), bends in zip(edges, placed.bends, strict=True))
    for a in layer:
        for b in layer:
            if a < b and layer[a] == layer[b]:
                assert abs(placed.y[a] - placed.y[b]) >= (height[a] + height[b]) / 2 - 1e-6


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("drawn")
    write_model(table_model(), folder / "table.safetensors")
    write_model(image_model(gates=90), folder / "image.safetensors")
    rng = np.random.default_rng(0)
    np.savez(folder / "data.npz", X=rng.integers(0, 256, (50, 36)), y=rng.integers(0, 2, 50))
    return folder


def texts(path: Path) -> list[str]:
    return [one.text or "" for one in ET.parse(path).getroot().iter(f"{SVG}text")]


def test_a_small_network_is_drawn_whole_with_its_names(made: Path) -> None:
    found = lgc.draw(made / "table.safetensors", made / "a.svg")
    said = texts(made / "a.svg")
    assert "12 votes" in found.scene.label
    assert any(text.startswith("mean radius > ") for text in said) and HOSTILE[:20] in "".join(said)
    text = (made / "a.svg").read_text()
    assert "<script" not in text and "<img" not in text
    assert "<script" not in found._repr_html_()


def test_a_large_network_is_drawn_by_the_votes_that_tell_most(made: Path) -> None:
    lgc.draw(made / "image.safetensors", made / "b.svg")
    assert sum(text.startswith("layer1[") for text in texts(made / "b.svg")) == 24
    lgc.draw(made / "image.safetensors", made / "c.svg", of_class="right", top=3, data=made / "data.npz", sample=4)
    said = texts(made / "c.svg")
    circuit = load_source(made / "image.safetensors").circuit
    with np.load(made / "data.npz") as archive:
        data = dict(archive)
    bits = data["X"] > 63
    best = ranked_votes(circuit, 1, bits, data["y"])[:3]
    assert sorted(text for text in said if text.startswith("layer1[")) == sorted(f"layer1[{vote}]" for vote in best)
    scores = interp.scores(circuit, bits[4:5])[0]
    assert f"sum {scores[1]} of 45 votes" in said
    winner = circuit.head.classes[int(circuit.head.classify(scores[None])[0])]
    assert any(f"the network says {winner}, its label is" in text for text in said)


def test_votes_that_tell_most_come_first() -> None:
    circuit = load_source(image_model(gates=90)).circuit
    bits = np.random.default_rng(1).random((200, 36)) < 0.5
    votes = interp.evaluate(circuit.netlist, bits)
    labels = votes[:, 7].astype(np.int64) ^ 1  # vote 7 is 1 where the class is the first
    assert ranked_votes(circuit, 0, bits, labels)[0] == 7
    assert sorted(ranked_votes(circuit, 1)) == list(range(45, 90))


def test_one_gate_is_drawn_by_the_name_that_messages_give(made: Path) -> None:
    found = lgc.draw(made / "table.safetensors", made / "d.svg", gate="layer2[5]")
    assert "layer2[5]" in found.scene.label and "layer2[5]" in texts(made / "d.svg")
    assert not any("sum" in text for text in texts(made / "d.svg")[2:-2])


def test_what_cannot_be_drawn_is_told(made: Path) -> None:
    for options, wanted in (
        ({"output": made / "x.pdf"}, "no drawing ends in"),
        ({"of_class": "maybe"}, "no class 'maybe'"),
        ({"gate": "layer9[1]"}, "no gate"),
        ({"gate": "layer1[99999]"}, "no gate"),
        ({"gate": "layer1[1]", "top": 2}, "Leave one of them out"),
        ({"sample": 3}, "no data"),
        ({"sample": 50, "data": made / "data.npz"}, "no sample 50"),
    ):
        given_ = {"output": made / "x.svg"} | options
        with pytest.raises(LgcError, match=re.escape(wanted)):
            lgc.draw(made / "image.safetensors", **given_)
    assert not (made / "x.svg").exists()
    large = image_model(gates=900)
    with pytest.raises(OptionError, match="more than 400"):
        lgc.draw(large, made / "x.svg", top=450)


def test_png_is_a_picture_of_the_same_size(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("matplotlib")
    found = lgc.draw(made / "table.safetensors", made / "e.png", layout="own")
    head = (made / "e.png").read_bytes()[:24]
    width, height = (int.from_bytes(head[at : at + 4], "big") for at in (16, 20))
    assert head.startswith(b"\x89PNG") and abs(width - 2 * found.scene.width) < 3
    assert abs(height - 2 * found.scene.height) < 3
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingToolError, match="matplotlib"):
        lgc.draw(made / "table.safetensors", made / "f.png")


def fake_dot(folder: Path, script: str) -> None:
    program = folder / "dot"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(program.stat().st_mode | stat.S_IEXEC)


def test_graphviz_finds_places_where_it_is_installed(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program that answers as dot does, in its plain form; what it says is not believed unchecked."""
    path = os.environ["PATH"]
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingToolError, match="Graphviz"):
        lgc.draw(made / "table.safetensors", made / "g.svg", layout="dot")
    monkeypatch.setenv("PATH", f"{tmp_path}:{path}")
    plain = "sed -n 's/^\\(n[0-9]*\\) \\[height.*/\\1/p' \"$2\" | awk '{print \"node\", $1, 1, NR, 1, 1}'"
    fake_dot(tmp_path, plain)
    found = lgc.draw(made / "table.safetensors", made / "g.svg")
    assert "places found by Graphviz" in found.said
    assert found.scene.height > 72 * 12  # one inch a node, as the program says
    for script, wanted in (("echo no; exit 3", "dot failed"), ("echo graph 1", "did not place every gate")):
        fake_dot(tmp_path, script)
        with pytest.raises(LgcError, match=wanted):
            lgc.draw(made / "table.safetensors", made / "g.svg", layout="dot")
