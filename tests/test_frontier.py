"""examples/mnist/frontier: the picture is drawn from the stored results, and the page has their numbers."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any
from xml.etree import ElementTree

import pytest

from lgc.errors import InputError

FOLDER = Path(__file__).parent.parent / "examples" / "mnist" / "frontier"
ROWS: list[dict[str, Any]] = json.loads((FOLDER / "results.json").read_text(encoding="utf-8"))
PUBLISHED: list[dict[str, Any]] = json.loads((FOLDER / "published.json").read_text(encoding="utf-8"))
SETS = sorted({row["data"] for row in ROWS})


@pytest.fixture
def example(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The script as a module."""
    monkeypatch.syspath_prepend(str(FOLDER))
    yield importlib.import_module("frontier")
    sys.modules.pop("frontier", None)


@pytest.mark.parametrize("data", SETS)
def test_the_page_has_the_numbers(example: ModuleType, data: str) -> None:
    assert example.table(ROWS, data) in (FOLDER / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("data", SETS)
def test_the_picture_has_every_point(example: ModuleType, data: str, tmp_path: Path) -> None:
    """Each with whether it is core or full, and how it was counted; twice the same bytes."""
    pytest.importorskip("matplotlib")
    first, second = tmp_path / "first.svg", tmp_path / "second.svg"
    for path in (first, second):
        example.draw(ROWS, PUBLISHED, data, path)
    assert first.read_bytes() == second.read_bytes()
    texts = {"".join(one.itertext()) for one in ElementTree.parse(first).iter() if one.tag.endswith("}text")}
    mine = {f"lgc {row['name']} ({row['scope']}, {row['stage']})" for row in ROWS if row["data"] == data}
    others = {f"{one['work']} ({one['scope']}, {one['stage']})" for one in PUBLISHED if one["data"] == data}
    assert mine | others <= texts


def test_rows_are_of_sizes_that_are_listed(example: ModuleType) -> None:
    """And made by today's recipes, so that running the script again measures none of them twice."""
    sizes = {(size["data"], size["name"]): size for data in example.DATA for size in example.read_sizes(data)}
    for row in ROWS:
        size = sizes[row["data"], row["name"]]
        assert (row["preset"], row["settings"]) == (size["preset"], size.get("settings", {}))
        assert row["recipe"] == example.digest(size, row["seed"]), "the preset has changed: measure it again"
        assert example.recipe(size, row["seed"])["dataset"] == row["data"]
    assert all({one["scope"] in ("core", "full"), one["stage"] in example.MARKS} == {True} for one in PUBLISHED)


def test_only_what_has_no_result_is_measured(
    example: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each result is stored at once, so that a stopped run goes on; another recipe is another result."""
    size, asked = {"name": "tiny", "data": "mnist", "preset": "mnist-fast", "settings": {"gates": 10}}, list[int]()
    stop_after = 2

    def measured(size: dict[str, Any], seed: int, folder: Path, *, check: bool) -> dict[str, Any]:
        if len(asked) == stop_after:
            raise KeyboardInterrupt
        asked.append(seed)
        return {**ROWS[0], **size, "seed": seed, "verified": check, "recipe": example.digest(size, seed)}

    monkeypatch.setattr(example, "measured", measured)
    results = tmp_path / "results.json"
    with pytest.raises(KeyboardInterrupt):
        example.run([size], [0, 1, 2], tmp_path, results, check=False)
    assert asked == [0, 1]
    assert [row["seed"] for row in example.read_rows(results)] == [0, 1]
    stop_after = 0
    example.run([size], [0, 1, 2], tmp_path, results, check=False)
    assert asked == [0, 1, 2]
    example.run([size], [1], tmp_path, results)
    assert asked == [0, 1, 2, 1]
    assert [row["verified"] for row in example.read_rows(results)] == [False, True, False]


def test_a_network_of_other_settings_is_not_taken(
    example: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = {"hyperparameters": {"gates": 1000, "arity": 6, "seed": 0}, "dataset": "mnist", "test_accuracy": 0.9}
    model = SimpleNamespace(model=SimpleNamespace(training=made))
    monkeypatch.setattr(example.lgc, "read", lambda _: model)
    path = tmp_path / "1k-s0.pt"
    path.touch()
    size = {"name": "1k", "data": "mnist", "preset": "mnist-lut-1k"}
    assert example.trained(size, 0, tmp_path) == (path, made)
    path.rename(tmp_path / "1k-s1.pt")
    with pytest.raises(InputError, match="seed"):
        example.trained(size, 1, tmp_path)


def test_the_mean_and_the_frontier(example: ModuleType) -> None:
    rows = [
        {
            "data": "d",
            "name": name,
            "seed": seed,
            "test": test,
            "validation": test,
            "lut6": lut6,
            "carry": 1,
            "verified": seed == 0,
        }
        for name, seed, test, lut6 in (("b", 0, 0.5, 30), ("a", 0, 0.6, 10), ("a", 1, 0.8, 20), ("c", 0, 0.9, 40))
    ]
    found = example.means([*rows, {**rows[0], "data": "other"}], "d")
    assert [(one["name"], one["seeds"], one["lut6"], round(one["test"], 3)) for one in found] == [
        ("a", 2, 15, 0.7), ("b", 1, 30, 0.5), ("c", 1, 40, 0.9),
    ]  # fmt: skip
    assert [one["name"] for one in example.best(found)] == ["a", "c"]
    assert [one["verified"] for one in found] == [False, True, True]
