"""Kind 5: what a file says of itself is the model's, whole: header, manifest, sidecar, properties."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "cli"))
from cli import save

import lgc
from lgc.driver.comparing import comparing, device_under_test, model_of
from lgc.driver.verify_request import VerifyRequest
from lgc.errors import InputError, LgcError, MismatchError
from lgc.ir import Encoder
from lgc.progress import Silence

Edit = Callable[[Any], None]


def opened(model: Path, file: Path, **options: Any) -> tuple[str, ...]:
    """What `lgc verify` does before it builds anything; the fields that it could not compare."""
    asked = VerifyRequest(model, file, **options)
    with comparing(asked, model_of(asked, Silence()), device_under_test(asked), Silence()) as comparison:
        comparison.device.check_fits(comparison.circuit)
        return comparison.unknown


@pytest.fixture
def model(tmp_path: Path) -> Path:
    grid = np.sort(np.random.default_rng(5).integers(1, 200, (8, 2)), axis=1) - 0.5
    return save(tmp_path / "model.pt", encoder=Encoder(8, grid))


def compiled(model: Path, name: str, **options: Any) -> Path:
    return lgc.compile(model, model.parent / name, **options).path


TITLES = {
    "another module": "module evil(input wire a, output wire b); assign b = a; endmodule // x",
    "a directive": "`define LGC_LANES 64",
    "a comment to a tool": "// verilator lint_off WIDTH",
    "nothing": "",
    "code behind the title": "// Logic-gate network x, written by lgc 0.1.0.\rmodule evil; endmodule",
    "another version": "// Logic-gate network model, written by lgc 9.9.9.",
}


@pytest.mark.parametrize("title", TITLES)
def test_the_first_line_is_held_too(title: str, model: Path) -> None:
    file = compiled(model, "net.v")
    text = file.read_text(encoding="utf-8")
    opened(model, file)
    file.write_bytes((TITLES[title] + text[text.index("\n") :]).encode())
    with pytest.raises(InputError, match=r"was changed after lgc wrote it|says that lgc is"):
        opened(model, file)


@pytest.mark.parametrize("line", [1, 2, 3])
def test_no_line_of_the_header_takes_anything_more(line: int, model: Path) -> None:
    file = compiled(model, "net.v")
    lines = file.read_text(encoding="utf-8").split("\n")
    lines[line] += " /*"
    file.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(InputError):
        opened(model, file)


def first(values: list[Any], value: Any) -> None:
    values[0] = value


def swapped(values: list[Any]) -> None:
    values[0], values[1] = values[1], values[0]


MANIFEST: dict[str, Edit] = {
    "classes": lambda said: swapped(said["classes"]),
    "bias": lambda said: first(said["bias"], 7),
    "group_sizes": lambda said: first(said["group_sizes"], 11),
    "bit_order": lambda said: said.update(bit_order="bit 0 is the last"),
    "num_features": lambda said: said.update(num_features=9),
    "nodes": lambda said: said.update(nodes=1),
    "depth": lambda said: said.update(depth=1),
    "tau": lambda said: said.update(tau=3.0),
    "lgc": lambda said: said.update(lgc="9.9.9"),
    "ports": lambda said: said["ports"][0].update(meaning="bit 0 is the last"),
    "assumes": lambda said: said.update(assumes="thermometer"),
    "interface": lambda said: said.update(interface={"kind": "uart", "baud": 9600}),
    "thresholds": lambda said: first(said["thresholds"][3], 0.25),
}


@pytest.mark.parametrize("suffix", [".v", ".py"])
@pytest.mark.parametrize("field", MANIFEST)
def test_a_field_of_the_manifest(field: str, suffix: str, model: Path) -> None:
    """The error names the field and both values."""
    file = compiled(model, f"net{suffix}")
    assert opened(model, file) == ()
    beside = file.with_suffix(".json")
    said = json.loads(beside.read_text(encoding="utf-8"))
    MANIFEST[field](said)
    beside.write_text(json.dumps(said), encoding="utf-8")
    kind: type[LgcError] = MismatchError if field == "thresholds" else InputError
    with pytest.raises(kind, match=rf"{field}.* (but lgc writes|not) ") as error:
        opened(model, file)
    assert field == "thresholds" or error.value.hint is not None


def test_features_and_the_rule_of_their_codes(model: Path) -> None:
    file = compiled(model, "net.v", input="features")
    assert opened(model, file) == ()
    beside = file.with_suffix(".json")
    text = beside.read_text(encoding="utf-8")
    for old, new in ((r'("rule": ")', r"\1not "), (r'("signed": )false', r"\1true"), (r"(bit i of feature)", "bit j")):
        edited, count = re.subn(old, new, text, count=1)
        if count:
            beside.write_text(edited, encoding="utf-8")
            with pytest.raises(LgcError):
                opened(model, file)


OPTIONS: dict[str, dict[str, Any]] = {
    "O0": {"level": 0},
    "O3": {"level": 3},
    "features": {"input": "features"},
    "features, O3": {"input": "features", "level": 3},
    "pipeline": {"pipeline": 3},
    "scores": {"outputs": "scores"},
    "class": {"outputs": "class"},
    "serial": {"head": "serial"},
    "a part's cells": {"fabric": "xc7"},
    "uart": {"input": "features", "outputs": "both", "pipeline": 2, "interface": "uart"},
}


@pytest.mark.parametrize("name", OPTIONS)
def test_what_lgc_writes_is_what_it_expects(name: str, model: Path) -> None:
    assert opened(model, compiled(model, "net.v", **OPTIONS[name])) == ()


def test_a_circuit_that_no_level_makes(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What only the passes know is told to be not compared, and is at least a head; all other fields are compared."""
    file = compiled(model, "net.v")
    monkeypatch.setattr("lgc.verify.stated._made", lambda device, circuit: None)
    assert set(opened(model, file)) == {"nodes", "depth", "circuit_digest", "group_sizes", "bias"}
    beside = file.with_suffix(".json")
    text = beside.read_text(encoding="utf-8")
    for field in ("classes", "tau", "bit_order", "num_features"):
        said = json.loads(text)
        MANIFEST[field](said)
        beside.write_text(json.dumps(said), encoding="utf-8")
        with pytest.raises(InputError, match=field):
            opened(model, file)
    for sizes in ([1], [10**30, 1, 1], [-1, 1, 1], "abc"):
        beside.write_text(json.dumps(json.loads(text) | {"group_sizes": sizes}), encoding="utf-8")
        with pytest.raises(InputError):
            opened(model, file)


SIDECAR: dict[str, Edit] = {
    "classes": lambda said: swapped(said["classes"]),
    "features": lambda said: said.update(features=9),
    "tau": lambda said: said.update(tau=9.0),
    "tie": lambda said: said.update(tie="last"),
    "bias": lambda said: first(said["bias"], 7),
    "meaning": lambda said: said.update(meaning="the last class has the first outputs"),
    "metadata": lambda said: said["metadata"].update(note="made for another part"),
    "generator": lambda said: said.update(generator="somebody else"),
    "board": lambda said: said.update(board="icebreaker"),
}


@pytest.mark.parametrize("suffix", [".blif", ".aag", ".aig", ".yosys.json"])
@pytest.mark.parametrize("field", SIDECAR)
def test_a_field_of_a_sidecar(field: str, suffix: str, model: Path) -> None:
    file = compiled(model, f"net{suffix}")
    assert opened(model, file) == ()
    beside = next(one for one in model.parent.glob("net*.json") if one != file)
    said = json.loads(beside.read_text(encoding="utf-8"))
    SIDECAR[field](said)
    beside.write_text(json.dumps(said), encoding="utf-8")
    with pytest.raises(InputError, match=field):
        opened(model, file)


def test_two_digests_in_a_netlist(model: Path) -> None:
    file = compiled(model, "net.blif")
    file.write_text(f"# lgc circuit {'0' * 64}\n" + file.read_text(encoding="utf-8"), encoding="utf-8")
    with pytest.raises(InputError):
        opened(model, file)


@pytest.mark.parametrize("edit", [("tie first", "tie last"), ("tau 2", "tau 3"), ("dog", "plane")], ids=str)
def test_facts_of_lgcs_own_text(edit: tuple[str, str], model: Path) -> None:
    file = compiled(model, "net.lgn")
    text = file.read_text(encoding="utf-8")
    opened(model, file)
    assert edit[0] in text
    file.write_text(text.replace(*edit), encoding="utf-8")
    with pytest.raises(InputError):
        opened(model, file)


def test_properties_of_onnx(model: Path) -> None:
    onnx = pytest.importorskip("onnx")
    file = compiled(model, "net.onnx")
    opened(model, file)

    def more(net: Any) -> None:
        one = net.metadata_props.add()
        one.key, one.value = "classes", "b,a"

    def another(net: Any) -> None:
        net.graph.output[0].type.tensor_type.elem_type = onnx.TensorProto.INT32

    def third(net: Any) -> None:
        net.graph.output.add().CopyFrom(onnx.helper.make_tensor_value_info("score", onnx.TensorProto.INT64, ["batch"]))

    data = file.read_bytes()
    for edit in (more, another, third):
        net = onnx.load_model_from_string(data)
        edit(net)
        file.write_bytes(net.SerializeToString())
        with pytest.raises(InputError, match="but lgc writes"):
            opened(model, file)


@pytest.mark.parametrize("edit", [("_FEATURES 8", "_FEATURES 9"), ("double *rows", "float *rows"), ("NULL", "no")])
def test_the_header_of_c(edit: tuple[str, str], model: Path) -> None:
    file = compiled(model, "net.c")
    header = file.with_suffix(".h")
    opened(model, file)
    text = header.read_text(encoding="utf-8")
    assert edit[0] in text
    header.write_text(text.replace(*edit, 1), encoding="utf-8")
    with pytest.raises(InputError, match="header beside it"):
        opened(model, file)
    header.unlink()
    opened(model, file)
