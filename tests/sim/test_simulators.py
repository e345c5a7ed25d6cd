"""Icarus and CXXRTL say what Verilator says, right hardware or wrong."""

from __future__ import annotations

import json
import re
import shutil
import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "cli"))
from cli import save

from lgc.backend.base import write
from lgc.backend.verilog import Verilog
from lgc.backend.verilog.rtl import read_rtl
from lgc.errors import MissingToolError, NotCheckedError, OptionError
from lgc.frontend import load_circuit
from lgc.frontend.reference import InterpreterReference
from lgc.sim import SimulatorName
from lgc.sim.icarus import IcarusSimulator
from lgc.sim.registry import SIMULATORS
from lgc.verify.check import compare
from lgc.verify.comparison import Comparison
from lgc.verify.formats.verilog import VerilogText
from lgc.verify.report import Report
from lgc.verify.subject import VerifyOptions
from lgc.verify.vectors import directed_vectors, random_vectors

ICARUS = pytest.param("icarus", marks=pytest.mark.skipif(not shutil.which("vvp"), reason="Icarus is not installed"))
CXXRTL = pytest.param("cxxrtl", marks=pytest.mark.skipif(not find_spec("pyosys"), reason="pyosys is not installed"))
SLOW_CXXRTL = pytest.param("cxxrtl", marks=[*CXXRTL.marks, pytest.mark.slow])
pytestmark = pytest.mark.sim


def check(folder: Path, simulator: str, pipeline: int, change: tuple[str, str] = ("", "")) -> Report:
    circuit = load_circuit(save(folder / "model.pt"))
    write(Verilog(pipeline=pipeline), circuit, folder / "small.v")
    rtl = read_rtl(folder / "small.v")
    text, count = re.subn(*change, rtl.text, count=1)
    assert count == 1
    rtl.path.write_text(text)
    random = random_vectors(16, 60, 0)
    sets = [random, directed_vectors(circuit, random.bits, 0)]
    device = VerilogText(replace(rtl, text=text), VerifyOptions(simulator=simulator))
    return compare(Comparison.of(device, circuit, InterpreterReference(circuit), folder / "build"), sets)


@pytest.mark.parametrize(
    ("simulator", "pipeline"),
    [
        pytest.param("icarus", 0, marks=ICARUS.marks),
        pytest.param("icarus", 4, marks=ICARUS.marks),
        pytest.param("cxxrtl", 0, marks=SLOW_CXXRTL.marks),
        pytest.param("cxxrtl", 4, marks=CXXRTL.marks),
    ],
)
def test_right_hardware(simulator: str, pipeline: int, tmp_path: Path) -> None:
    report = check(tmp_path, simulator, pipeline)
    assert report.simulator == simulator and report.lanes == 1
    assert report.vectors > 60 and report.mismatches == 0 and report.timing is None


@pytest.mark.parametrize("simulator", [ICARUS, SLOW_CXXRTL])
def test_wrong_hardware(simulator: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lgc.verify.formats.verilog.locate", lambda *_: None)  # triage is Verilator's
    assert check(tmp_path, simulator, 0, (r"second > first", "second >= first")).mismatches > 0


@pytest.mark.slow
@pytest.mark.parametrize("simulator", [ICARUS, CXXRTL])
def test_a_clock_late(simulator: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lgc.verify.formats.verilog.locate", lambda *_: None)
    report = check(tmp_path, simulator, 4, (r"out_valid = valid\[3\]", "out_valid = valid[2]"))
    assert report.timing is not None and "out_valid is 1 after clock" in report.timing


def test_no_simulator_is_no_pass(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)
    with pytest.raises(MissingToolError, match="Icarus Verilog is not installed"):
        check(tmp_path, "icarus", 0)


def test_the_type_of_names_is_that_of_the_registry() -> None:
    assert get_args(SimulatorName) == tuple(SIMULATORS)


def test_options() -> None:
    with pytest.raises(OptionError, match="no simulator 'vcs'"):
        VerifyOptions(simulator="vcs").lanes_for(3)
    with pytest.raises(OptionError, match="is for Verilator"):
        VerifyOptions(simulator="icarus", lanes=64).lanes_for(3)


def test_icarus_is_given_the_text_and_run_under_cocotb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By stand-ins for its two programs, which write down how they are started."""
    for name in ("iverilog", "vvp"):
        program = tmp_path / name
        program.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/{name}.args\ntouch {tmp_path}/design.vvp\n')
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    source = write(Verilog(top="net"), load_circuit(save(tmp_path / "model.pt")), tmp_path / "net.v")[0]
    rtl = read_rtl(source)
    simulator = IcarusSimulator(rtl.manifest, tmp_path, timeout=30)
    simulator.build(source)
    asked = (tmp_path / "iverilog.args").read_text().split()
    assert asked[:3] == ["-g2005", "-s", "net"] and asked[-1] == str(source)
    with pytest.raises(NotCheckedError, match="the simulation did not run to its end"):
        simulator.run(np.zeros((3, 16), np.bool_))
    module, library, program = (tmp_path / "vvp.args").read_text().split()
    assert module == "-m" and "vpi" in library and program == str(tmp_path / "design.vvp")
    assert json.loads((tmp_path / "job.json").read_text())["rows"] == 3
