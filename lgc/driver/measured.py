"""What is measured of the networks that a sweep chose: once, at its end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from lgc.driver.costs import part_of
from lgc.driver.trial_data import check_data, config_of, load_data
from lgc.errors import LgcError, MissingToolError
from lgc.sweep.goals import Goal
from lgc.tools.find import has_package
from lgc.tools.watchdog import scratch


def measured_point(task: Mapping[str, Any]) -> dict[str, Any]:
    """The test accuracy, and by yosys and nextpnr what goals of parts were estimated at.

    Args:
        task: with the network's file as ``bytes``.

    Returns:
        ``test``; ``values`` by the names of goals; ``notes``, by what it was, or why not.

    Raises:
        NotCheckedError: the data are not here.
    """
    from lgc.frontend import read_model
    from lgc.train.scoring import model_accuracy

    request = task["request"]
    check_data(task)
    goals = [Goal.of(name) for name in request["goals"]]
    with scratch("lgc-measure-") as folder:
        path = folder / "model.pt"
        path.write_bytes(task["bytes"])
        data = load_data(config_of(request, task.get("data_dir")))
        found: dict[str, Any] = {"values": {}, "notes": []}
        if len(data.test):
            found["test"] = model_accuracy(read_model(path), data)
        for part in sorted(
            {goal.part for goal in goals if goal.what.number} if request["measure"] is not False else ()
        ):
            about = [goal for goal in goals if goal.part == part and goal.what.number]
            for name, value in _synthesised(path, part, about, request, found["notes"]):
                found["values"][name] = value
    return found


def _synthesised(
    path: Path, part: str, goals: list[Goal], request: Mapping[str, Any], notes: list[str]
) -> Iterator[tuple[str, float]]:
    from lgc.driver.compile import compile as compile_
    from lgc.driver.compile_request import CompileRequest
    from lgc.driver.synth import SynthRequest, synth

    if request["measure"] is None and not has_package("pyosys"):
        notes.append("nothing is synthesised: pyosys is not installed")
        return
    target = part_of(Goal("luts", part))
    compiling = {"fabric": target.fabric, **request["compile"]}
    rtl = path.with_name(f"{target.name}.v")
    timed = any(goal.kind in ("fmax", "latency") for goal in goals)
    try:
        compile_(CompileRequest(path, rtl, **compiling))
        result = synth(SynthRequest(rtl, part=target.name, route=timed)).result
    except MissingToolError:
        raise
    except LgcError as error:
        notes.append(f"{part}: {error}")
        return
    notes += [f"{part}: {one}" for one in result.problems] or [f"{part}: {result.synthesis}"]
    for goal in goals:
        value = result.value(goal.what.number)
        if value is not None:
            yield goal.name, float(value)
