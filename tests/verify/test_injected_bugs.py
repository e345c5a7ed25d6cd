"""A bug in each pass, each backend, each head and the encoder: `lgc verify` catches it (docs/verification.md).

Each is patched into the compiler, a model compiled, and the file verified with the default vectors. The default suite
takes a small net and the fastest simulator there is; the slow one the shipped net and the defaults.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "cli"))
sys.path.insert(0, str(Path(__file__).parents[1] / "sim"))
from bugs import BUGS as SMALL_BUGS
from bugs import FILE_BUGS, HEAD_BUGS, INTERFACE_BUGS, PASS_BUGS, VERILOG_BUGS, Bug, inject_interfaces
from cli import save
from test_interfaces import simulate
from wide_bugs import WIDE_BUGS, wide_circuit

from lgc.backend.base import format_class, write
from lgc.frontend import load_circuit
from lgc.frontend.reference import InterpreterReference
from lgc.ir import Encoder, to_text
from lgc.mapping.encoder import infer_code, lower_encoder
from lgc.mapping.heads import HEADS
from lgc.passes import PASSES, optimize
from lgc.verify.check import compare
from lgc.verify.comparison import Comparison
from lgc.verify.formats import DEVICES, open_device
from lgc.verify.report import Report
from lgc.verify.subject import VerifyOptions
from lgc.verify.vectors import directed_vectors, random_vectors

BUGS: dict[str, Bug] = SMALL_BUGS | WIDE_BUGS
FEW = 30  # random vectors, on the small net; the directed ones are more
SHIPPED = Path(__file__).parents[2] / "examples/mnist/mnist-8k.pt"
Patch = pytest.MonkeyPatch
NEEDS = {".onnx": ("onnx", "onnxruntime"), ".py": ("amaranth", "pyosys"), ".c": ()}


def compiled_with(
    bug: Bug, model: Path, folder: Path, monkeypatch: Patch, options: VerifyOptions, random: int = 1000
) -> Report:
    """Compile with the bug, and verify without it against the model as it is."""
    for package in NEEDS.get(bug.suffix, ("pyosys",) if bug.suffix not in (".v", ".lgn") else ()):
        pytest.importorskip(package)
    original = load_circuit(model)
    code = infer_code(original.encoder) if bug.features else None
    path = folder / f"net{bug.suffix}"
    with monkeypatch.context() as patch:
        bug.inject(patch)
        circuit = lower_encoder(original, code) if code else original
        write(format_class(path)(**bug.options), optimize(circuit, bug.level), path)
    monkeypatch.setattr("lgc.verify.formats.verilog.locate", lambda *_: None)
    device = open_device(path, None, options)
    comparison = Comparison.of(device, original, InterpreterReference(original), folder / "build")
    chosen = random_vectors(comparison.num_inputs, random, 0)
    sets = [chosen, directed_vectors(comparison.circuit, chosen.bits[:256], 0)]
    return compare(comparison, comparison.prepared(sets, 0))


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("small")
    thresholds = np.sort(np.random.default_rng(3).integers(1, 200, (8, 2)), axis=1).astype(np.float64)
    (folder / "wide.lgn").write_text(to_text(wide_circuit()))
    return {
        "wide": folder / "wide.lgn",
        "plain": save(folder / "plain.pt"),
        "thresholds": save(folder / "thresholds.pt", encoder=Encoder(8, thresholds)),
    }


def quick() -> VerifyOptions:
    return VerifyOptions(simulator="icarus" if shutil.which("vvp") else "verilator")


def test_every_pass_target_and_head_has_a_bug() -> None:
    """What is added to the compiler is added to the table."""
    assert {name.removeprefix("pass ") for name in PASS_BUGS} == set(PASSES)
    assert {bug.suffix for bug in (FILE_BUGS | VERILOG_BUGS).values()} == set(DEVICES)
    heads = {str(bug.options["head"]) for bug in HEAD_BUGS.values()}
    assert heads == set(HEADS) - {"adder"}  # whose bugs are among those of Verilog


@pytest.mark.sim
@pytest.mark.parametrize("name", sorted(BUGS))
def test_caught_on_a_small_net(name: str, small: dict[str, Path], tmp_path: Path, monkeypatch: Patch) -> None:
    report = compiled_with(BUGS[name], small[BUGS[name].model], tmp_path, monkeypatch, quick(), FEW)
    assert report.mismatches or report.timing, name


# One of each kind of compilation: what a bug is seen against. Heads have tests of their own (test_heads.py).
SOUND = sorted({(bug.suffix, bug.level, bug.model, bug.features) for bug in BUGS.values()})


@pytest.mark.sim
@pytest.mark.parametrize("kind", SOUND, ids=lambda kind: "-".join(map(str, kind)))
def test_without_a_bug_nothing_is_caught(
    kind: tuple[object, ...], small: dict[str, Path], tmp_path: Path, monkeypatch: Patch
) -> None:
    bug = next(bug for bug in BUGS.values() if (bug.suffix, bug.level, bug.model, bug.features) == kind)
    monkeypatch.setattr(Bug, "inject", lambda *_: None)
    report = compiled_with(bug, small[bug.model], tmp_path, monkeypatch, quick(), FEW)
    assert report.mismatches == 0 and report.timing is None and report.vectors > FEW


@pytest.mark.slow
@pytest.mark.sim
@pytest.mark.parametrize(
    "name", sorted(name for name, bug in BUGS.items() if not bug.only_small and bug.model != "wide")
)
def test_caught_on_the_shipped_net(name: str, tmp_path: Path, monkeypatch: Patch) -> None:
    report = compiled_with(BUGS[name], SHIPPED, tmp_path, monkeypatch, VerifyOptions())
    assert report.mismatches or report.timing, name


@pytest.mark.slow
@pytest.mark.sim
def test_a_bug_in_every_interface_is_caught_by_its_bench(tmp_path: Path, monkeypatch: Patch) -> None:
    with monkeypatch.context() as patch:
        inject_interfaces(patch)
        found = simulate(tmp_path)
    for interface in INTERFACE_BUGS:
        failed = [test for test, failure in found.items() if test.startswith(interface) and failure]
        assert failed, (interface, sorted(found))
