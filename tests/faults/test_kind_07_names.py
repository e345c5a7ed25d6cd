"""Kind 7, names: the inputs and outputs of a plain netlist are called as in its source, wherever there are names."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import lgc
from lgc.backend.base import write
from lgc.backend.json import YosysJson
from lgc.errors import NetlistError
from lgc.ir import Builder, Circuit, Encoder, Head, interp, parse_text, port_names, to_text
from lgc.ir.ports import named
from lgc.passes import PASSES, PIPELINES, optimize

VERILOG = (
    "module top(input [3:0] a, input \\en.x , output [1:0] y, output z);\n"
    "  assign y[0] = a[0] & a[3]; assign y[1] = a[1] ^ \\en.x ; assign z = a[2];\nendmodule\n"
)
BLIF = ".model c17\n.inputs 1GAT(0) b n2 unread\n.outputs 22GAT(10) n2 k0 n0\n.names 1GAT(0) b 22GAT(10)\n11 1\n"
BLIF += ".names k0\n.names n2 b n0\n01 1\n.end\n"
AIGER = "aag 3 2 0 2 1\n2\n4\n6\n7\n6 2 4\ni0 start\ni1 é.stop\no0 both[0]\no1 both[1]\nc\n"
SOURCES = {
    "net.v": (VERILOG, ["a[0]", "a[1]", "a[2]", "a[3]", "en.x"], ["y[0]", "y[1]", "z"]),
    "net.blif": (BLIF, ["1GAT(0)", "b", "n2", "unread"], ["22GAT(10)", "n2", "k0", "n0"]),
    "net.aag": (AIGER, ["start", "é.stop"], ["both[0]", "both[1]"]),
}
NETLISTS = (".blif", ".aag", ".aig", ".lgn")
# What all formats can say; a comment, a blank and a backslash are replaced in some.
PLAIN = st.text(st.characters(exclude_categories=("C", "Z"), exclude_characters='#\\"$'), min_size=1, max_size=9)


@pytest.fixture(params=SOURCES)
def source(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, tuple[list[str], list[str]]]:
    text, inputs, outputs = SOURCES[request.param]
    path = tmp_path / request.param
    path.write_text(text, encoding="utf-8")
    return path, (inputs, outputs)


def chain(circuit: Circuit, folder: Path) -> Circuit:
    """Through BLIF, AIGER and back."""
    for number, suffix in enumerate((".blif", ".aag", ".blif", ".aig", ".lgn")):
        circuit = lgc.read(lgc.compile(circuit, folder / f"{number}{suffix}").path).circuit
    return circuit


def plain(inputs: list[str], outputs: list[str]) -> Circuit:
    """Each output is the XOR of two inputs, or the first input."""
    builder = Builder(len(inputs))
    nets = [builder.add(0x6, (2 + k % len(inputs), 2 + (k + 1) % len(inputs))) for k in range(len(outputs))]
    head = Head(np.arange(len(nets) + 1), np.zeros(len(nets), np.int64), tuple(outputs))
    circuit = Circuit("plain", Encoder(len(inputs)), builder.build([2, *nets[1:]]), head)
    return Circuit("plain", circuit.encoder, circuit.netlist, head, named(circuit, inputs, outputs))


@pytest.mark.parametrize("suffix", NETLISTS)
def test_every_netlist_format_names_the_ports(suffix: str, source: tuple[Path, object], tmp_path: Path) -> None:
    """The example: inputs became in[0], in[1], and outputs out[0], out[1]."""
    path, names = source
    assert port_names(lgc.read(path).circuit) == names
    found = lgc.compile(path, tmp_path / f"out{suffix}")
    assert port_names(lgc.read(found.path).circuit) == names
    assert lgc.verify(path, found.path, random=64).ok


def test_json_has_the_ports_of_the_source(source: tuple[Path, tuple[list[str], list[str]]], tmp_path: Path) -> None:
    path, (inputs, outputs) = source
    ports = json.loads(lgc.compile(path, tmp_path / "o.yosys.json").path.read_text())["modules"]["lgc"]["ports"]
    widths = {name: len(port["bits"]) for name, port in ports.items()}
    assert sum(widths.values()) == len(inputs) + len(outputs)
    wanted = {"net.v": {"a": 4, "en.x": 1, "y": 2, "z": 1}, "net.aag": {"start": 1, "é.stop": 1, "both": 2}}
    assert widths == wanted.get(path.name, widths)
    assert lgc.verify(path, tmp_path / "o.yosys.json", random=64).ok


def test_hardware_and_onnx_state_them(source: tuple[Path, tuple[list[str], list[str]]], tmp_path: Path) -> None:
    path, (inputs, outputs) = source
    folder = tmp_path / "out"
    folder.mkdir()
    lgc.compile(path, folder / "hw.v")
    manifest = json.loads((folder / "hw.json").read_text())
    assert (manifest["input_names"], manifest["output_names"]) == (inputs, outputs)
    onnx = pytest.importorskip("onnx")
    lgc.compile(path, folder / "net.onnx")
    said = {
        one.key: json.loads(one.value) for one in onnx.load(folder / "net.onnx").metadata_props if "names" in one.key
    }
    assert said == {"lgc_input_names": inputs, "lgc_output_names": outputs}
    assert lgc.verify(path, folder / "net.onnx", random=64).ok


@pytest.mark.parametrize("level", [*PIPELINES, *PASSES])
def test_no_pass_loses_a_name(level: str, source: tuple[Path, object]) -> None:
    path, names = source
    before = lgc.read(path).circuit
    after = optimize(before, level) if level in PIPELINES else PASSES[level]().run(before).circuit
    assert port_names(after) == names


@settings(max_examples=25, deadline=None)
@given(
    inputs=st.lists(PLAIN, min_size=1, max_size=5, unique=True),
    outputs=st.lists(PLAIN, min_size=1, max_size=5, unique=True),
)
@example(inputs=["n2", "n_3", "in[0]"], outputs=["n0", "n1", ".x", "%20"])
@example(inputs=["a", "b"], outputs=["a"])
def test_any_names_survive_a_chain_of_formats(inputs: list[str], outputs: list[str], tmp_path_factory: object) -> None:
    folder = tmp_path_factory.mktemp("chain")  # type: ignore[attr-defined]
    outputs = [name for name in outputs if name == inputs[0] or name not in inputs] or ["other" * 9]
    if inputs[0] in outputs:  # the first output is the first input
        outputs.remove(inputs[0])
        outputs.insert(0, inputs[0])
    circuit = plain(inputs, outputs)
    found = chain(circuit, folder)
    assert port_names(found) == (inputs, outputs)
    bits = np.random.default_rng(1).random((64, len(inputs))) < 0.5
    assert np.array_equal(interp.scores(found, bits), interp.scores(circuit, bits))


HOSTILE = [
    "",
    "a b",
    "#",
    "x\\",
    '"',
    "\n.end",
    "\u3000",
    "\ud800",
    "$undef",
    "a" * 5000,
    "a",
    "a",
    "in[0]",
    "\\esc",
    "é",
]


@pytest.mark.parametrize("suffix", [*NETLISTS, ".yosys.json"])
def test_hostile_names_are_escaped_and_unique(suffix: str, tmp_path: Path) -> None:
    circuit = plain(HOSTILE, HOSTILE[:9])
    assert port_names(parse_text(to_text(circuit))) == (HOSTILE, HOSTILE[:9])
    found = lgc.compile(circuit, tmp_path / f"net{suffix}")
    assert lgc.verify(circuit, found.path, random=64).ok
    if suffix in (".blif", ".aag", ".aig"):
        inputs, _ = port_names(lgc.read(found.path).circuit)
        assert len(set(inputs)) == len(inputs)
        assert inputs[1:3] == ["a%20b", "%23"] and "a" * 5000 in inputs and inputs[11] == "a_2"


def test_words_of_json_do_not_hide_a_port(tmp_path: Path) -> None:
    circuit = plain(["a", "a[0]", "a[1]", "b[0]", "b[1]", "b[3]"], ["b", "c[1]"])
    write(YosysJson(), circuit, tmp_path / "n.yosys.json")
    ports = json.loads((tmp_path / "n.yosys.json").read_text())["modules"]["lgc"]["ports"]
    assert list(ports) == ["a", "a[0]", "a[1]", "b[0]", "b[1]", "b[3]", "b", "c[1]"]


def test_a_changed_name_is_noticed(source: tuple[Path, tuple[list[str], list[str]]], tmp_path: Path) -> None:
    path, (inputs, _) = source
    for suffix in (".blif", ".aag"):
        output = lgc.compile(path, tmp_path / f"o{suffix}").path
        output.write_text(output.read_text().replace(f" {inputs[0]}", " other"))
        with pytest.raises(lgc.errors.LgcError, match="not those that its sidecar says"):
            lgc.verify(path, output, random=4)


def test_models_without_names_stay_as_they_were(tmp_path: Path) -> None:
    """What lgc calls in[0] and out[0] itself is no name, and votes are no ports."""
    circuit = plain(["in[0]", "in[1]"], ["out[0]"])
    assert circuit.metadata == {}
    (tmp_path / "net.blif").write_text(BLIF)
    grouped = lgc.read(tmp_path / "net.blif", facts={"classes": 2}).circuit
    assert list(grouped.metadata) == ["input_names"]
    assert port_names(optimize(grouped, "O2"))[0] == ["1GAT(0)", "b", "n2", "unread"]


@pytest.mark.parametrize("value", ["[]", "5", '["a"]', '["a", 5]', "{", "[" * 9999])
def test_damaged_names_in_a_text_are_refused(value: str) -> None:
    circuit = plain(["a", "b"], ["c"])
    text = to_text(Circuit("c", circuit.encoder, circuit.netlist, circuit.head, {"input_names": value}))
    with pytest.raises(NetlistError, match="input_names"):
        parse_text(text)
