"""Sweeping: many trainings with the hardware's price in the loop. What `lgc sweep` does."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

from lgc.driver.sweep_folder import (
    Folder,
    Options,
    check_place,
    load_space,
    locked,
    opened,
    place_of,
    read_folder,
    secret_note,
)
from lgc.driver.sweep_request import SweepRequest
from lgc.driver.sweep_run import Common, TrialRun
from lgc.driver.swept import SweepResult, written
from lgc.driver.train import DATA_VARIABLE
from lgc.driver.trial import look_around, run_task
from lgc.driver.trial_data import config_of, data_digest
from lgc.driver.workers import open_workers
from lgc.errors import OptionError
from lgc.farm import Flow, Workers, all_answers
from lgc.progress import Progress, Silence
from lgc.sweep.goals import ACCURACY
from lgc.sweep.storage import check_storage

_MOST_CHECKED, _MOST_PROBED, _TIMES_OVER = 512, 8, 3.0
_NEEDED = ("lgc.train.trainer", "lgc.driver.costs")
_SIZES = ("gates", "layers", "arity", "epochs")


def sweep(asked: SweepRequest, progress: Progress | None = None) -> SweepResult:
    """Try the points of a space, and give those that no other beats: table, picture and networks in a folder.

    What is chosen is chosen by validation samples; the test samples are looked at once, for what was chosen.

    Raises:
        OptionError: the space, an objective or a constraint is impossible.
        InputError: the space or the data cannot be read, or the folder's sweep is another.
        ToolError: workers or the database are not there, or fail again and again.
        LgcError: something else that is missing; what is done is kept, and ``resume`` goes on.
    """
    told = progress or Silence()
    output = place_of(asked)
    before = read_folder(output).record if asked.resume else {}
    path, space = load_space(asked, output)
    options = Options.of(asked, space, before.get("options", {}))
    plan = options.plan()
    with _workers(asked, told) as workers:
        workers.prepare(_load, _NEEDED)  # while the data are read here
        setup = Common(Folder(output, before), options, plan, *_data_of(asked, options))
        check_place(setup.folder, setup.record(), plan)
        if asked.storage is not None:
            check_storage(asked.storage)
        with locked(output) if asked.resume else nullcontext():
            return _swept(asked, setup, path, workers, told)


def _swept(asked: SweepRequest, setup: Common, space: Path, workers: Workers, told: Progress) -> SweepResult:
    machines = _check_workers(setup, workers, told)
    if not asked.resume:
        _check_feasible(setup, workers)
    with opened(setup.folder, space, setup.record(), setup.plan, asked.storage) as (folder, study):
        if note := secret_note(asked.storage):
            told.note(note)
        run = TrialRun(replace(setup, folder=folder), study, Flow(workers, run_task), told)
        if asked.emit_jobs and (jobs := run.emit()):
            return written(run.setup, study.trials, {}, [], jobs=jobs)
        run.train()
        return written(run.setup, study.trials, run.measure(), machines)


def _load(modules: Sequence[str]) -> None:
    """What a worker spends its first seconds with."""
    for name in modules:
        import_module(name)


def _data_of(asked: SweepRequest, options: Options) -> tuple[str, dict[str, Any], str | None]:
    """The digest of the data here, the settings that find them, and where their files are on every machine.

    Raises:
        OptionError: no point of the space can be trained, or no data set is named.
        InputError: the data are not here.
    """
    given = asked.data_dir or (Path(os.environ[DATA_VARIABLE]) if os.environ.get(DATA_VARIABLE) else None)
    folder = str(given.absolute()) if given is not None else None
    first = _first_possible(options)
    digest = data_digest(config_of({"train": first}, folder))
    return digest, first, folder if asked.data_dir is not None else None


def _first_possible(options: Options) -> dict[str, Any]:
    """The settings of a point that can be trained; the others are told of when their turn comes.

    Raises:
        OptionError: there is none.
    """
    space, problem = options.space, None
    size = space.size
    points = space.points() if size is not None and size <= _MOST_CHECKED else map(space.draw, range(64), [0] * 64)
    for point in points:
        training, compiling = space.settings(point)
        try:
            config_of({"train": training})
            _check_compiling(compiling)
        except OptionError as error:
            problem = problem or error
        else:
            return training
    assert problem is not None
    raise OptionError(f"no point of the space can be trained: {problem.message}", hint=problem.hint)


def _check_compiling(compiling: Mapping[str, Any]) -> None:
    from lgc.backend.base import format_class
    from lgc.driver.compile_request import CompileRequest

    output = Path("net.v")
    asked = CompileRequest("model.pt", output, **compiling)
    format_class(output).from_options(asked.format_options())


def _workers(asked: SweepRequest, told: Progress) -> Workers:
    """See :func:`open_workers`; a training that takes its process down does not take the sweep with it."""
    return open_workers(asked, told, default=os.cpu_count() or 1, alone=False)


def _check_workers(setup: Common, workers: Workers, told: Progress) -> list[dict[str, str]]:
    """Find out before the first trial that workers have lgc and the data; the kinds of machines that they are.

    Raises:
        LgcError: one has not.
    """
    told.step("workers")
    task = setup.task("look", {}, {})
    kinds: list[dict[str, str]] = []
    for one in workers.everywhere(look_around, task):
        if one not in kinds:
            kinds.append(one)
    if len(kinds) > 1:
        told.note(
            f"The workers are of {len(kinds)} kinds of processors or libraries. A network is the same, bit for bit, "
            "on machines of one kind."
        )
    if setup.plan.waits and setup.plan.lag < workers.room:
        told.note(
            f"{setup.plan.lag} trials run at a time, for a choice sees all but the last; --lag {workers.room} is more."
        )
    return kinds


def _check_feasible(setup: Common, workers: Workers) -> None:
    """Refuse a bound on costs that the smallest networks of the space miss by far, before anything is trained.

    Raises:
        OptionError: naming the bound.
    """
    bounds = [one for one in setup.plan.bounds if one.most and one.goal.kind != ACCURACY and one.goal.what.estimated]
    if not bounds:
        return
    space, size = setup.options.space, setup.options.space.size
    points = (
        list(space.points()) if size is not None and size <= _MOST_CHECKED else [space.draw(n, 0) for n in range(64)]
    )

    def weight(point: Mapping[str, Any]) -> list[float]:
        every = {**space.fixed, **point}
        return [float(every.get(name) or 0) for name in _SIZES]

    few = sorted(points, key=weight)[:_MOST_PROBED]
    tasks = [setup.task("untrained", point, {"bounds": [str(one) for one in bounds]}) for point in few]
    found = [one["values"] for one in all_answers(workers, run_task, tasks) if "values" in one]
    for bound in bounds if found else ():
        least = min(values[bound.goal.name] for values in found)
        if least > _TIMES_OVER * bound.value:
            raise OptionError(
                f"no network of this space keeps '{bound}': the smallest takes {least:,.0f} before it is trained",
                hint="Add smaller networks to the space (gates, layers), or allow more",
            )
