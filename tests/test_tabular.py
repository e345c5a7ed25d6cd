"""examples/tabular: the class from the hardware, fed with codes of raw rows made without lgc, is the model's."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

FOLDER = Path(__file__).parent.parent / "examples" / "tabular"

pytest.importorskip("torch")
pytest.importorskip("sklearn")
pytestmark = [pytest.mark.sim, pytest.mark.filterwarnings("ignore::lgc.errors.LgcWarning")]


@pytest.fixture
def example(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The script as a module."""
    monkeypatch.syspath_prepend(str(FOLDER))
    yield importlib.import_module("run")
    for name in ("run", "datasets", "nslkdd"):
        sys.modules.pop(name, None)


@pytest.mark.slow  # tests/test_table_road.py goes the same way by other data
def test_wine(example: ModuleType, tmp_path: Path) -> None:
    _, right = example.to_hardware("wine", tmp_path, epochs=6, gates=60, thresholds="distributive:7")
    assert right > 0.8


@pytest.mark.slow
@pytest.mark.parametrize(("name", "least"), [("breast-cancer", 0.93), ("wine", 0.94), ("synthetic", 0.75)])
def test_tables_of_scikit_learn(example: ModuleType, tmp_path: Path, name: str, least: float) -> None:
    """With the defaults, as the page has them."""
    _, right = example.to_hardware(name, tmp_path)
    assert right > least


@pytest.mark.slow
@pytest.mark.parametrize(("name", "least"), [("nsl-kdd-2", 0.75), ("nsl-kdd-5", 0.73)])
def test_nsl_kdd(example: ModuleType, tmp_path: Path, name: str, least: float) -> None:
    if "LGC_DATA" not in os.environ:
        pytest.skip("LGC_DATA names no folder with nsl-kdd in it")
    _, right = example.to_hardware(name, tmp_path)
    assert right > least


BARS = {
    "breast-cancer": lambda mean: max(mean["logistic regression"], mean["gradient boosting"]) - 0.01,
    "wine": lambda mean: max(mean["logistic regression"], mean["gradient boosting"]) - 0.02,
    "digits": lambda _: 0.975,
    "synthetic": lambda mean: mean["gradient boosting"] - 0.01,
    "nsl-kdd-2": lambda mean: mean["random forest"],
    "nsl-kdd-5": lambda mean: mean["random forest"],
}
"""What the mean of five seeds reaches at least, from those of scikit-learn's classifiers on the same splits."""


@pytest.mark.slow
@pytest.mark.parametrize("name", BARS)
def test_the_defaults_hold_their_own(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing is said but the file and the column of the labels; ten minutes in all, most of it boosting."""
    if name.startswith("nsl") and "LGC_DATA" not in os.environ:
        pytest.skip("LGC_DATA names no folder with nsl-kdd in it")
    monkeypatch.syspath_prepend(str(FOLDER))
    found, _ = importlib.import_module("compare").measured(name, tmp_path, 5)
    mean = {one: sum(accuracies) / len(accuracies) for one, accuracies in found.items()}
    assert mean["lgc"] >= BARS[name](mean)
