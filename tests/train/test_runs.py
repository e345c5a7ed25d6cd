"""Watching trainings: on_epoch, several seeds, and logs side by side."""

from __future__ import annotations

import json
import statistics
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

import lgc
from lgc.errors import InputError, OptionError

SMALL: dict[str, Any] = {"gates": 20, "epochs": 3, "wiring": ("topk:8",)}


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seeds of 20 gates in one call, and a run of 30 gates."""
    folder = tmp_path_factory.mktemp("logs")
    lgc.train("digits", seeds=2, output=folder / "best.pt", log=folder / "a.jsonl", **SMALL)
    lgc.train("digits", log=folder / "b.jsonl", **{**SMALL, "gates": 30})
    return folder


def test_on_epoch_hears_every_epoch_and_can_end_the_training(tmp_path: Path) -> None:
    heard: list[tuple[int, float, str]] = []

    def on_epoch(entry: Any, model: lgc.Model) -> bool:
        heard.append((entry["epoch"], entry["validation_accuracy"], model.digest()))
        return entry["epoch"] == 2

    result = lgc.train("digits", output=tmp_path / "m.pt", on_epoch=on_epoch, **SMALL)
    assert [epoch for epoch, _, _ in heard] == [1, 2] and not result.interrupted
    best = max(heard, key=lambda one: one[1])
    assert result.record["validation_accuracy"] == pytest.approx(best[1], abs=1e-5)
    assert result.record["test_accuracy"] > 0.1
    assert not (tmp_path / "m.resume.pt").exists()


def test_the_output_of_several_seeds_is_the_best_by_validation(logs: Path) -> None:
    found = lgc.runs([logs / "a-s0.jsonl", logs / "a-s1.jsonl"])
    assert [one.settings["seed"] for one in found.runs] == [0, 1]
    best = max(found.runs, key=lambda one: one.end["validation_accuracy"])
    record = lgc.read(logs / "best.pt").model.training
    assert record["seed"] == best.settings["seed"]
    assert record["validation_accuracy"] == pytest.approx(best.end["validation_accuracy"], abs=1e-5)


def test_mean_and_deviation_are_those_of_the_seeds(logs: Path) -> None:
    found = lgc.runs([logs / "a-s0.jsonl", logs / "a-s1.jsonl", logs / "b.jsonl"])
    tests = [one.end["test_accuracy"] for one in found.runs[:2]]
    group = found.as_json()["groups"]
    assert [one["runs"] for one in group] == [["a-s0", "a-s1"]]
    assert group[0]["test"] == {"mean": statistics.fmean(tests), "deviation": statistics.stdev(tests)}
    assert found.varied() == ["gates"]
    assert "2 seeds (a-s0, a-s1): validation" in repr(found)


def test_the_picture_has_a_line_for_each_run(logs: Path, tmp_path: Path) -> None:
    lgc.runs([logs / "a-s0.jsonl", logs / "a-s1.jsonl", logs / "b.jsonl"], output=tmp_path / "c.svg")
    root = ET.parse(tmp_path / "c.svg").getroot()
    lines = [one for one in root.iter() if one.tag.endswith("polyline")]
    assert [len(one.get("points", "").split()) for one in lines] == [3, 3, 3]
    assert {"a-s0", "a-s1", "b"} <= {one.text for one in root.iter() if one.tag.endswith("}text")}


def test_a_log_that_grows_is_shown_as_far_as_it_is(logs: Path, tmp_path: Path) -> None:
    text = (logs / "b.jsonl").read_text().splitlines(keepends=True)
    (tmp_path / "now.jsonl").write_text("".join(text[:3]))
    found = lgc.runs(tmp_path / "now.jsonl")
    assert len(found.runs[0].epochs) == 2 and "not at its end" in repr(found)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no epoch is over yet"),
        ("not json\n", "this is no log of a training"),
        ('{"a": 1}\n', "this is no log of a training"),
        (json.dumps({"event": "epoch", "epoch": 1}) + "\n", "this is no log of a training"),
    ],
)
def test_what_is_no_log_is_refused(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "x.jsonl").write_text(text)
    with pytest.raises(InputError, match=words):
        lgc.runs(tmp_path / "x.jsonl")
    with pytest.raises(InputError, match="no log"):
        lgc.runs(tmp_path / "none.jsonl")


def test_what_is_of_one_training_is_refused_with_several_seeds(tmp_path: Path) -> None:
    for more in ({"resume": True}, {"folds": 2}):
        with pytest.raises(OptionError, match="seed"):
            lgc.train("digits", seeds=2, output=tmp_path / "m.pt", **SMALL, **more)
    with pytest.raises(OptionError, match="no logs are named"):
        lgc.runs([])
