"""What a worker does: costs by every goal, pruning, and the refusal of other data or another lgc."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from strategies import random_circuit

import lgc
from lgc.driver.costs import costs_of, mean_toggles
from lgc.driver.trial import look_around, run_task
from lgc.driver.trial_data import config_of, data_digest, held_out, load_data
from lgc.errors import NotCheckedError
from lgc.farm import Results
from lgc.ir import interp
from lgc.sweep.goals import KINDS, Goal
from lgc.train.samples import divided

SETTINGS: dict[str, Any] = {"dataset": "digits", "gates": 20, "epochs": 8, "wiring": ["topk:8"], "seed": 0}


def task_of(folder: Path, **more: Any) -> dict[str, Any]:
    """A training, as JSON would bring it."""
    request = {
        "task": "train", "lgc": lgc.__version__, "data": data_digest(config_of({"train": SETTINGS})),
        "train": SETTINGS, "compile": {}, "goals": ["accuracy", "luts:xc7"], **more,
    }  # fmt: skip
    task = {
        "request": request,
        "folder": str(folder),
        "id": "abc",
        "first": SETTINGS,
        "data_dir": None,
        "liberty": None,
    }
    return json.loads(json.dumps(task))  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return run_task(task_of(tmp_path_factory.mktemp("far")))


def test_a_task_is_a_function_of_its_request(whole: dict[str, Any], tmp_path: Path) -> None:
    """A worker that sees the sweep's folder writes there; another one sends the bytes. The network is the same."""
    (tmp_path / "sweep.json").write_text('{"id": "abc"}')
    (tmp_path / "results").mkdir()
    near = run_task(task_of(tmp_path))
    assert "bytes" not in near and isinstance(whole["bytes"], bytes)
    assert {name: near[name] for name in ("values", "curve", "digest")} == {
        name: whole[name] for name in ("values", "curve", "digest")
    }
    stored = list((tmp_path / "results").iterdir())
    assert sorted(path.suffix for path in stored) == [".json", ".pt"]
    before = {path: path.stat().st_mtime_ns for path in stored}
    assert run_task(task_of(tmp_path))["digest"] == near["digest"]
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "results").iterdir()} == before


def test_a_result_that_is_cut_off_is_none(tmp_path: Path) -> None:
    results = Results(tmp_path)
    results.keep("abc", {"values": {}}, b"network")
    assert results.find("abc") is not None
    results.path("abc").write_bytes(b"netw")
    assert results.find("abc") is None
    results.keep("abc", {"values": {}}, b"network")
    assert results.find("abc") is not None
    (tmp_path / "abc.json").write_text("{")
    assert results.find("abc") is None


def test_what_cannot_be_trained_is_an_answer(tmp_path: Path) -> None:
    found = run_task(task_of(tmp_path, train={**SETTINGS, "gates": 21}))
    assert "21 gates do not divide into 10 classes" in found["failed"] and "values" not in found


def test_another_lgc_or_other_data_are_refused(tmp_path: Path) -> None:
    for more, words in (
        ({"lgc": "0.0.1"}, "who asks has 0.0.1"),
        ({"data": "other"}, "not the one that the sweep began"),
    ):
        for function in (run_task, look_around):
            with pytest.raises(NotCheckedError, match=words):
                function(task_of(tmp_path, **more))
    gone = task_of(tmp_path)
    gone["first"] = {**SETTINGS, "dataset": str(tmp_path / "gone.csv")}
    with pytest.raises(NotCheckedError, match="a worker has no data"):
        look_around(gone)


@pytest.mark.parametrize(("better", "least", "ends"), [(3, 3, True), (2, 3, False), (3, 0, True)])
def test_a_training_that_is_beaten_ends_early(
    whole: dict[str, Any], tmp_path: Path, better: int, least: int, ends: bool
) -> None:
    """By networks that were more accurate at epoch 4, and cost no more."""
    good = {"curve": [0.99] * 8, "values": {"accuracy": 0.99, "luts:xc7": 10}}
    dear = {"curve": [0.99] * 8, "values": {"accuracy": 0.99, "luts:xc7": 10_000}}
    weak = {"curve": [0.01] * 8, "values": {"accuracy": 0.01, "luts:xc7": 10}}
    others = [good] * better + [dear, weak] * 3
    found = run_task(task_of(tmp_path, prune={"least": max(1, least), "epochs": [4, 8], "others": others}))
    assert found["pruned"] == (4 if ends else None)
    assert found["curve"] == whole["curve"][: 4 if ends else 8]


def test_every_goal_has_a_value(whole: dict[str, Any], tmp_path: Path) -> None:
    """But gate equivalents, which need a library; and register stages raise the clock."""
    (tmp_path / "m.pt").write_bytes(whole["bytes"])
    model = lgc.read(tmp_path / "m.pt").model
    goals = [Goal(kind, "ecp5" if one.of_part else "") for kind, one in KINDS.items() if kind not in ("accuracy", "ge")]
    samples = held_out(config_of({"train": SETTINGS}), load_data(config_of({"train": SETTINGS})))
    found = costs_of(model, goals, {}, samples=samples)
    assert set(found) == {goal.name for goal in goals} and all(value > 0 for value in found.values())
    assert found["gates"] <= 20 and found["fmax:ecp5"] == pytest.approx(1e3 / found["latency:ecp5"])
    staged = costs_of(model, goals, {"pipeline": 2, "head": "adder"}, samples=samples)
    assert staged["fmax:ecp5"] > found["fmax:ecp5"]
    estimate = lgc.estimate(tmp_path / "m.pt", part="ecp5-25k")
    assert found["luts:ecp5"] == estimate.rows[0].sites


def test_toggles_are_changes_of_gates_from_sample_to_sample() -> None:
    """Counted gate by gate, over more gates than a block has; inputs and gates that nothing reads do not count."""
    circuit = random_circuit(8, [3000, 3000], 3, seed=2)
    bits = np.random.default_rng(0).random((70, 8)) < 0.5
    found = mean_toggles(circuit, bits)
    netlist = circuit.netlist
    live = netlist.live()
    live[: netlist.first_node] = False
    one_by_one = [interp.evaluate_nets(netlist, interp.pack(row[None]))[live][:, 0] & np.uint64(1) for row in bits]
    changes = [int((a != b).sum()) for a, b in pairwise(one_by_one)]
    assert found == pytest.approx(sum(changes) / 69) and 0 < found < live.sum()
    assert mean_toggles(circuit, np.repeat(bits[:1], 5, axis=0)) == 0


def test_toggles_are_measured_on_validation_samples_in_no_order(whole: dict[str, Any], tmp_path: Path) -> None:
    config = config_of({"train": SETTINGS})
    data = load_data(config)
    samples = held_out(config, data)
    assert len(samples) == round(config.validation * len(data.train))
    told = {row.tobytes() for row in samples}
    assert told == {row.tobytes() for row in data.train_x[divided(data, config.validation, 0, "digits")[1]]}
    found = run_task(task_of(tmp_path, goals=["accuracy", "toggles"]))
    (tmp_path / "m.pt").write_bytes(found["bytes"])
    model = lgc.read(tmp_path / "m.pt").model
    assert found["values"]["toggles"] == costs_of(model, [Goal("toggles")], {}, samples=samples)["toggles"]
    assert found["digest"] == whole["digest"]
