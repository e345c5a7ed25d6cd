"""What a worker of a sweep does: a pure function of a request, here or on another machine.

A task is a dictionary of JSON that can be sent anywhere. Its ``request`` decides the result and names it; the rest says
where things are. Where the sweep's folder is to be seen, the worker writes the result there itself, so that whoever
started it may die.
"""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lgc.driver.trial_data import check_data, config_of, held_out, load_data, without_test
from lgc.errors import EXIT_USER, LgcError, NotCheckedError
from lgc.farm import Results, check_version, digest_of
from lgc.sweep.goals import ACCURACY, Goal

if TYPE_CHECKING:
    from lgc.frontend import Model
    from lgc.train.config import TrainConfig

FORMAT = 1
IDENTITY, RESULTS = "sweep.json", "results"


def run_task(task: Mapping[str, Any]) -> dict[str, Any]:
    """Do what a task asks for, unless its result is there already.

    Returns:
        The result; where the worker could not write it to the sweep's folder, with the network's bytes as ``bytes``.

    Raises:
        LgcError: the machine's fault, so that another worker may do it. What the request itself makes impossible is a
            result, whose ``failed`` says why.
    """
    request, digest = task["request"], digest_of(task["request"])
    shared = _shared(task)
    found = shared.find(digest) if shared is not None else None
    if found is not None:
        return found
    check_version(request)
    content, checkpoint = _answered(task)
    content |= {"request": request, "format": FORMAT, "machine": machine()}
    if shared is not None:
        shared.keep(digest, content, checkpoint)
        return content
    return {**content, "bytes": checkpoint}


def _answered(task: Mapping[str, Any]) -> tuple[dict[str, Any], bytes | None]:
    try:
        if task["request"]["task"] == "measure":
            from lgc.driver.measured import measured_point

            return measured_point(task), None
        if task["request"]["task"] == "untrained":
            return _untrained(task), None
        return _trained(task)
    except LgcError as error:
        if error.exit_code != EXIT_USER:
            raise
        return {"failed": str(error)}, None


def _shared(task: Mapping[str, Any]) -> Results | None:
    """The sweep's results, if this machine sees its folder."""
    folder = Path(task["folder"])
    try:
        same = task["id"] in (folder / IDENTITY).read_text(encoding="utf-8")
    except OSError:
        return None
    return Results(folder / RESULTS) if same else None


def _trained(task: Mapping[str, Any]) -> tuple[dict[str, Any], bytes]:
    from lgc.driver.costs import costs_of
    from lgc.train.trainer import train

    request = task["request"]
    config = config_of(request, task.get("data_dir"))
    check_data(task)
    goals = [Goal.of(name) for name in request["goals"]]
    costs = [goal for goal in goals if goal.kind != ACCURACY]
    liberty = Path(task["liberty"]) if task.get("liberty") else None

    data = without_test(load_data(config))
    samples = held_out(config, data) if any(goal.kind == "toggles" for goal in costs) else None

    def cost(model: Model) -> dict[str, float]:
        return costs_of(model, costs, request["compile"], liberty, samples)

    rungs = _Rungs(request.get("prune"), config, cost)
    model = train(config, data=data, on_epoch=rungs)
    if model.training.get("interrupted"):
        raise NotCheckedError("the training was stopped")
    values = {ACCURACY: float(model.training[_measure(config)]), **cost(model)}
    content = {"values": values, "curve": rungs.curve, "pruned": rungs.ended, "digest": model.digest()}
    return content, _bytes(model)


def _untrained(task: Mapping[str, Any]) -> dict[str, Any]:
    """What the network costs before its first step, of the goals that bounds are about."""
    from lgc.driver.costs import costs_of
    from lgc.progress import Silence
    from lgc.sweep.goals import Bound
    from lgc.train.parallel import ProcessGroup, pick_device
    from lgc.train.trainer import Run

    request = task["request"]
    config = config_of(request, task.get("data_dir"))
    run = Run(config, without_test(load_data(config)), pick_device("cpu"), ProcessGroup(), Silence())
    model = run.network.harden(name="untrained", classes=run.data.classes)
    goals = [Bound.of(one).goal for one in request["bounds"]]
    return {"values": costs_of(model, goals, request["compile"])}


def _measure(config: TrainConfig) -> str:
    return "validation_accuracy" if config.class_weight == "none" else "balanced_accuracy"


class _Rungs:
    """Ends a training that has fallen behind: at a few epochs, others were better there in every goal.

    Args:
        rule: ``least``, how many others; ``others``, their ``curve`` and ``values``. None ends nothing.
    """

    def __init__(
        self, rule: Mapping[str, Any] | None, config: TrainConfig, cost: Callable[[Model], Mapping[str, float]]
    ) -> None:
        self.rule, self.cost, self.name = rule, cost, _measure(config)
        self.curve: list[float] = []
        self.ended: int | None = None

    def __call__(self, entry: Mapping[str, Any], model: Model) -> bool:
        """Whether the training ends with this epoch."""
        self.curve.append(max(float(entry[self.name]), self.curve[-1] if self.curve else 0.0))
        epoch = int(entry["epoch"])
        if self.rule is None or epoch not in self.rule["epochs"]:
            return False
        ahead = [
            one for one in self.rule["others"]
            if len(one["curve"]) >= epoch and one["curve"][epoch - 1] > self.curve[-1]
        ]  # fmt: skip
        if len(ahead) < self.rule["least"]:
            return False
        costs = self.cost(model)
        better = [one for one in ahead if all(_no_worse(name, one["values"], costs) for name in costs)]
        if len(better) >= self.rule["least"]:
            self.ended = epoch
        return self.ended is not None


def _no_worse(name: str, one: Mapping[str, float], other: Mapping[str, float]) -> bool:
    rises = Goal.of(name).what.rises
    return one[name] >= other[name] if rises else one[name] <= other[name]


def look_around(task: Mapping[str, Any]) -> dict[str, Any]:
    """What a worker is, and that it can do such tasks.

    Raises:
        NotCheckedError: it has another lgc, or not the data.
        MissingToolError: it has no torch.
    """
    from lgc.driver.train import load_trainer

    check_version(task["request"])
    load_trainer()
    check_data(task)
    return machine()


def machine() -> dict[str, str]:
    """What the numbers of a network may depend on: processor and libraries."""
    import numpy

    from lgc.tools.cc import processor
    from lgc.tools.find import package_version

    cpu = hashlib.sha256(processor().encode()).hexdigest()[:12]
    return {
        "python": platform.python_version(), "torch": package_version("torch") or "", "numpy": numpy.__version__,
        "cpu": f"{platform.machine()} {cpu}",
    }  # fmt: skip


def _bytes(model: Model) -> bytes:
    """The file that `lgc train` would write of a network."""
    from lgc.frontend import write_model
    from lgc.tools.watchdog import scratch

    with scratch("lgc-trial-") as folder:
        write_model(model, folder / "model.pt")
        return (folder / "model.pt").read_bytes()
