"""Table networks of 3 to 6 inputs, one and two layers, go all the way: every format, compared, proved, broken, built.

Here they are random and tiny; the slow test takes a trained one.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import lgc
from lgc.frontend import ImportOptions, load_circuit, read_model, write_model
from lgc.frontend.model import Layer, Model, check_model
from lgc.ir import Encoder, Head
from lgc.ir.interp import scores as counted
from lgc.verify.formats import DEVICES

FEATURES, THRESHOLDS, WIDTH, CLASSES = 6, 2, 12, 3
FILES = (".lgn", ".blif", ".aag", ".aig", ".yosys.json")
PROGRAMS = (".c", ".py", ".onnx")
"""What has to be built, or needs a package of an extra."""

shapes = pytest.mark.parametrize(("arity", "layers"), [(3, 1), (4, 2), (5, 1), (6, 2)])


def table_network(path: Path, arity: int, layers: int, seed: int = 0) -> Path:
    """A checkpoint of random tables; no table ignores all of its operands."""
    rng = np.random.default_rng([seed, arity, layers])
    made, reads = [], FEATURES * THRESHOLDS
    for index in range(layers):
        wires = np.array([rng.choice(reads, arity, replace=False) for _ in range(WIDTH)])
        tables = rng.integers(1, (1 << (1 << arity)) - 1, WIDTH, np.uint64)
        made.append(Layer(f"layer{index + 1}", wires, tables, (index,)))
        reads = WIDTH
    encoder = Encoder(FEATURES, np.tile([0.25, 0.5], (FEATURES, 1)))
    head = Head.equal_groups(WIDTH, tuple("abc"), tau=2.0)
    write_model(check_model(Model(path.stem, encoder, tuple(made), head)), path)
    return path


def scores(path: Path, bits: NDArray[np.bool_]) -> NDArray[np.int64]:
    """By the definition: address, table, count."""
    model = read_model(path)
    values = bits.astype(np.uint64)
    for layer in model.layers:
        address = (values[:, layer.wires] << np.arange(layer.arity, dtype=np.uint64)).sum(axis=2, dtype=np.uint64)
        values = layer.tables >> address & np.uint64(1)
    return values.reshape(len(bits), CLASSES, -1).sum(axis=2).astype(np.int64)


@shapes
def test_the_circuit_computes_the_tables(tmp_path: Path, arity: int, layers: int) -> None:
    path = table_network(tmp_path / "net.pt", arity, layers)
    bits = np.random.default_rng(1).integers(0, 2, (500, FEATURES * THRESHOLDS)).astype(np.bool_)
    assert np.array_equal(counted(load_circuit(path), bits), scores(path, bits))


@shapes
def test_formats_that_need_no_program_keep_every_score(tmp_path: Path, arity: int, layers: int) -> None:
    path = table_network(tmp_path / "net.pt", arity, layers)
    for suffix in FILES:
        lgc.compile(path, tmp_path / f"net{suffix}")
        assert lgc.verify(path, tmp_path / f"net{suffix}", random=64).ok, suffix


def test_programs_keep_every_score(tmp_path: Path) -> None:
    """C, Amaranth, ONNX."""
    pytest.importorskip("amaranth")
    pytest.importorskip("onnx")
    path = table_network(tmp_path / "net.pt", 6, 2)
    for suffix in PROGRAMS:
        lgc.compile(path, tmp_path / f"net{suffix}")
        assert lgc.verify(path, tmp_path / f"net{suffix}", random=64).ok, suffix


def test_no_format_is_left_out() -> None:
    assert {*FILES, *PROGRAMS, ".v"} == set(DEVICES)


@pytest.mark.parametrize("options", [{}, {"input": "features", "pipeline": 3, "fabric": "xc7"}], ids=["bits", "xc7"])
@pytest.mark.parametrize(("arity", "layers"), [(4, 2), (5, 1), (6, 2)])
def test_the_verilog_is_proved(tmp_path: Path, arity: int, layers: int, options: dict[str, Any]) -> None:
    pytest.importorskip("pyosys")
    path = table_network(tmp_path / "net.pt", arity, layers)
    lgc.compile(path, tmp_path / "net.v", **options)
    assert lgc.prove(path, tmp_path / "net.v").ok


@shapes
def test_it_is_told_converted_and_estimated(tmp_path: Path, arity: int, layers: int) -> None:
    path = table_network(tmp_path / "net.pt", arity, layers)
    assert lgc.inspect(path).problem is None
    lgc.convert(path, tmp_path / "net.safetensors")
    assert read_model(tmp_path / "net.safetensors").digest() == read_model(path).digest()
    assert lgc.estimate(path, lut=("4", "6")).rows


@pytest.mark.parametrize("arity", [3, 4, 5, 6])
def test_torch_dwn_comes_in(tmp_path: Path, arity: int) -> None:
    """A state dict in its layout, learned mapping, tables of logits: compiled, and every score is the file's."""
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(arity)
    bits, chosen = FEATURES * THRESHOLDS, rng.integers(0, FEATURES * THRESHOLDS, WIDTH * arity)
    weights = rng.uniform(-1, 0, (bits, WIDTH * arity))
    weights[chosen, np.arange(WIDTH * arity)] = 1
    luts = rng.uniform(-1, 1, (WIDTH, 1 << arity))
    torch.save({"0.luts": torch.tensor(luts), "0.mapping.weights": torch.tensor(weights)}, tmp_path / "dwn.pt")
    circuit = load_circuit(tmp_path / "dwn.pt", ImportOptions({"classes": CLASSES}))
    x = rng.integers(0, 2, (300, bits)).astype(np.bool_)
    address = (x[:, chosen.reshape(WIDTH, arity)] << np.arange(arity)).sum(axis=2)
    votes = luts[np.arange(WIDTH), address] > 0
    assert np.array_equal(counted(circuit, x), votes.reshape(len(x), CLASSES, -1).sum(axis=2))
    lgc.compile(tmp_path / "dwn.pt", tmp_path / "net.lgn", facts={"classes": CLASSES})
    assert lgc.verify(tmp_path / "dwn.pt", tmp_path / "net.lgn", facts={"classes": CLASSES}, random=64).ok


@pytest.mark.parametrize("arity", [3, 4, 5, 6])
def test_case_tables_come_in(tmp_path: Path, arity: int) -> None:
    """Verilog as LogicNets writes it, a module with a case table per neuron: compiled, and proved equal to itself."""
    pytest.importorskip("pyosys")
    path = table_network(tmp_path / "net.pt", arity, 1)
    (tmp_path / "logicnet.v").write_text(case_tables(read_model(path)), encoding="utf-8")
    facts = {"classes": CLASSES, "top": "logicnet"}
    circuit = load_circuit(tmp_path / "logicnet.v", ImportOptions(facts))
    x = np.random.default_rng(arity).integers(0, 2, (300, FEATURES * THRESHOLDS)).astype(np.bool_)
    assert np.array_equal(counted(circuit, x), scores(path, x))
    lgc.compile(tmp_path / "logicnet.v", tmp_path / "out.v", facts=facts)
    assert lgc.prove(tmp_path / "logicnet.v", tmp_path / "out.v", facts=facts).ok


def case_tables(model: Model) -> str:
    """One layer in LogicNets' layout."""
    (layer,) = model.layers
    text, body = "", []
    for number, (wires, table) in enumerate(zip(layer.wires.tolist(), layer.tables.tolist(), strict=True)):
        rows = "".join(f"      {layer.arity}'d{a}: M1r = 1'b{table >> a & 1};\n" for a in range(1 << layer.arity))
        text += f"module layer0_N{number} (input [{layer.arity - 1}:0] M0, output [0:0] M1);\n"
        text += '  (*rom_style = "distributed" *) reg [0:0] M1r;\n  assign M1 = M1r;\n'
        text += f"  always @ (M0) begin\n    case (M0)\n{rows}    endcase\n  end\nendmodule\n"
        picked = ", ".join(f"M0[{wire}]" for wire in reversed(wires))
        body.append(f"  layer0_N{number} n{number} (.M0({{{picked}}}), .M1(M1[{number}]));\n")
    head = f"module logicnet (input [{model.encoder.num_bits - 1}:0] M0, output [{layer.width - 1}:0] M1);\n"
    return f"{text}{head}{''.join(body)}endmodule\n"


@pytest.mark.slow
@pytest.mark.parametrize("part", ["xc7-a35t", "ecp5-25k", "ice40-hx8k"])
def test_a_trained_network_goes_all_the_way(tmp_path: Path, part: str) -> None:
    """Trained, compiled for a part, compared, broken, covered, proved and synthesised."""
    if "LGC_DATA" not in os.environ:
        pytest.skip("LGC_DATA is not set: there is no MNIST to train on")
    data = Path(os.environ["LGC_DATA"]) / "mnist"
    net, rtl = tmp_path / "net.pt", tmp_path / "net.v"
    lgc.train("mnist", net, preset="mnist-lut-500", gates=100, epochs=1, data_dir=data)
    fabric = part.split("-")[0]
    lgc.compile(net, rtl, input="features", outputs="class", fabric=fabric, pipeline=3)
    assert lgc.verify(net, rtl, data="mnist", data_dir=data, samples=500).ok
    lgc.mutate(net, rtl, faults=20).check_decided()
    assert lgc.cover(net, rtl)
    assert lgc.prove(net, rtl).ok
    assert lgc.synth(rtl, part, route=False)
