"""The model of scale (examples/sweep/scale.py) where the answer can be worked out by hand."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

PATH = Path(__file__).parents[2] / "examples" / "sweep" / "scale.py"


@pytest.fixture(scope="module")
def scale() -> Any:
    import sys

    spec = importlib.util.spec_from_file_location("scale", PATH)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["scale"] = module
    spec.loader.exec_module(module)
    return module


def test_workers_that_never_wait(scale: Any) -> None:
    """10 trials of 2 s on 5 nodes: two rounds; and nobody is idle."""
    found = scale.simulated(10, 5, lambda _rng: 2.0, scale.Costs(0, 0, 0), None, 0.0)
    assert (found.seconds, found.workers, found.client, found.lost) == (4.0, 1.0, 0.0, 0)


def test_a_client_that_is_the_limit(scale: Any) -> None:
    """A second of the client for each trial of no time: so many seconds, however many nodes there are."""
    found = scale.simulated(50, 1000, lambda _rng: 0.0, scale.Costs(0.5, 0.25, 0.25), None, 0.0)
    assert found.seconds == pytest.approx(50) and found.client == pytest.approx(1)


def test_a_lag_keeps_nodes_idle(scale: Any) -> None:
    """With a lag of 4, four of a hundred nodes work."""
    found = scale.simulated(40, 100, lambda _rng: 1.0, scale.Costs(0, 0, 0), 4, 0.0)
    assert found.seconds == pytest.approx(10) and found.workers == pytest.approx(0.04)


def test_deaths_of_nodes_cost_time_and_lose_no_trial(scale: Any) -> None:
    calm = scale.simulated(300, 10, lambda _rng: 1.0, scale.Costs(0, 0, 0), None, 0.0)
    deadly = scale.simulated(300, 10, lambda _rng: 1.0, scale.Costs(0, 0, 0), None, 2.0)
    assert calm.lost == 0 and deadly.lost > 50 and deadly.seconds > 1.2 * calm.seconds


def test_the_model_knows_what_lgc_does(scale: Any) -> None:
    """A real study with trials that sleep: within a third, for the machine has others to serve."""
    seconds, costs = scale.measured(20, 4, 0.2, "random", 8)
    found = scale.simulated(20, 4, scale.lognormal(0.2, 0.5), costs, None, 0.0)
    assert found.seconds == pytest.approx(seconds, rel=0.34)
