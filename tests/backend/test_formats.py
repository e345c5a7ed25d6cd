"""BLIF, AIGER, yosys JSON, ONNX and DOT, each read back by a tool that lgc did not write."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from strategies import all_inputs, circuits, netlists, random_circuit, random_inputs

from lgc.backend.aiger import AigerAscii, AigerBinary
from lgc.backend.base import FORMATS, format_class, to_bytes, write
from lgc.backend.blif import Blif
from lgc.backend.dot import Dot, cone
from lgc.backend.json import YosysJson
from lgc.backend.lgn import Lgn
from lgc.backend.svg import Svg
from lgc.errors import InputError, OptionError
from lgc.ir import Builder, Circuit, Encoder, Head, Netlist, Origins, interp, parse_text

COSTLY = settings(max_examples=8, phases=(Phase.explicit, Phase.generate))
WITH_OUTPUTS = netlists(max_inputs=5).filter(lambda netlist: netlist.num_outputs > 0)


def wrap(netlist: Netlist) -> Circuit:
    return Circuit("t", Encoder(netlist.num_inputs), netlist, Head.equal_groups(netlist.num_outputs, ("a",)))


def truth(netlist: Netlist) -> NDArray[np.bool_]:
    """Outputs for all inputs, by the interpreter."""
    return interp.evaluate(netlist, all_inputs(netlist.num_inputs))


def aigverse_truth(data: bytes, name: str, folder: Path) -> NDArray[np.bool_]:
    """The same of an AIGER file, by aigverse."""
    io = pytest.importorskip("aigverse.io")
    from aigverse.algorithms import simulate

    path = folder / name
    path.write_bytes(data)
    read = io.read_ascii_aiger_into_aig if name.endswith(".aag") else io.read_aiger_into_aig
    tables = simulate(read(str(path)))
    return np.array([[table.get_bit(a) for a in range(table.num_bits())] for table in tables], np.bool_).T


@given(WITH_OUTPUTS)
def test_aigverse_reads_both_aiger_forms(tmp_path_factory: pytest.TempPathFactory, netlist: Netlist) -> None:
    folder = tmp_path_factory.getbasetemp()
    for target, name in ((AigerAscii(), "t.aag"), (AigerBinary(), "t.aig")):
        got = aigverse_truth(to_bytes(target, wrap(netlist)), name, folder)
        np.testing.assert_array_equal(got, truth(netlist))


def tool(command: list[str]) -> str:
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def yosys(script: str) -> str:
    pytest.importorskip("pyosys")
    code = "import sys\nfrom pyosys import libyosys as y\nd = y.Design()\nfor c in sys.argv[1:]: y.run_pass(c, d)"
    return tool([sys.executable, "-c", code, *script.split("; ")])


def abc(script: str) -> str:
    package = pytest.importorskip("pyosys")
    return tool([str(Path(package.__file__).parent / "yosys-abc"), "-q", script])


def all_formats(circuit: Circuit, folder: Path) -> None:
    for name in ("t.aig", "t.blif", "t.yosys.json"):
        write(format_class(name)(), circuit, folder / name)


def assert_abc_agrees(folder: Path) -> None:
    """ABC proves the BLIF, and yosys' reading of the JSON, equal to the AIGER file."""
    to_gates = "splitnets -ports; simplemap; aigmap; opt_clean"
    yosys(f"read_json {folder}/t.yosys.json; {to_gates}; write_blif {folder}/json.blif")
    for other in ("t.blif", "json.blif"):
        assert "Networks are equivalent" in abc(f"cec -n {folder}/t.aig {folder}/{other}")


@COSTLY
@given(WITH_OUTPUTS)
def test_abc_proves_blif_and_yosys_json_equal_to_aiger(
    tmp_path_factory: pytest.TempPathFactory, netlist: Netlist
) -> None:
    folder = tmp_path_factory.mktemp("f")
    all_formats(wrap(netlist), folder)
    assert_abc_agrees(folder)


def test_layered_net_in_every_format(tmp_path: Path) -> None:
    all_formats(random_circuit(60, [200, 200], 10, seed=2), tmp_path)
    assert_abc_agrees(tmp_path)


def test_abc_notices_a_wrong_gate(tmp_path: Path) -> None:
    all_formats(random_circuit(10, [20], 2, seed=2), tmp_path)
    text = (tmp_path / "t.blif").read_text()
    (tmp_path / "t.blif").write_text(text.replace("\n11 1\n", "\n01 1\n", 1))
    assert (tmp_path / "t.blif").read_text() != text
    assert "NOT EQUIVALENT" in abc(f"cec -n {tmp_path}/t.aig {tmp_path}/t.blif")


def test_blif_covers_of_every_two_input_table() -> None:
    builder = Builder(2)
    nets = [builder.add(table, (2, 3)) for table in range(16)]
    text = to_bytes(Blif(), wrap(builder.build(nets))).decode()
    for table, net in enumerate(nets):
        rows = text.split(f"n{net}\n")[1].split(".names")[0].split()
        ones = {address for address in range(4) if _covered(rows, address)}
        assert ones == {address for address in range(4) if table >> address & 1}


def _covered(rows: list[str], address: int) -> bool:
    if len(rows) < 2:  # a constant
        return rows == ["1"]
    values = rows[1::2]
    hit = any(
        all(bit == "-" or int(bit) == address >> j & 1 for j, bit in enumerate(columns)) for columns in rows[0::2]
    )
    return hit if values[0] == "1" else not hit


def test_sidecar_and_outputs_give_the_scores(tmp_path: Path) -> None:
    """Somebody with the AIGER file and its sidecar alone gets the model's scores."""
    circuit = random_circuit(8, [30, 24], 3, seed=4)
    write(AigerBinary(), circuit, tmp_path / "m.aig")
    side = json.loads((tmp_path / "m.aig.json").read_text())
    outputs = aigverse_truth((tmp_path / "m.aig").read_bytes(), "m2.aig", tmp_path)
    groups = [outputs[:, lo:hi].sum(axis=1) for lo, hi in pairwise(side["offsets"])]
    np.testing.assert_array_equal(np.stack(groups, 1) + side["bias"], interp.scores(circuit, all_inputs(8)))
    assert side["circuit_digest"] == circuit.digest()
    assert side["tie"] == "first"


@settings(max_examples=25)
@given(circuits(max_inputs=5), st.integers(0, 2**32 - 1))
def test_onnxruntime_computes_the_same_scores_and_classes(circuit: Circuit, seed: int) -> None:
    pytest.importorskip("onnx")
    runtime = pytest.importorskip("onnxruntime")
    from lgc.backend.onnx import Onnx

    options = runtime.SessionOptions()
    options.log_severity_level = 3
    session = runtime.InferenceSession(to_bytes(Onnx(), circuit), options)
    thresholds = circuit.encoder.thresholds
    if thresholds is None:
        rows: NDArray[np.generic] = all_inputs(circuit.netlist.num_inputs)
    else:
        rng = np.random.default_rng(seed)
        rows = rng.choice(np.append(thresholds.reshape(-1), [0.3, -7, 1e6]), (40, circuit.encoder.num_features))
    scores, classes = session.run(None, {session.get_inputs()[0].name: rows})
    expected = interp.scores(circuit, circuit.encoder.encode(rows))
    np.testing.assert_array_equal(scores, expected)
    np.testing.assert_array_equal(classes, circuit.head.classify(expected))


def test_onnx_of_a_layered_net() -> None:
    runtime = pytest.importorskip("onnxruntime")
    from lgc.backend.onnx import Onnx

    circuit = random_circuit(100, [400, 300], 10, seed=6)
    bits = random_inputs(100, 200)
    session = runtime.InferenceSession(to_bytes(Onnx(), circuit))
    np.testing.assert_array_equal(session.run(["scores"], {"bits": bits})[0], interp.scores(circuit, bits))


def test_dot_shows_the_cone_and_nothing_else() -> None:
    circuit = random_circuit(6, [8, 4], 2, seed=1)
    text = to_bytes(Dot(output=1), circuit).decode()
    nodes = cone(circuit, [1])
    assert 1 < len(nodes) < circuit.netlist.num_nets
    for net in range(circuit.netlist.num_nets):
        assert (f"  n{net} [" in text) == (net in nodes)
    assert "layer2[1]" in text
    with pytest.raises(OptionError, match="no output 4"):
        to_bytes(Dot(output=4), circuit)
    with pytest.raises(OptionError, match="more than max-nodes"):
        to_bytes(Dot(max_nodes=3), circuit)
    assert "o3 [" not in to_bytes(Dot(class_index=0), circuit).decode()


SVG = "{http://www.w3.org/2000/svg}"


def test_svg_draws_every_net_and_wire_of_the_cone() -> None:
    """Boxes do not overlap, and every wire runs to the right, from one box to another."""
    circuit = random_circuit(9, [12, 10, 8], 4, arity=3, seed=6)
    nets = cone(circuit, [2, 3])
    root = ElementTree.fromstring(to_bytes(Svg(class_index=1), circuit))
    rectangles = list(root.iter(f"{SVG}rect"))[1:]
    boxes = [[float(box.get(key, "")) for key in ("x", "y", "width", "height")] for box in rectangles]
    texts = [text.text or "" for text in root.iter(f"{SVG}text")]
    first = circuit.netlist.first_node
    assert len(boxes) == len(nets) + 2 and {"out[2]", "out[3]"} <= set(texts)
    assert {text for text in texts if text.startswith("in[")} == {f"in[{net - 2}]" for net in nets if 2 <= net < first}
    for index, (x, y, width, height) in enumerate(boxes):
        for other_x, other_y, other_width, other_height in boxes[:index]:
            apart = x + width <= other_x or other_x + other_width <= x
            assert apart or y + height <= other_y or other_y + other_height <= y
    wires = [re.findall(r"[-\d.]+", wire.get("d", "")) for wire in root.iter(f"{SVG}path")]
    assert len(wires) == sum(circuit.netlist.arity[net - first] for net in nets if net >= first) + 2
    lefts, rights = {round(x) for x, *_ in boxes}, {round(x + width) for x, _, width, _ in boxes}
    for wire in wires:
        start, end = float(wire[0]), float(wire[-2])
        assert start < end and round(start) in rights and round(end) in lefts


def test_svg_holds_any_name_and_any_circuit() -> None:
    netlist = random_circuit(1, [2], 1).netlist
    origins = Origins(('a<&>\x01"',), np.zeros(2, np.int32), np.zeros(2, np.int32))
    netlist = replace(netlist, origin=np.zeros(2, np.int32), origins=origins, outputs=np.array([0, 2, 3], np.int32))
    circuit = wrap(netlist)
    root = ElementTree.fromstring(to_bytes(Svg(), circuit))
    assert 'a<&>?"[0]' in [text.text for text in root.iter(f"{SVG}text")]
    with pytest.raises(OptionError, match="more than max-nodes"):
        to_bytes(Svg(max_nodes=1), circuit)


def test_dot_escapes_names() -> None:
    builder = Builder(1)
    handle = builder.layer('x"];} \\', 1)
    circuit = wrap(builder.build([builder.add(1, (2,), int(handle[0]))]))
    assert 'label="not\\nx\\"];} \\\\\\\\[0]"' in to_bytes(Dot(), circuit).decode()


@given(circuits())
def test_text_target_round_trips(circuit: Circuit) -> None:
    assert parse_text(to_bytes(Lgn(), circuit).decode()).digest() == circuit.digest()


@pytest.mark.parametrize("suffix", sorted(FORMATS))
def test_every_registered_target_exists_and_is_deterministic(suffix: str) -> None:
    if suffix == ".onnx":
        pytest.importorskip("onnx")
    target = format_class(f"x{suffix}")()
    circuit = random_circuit(6, [8], 2)
    assert to_bytes(target, circuit) == to_bytes(target, circuit)
    assert circuit.digest().encode() in to_bytes(target, circuit) or suffix == ".lgn"


def test_unknown_suffix_names_the_known_ones() -> None:
    with pytest.raises(InputError, match=r"no format writes '\.vhd' files.*\.aig"):
        format_class("x.vhd")


def test_write_replaces_all_or_nothing(tmp_path: Path) -> None:
    (tmp_path / "d.dot").write_text("old")
    with pytest.raises(OptionError):
        write(Dot(output=99), random_circuit(3, [4], 2), tmp_path / "d.dot")
    assert (tmp_path / "d.dot").read_text() == "old"
    paths = write(YosysJson(), random_circuit(3, [4], 2), tmp_path / "d.yosys.json")
    assert [path.name for path in paths] == ["d.yosys.json", "d.sidecar.json"]
