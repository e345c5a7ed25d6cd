"""`lgc verify` end to end: what it says and returns for good hardware, and for every way of being wrong."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from cli import Result, call, save

from lgc.backend.verilog.grammar import BODY_MARK
from lgc.sim.verilator import BuildOptions
from lgc.sim.verilator import build as real_build

pytestmark = pytest.mark.sim

Capture = pytest.CaptureFixture[str]
FAST = ("--random", "100")


class Builds:
    """Simulators that several tests share: the same text with the same options is built once a session."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.programs = folder, {}  # type: ignore[var-annotated]

    def build(self, source: Path, ports: Sequence[tuple[str, str]], options: BuildOptions, folder: Path) -> Path:
        key = hashlib.sha256(source.read_bytes() + repr((ports, options)).encode()).hexdigest()
        if key not in self.programs:
            mine = self.folder / key
            mine.mkdir()
            self.programs[key] = real_build(source, ports, options, mine)
        return self.programs[key]


@pytest.fixture(scope="session")
def builds(tmp_path_factory: pytest.TempPathFactory) -> Builds:
    return Builds(tmp_path_factory.mktemp("builds"))


@pytest.fixture(scope="session")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model and its Verilog at O0 (every neuron has its gate), and data with labels."""
    folder = tmp_path_factory.mktemp("clean")
    save(folder / "model.pt")
    command = [sys.executable, "-m", "lgc", "compile", "model.pt", "-o", "small.v", "-O0", "-q"]
    subprocess.run(command, cwd=folder, check=True)
    rng = np.random.default_rng(1)
    np.savez(folder / "data.npz", X=rng.integers(0, 2, (70, 16), np.uint8), y=rng.integers(0, 3, 70))
    return folder


@pytest.fixture
def work(clean: Path, builds: Builds, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the clean folder to work in."""
    folder = tmp_path / "work"
    shutil.copytree(clean, folder)
    monkeypatch.chdir(folder)
    monkeypatch.setattr("lgc.sim.verilator.build", builds.build)
    return folder


def change(folder: Path, pattern: str, replacement: str, *, adopt: bool = False) -> None:
    """Edit the Verilog as by hand; ``adopt`` also corrects its digest, as a liar would."""
    path = folder / "small.v"
    text, count = re.subn(pattern, replacement, path.read_text(), count=1)
    assert count == 1, pattern
    if adopt:
        header, body = text.split(BODY_MARK, 1)
        body = body.split("\n", 1)[1]
        text = f"{header}{BODY_MARK}{hashlib.sha256(body.encode()).hexdigest()}\n{body}"
    path.write_text(text)


@pytest.mark.slow  # `make demo`, which CI runs first, goes this way with the shipped network
def test_the_whole_way_in_a_process_of_its_own(clean: Path, tmp_path: Path) -> None:
    """No part replaced: real build, waves, report, and the build folder kept."""
    command = [sys.executable, "-m", "lgc", "verify", "model.pt", "small.v", "--data", "data.npz", *FAST]
    command += [
        "--waves",
        str(tmp_path / "w.vcd"),
        "--junit",
        str(tmp_path / "r.xml"),
        "--keep",
        str(tmp_path / "kept"),
    ]
    done = subprocess.run(command, cwd=clean, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "70 / 70 samples, every score equal" in done.stdout
    total = re.search(r"([\d,]+) / ([\d,]+) vectors, every score equal", done.stdout)
    assert total and total[1] == total[2] and int(total[1]) >= 70 + 100 + 2
    assert "reference torch" in done.stdout
    vcd = (tmp_path / "w.vcd").read_text()
    assert "$enddefinitions" in vcd and "class_id" in vcd
    suite = ET.parse(tmp_path / "r.xml").getroot()[0]
    assert suite.attrib["tests"] == "3" and suite.attrib["failures"] == "0"
    assert [case.attrib["name"].split(":")[0] for case in suite] == ["data", "random", "directed"]
    assert (tmp_path / "kept" / "build" / "simulator").exists()


def test_equal_hardware(work: Path, capfd: Capture) -> None:
    result = call(capfd, "verify", "model.pt", "small.v", *FAST, "--junit", "r.xml")
    assert (result.code, result.err) == (0, "")
    assert "reference torch" in result.out and "(1 lane)" in result.out
    assert ET.parse("r.xml").getroot()[0].attrib["failures"] == "0"


def test_quiet_says_nothing(work: Path, capfd: Capture) -> None:
    assert call(capfd, "verify", "model.pt", "small.v", *FAST, "-q") == Result(0, "", "")


def test_a_netlist_is_its_own_reference(work: Path, capfd: Capture) -> None:
    """The .lgn of the same model carries the same digest, and the interpreter says what is right."""
    assert call(capfd, "compile", "model.pt", "-o", "model.lgn", "-O0", "-q").code == 0
    result = call(capfd, "verify", "model.lgn", "small.v", *FAST)
    assert (result.code, result.err) == (0, "")
    assert "reference interpreter" in result.out


def test_a_simulation_that_does_not_end_is_not_checked(work: Path, capfd: Capture) -> None:
    result = call(capfd, "verify", "model.pt", "small.v", "--timeout", "0.001", "--junit", "r.xml")
    assert result.code == 3
    assert "not checked" in result.paragraph() and "0.001 s" in result.err
    assert not Path("r.xml").exists()


def test_a_simulator_that_breaks_is_not_checked(work: Path, capfd: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that ends well but writes no results is no pass."""
    monkeypatch.setattr("lgc.sim.verilator.build", lambda *_: Path("/bin/true"))
    result = call(capfd, "verify", "model.pt", "small.v", *FAST)
    assert result.code == 3
    assert "did not run to its end" in result.paragraph()


def test_results_of_another_size_are_not_checked(work: Path, capfd: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = work / "fake"
    fake.write_text("#!/bin/sh\nprintf x > results.bin\n")
    fake.chmod(0o755)
    monkeypatch.setattr("lgc.sim.verilator.build", lambda *_: fake)
    result = call(capfd, "verify", "model.pt", "small.v", *FAST)
    assert result.code == 3
    assert "wrote 1 bytes" in result.paragraph()


def opposite(work: Path) -> tuple[str, int]:
    """Turn one gate of layer 1 that layer 2 reads into its complement; returns its expression and neuron."""
    text = (work / "small.v").read_text()
    read = re.search(r"LGC_GATE votes\[\d+\] = .*?layer1\[(\d+)\]", text)
    assert read
    index = int(read[1])
    change(work, rf"(LGC_GATE layer1\[{index}\] = )(.*);(  // )", r"\1~(\2);\3")
    named = re.search(rf"LGC_GATE layer1\[{index}\] = .*// layer1\[(\d+)\]", text)
    assert named
    neuron = int(named[1])  # optimised, the place in the vector is not the neuron's number
    return "layer1", neuron


def test_one_gate_changed(work: Path, capfd: Capture) -> None:
    """Refused; with --force it is found, down to the layer and neuron, and the report holds it."""
    layer, neuron = opposite(work)
    refused = call(capfd, "verify", "model.pt", "small.v", *FAST)
    assert refused.code == 2 and "changed after lgc wrote it" in refused.paragraph()
    result = call(capfd, "verify", "model.pt", "small.v", *FAST, "--force", "--junit", "r.xml")
    assert result.code == 1
    assert f"first difference: {layer}, neuron {neuron}: the model says" in result.err
    text = Path("small.v").read_text().split("\n")
    line = next(number for number, code in enumerate(text, 1) if f"LGC_GATE layer1[{neuron}] = ~(" in code)
    assert f"line {line} of small.v" in result.err
    assert "expected scores [" in result.err and "Traceback" not in result.err
    suite = ET.parse("r.xml").getroot()[0]
    assert int(suite.attrib["failures"]) >= 1
    assert f"{layer}, neuron {neuron}" in "".join(suite.itertext())
    # A report that cannot be written is told before the work.
    early = call(capfd, "verify", "model.pt", "small.v", *FAST, "--force", "--junit", "none/r.xml")
    assert early.code == 2 and "none/r.xml" in early.err


HEADS: dict[str, Callable[[Path], None]] = {
    "bias": lambda folder: change(folder, r"BIAS\((\d+)'d1\)", r"BIAS(\1'd2)"),
    "popcount": lambda folder: change(folder, r"\} \+ \{1'b0, values", "} | {1'b0, values"),
    "argmax": lambda folder: change(folder, r"second > first", "second < first"),
    "tie": lambda folder: change(folder, r"second > first", "second >= first"),
}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[] if name == "tie" else pytest.mark.slow) for name in HEADS]
)
def test_a_wrong_head(name: str, work: Path, capfd: Capture) -> None:
    """The gates are right and the triage says so."""
    HEADS[name](work)
    result = call(capfd, "verify", "model.pt", "small.v", *FAST, "--force")
    assert result.code == 1
    assert "all 36 gates agree with the model" in result.err
    if name in ("tie", "argmax"):
        classes = re.search(r"expected class (\d) .*? seen (\d)$", result.err, re.MULTILINE)
        assert classes and classes[1] != classes[2]


@pytest.mark.slow
@pytest.mark.parametrize(
    "options", ["-O2", "-O2 --registered", "-O1 --pipeline 7", "-O1 --outputs class", "--outputs scores"]
)
@pytest.mark.parametrize("lanes", ["1", "64"])
def test_every_form_is_equal(options: str, lanes: str, work: Path, capfd: Capture) -> None:
    assert call(capfd, "compile", "model.pt", "-o", "form.v", "-q", *options.split()).code == 0
    result = call(capfd, "verify", "model.pt", "form.v", *FAST, "--lanes", lanes)
    assert (result.code, result.err) == (0, "")
    assert ("the class (the scores are no ports) equal" in result.out) == ("class" in options)


@pytest.mark.slow
def test_a_gate_changed_in_a_registered_optimised_design(work: Path, capfd: Capture) -> None:
    assert call(capfd, "compile", "model.pt", "-o", "small.v", "-q", "--registered").code == 0
    layer, neuron = opposite(work)
    result = call(capfd, "verify", "model.pt", "small.v", *FAST, "--force")
    assert result.code == 1 and f"first difference: {layer}, neuron {neuron}:" in result.err


TIMINGS: dict[str, tuple[str, str, str]] = {
    "out_valid without a clock": (
        r"out_valid = valid\[3\]",
        "out_valid = in_valid & ~rst",
        "out_valid is 1 after clock",
    ),
    "out_valid a clock early": (r"out_valid = valid\[3\]", "out_valid = valid[2]", "out_valid is 1 after clock"),
    "no reset": (r"rst \? 4'd0 : ", "", "out_valid is 1 after clock 3"),
    "scores a clock late": (
        r"assign scores = (\w+);",
        r"reg `LGC_NETS(late, 12); always @(posedge clk) late <= \1; assign scores = late;",
        "hardware and model differ on",
    ),
}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[] if name == "scores a clock late" else pytest.mark.slow) for name in TIMINGS]
)
def test_a_result_at_another_clock_than_promised(name: str, work: Path, capfd: Capture) -> None:
    assert call(capfd, "compile", "model.pt", "-o", "small.v", "-q", "--pipeline", "4").code == 0
    pattern, replacement, expected = TIMINGS[name]
    change(work, pattern, replacement)
    result = call(capfd, "verify", "model.pt", "small.v", *FAST, "--force", "--junit", "r.xml")
    assert result.code == 1 and expected in result.err, result.err
    assert ("the timing is not that of the manifest" in result.err) == ("out_valid" in expected)
    assert int(ET.parse("r.xml").getroot()[0].attrib["failures"]) >= 1


@pytest.mark.slow
def test_a_manifest_that_promises_another_latency(work: Path, capfd: Capture) -> None:
    assert call(capfd, "compile", "model.pt", "-o", "small.v", "-q", "--pipeline", "4").code == 0
    path = Path("small.json")
    path.write_text(path.read_text().replace('"latency": 4', '"latency": 5'))
    result = call(capfd, "verify", "model.pt", "small.v", *FAST)
    assert result.code == 1 and "out_valid is 1 after clock" in result.err


@pytest.mark.slow
def test_a_liar_who_corrects_the_digest_is_still_found(work: Path, capfd: Capture) -> None:
    """The digest keeps mistakes out; what finds a wrong gate is the comparison."""
    opposite(work)
    change(work, r"^", "", adopt=True)
    assert call(capfd, "verify", "model.pt", "small.v", *FAST).code == 1
