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
