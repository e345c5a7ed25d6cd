"""What a report says: every part, of every network, escaped; results by digest; nothing unchecked as passed."""

from __future__ import annotations

import html.parser
import json
import re
import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from report_networks import HOSTILE, image_model, table_model
from strategies import circuits, known_circuits

import lgc
from lgc.driver.read import load_source
from lgc.errors import InputError, LgcError, OptionError
from lgc.frontend import write_model
from lgc.ir import Circuit

PARTS = [
    "summary", "model", "accuracy", "explorer", "inputs", "gates", "training", "area", "latency", "ports",
    "verification", "origin",
]  # fmt: skip


class Page(html.parser.HTMLParser):
    """What a browser would find."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.text: list[str] = []
        self._inside = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._inside = tag

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        (self.scripts if self._inside == "script" else self.text).append(data)

    def ids(self, tag: str) -> list[str | None]:
        return [given.get("id") for name, given in self.tags if name == tag]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a network, its data and its Verilog."""
    folder = tmp_path_factory.mktemp("made")
    write_model(image_model(), folder / "image.safetensors")
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (60, 36))
    np.savez(folder / "data.npz", X=pixels, y=rng.integers(0, 2, 60))
    lgc.compile(folder / "image.safetensors", folder / "image.v", pipeline=2)
    return folder


def report(model: Any, **options: Any) -> tuple[Any, Page]:
    found = lgc.report(model, **options)
    return found, Page(found.text)


def test_every_part_is_there_whether_or_not_anything_is_known(made: Path) -> None:
    for model, options in (
        (table_model(), {}),
        (made / "image.safetensors", {"data": made / "data.npz"}),
        (image_model(), {"beside": False}),
    ):
        found, page = report(model, **options)
        assert page.ids("section") == PARTS
        assert [one.id for one in found.document.sections] == PARTS


def test_what_was_not_checked_is_not_shown_as_passed() -> None:
    _, page = report(table_model())
    states = [given["class"] for name, given in page.tags if name == "p" and "status" in (given.get("class") or "")]
    assert states == ["status open"] * 4
    assert "lgc verify" in "".join(page.text) and "not measured" in "".join(page.text)


def test_hostile_names_are_text(made: Path) -> None:
    """In HTML they make no element, attribute or script of their own; in Markdown no cell, code or link."""
    page = report(table_model())[1]
    assert HOSTILE in "".join(page.text)
    assert not [given for _, given in page.tags if any(key.startswith("on") for key in given)]
    assert [name for name, _ in page.tags].count("img") == 0
    assert [name for name, _ in page.tags].count("script") == 2
    network = next(json.loads(one) for one in page.scripts if one.startswith("{"))
    assert network["classes"] == ["yes", HOSTILE]
    text = lgc.report(table_model(), format="md").text
    prose = "\n".join(line for line in text.splitlines() if not line.startswith("    "))  # the rest is code
    assert "<script" not in prose and "<img" not in prose
    rows = [line for line in text.splitlines() if line.startswith("|") and "onerror" in line]
    cells = {len(re.findall(r"(?<!\\)\|", line)) for line in rows}
    assert rows and cells <= {3, 4, 5, 6, 7, 8}
    commands = [line for line in text.splitlines() if line.startswith("    lgc ")]
    assert commands and all(shlex.split(line) for line in commands)
    hostile_file = replace(image_model(), training={"dataset": HOSTILE, "hyperparameters": {HOSTILE: [HOSTILE]}})
    assert "<img" not in lgc.report(hostile_file).text


def test_data_of_a_script_cannot_end_it() -> None:
    """Browsers end a script at `</script` whatever follows, and `<!--` begins a comment in it."""
    from lgc.report.html import script_json

    value = ["</script ", "<!--", "-->", "&lt;", "\u2028"]
    text = script_json(value)
    assert json.loads(text) == value and not set(text) & set("<>&\u2028")


def test_the_page_fetches_nothing() -> None:
    text = lgc.report(image_model()).text
    assert "default-src 'none'" in text
    links = {given[key] for _, given in Page(text).tags for key in ("src", "href") if key in given}
    assert all(link and link.startswith("#") for link in links)
    assert not re.search(r"url\(|@import|fetch\(|XMLHttpRequest|https?://(?!www\.w3\.org)", text)


@settings(max_examples=15)
@given(circuits())
def test_any_circuit_has_a_report_and_it_is_well_formed(circuit: Circuit) -> None:
    found, page = report(circuit)
    assert page.ids("section") == PARTS
    closed = [tag for tag, _ in page.tags if tag in ("section", "table", "svg", "figure", "details")]
    assert all(found.text.count(f"</{tag}>") == closed.count(tag) for tag in set(closed))
    assert lgc.report(circuit, format="md").text.count("## ") >= len(PARTS)


@settings(max_examples=10)
@given(known_circuits())
def test_any_network_that_knows_its_input_has_a_report(circuit: Circuit) -> None:
    assert report(circuit)[1].ids("section") == PARTS


def test_the_matrix_is_what_eval_counts(made: Path) -> None:
    counted = lgc.eval(made / "image.safetensors", made / "data.npz")
    found = lgc.report(made / "image.safetensors", data=made / "data.npz", format="md")
    assert f"{counted.correct:,} of 60 samples are right: {100 * counted.accuracy:.2f} %" in found.text
    given_ = lgc.report(made / "image.safetensors", result=counted, format="md")
    assert f"{counted.correct:,} of 60 samples are right" in given_.text


def test_hardware_beside_the_network_is_found_and_its_stages_are_drawn(made: Path) -> None:
    text = lgc.report(made / "image.safetensors", format="md").text
    assert "latency 2 clocks" in text
    assert "| Register stages in numbers" in text.replace("<summary>", "| ") and "in\\_valid" in text
    lgc.compile(made / "image.safetensors", made / "other.v", pipeline=3, head="compress")
    text = lgc.report(made / "image.safetensors", rtl=made / "other.v", format="md").text
    assert "Where its registers stand is not known" in text


def test_hardware_of_another_network_is_refused(made: Path, tmp_path: Path) -> None:
    write_model(table_model(), tmp_path / "table.safetensors")
    lgc.compile(tmp_path / "table.safetensors", tmp_path / "table.v")
    with pytest.raises(InputError, match="of another network"):
        lgc.report(made / "image.safetensors", rtl=tmp_path / "table.v")
    assert "table.v" not in lgc.report(made / "image.safetensors").text


def _certificate(made: Path, **changes: Any) -> dict[str, Any]:
    source, claim = load_source(made / "image.safetensors"), {"claim": "equal", "result": "proved", "engine": "sat"}
    return {
        "format": "lgc-certificate", "version": 1, "result": "proved", "rtl": "image.v", "rtl_sha256": "0" * 64,
        "model_digest": source.digest, "domain": "every value", "outputs": ["scores"], "tools": {"yosys": "1"},
        "parts": [claim | {"seconds": 0.5, "note": ""}],
    } | changes  # fmt: skip


def test_a_certificate_counts_for_its_network_and_its_text_alone(made: Path, tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    for changes, wanted in (
        ({}, "another text than image.v"),
        ({"model_digest": "0" * 64}, "of another network"),
        ({"result": "proved", "parts": [{"claim": "a", "result": "refuted", "engine": "b", "seconds": 1}]}, "damaged"),
        ({"parts": []}, "damaged"),
        ({"parts": {"a": 1}}, "damaged"),
    ):
        path.write_text(json.dumps(_certificate(made, **changes)))
        try:
            text = lgc.report(made / "image.safetensors", rtl=made / "image.v", result=path, format="md").text
        except LgcError as error:
            text = str(error)
        assert wanted in text
    refuted = {"claim": "a", "result": "refuted", "engine": "b", "seconds": 1}
    path.write_text(json.dumps(_certificate(made, result="refuted", parts=[refuted])))
    assert "❌" in lgc.report(made / "image.safetensors", result=path, format="md").text


def test_a_verification_is_of_the_text_as_it_is_now(made: Path, tmp_path: Path) -> None:
    import hashlib

    source = load_source(made / "image.safetensors")
    fields: dict[str, Any] = {
        "file": "image.v", "equal": True, "simulator": "verilator", "latency": 2, "checked": ["scores"],
        "sets": [{"kind": "data", "vectors": 60, "mismatches": 0}], "explanation": [], "model_digest": source.digest,
        "file_sha256": hashlib.sha256((made / "image.v").read_bytes()).hexdigest(), "rounding": None, "not_shown": None,
        "mutation": {"faults": [{"kind": "stuck-at", "fate": "survived"}], "score": 0.0, "killed": 0, "survived": 1,
                     "equivalent": 0, "undecided": 0},
    }  # fmt: skip
    path = tmp_path / "v.json"

    def text(**changes: Any) -> str:
        path.write_text(json.dumps(fields | changes))
        return lgc.report(made / "image.safetensors", rtl=made / "image.v", result=path, format="md").text

    assert "✅ Compared with the model: 60 of 60 vectors, every score equal" in text()
    assert "⚠️ Faults that the vectors notice" in text()
    with pytest.raises(InputError, match="another text"):
        text(file_sha256="0" * 64)
    wrong = [{"kind": "data", "vectors": 60, "mismatches": 1}]
    with pytest.raises(InputError, match="damaged"):
        text(sets=wrong)
    assert "❌ Compared with the model" in text(sets=wrong, equal=False)
    with pytest.raises(InputError, match="damaged"):
        text(sets=[], equal=True)


def test_files_beside_that_are_damaged_are_said_and_strangers_are_nothing(made: Path, tmp_path: Path) -> None:
    model = tmp_path / "image.safetensors"
    model.write_bytes((made / "image.safetensors").read_bytes())
    (tmp_path / "c.json").write_text(json.dumps(_certificate(made, parts=7)))
    (tmp_path / "other.json").write_text('{"a": [1, 2')
    (tmp_path / "package.json").write_text('{"name": "x", "classes": 3, "confusion": "much"}')
    (tmp_path / "log.jsonl").write_text("[]\n")
    text = lgc.report(model, format="md").text
    assert "it is damaged" in text and "c.json" in text
    assert "package.json" not in text and "other.json" not in text


def test_a_log_is_found_by_the_settings_that_it_shares(tmp_path: Path) -> None:
    settings_ = {"gates": 40, "layers": 1, "epochs": 2, "batch": 8, "lr": 0.1, "tau": 3.0}
    training = {"dataset": "mine", "hyperparameters": settings_, "best_epoch": 2, "validation_accuracy": 0.75}
    write_model(replace(image_model(), training=training), tmp_path / "m.safetensors")
    epochs = [{"event": "epoch", "epoch": n, "loss": 1 / n, "train_accuracy": 0.5, "validation_accuracy": 0.25 + n / 4}
              for n in (1, 2)]  # fmt: skip

    def text(**changes: Any) -> str:
        start = {"event": "start", "dataset": "mine"} | settings_ | changes
        (tmp_path / "l.jsonl").write_text("".join(json.dumps(one) + "\n" for one in [start, *epochs]))
        return lgc.report(tmp_path / "m.safetensors", format="md").text

    assert "validation 75.00 %" in text()
    assert "No log of this network" in text(gates=41)
    assert "lgc train mine" in text() and "--batch 8" in text()


def test_options_and_files_that_cannot_be_are_told(made: Path, tmp_path: Path) -> None:
    for options, wanted in (
        ({"result": tmp_path / "none.json"}, "no such file"),
        ({"result": made / "data.npz"}, "no result of lgc's"),
        ({"result": 7}, "no result of lgc's"),
        ({"rtl": tmp_path / "none.v"}, "cannot read"),
        ({"output": made / "image.safetensors"}, "written over"),
    ):
        with pytest.raises(LgcError, match=wanted):
            lgc.report(made / "image.safetensors", **options)
    with pytest.raises(OptionError, match="samples"):
        lgc.report(made / "image.safetensors", samples=1000)


def test_a_notebook_shows_the_numbers_and_escapes_them() -> None:
    shown = lgc.report(table_model())._repr_html_()
    assert "accuracy" in shown and "<script" not in shown and "<img" not in shown


def test_training_that_is_no_training_breaks_nothing() -> None:
    for training in (
        {"hyperparameters": 7, "dataset": 3, "best_epoch": "x", "test_accuracy": "much"},
        {"test_accuracy": 7.5, "hyperparameters": {"thresholds": {"a": [1]}}},
        {"hyperparameters": {"gates": float("nan")}, "dataset": "a\nb"},
    ):
        assert "accuracy" in lgc.report(replace(image_model(), training=training)).text
