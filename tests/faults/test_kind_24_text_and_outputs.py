"""Kind 24: byte order marks, line ends and a missing last one mean nothing; an output is tried before the work."""

from __future__ import annotations

import codecs
import importlib
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lgc
from lgc.backend.manifest import read_manifest
from lgc.backend.sidecar import read_sidecar
from lgc.errors import InputError, LgcError, OutputError
from lgc.files import check_writable
from lgc.frontend.facts import read_facts
from lgc.ir import to_text
from lgc.text import plain_text
from lgc.train.config import read_config

BLIF = ".model m\n.inputs a b\n.outputs é f\n.names a b é\n11 1\n.names a b f\n1- 1\n-1 1\n.end\n"
AAG = "aag 3 2 0 2 1\n2\n4\n6\n2\n6 2 4\no0 é\no1 z\n"
BARE_AAG = "aag 3 2 0 1 1\n2\n4\n6\n6 2 4\n"


def _crlf(text: str) -> bytes:
    return text.replace("\n", "\r\n").encode()


FORMS: dict[str, Callable[[str], bytes]] = {
    "mark": lambda text: codecs.BOM_UTF8 + text.encode(),
    "mark and CRLF": lambda text: codecs.BOM_UTF8 + _crlf(text),
    "UTF-16 LE": lambda text: codecs.BOM_UTF16_LE + text.encode("utf-16-le"),
    "UTF-16 BE, CRLF": lambda text: codecs.BOM_UTF16_BE + text.replace("\n", "\r\n").encode("utf-16-be"),
    "UTF-32": lambda text: text.encode("utf-32"),
    "CRLF": _crlf,
    "CR": lambda text: text.replace("\n", "\r").encode(),
    "no last line end": lambda text: text.removesuffix("\n").encode(),
    "CRLF, no last": lambda text: _crlf(text).removesuffix(b"\r\n"),
}
forms = pytest.mark.parametrize("form", FORMS)


@forms
@pytest.mark.parametrize(("name", "text"), [("x.blif", BLIF), ("x.aag", AAG), ("y.aag", BARE_AAG)])
def test_netlists(name: str, text: str, form: str, tmp_path: Path) -> None:
    (tmp_path / "plain").write_text(text, encoding="utf-8")
    (tmp_path / name).write_bytes(FORMS[form](text))
    found, plain = (lgc.read(tmp_path / file).circuit for file in (name, "plain"))
    assert found.head.classes == plain.head.classes
    assert found.netlist.digest() == plain.netlist.digest()


@forms
def test_lgcs_own_text(form: str, tmp_path: Path) -> None:
    (tmp_path / "plain.blif").write_text(BLIF, encoding="utf-8")
    circuit = lgc.read(tmp_path / "plain.blif").circuit
    (tmp_path / "x.lgn").write_bytes(FORMS[form](to_text(circuit)))
    assert lgc.read(tmp_path / "x.lgn").circuit.digest() == circuit.digest()


def test_carriage_returns_in_a_binary_graph_are_no_part_of_names(tmp_path: Path) -> None:
    (tmp_path / "x.aig").write_bytes(b"aig 3 2 0 1 1\n6\n\x02\x02o0 z\r\nc\r\nmade by hand")
    assert lgc.read(tmp_path / "x.aig").circuit.head.classes == ("z",)


@forms
@pytest.mark.parametrize(
    ("name", "text"), [("x.toml", 'classes = 3\ntop = "é"\n'), ("x.json", '{"classes": 3,\n"top": "é"}\n')]
)
def test_sidecars(name: str, text: str, form: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(FORMS[form](text))
    assert read_facts(tmp_path / name) == {"classes": 3, "top": "é"}


@forms
def test_configurations(form: str, tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_bytes(FORMS[form]('gates = 60\nname = "é"\n'))
    assert read_config(tmp_path / "x.toml") == {"gates": 60, "name": "é"}


@forms
def test_manifests_and_sidecars_of_outputs(form: str, tmp_path: Path) -> None:
    (tmp_path / "x.blif").write_text(BLIF, encoding="utf-8")
    for output in ("m.v", "m.aag"):
        lgc.compile(tmp_path / "x.blif", tmp_path / output)
        beside = next(tmp_path.glob("m*.json"))
        if output == "m.v":
            plain = read_manifest(beside)
        beside.write_bytes(FORMS[form](beside.read_text(encoding="utf-8")))
        if output == "m.v":
            assert read_manifest(beside) == plain
        else:
            assert read_sidecar(beside).head.classes == ("é", "f")
        for path in tmp_path.glob("m.*"):
            path.unlink()


@pytest.mark.parametrize("data", [codecs.BOM_UTF16_LE + b"abc", codecs.BOM_UTF8 + b"\xff", codecs.BOM_UTF32_BE + b"a"])
def test_a_mark_of_another_encoding(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_bytes(data)
    for reader in (read_facts, read_config, lambda path: lgc.inspect(path)):
        with pytest.raises(InputError, match=r"(?i)utf"):
            reader(tmp_path / "x.toml")


def test_text_without_any_of_it_stays() -> None:
    assert plain_text(b"a\n\xff\n") == b"a\n\xff\n"


def folder(path: Path) -> Path:
    path.mkdir()
    return path


PLACES: dict[str, Callable[[Path], str]] = {
    "a folder": lambda at: str(folder(at / "out{}")),
    "no such folder": lambda at: str(at / "none" / "out{}"),
    "a file for a folder": lambda at: str((at / "m.blif") / "out{}"),
    "a folder that takes no files": lambda _: "/proc/out{}",
    "a name that is too long": lambda at: str(at / ("x" * 300 + "{}")),
}
if sys.platform != "linux":
    del PLACES["a folder that takes no files"]


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> Path:
    at = tmp_path_factory.mktemp("kind24")
    (at / "m.blif").write_text(BLIF, encoding="utf-8")
    lgc.compile(at / "m.blif", at / "m.v")
    rows = np.random.default_rng(0).random((60, 4))
    np.savez(at / "d.npz", X=rows, y=np.arange(60) % 2)
    return at


def never(*_: Any, **__: Any) -> Any:
    raise AssertionError("the work has begun")


M, V, LOADING, SYNTH = "m.blif", "m.v", "lgc.driver.comparing.load_source", "lgc.synth.flow.synthesize"
DATA = "lgc.train.trainer.load_dataset"
VERBS: dict[str, tuple[str, str, Callable[[Path, str], Any]]] = {
    "compile": (".v", "lgc.driver.compile.load_source", lambda at, out: lgc.compile(at / M, out)),
    "convert": (".lgn", "lgc.driver.convert.load_source", lambda at, out: lgc.convert(at / M, out)),
    "estimate": (".json", "lgc.driver.estimate.load_source", lambda at, out: lgc.estimate(at / M, json=out)),
    "junit": (".xml", LOADING, lambda at, out: lgc.verify(at / M, at / V, junit=out)),
    "sarif": (".sarif", LOADING, lambda at, out: lgc.verify(at / M, at / V, sarif=out)),
    "waves": (".vcd", LOADING, lambda at, out: lgc.verify(at / M, at / V, waves=out)),
    "prove": (".json", "lgc.driver.prove.comparing", lambda at, out: lgc.prove(at / M, at / V, certificate=out)),
    "synth": (".json", SYNTH, lambda at, out: lgc.synth(at / V, part="ecp5-25k", json=out)),
    "netlist": (".v", SYNTH, lambda at, out: lgc.synth(at / V, part="ecp5-25k", netlist=out)),
    "train": (".pt", DATA, lambda at, out: lgc.train(str(at / "d.npz"), output=out)),
    "log": (".jsonl", DATA, lambda at, out: lgc.train(str(at / "d.npz"), log=out)),
    "sheet": (".png", DATA, lambda at, out: lgc.train("digits", contact_sheet=out)),
}  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("verb", VERBS)
def test_an_output_is_tried_before_the_work(
    verb: str, place: str, given: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    suffix, work, call = VERBS[verb]
    if work != "lgc.driver.prove.comparing":
        module, _, name = work.rpartition(".")
        monkeypatch.setattr(importlib.import_module(module), name, never)
    shutil.copy(given / "m.blif", tmp_path)
    path = PLACES[place](tmp_path).replace("{}", suffix)
    if place == "a folder":
        (tmp_path / "out{}").rename(path)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(OutputError) as caught:
        call(given, path)
    assert caught.value.where == path
    assert sorted(tmp_path.rglob("*")) == before


def test_the_files_beside_a_checkpoint_are_tried_too(given: Path, tmp_path: Path) -> None:
    folder(tmp_path / "m.resume.pt")
    folder(tmp_path / "log.csv")
    for more in ({"output": tmp_path / "m.pt"}, {"log": tmp_path / "log.jsonl"}):
        with pytest.raises(LgcError, match="this is a folder"):
            lgc.train(str(given / "d.npz"), **more)


def test_trying_leaves_a_file_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "old").write_text("kept")
    check_writable(tmp_path / "old")
    check_writable(tmp_path / "new")
    check_writable("/dev/null")
    assert [path.name for path in tmp_path.iterdir()] == ["old"]
    assert (tmp_path / "old").read_text() == "kept"
