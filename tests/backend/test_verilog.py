"""The Verilog text: goldens, determinism, hostile names, and what Verilator, yosys and Icarus say to it.

That it computes the right thing is for tests/sim.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from strategies import circuits, random_circuit

from lgc.backend.base import to_bytes, write
from lgc.backend.manifest import read_manifest
from lgc.backend.verilog import Verilog
from lgc.errors import InputError, OptionError
from lgc.ir import Builder, Circuit, Encoder, Head
from lgc.passes import optimize
from lgc.tools.verilator import find_verilator

Golden = Callable[[str, str], None]


def text_of(circuit: Circuit, **options: object) -> str:
    return to_bytes(Verilog(**options), circuit).decode()  # type: ignore[arg-type]


def hardware(text: str) -> str:
    """What a tool reads that does not define LGC_LANES."""
    text = re.sub(r"`ifdef LGC_LANES\n.*?`else\n(.*?)`endif\n", r"\1", text, flags=re.DOTALL)
    return re.sub(r"`ifndef LGC_LANES\n(.*?)`else\n.*?`endif\n", r"\1", text, flags=re.DOTALL)


def without_version(text: str) -> str:
    """A release must not change the goldens."""
    return re.sub(r"written by lgc \S+\.$", "written by lgc VERSION.", text, count=1, flags=re.MULTILINE)


def tiny(bias: tuple[int, int] = (0, 0), tie: str = "first", arities: tuple[int, ...] = (2, 2)) -> Circuit:
    """Two layers of four nodes, an input and a constant among the outputs."""
    rng = np.random.default_rng(7)
    builder = Builder(6)
    layer = np.arange(2, 8)
    for index, arity in enumerate(arities, 1):
        tables = rng.integers(1, (1 << (1 << arity)) - 1, 4, dtype=np.uint64)
        fanin = np.stack([rng.choice(layer, arity, replace=arity > len(layer)) for _ in range(4)])
        layer = builder.add_layer(tables, fanin, builder.layer(f"layer{index}", 4))
    head = Head.equal_groups(6, ("no", "yes"), bias=np.array(bias), tau=2.0, tie=tie)  # type: ignore[arg-type]
    return Circuit("tiny", Encoder(6), builder.build([*layer.tolist(), 2, 1]), head, {"model_digest": "0" * 64})


GOLDENS = {
    "combinational": (tiny(), {}),
    "registered": (tiny(), {"pipeline": 2}),
    "class": (tiny(), {"outputs": "class"}),
    "pipeline": (tiny(), {"pipeline": 4}),
    "scores": (tiny(), {"outputs": "scores"}),
    "signed_last": (tiny((-3, 1), "last"), {}),
    "luts": (tiny(arities=(3, 4, 5, 6)), {}),
    "ternary": (random_circuit(8, [36], 1, seed=4), {"head": "ternary", "fabric": "xc7", "effort": 0}),
}


@pytest.mark.parametrize("name", GOLDENS)
def test_golden_text_and_manifest(name: str, golden: Golden) -> None:
    circuit, options = GOLDENS[name]
    golden(f"verilog_{name}.v", without_version(text_of(circuit, top="tiny", **options)))
    manifest = json.loads(Verilog(top="tiny", **options).companions(circuit)[".json"])  # type: ignore[arg-type]
    manifest["lgc"] = "VERSION"
    golden(f"verilog_{name}.json", json.dumps(manifest, indent=2) + "\n")


@given(circuits())
def test_the_text_is_the_same_every_time_and_plain_ascii(circuit: Circuit) -> None:
    text = text_of(circuit)
    assert text == text_of(circuit)
    assert text.isascii()
    assert all(char.isprintable() or char == "\n" for char in text)


CODE_LINE = re.compile(
    r"""\s*(?:
      `(?:default_nettype|ifn?def|else|endif|define)\b.*
    | (?:input|output|wire|reg|module|assign|integer|genvar|generate|endgenerate|endmodule|end|for|if|parameter
      |function|endfunction|always|always_comb|else|a|b|carry|first|second|winners|sums|score|part
      |\);|\)|`LGC_|\w+\ \w+\ \(|\w+\ \#\().*
    )""",
    re.VERBOSE,
)


@given(circuits())
def test_every_line_is_one_of_lgcs_own(circuit: Circuit) -> None:
    for line in text_of(circuit, pipeline=2).split("\n"):
        code = line.split("//")[0]
        assert not code.strip() or CODE_LINE.fullmatch(code), line


@given(circuits())
def test_modules_have_different_names_that_begin_with_the_tops(circuit: Circuit) -> None:
    modules = re.findall(r"^module (\w+)", hardware(text_of(circuit, top="net7", pipeline=2)), re.MULTILINE)
    assert len(set(modules)) == len(modules)
    assert modules[-1] == "net7"
    assert all(name.startswith("net7_") for name in modules[:-1])


@given(circuits())
def test_lanes_are_nothing_to_hardware(circuit: Circuit) -> None:
    """The word itself is in the macros and around the leaves only, and no hardware text depends on it."""
    text = text_of(circuit, pipeline=1)
    assert "LGC_LANES" not in hardware(text).split("`define LGC_NETS")[1]
    _macros, *rest = text.split("`endif\n")
    leaves, *rest = rest if len(rest) > 1 else ["", *rest]
    assert "LGC_LANES" not in "".join(rest) and leaves.count("LGC_LANES") <= 1


def test_files_are_the_same_whatever_the_folder(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        write(Verilog(top="tiny"), tiny(), tmp_path / folder / "tiny.v")
    for name in ("tiny.v", "tiny.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_unknown_outputs_are_refused_before_a_byte_is_written(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="outputs is 'all'"):
        write(Verilog(outputs="all"), tiny(), tmp_path / "tiny.v")
    assert not list(tmp_path.iterdir())


# --- the manifest


@given(circuits())
def test_the_manifest_reads_back(circuit: Circuit) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        write(Verilog(top="net", pipeline=2), circuit, Path(folder) / "net.v")
        manifest = read_manifest(Path(folder) / "net.json")
    assert manifest.classes == circuit.head.classes
    assert manifest.group_sizes == tuple(circuit.head.sizes.tolist())
    assert manifest.bias == tuple(circuit.head.bias.tolist())
    assert manifest.tie == circuit.head.tie
    assert manifest.circuit_digest == circuit.digest()
    low, high = circuit.head.score_range
    if manifest.score_signed:
        assert -(1 << manifest.score_width - 1) <= low <= high < 1 << manifest.score_width - 1
    else:
        assert 0 <= low <= high < 1 << manifest.score_width
    thresholds = circuit.encoder.thresholds
    assert manifest.thresholds == (None if thresholds is None else tuple(map(tuple, thresholds.tolist())))


DAMAGED = {
    "empty": lambda text: "",
    "truncated": lambda text: text[: len(text) // 2],
    "a list": lambda text: "[]",
    "other version": lambda text: text.replace('"version": 1', '"version": 2'),
    "missing field": lambda text: text.replace('"top"', '"tip"'),
    "width text": lambda text: re.sub(r'"score_width": \d+', '"score_width": "2"', text),
    "width huge": lambda text: re.sub(r'"score_width": \d+', '"score_width": 63', text),
    "latency huge": lambda text: re.sub(r'"latency": \d+', '"latency": 1000000', text),
    "latency negative": lambda text: re.sub(r'"latency": \d+', '"latency": -1', text),
    "nodes text": lambda text: re.sub(r'"nodes": \d+', '"nodes": "8"', text),
    "signed text": lambda text: text.replace('"score_signed": false', '"score_signed": "no"'),
    "port with a quote": lambda text: text.replace('"name": "bits"', '"name": "bits\\"; x"'),
    "port width": lambda text: text.replace('"width": 6', '"width": 0'),
    "port direction": lambda text: text.replace('"direction": "input"', '"direction": "inout"'),
    "top with a blank": lambda text: text.replace('"top": "tiny"', '"top": "tiny -x"'),
    "classes of numbers": lambda text: text.replace('"no"', "1"),
    "too deep": lambda text: "[" * 100_000,
}


@pytest.mark.parametrize("damage", DAMAGED.values(), ids=DAMAGED.keys())
def test_a_damaged_manifest_is_one_error(damage: Callable[[str], str], tmp_path: Path) -> None:
    path = tmp_path / "tiny.json"
    text = Verilog(top="tiny").companions(tiny())[".json"]
    assert damage(text) != text
    path.write_text(damage(text))
    with pytest.raises(InputError, match="manifest"):
        read_manifest(path)


# --- what other tools say


def inverter(inputs: int, outputs: list[int], head: Head) -> Circuit:
    builder = Builder(inputs)
    builder.add(1, (2,))
    return Circuit("inverter", Encoder(inputs), builder.build(outputs), head)


def many_classes() -> Circuit:
    return random_circuit(9, [257 * 3], num_classes=257, seed=3)


def constants() -> Circuit:
    """Every kind of node and output that folding would have removed."""
    builder = Builder(2)
    nets = [builder.add(table, ()) for table in (0, 1)]
    nets += [builder.add(table, (2,)) for table in range(4)]
    nets += [builder.add(table, (2, 3)) for table in range(16)]
    nets += [builder.add(0x96, (0, 1, nets[3])), builder.add(0xFF, (2, 3, 3))]
    outputs = [*nets, 0, 1, 2, 3, nets[0], nets[0]]
    return Circuit("constants", Encoder(2), builder.build(outputs), Head.equal_groups(len(outputs), ("a", "b")))


def empty_groups(bias: tuple[int, int, int] = (0, 0, 0)) -> Circuit:
    head = Head(np.array([0, 0, 3, 3]), np.array(bias), ("a", "b", "c"))
    return inverter(2, [4, 3, 2], head)


def named(*layers: str, arity: int = 2) -> Circuit:
    builder = Builder(4)
    nets = [2, 3, 4, 5]
    for name in layers:
        table = (1 << (1 << arity)) - 2
        fanin = np.array([[nets[(j + k) % 4] for k in range(arity)] for j in range(4)])
        nets = builder.add_layer(np.full(4, table, np.uint64), fanin, builder.layer(name, 4)).tolist()
    return Circuit(layers[0], Encoder(4), builder.build(nets + nets), Head.equal_groups(8, ("a\n`", "*/")))


HOSTILE_LAYERS = [
    ["a\nendmodule", "`define x", "*/", 'q"', "é\u2028😀", "", "\\"],
    ["module", "always_comb", "bit", "time", "global", "input"],
    ["x", "i", "inputs", "bits", "bits_q", "clk", "lane", "lanes"],
    ["result_scores", "scores_q", "class_id_q", "votes", "head", "argmax", "popcount", "count0"],
    ["a", "b", "c", "table_bits", "lut3", "lut4"],
    ["same", "same", "u_same", "same_2"],
    ["verilator lint_off WIDTH", "verilator public", "verilator", "verilator coverage_off"],
    ["synopsys translate_off", "synthesis translate_off", "pragma translate_off", "synopsys"],
]

CLEAN: dict[str, tuple[Circuit, dict[str, object]]] = {
    "layered": (random_circuit(20, [30, 24, 20], num_classes=5, seed=1), {}),
    "registered": (random_circuit(20, [30, 20], num_classes=5, seed=1), {"pipeline": 2}),
    "class": (random_circuit(20, [30, 20], num_classes=5, seed=1), {"outputs": "class"}),
    "scores registered": (random_circuit(20, [30, 20], seed=1), {"outputs": "scores", "pipeline": 2}),
    "optimised": (optimize(random_circuit(20, [60, 60, 60], num_classes=5, seed=2)), {}),
    "luts": (tiny(arities=(3, 4, 5, 6)), {}),
    "luts optimised": (optimize(random_circuit(9, [20, 20], num_classes=4, arity=6, seed=2)), {"pipeline": 2}),
    "signed": (tiny((-30, 1), "last"), {}),
    "all negative": (tiny((-30, -9), "last"), {}),
    "constants": (constants(), {}),
    "constants folded": (optimize(constants()), {}),
    "one class": (random_circuit(8, [10], num_classes=1, seed=5), {}),
    "one input": (inverter(1, [3, 2], Head.equal_groups(2, ("a", "b"))), {"pipeline": 2}),
    "257 classes": (many_classes(), {}),
    "empty groups": (empty_groups(), {}),
    "empty groups, bias": (empty_groups((5, -1, 1 << 30)), {"pipeline": 2}),
    "no outputs": (inverter(1, [], Head(np.array([0, 0, 0]), np.array([1, 2]), ("a", "b"))), {}),
    "more than a block": (random_circuit(50, [2100], num_classes=3, seed=6), {}),
    "top like a layer": (random_circuit(8, [6, 6], seed=1), {"top": "layer1"}),
    **{f"top {top}": (tiny(arities=(3, 2)), {"top": top, "pipeline": 2}) for top in ("x", "a", "count0", "main")},
    **{f"hostile {k}": (named(*names, arity=2 + k % 2), {}) for k, names in enumerate(HOSTILE_LAYERS)},
}


@pytest.fixture(scope="module")
def emitted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Every circuit of CLEAN, emitted as name/net.v."""
    root = tmp_path_factory.mktemp("clean")
    files = {}
    for number, (name, (circuit, options)) in enumerate(CLEAN.items()):
        folder = root / str(number)
        folder.mkdir()
        files[name] = folder / "net.v"
        write(Verilog(**options), circuit, files[name])  # type: ignore[arg-type]
    return files


def quiet(command: list[str], environment: dict[str, str] | None = None) -> None:
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False, timeout=300)
    said = [line for line in (done.stdout + done.stderr).splitlines() if not line.startswith("- ")]
    assert (done.returncode, "\n".join(said)[:3000]) == (0, "")


@pytest.mark.sim
@pytest.mark.parametrize("name", CLEAN)
def test_verilator_warns_of_nothing(name: str, emitted: dict[str, Path]) -> None:
    verilator = find_verilator()
    # Hostile names may be keywords of the later language.
    language = "1800-2017" if name.startswith(("hostile", "top")) else "1364-2005"
    command = [*verilator.command, "--lint-only", "-Wall", "--default-language", language, str(emitted[name])]
    quiet(command, verilator.environment())


@pytest.mark.sim
@pytest.mark.parametrize("name", ["layered", "registered", "luts", "signed", "constants", "empty groups, bias"])
def test_verilator_reads_it_with_lanes(name: str, emitted: dict[str, Path]) -> None:
    verilator = find_verilator()
    quiet([*verilator.command, "--lint-only", "-DLGC_LANES=64", str(emitted[name])], verilator.environment())


YOSYS = """
import json, sys
from pyosys import libyosys as ys
for path, top in json.load(open(sys.argv[1])):
    print("FILE", path, flush=True)
    design = ys.Design()
    for command in (f"read_verilog {path}", f"hierarchy -check -top {top}", "proc", "check -assert",
                    f"write_json {path}.yosys"):
        ys.run_pass(command, design)
"""


def test_yosys_warns_of_nothing_and_a_net_is_one_bit(emitted: dict[str, Path], tmp_path: Path) -> None:
    """All files in one process of its own: yosys ends the process when it finds an error."""
    pytest.importorskip("pyosys", reason="pyosys is not installed")
    manifests = {name: read_manifest(path.with_suffix(".json")) for name, path in emitted.items()}
    (tmp_path / "jobs.json").write_text(json.dumps([(str(emitted[name]), manifests[name].top) for name in emitted]))
    command = [sys.executable, "-c", YOSYS, str(tmp_path / "jobs.json")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    log = (done.stdout + done.stderr).splitlines()
    assert done.returncode == 0, log[-20:]
    assert sum(line.startswith("FILE ") for line in log) == len(emitted)
    assert [line for line in log if re.search(r"warning|error", line, re.IGNORECASE)] == []
    for name, manifest in manifests.items():
        modules = json.loads(Path(f"{emitted[name]}.yosys").read_text())["modules"]
        ports = {port: len(value["bits"]) for port, value in modules[manifest.top]["ports"].items()}
        assert ports == {port.name: port.width for port in manifest.ports}, name
        # As many one-bit votes as outputs: no net became a vector of lanes.
        (head,) = [module for key, module in modules.items() if key.endswith("_head")]
        assert len(head["ports"]["votes"]["bits"]) == max(1, sum(manifest.group_sizes)), name


def test_icarus_warns_of_nothing(emitted: dict[str, Path], tmp_path: Path) -> None:
    """It makes its output executable: were that /dev/null, no other user could write the device any more."""
    iverilog = shutil.which("iverilog")
    if iverilog is None:
        pytest.skip("iverilog is not installed")
    for path in emitted.values():
        quiet([iverilog, "-g2005", "-Wall", "-o", str(tmp_path / "out.vvp"), str(path)])


def test_names_do_not_change_the_meaning_of_the_text() -> None:
    """The code outside comments is the same whatever the layers are called, but for the names of stages."""
    circuit = named("layer1", "layer2")
    hostile = named("synopsys translate_off\n`undef x", "layer2")
    first, second = (
        [line.split("//")[0] for line in text_of(one, top="net").split("\n")] for one in (circuit, hostile)
    )
    assert [line.replace("synopsys_translate_off_undef_x", "layer1") for line in second] == first


def test_a_hostile_digest_stays_in_its_line() -> None:
    circuit = replace(tiny(), metadata={"model_digest": "x\nmodule evil; endmodule"})
    assert "\nmodule evil" not in text_of(circuit)
