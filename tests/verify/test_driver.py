"""verify, prove, mutate and cover as Python calls them: their sources, their results, and what they leave behind."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "cli"))
from cli import save, small_model

from lgc.driver.comparing import device_path
from lgc.driver.compile import Compiled
from lgc.driver.compile import compile as compile_
from lgc.driver.compile_request import CompileRequest
from lgc.driver.cover import cover
from lgc.driver.mutate import mutate
from lgc.driver.prove import Proof, prove
from lgc.driver.verify import Verdict, verify
from lgc.driver.verify_request import CoverRequest, MutateRequest, ProveRequest, VerifyRequest
from lgc.errors import InputError, LgcError, MismatchError, NotCheckedError, OptionError
from lgc.frontend import lower
from lgc.progress import Silence
from lgc.tools.run import workers
from lgc.verify import check

FAST = {"random": 40, "directed": False}


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    save(tmp_path / "model.pt")
    return tmp_path


def compiled(suffix: str = ".lgn", **options: object) -> Compiled:
    return compile_(CompileRequest("model.pt", f"net{suffix}", **options))  # type: ignore[arg-type]


def broken(suffix: str = ".lgn") -> Path:
    """A file with one gate changed."""
    path = compiled(suffix).path
    text, count = re.subn(r"= (xor|xnor) ", "= and ", path.read_text(), count=1)
    assert count == 1
    path.write_text(text)
    return path


class Heard(Silence):
    """The steps that were told, with how much of them was done."""

    def __init__(self) -> None:
        self.steps: list[tuple[str, int, int | None]] = []

    def step(self, name: str, done: int = 0, total: int | None = None) -> None:
        self.steps.append((name, done, total))


@pytest.mark.parametrize("kind", ["path", "text", "model", "circuit"])
def test_every_source_is_compared_with_its_own_reference(kind: str, work: Path) -> None:
    """A checkpoint and a model in memory with torch, a circuit with the interpreter."""
    device, model = compiled(), small_model()
    source = {"path": work / "model.pt", "text": "model.pt", "model": model, "circuit": lower(model)}[kind]
    verdict = verify(VerifyRequest(source, device, **FAST))
    assert verdict.ok and verdict.vectors == 40 and verdict.path == device.path
    assert verdict.report.reference == ("interpreter" if kind == "circuit" else "torch")


def test_a_difference_raises_with_the_verdict(work: Path) -> None:
    path = broken()
    with pytest.raises(MismatchError, match="differ on") as error:
        verify(VerifyRequest("model.pt", path, **FAST))
    verdict = error.value.result
    assert isinstance(verdict, Verdict) and not verdict.ok and verdict.mismatch is not None
    assert verdict.explanation[0] in str(error.value) and "28 / 40 vectors, every score equal" in repr(verdict)


def test_the_verdict_shows_what_the_command_shows(work: Path) -> None:
    rows = np.random.default_rng(0).integers(0, 2, (30, 16), np.uint8)
    np.savez("data.npz", X=rows, y=np.zeros(30, np.int64))
    verdict = verify(VerifyRequest("model.pt", compiled(), data="data.npz", **FAST))
    text = repr(verdict)
    assert "30 / 30 samples, every score equal" in text and "70 / 70 vectors, every score equal" in text
    assert verdict.accuracy is not None and verdict.accuracy[0] == verdict.accuracy[1]
    assert "<table>" in verdict._repr_html_() and "random" in verdict._repr_html_()


def test_vectors_of_ones_own_are_compared_and_nothing_else(work: Path) -> None:
    bits = np.random.default_rng(0).random((7, 16)) < 0.5
    verdict = verify(VerifyRequest("model.pt", compiled(), bits=bits, random=0, directed=False))
    assert [(one.kind, one.vectors) for one in verdict.report.sets] == [("given", 7)]


def test_steps_are_told_in_order(work: Path) -> None:
    heard = Heard()
    verify(VerifyRequest("model.pt", compiled(), **FAST), heard)
    assert [name for name, _, _ in heard.steps][:2] == ["read", "build"] and heard.steps[-1] == ("simulate", 40, 40)


def test_who_waits_for_the_software_model_hears_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a large network torch takes longer than Verilator: blocks that are made after the device is built are told."""
    monkeypatch.setattr("lgc.verify.check._BLOCK", 4)
    bits, heard, waits = np.arange(10) > 4, Heard(), threading.Event()

    class Slow:
        def scores(self, some: np.ndarray) -> np.ndarray:
            if not waits.is_set():
                waits.wait(10)
            return some.astype(np.int64)[:, None]

    with workers(1) as pool:
        expected = check._Expected(pool, Slow(), bits, heard)
        threading.Timer(0.2, waits.set).start()
        np.testing.assert_array_equal(expected.result()[:, 0], bits)
    assert heard.steps == [("software model", 4, 10), ("software model", 8, 10)]


WRONG: dict[str, tuple[type[LgcError], str, dict[str, object]]] = {
    "no file": (InputError, "cannot be read", {"file": "none.lgn"}),
    "no device": (InputError, "no device under test", {"file": 7}),
    "no network": (InputError, "no network", {"model": 7}),
    "no model": (LgcError, "none.pt", {"model": "none.pt"}),
    "bits of another width": (InputError, r"expected bool \(vectors, 16\)", {"bits": np.zeros((2, 5), np.bool_)}),
    "bits of other numbers": (InputError, "other numbers than 0 and 1", {"bits": np.full((2, 16), 3)}),
    "an unknown fact": (LgcError, "colour", {"facts": {"colour": 3}}),
    "an unknown simulator": (OptionError, "simulator is 'vcs'", {"simulator": "vcs"}),
    "lanes of another number": (OptionError, "lanes is '3'", {"lanes": 3}),
    "no time": (OptionError, "timeout is 0", {"timeout": 0}),
    "an option for Verilog": (OptionError, "--crash is for Verilog", {"crash": Path("crash")}),
    "a folder that is there": (LgcError, "--keep", {"keep": Path()}),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_mistake_is_an_error_of_lgc(name: str, work: Path) -> None:
    kind, message, changes = WRONG[name]
    device = compiled()
    with pytest.raises(kind, match=message):
        verify(VerifyRequest(**{"model": "model.pt", "file": device, **FAST, **changes}))  # type: ignore[arg-type]


def test_nothing_to_compare_is_not_checked(work: Path) -> None:
    with pytest.raises(NotCheckedError, match="no vectors"):
        verify(VerifyRequest("model.pt", compiled(), random=0, directed=False))


@pytest.mark.parametrize("verb", [(prove, ProveRequest), (mutate, MutateRequest), (cover, CoverRequest)])
def test_other_verbs_are_for_verilog(verb, work: Path) -> None:  # type: ignore[no-untyped-def]
    function, request = verb
    with pytest.raises(OptionError, match="is for Verilog"):
        function(request("model.pt", compiled()))


def test_a_proof_in_memory_and_its_certificate(work: Path) -> None:
    pytest.importorskip("pyosys")
    proof = prove(ProveRequest(small_model(), compiled(".v")))
    assert proof.ok and proof.vector is None and proof.file == Path("net.certificate.json") and proof.file.exists()
    assert "proved" in repr(proof)


def test_what_is_not_proved_raises_with_the_proof(work: Path) -> None:
    pytest.importorskip("pyosys")
    with pytest.raises(NotCheckedError, match="not proved") as error:
        prove(ProveRequest("model.pt", compiled(".v"), timeout=0.001))
    assert isinstance(error.value.result, Proof) and not error.value.result.ok


@pytest.mark.sim
@pytest.mark.slow
@pytest.mark.parametrize("kind", ["model", "circuit"])
def test_a_refutation_in_memory_has_a_crash_folder_that_runs(kind: str, work: Path) -> None:
    """There is no file of the model: one is written into the folder."""
    pytest.importorskip("pyosys")
    path = compiled(".v").path
    path.write_text(re.sub(r"(LGC_GATE votes\[2\] = )([^;]*);", r"\1~(\2);", path.read_text(), count=1))
    source = small_model() if kind == "model" else lower(small_model())
    with pytest.raises(MismatchError, match="formally refuted") as error:
        prove(ProveRequest(source, path, force=True, crash="crash"))
    proof = error.value.result
    assert proof.vector is not None and proof.vector.shape == (16,)
    bin_ = Path(sys.executable).parent
    again = subprocess.run(
        ["sh", "crash/run.sh"], env={"PATH": f"{bin_}:/usr/bin:/bin"}, capture_output=True, text=True, check=False
    )
    assert again.returncode == 1 and "differ on" in again.stderr, again.stderr


@pytest.mark.sim
def test_mutants_and_coverage(work: Path) -> None:
    """Both are measured with two vectors, which miss much; what they make is returned."""
    pytest.importorskip("pysat")
    few = {"random": 2, "directed": False}
    covered = cover(CoverRequest("model.pt", compiled(".v"), **few))
    assert len(covered.vectors.bits) and covered.before.combinations[0] < covered.after.combinations[0]
    assert "made by SAT" in repr(covered)
    score = mutate(MutateRequest("model.pt", "net.v", faults=20, **few))
    assert len(score.campaign.outcomes) == 20 and 0 < score.score <= 1
    assert all(fate in repr(score) for fate in ("killed", "survived", "equivalent", "undecided"))


def test_the_path_of_what_was_compiled(work: Path) -> None:
    assert device_path(compiled()) == device_path("net.lgn") == Path("net.lgn")


ENDLESS = """
import sys
from lgc.driver.verify import verify
from lgc.driver.verify_request import VerifyRequest
try:
    verify(VerifyRequest("model.pt", sys.argv[1], force=True, junit="r.xml", sarif="r.json"))
except KeyboardInterrupt:
    sys.stderr.write("stopped")
    sys.exit(7)
"""


def running_in(folder: Path) -> list[bytes]:
    """Command lines of what runs in or on a folder, and goes on to."""
    deadline = time.monotonic() + 10
    while True:
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            if process.name == str(os.getpid()):
                continue
            with contextlib.suppress(OSError):
                line, place = (process / "cmdline").read_bytes(), (process / "cwd").readlink()
                found += [line] if bytes(folder) in line or place.is_relative_to(folder) else []
        if not found or time.monotonic() > deadline:
            return found
        time.sleep(0.1)


def endless_c(path: Path) -> None:
    text = path.read_text()
    start = text.index("{", text.index("static void evaluate(")) + 1
    path.write_text(f"{text[:start]} for (;;) ; {text[start:]}")


def endless_verilog(path: Path) -> None:
    """A count of 2^64, which takes no time of the simulation; what it writes keeps Verilator from leaving it out."""
    text = path.read_text()
    at = text.rindex("endmodule")
    loop = 'while (~&k) begin k = k + 1; if (k == 0) $write("x"); end'
    path.write_text(f"{text[:at]}  reg [63:0] k; always @(bits) begin k = {{63'd0, bits[0]}}; {loop} end\n{text[at:]}")


@pytest.mark.parametrize("suffix", [".c", pytest.param(".v", marks=pytest.mark.sim)])
def test_an_interrupt_leaves_no_process_and_no_file(suffix: str, work: Path) -> None:
    """What runs for ever is stopped by Ctrl-C: no child goes on, no report and no build folder is left."""
    if suffix == ".c" and not shutil.which("cc"):
        pytest.skip("no C compiler")
    if suffix == ".v":
        pytest.importorskip("cocotb")
    name = compiled(suffix).path.name
    (endless_c if suffix == ".c" else endless_verilog)(work / name)
    Path("tmp").mkdir()
    before = sorted(path.name for path in work.iterdir())

    # A shell's background job ignores Ctrl-C, and what it starts does; this one does not.
    process = subprocess.Popen(
        [sys.executable, "-c", ENDLESS, name], cwd=work, stderr=subprocess.PIPE, text=True,
        env=os.environ | {"TMPDIR": str(work / "tmp")},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    try:
        pattern = "tmp/lgc-verify-*/build/" + ("rows_bits.npy" if suffix == ".c" else "simulation.log")
        deadline = time.monotonic() + 120
        while not list(work.glob(pattern)):
            assert time.monotonic() < deadline and process.poll() is None
            time.sleep(0.05)
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert (process.returncode, err) == (7, "stopped")
    assert not running_in(work) and not list((work / "tmp").iterdir())
    assert sorted(path.name for path in work.iterdir()) == before
