"""lgc.testing as its users have it: the function, the plugin in another pytest, the testbench under cocotb's runner."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "cli"))
from cli import save

from lgc.driver.verify import Verdict
from lgc.errors import NotCheckedError, OptionError
from lgc.testing import NotEquivalentError, assert_equivalent, compile_verilog
from lgc.verify.report import Mismatch, Report, SetResult
from lgc.verify.reports.sarif import sarif_json
from lgc.verify.triage import Location

ROOT = Path(__file__).parents[2]
SIMULATOR = "icarus" if shutil.which("vvp") else "verilator"
ICARUS = pytest.mark.skipif(not shutil.which("vvp"), reason="Icarus is not installed")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save(tmp_path_factory.mktemp("testing") / "model.pt")


@pytest.mark.sim
def test_equivalent(model: Path, tmp_path: Path) -> None:
    rtl = compile_verilog(model, tmp_path / "net.v", pipeline=2)
    bits = np.zeros((3, 16), np.bool_)
    report = assert_equivalent(model, rtl, bits=bits, random=40, simulator=SIMULATOR).report
    assert [one.kind for one in report.sets] == ["given", "random", "directed"] and report.mismatches == 0


@pytest.mark.sim
def test_not_equivalent(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lgc.verify.formats.verilog.locate", lambda *_: None)
    rtl = compile_verilog(model, tmp_path / "net.v")
    rtl.write_text(re.sub("second > first", "second >= first", rtl.read_text()))
    with pytest.raises(AssertionError, match="hardware and model differ on") as error:
        assert_equivalent(model, rtl, random=40, simulator=SIMULATOR, force=True)
    assert isinstance(error.value, NotEquivalentError) and error.value.exit_code == 1


def test_no_simulator_is_no_pass(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rtl = compile_verilog(model, tmp_path / "net.v")
    monkeypatch.setattr("shutil.which", lambda _: None)
    with pytest.raises(NotCheckedError):
        assert_equivalent(model, rtl, random=4, simulator="icarus")


@pytest.mark.slow  # the tutorial about CI runs it as well
@pytest.mark.sim
def test_the_plugin(model: Path, tmp_path: Path) -> None:
    """The example of examples/ci, in a pytest that knows nothing of this one; and one that must fail."""
    shutil.copy(ROOT / "examples/ci/test_hardware.py", tmp_path)
    (tmp_path / "test_bad.py").write_text(
        "def test_bad(lgc_verify, tmp_path):\n"
        "    from lgc.testing import compile_verilog\n"
        f"    rtl = compile_verilog({str(model)!r}, tmp_path / 'x.v', outputs='class')\n"
        "    rtl.write_text(rtl.read_text().replace('second > first', 'second < first'))\n"
        f"    lgc_verify({str(model)!r}, file=rtl, force=True)\n"
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--lgc-simulator", SIMULATOR]
    environment = {"MODEL": str(model), "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env=environment)
    assert "2 passed" in done.stdout and "1 failed" in done.stdout, done.stdout + done.stderr
    assert "hardware and model differ on" in done.stdout


def test_the_fixture_takes_the_options_of_both_verbs(
    model: Path, tmp_path: Path, lgc_verify: Callable[..., Verdict], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of compiling reach the compiler, those of verifying the verifier, those that both have both of them."""
    seen: dict[str, dict[str, object]] = {}
    monkeypatch.setattr("lgc.testing.compile_verilog", lambda *_, **options: seen.update(compile=options) or "net.v")
    monkeypatch.setattr("lgc.testing.assert_equivalent", lambda *_, **options: seen.update(verify=options))
    lgc_verify(model, head="compress", passes="const-fold", limit=3, lanes=1, facts={"classes": 3})
    assert seen["compile"] == {"head": "compress", "passes": "const-fold", "facts": {"classes": 3}}
    assert seen["verify"] == {"limit": 3, "lanes": 1, "facts": {"classes": 3}, "simulator": "verilator"}


def test_the_fixture_verifies_a_file_and_compiles_nothing(
    model: Path, tmp_path: Path, lgc_verify: Callable[..., Verdict]
) -> None:
    from lgc.api import compile as compile_

    netlist = compile_(model, tmp_path / "net.lgn")
    assert lgc_verify(model, file=netlist, random=20).ok
    with pytest.raises(TypeError, match="head, pipeline is for compiling"):
        lgc_verify(model, file=netlist, pipeline=2, head="adder")
    with pytest.raises(OptionError, match="no option 'randon'"):
        lgc_verify(model, file=netlist, randon=2)


@ICARUS
@pytest.mark.sim
def test_the_cocotb_example(model: Path, tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "examples/cocotb/run.py"), str(model), "icarus"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0 and "2 tests, 0 failed" in done.stdout, done.stdout + done.stderr
    assert "100 vectors, every score equal" in done.stdout + done.stderr


def report(*, wrong: bool) -> Report:
    one = Report("torch", 1, ("scores",))
    one.sets.append(SetResult("random", 9, int(wrong), 0.0))
    if wrong:
        location = Location(None, None, 0, 1, "the popcount differs")
        one.mismatch = Mismatch("random vector 3", np.zeros(4, np.bool_), [1], [2], 0, None, location)
    return one


def test_sarif() -> None:
    run = json.loads(sarif_json(report(wrong=False), "net.v", ""))["runs"][0]
    assert run["results"] == [] and run["properties"]["vectors"] == {"random": 9}
    (result,) = json.loads(sarif_json(report(wrong=True), "net.v", "they differ"))["runs"][0]["results"]
    assert result["ruleId"] == "mismatch" and result["message"]["text"] == "they differ"
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "net.v"


def test_the_workflow_names_real_flags() -> None:
    """Every `lgc ... --flag` of the action that the workflow calls exists."""
    text = (ROOT / ".github/actions/lgc-verify/action.yml").read_text()
    reference = (ROOT / "docs/cli.md").read_text()
    commands = re.findall(r"^ *(?:run: )?lgc (\w+)(.*)", text, re.MULTILINE)
    assert {name for name, _ in commands} == {"doctor", "compile", "verify", "inspect"}
    for name, rest in commands:
        assert f"## lgc {name}" in reference or f"lgc {name}" in reference
        for flag in re.findall(r"--[a-z-]+", rest):
            assert flag in reference, flag
