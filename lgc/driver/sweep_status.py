"""Looking at a sweep, which may be running: how far it is, and all of its trials as a table."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lgc.driver.sheet import Sheet, Shown
from lgc.driver.sweep_folder import SPACE as FILE
from lgc.driver.sweep_folder import Folder, Options, kinds, read_folder
from lgc.driver.sweep_request import SweepExportRequest, SweepRequest, SweepStatusRequest
from lgc.driver.sweep_run import Common, TrialRun, settle_trial
from lgc.driver.swept import TABLE, SweepResult, chosen, trials_table
from lgc.errors import OutputError
from lgc.farm import digest_of
from lgc.files import write_text
from lgc.sweep.space import read_space
from lgc.sweep.study import Plan, Trial

_SUFFIXES = (".csv", ".json")


@dataclass(frozen=True, eq=False, repr=False)
class SweepState(Shown):
    """How far a sweep is.

    Attributes:
        asked: points to try.
        swept: what there is so far.
    """

    asked: int
    swept: SweepResult

    def as_json(self) -> dict[str, Any]:
        """See :class:`Shown`."""
        return {"asked": self.asked, **self.swept.as_json()}

    def sheet(self) -> Sheet:
        """See :class:`Shown`."""
        trials = self.swept.trials
        done, failed = sum(bool(one.values) for one in trials), sum(bool(one.why) for one in trials)
        grid = [self.swept.grid()] if self.swept.best else []
        left = f"{self.asked - done - failed} to come"
        return [*grid, f"{done} of {self.asked} trials done, {failed} could not be trained, {left}"]


@dataclass(frozen=True, eq=False, repr=False)
class SweepExport(Shown):
    """A table that was written."""

    path: Path
    trials: int

    def as_json(self) -> dict[str, Any]:
        """See :class:`Shown`."""
        return {"file": str(self.path), "trials": self.trials}

    def sheet(self) -> Sheet:
        """See :class:`Shown`."""
        return [f"wrote {self.path} ({self.trials} trials)"]


def open_sweep(folder: Path) -> tuple[Folder, Options, Plan]:
    """A sweep's folder, and what it was asked for.

    Raises:
        InputError: there is none.
    """
    found = read_folder(folder)
    space = read_space(folder / FILE, kinds())
    options = Options.of(SweepRequest(output=folder, resume=True), space, found.record["options"])
    return found, options, options.plan()


def sweep_status(asked: SweepStatusRequest) -> SweepState:
    """How far a sweep is, and the best networks so far; nothing is changed.

    Raises:
        InputError: there is no sweep in the folder.
        ToolError: the database fails.
    """
    folder, options, plan = open_sweep(asked.folder)
    trials = trials_of(folder, options, plan, asked.storage)
    swept = SweepResult(folder.path, plan, tuple(trials), tuple(chosen(plan, trials)), {})
    return SweepState(max(options.trials(plan), len(trials)), swept)


def sweep_export(asked: SweepExportRequest) -> SweepExport:
    """Write all trials of a sweep as CSV or JSON.

    Raises:
        OutputError: the file cannot be written, or has another suffix.
        InputError: there is no sweep in the folder.
    """
    output = asked.output or asked.folder / TABLE
    if output.suffix not in _SUFFIXES:
        raise OutputError(f"unknown suffix '{output.suffix}'", where=str(output), hint="Write a .csv or a .json file")
    folder, options, plan = open_sweep(asked.folder)
    trials = trials_of(folder, options, plan, asked.storage)
    if output.suffix == ".csv":
        write_text(output, trials_table(plan, trials))
    else:
        rows = [
            {"trial": one.number, "params": one.params, "values": one.values, "deviations": one.spread,
             "networks": list(one.networks), "problem": one.why}
            for one in trials
        ]  # fmt: skip
        write_text(output, json.dumps({"plan": plan.to_json(), "trials": rows}, indent=1) + "\n")
    return SweepExport(output, len(trials))


def trials_of(folder: Folder, options: Options, plan: Plan, storage: str | None) -> list[Trial]:
    """The trials of the study, with results that it has not been told of yet."""
    with folder.open_study(plan, storage) as study:
        pass  # its trials are read
    data, first, data_dir = (folder.record.get(name) for name in ("data", "first", "data_dir"))
    run = TrialRun(Common(folder, options, plan, str(data), first or {}, data_dir), study)
    for trial in study.trials:
        if trial.values or trial.why:
            continue
        digests = [digest_of(task["request"]) for task in run.tasks_of(trial)]
        found = [(name, folder.results.find(name)) for name in digests]
        if all(content is not None for _, content in found):
            settle_trial(trial, [{**content, "name": name} for name, content in found if content is not None])
    return study.trials
