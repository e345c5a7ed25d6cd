"""What comes of a sweep: the best networks, the table of all trials, the picture and the report."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import lgc
from lgc.driver.points import write_points
from lgc.driver.sheet import Grid, Sheet, Shown
from lgc.errors import InputError
from lgc.files import replacing, write_text
from lgc.sweep.goals import ACCURACY, Goal, front
from lgc.sweep.picture import Mark, picture
from lgc.sweep.space import shown
from lgc.sweep.study import Plan, Trial

if TYPE_CHECKING:
    from lgc.driver.sweep_run import Common

TABLE, PICTURE, REPORT, PARETO = "trials.csv", "pareto.svg", "report.md", "pareto"
_LUT6 = "lut6"


@dataclass(frozen=True, eq=False, repr=False)
class SweepResult(Shown):
    """A sweep that is done, or as far as it is.

    Attributes:
        folder: where all of it lies.
        trials: every point that was tried.
        best: numbers of those that no other beats and that keep every constraint, the cheapest first.
        measured: of them, ``test`` accuracy, and ``values`` that programs measured.
        jobs: that were written, where nothing was to be trained.
    """

    folder: Path
    plan: Plan
    trials: tuple[Trial, ...]
    best: tuple[int, ...]
    measured: Mapping[int, Mapping[str, Any]]
    jobs: int = 0

    def model(self, number: int) -> Path:
        """The checkpoint of one of the best networks."""
        return self.folder / PARETO / f"{number}.pt"

    def as_json(self) -> dict[str, Any]:
        """See :class:`Shown`."""
        trials = [
            {"number": number, "params": dict(one.params), "values": dict(one.values), "why": one.why or None,
             "best": number in self.best, "measured": dict(self.measured.get(number, {}))}
            for number, one in enumerate(self.trials)
        ]  # fmt: skip
        return {"folder": str(self.folder), "jobs": self.jobs, "trials": trials}

    def sheet(self) -> Sheet:
        """See :class:`Shown`."""
        if self.jobs:
            return [
                f"{self.jobs} jobs in {self.folder / 'jobs'}: run `sbatch {self.folder / 'jobs.sh'}`, and then "
                f"`lgc sweep -o {self.folder} --resume` (with --emit-jobs, if there are more trials to come)"
            ]
        grid = [self.grid()] if self.best else []
        return [*grid, *self._notes(), *self.lines()]

    def grid(self) -> Grid:
        """The best networks as a table."""
        names, goals = list(self.plan.space.axes), self.plan.goals
        rows = []
        for number in self.best:
            trial, found = self.trials[number], self.measured.get(number, {})
            cells = [shown(trial.params[name]) for name in names]
            cells += [_with_spread(goal, trial) for goal in goals]
            cells += [Goal(ACCURACY).shown(found["test"]) if "test" in found else ""]
            cells += [goal.shown(found["values"][goal.name]) if goal.name in found.get("values", {}) else ""
                      for goal in self._measurable()]  # fmt: skip
            rows.append((f"#{number}", *cells))
        heads = [f"{name.replace('_', '-')}>" for name in names] + [f"{goal.name}>" for goal in goals] + ["test>"]
        heads += [f"{goal.name}, measured>" for goal in self._measurable()]
        return Grid(
            ("point", *heads), tuple(rows), f"{len(self.best)} of {len(self.trials)} trials that no other beats"
        )

    def _measurable(self) -> list[Goal]:
        found = {name for one in self.measured.values() for name in one.get("values", {})}
        return [goal for goal in self.plan.goals if goal.name in found]

    def _notes(self) -> list[str]:
        notes = [note for one in self.measured.values() for note in one.get("notes", [])]
        return list(dict.fromkeys(notes))

    def lines(self) -> list[str]:
        """How many trials came to what, and what to do next."""
        failed = [one for one in self.trials if one.why]
        bounds, found = self.plan.bounds, []
        if failed:
            found.append(f"{len(failed)} trials could not be trained, the first of them: {failed[0].why}")
        missing = sum(bool(one.values) and not one.keeps(bounds) for one in self.trials)
        if missing:
            found.append(f"{missing} trials miss a constraint: {', '.join(map(str, bounds))}")
        waiting = sum(not one.values and not one.why for one in self.trials)
        if waiting:
            found.append(f"{waiting} trials have no result yet; --resume goes on with them")
        if self.best:
            first = self.best[-1]
            found.append(f"wrote {self.folder / REPORT}, {TABLE}, {PICTURE}, and the networks in {PARETO}")
            found.append(f"next: lgc compile {self.folder}#{first} -o net.v")
        elif not waiting:
            found.append(f"wrote {self.folder / TABLE}; no trial is good enough to be chosen")
        return found


def _with_spread(goal: Goal, trial: Trial) -> str:
    text = goal.shown(trial.values[goal.name])
    if goal.name not in trial.spread:
        return text
    return f"{text} ± {goal.shown(round(trial.spread[goal.name], 6)).removesuffix(' %')}"


def chosen(plan: Plan, trials: Sequence[Trial]) -> list[int]:
    """The numbers of the trials that no other beats, among those that keep every constraint."""
    return front(plan.goals, {one.number: one.values for one in trials if one.keeps(plan.bounds)})


def written(
    setup: Common,
    trials: Sequence[Trial],
    measured: Mapping[int, Mapping[str, Any]],
    machines: Sequence[Mapping[str, str]],
    jobs: int = 0,
) -> SweepResult:
    """Write the table, the picture, the report and the chosen networks.

    Raises:
        OutputError: one cannot be written.
        InputError: the file of published points is no such file.
    """
    plan, folder = setup.plan, setup.folder.path
    result = SweepResult(folder, plan, tuple(trials), tuple(chosen(plan, trials)), measured, jobs)
    write_text(folder / TABLE, trials_table(plan, trials))
    write_points(folder, {one.number: _point(setup, one) for one in trials})
    if jobs or not result.best:
        return result
    (folder / PARETO).mkdir(exist_ok=True)
    for number in result.best:
        source = setup.folder.results.path(trials[number].networks[0])
        with replacing(result.model(number)) as temporary:
            temporary.write_bytes(source.read_bytes())
    for old in (folder / PARETO).glob("*.pt"):
        if old.stem not in map(str, result.best):
            old.unlink()
    published = setup.options.every["published"]
    write_text(folder / PICTURE, drawn(result, _published(Path(published), plan) if published else []))
    write_text(folder / REPORT, report(result, machines))
    return result


def _point(setup: Common, trial: Trial) -> dict[str, Any]:
    if not trial.networks:
        return {"problem": trial.why or "it has no result yet"}
    network = setup.folder.results.path(trial.networks[0]).relative_to(setup.folder.path)
    return {"network": network.as_posix(), "compile": setup.plan.space.settings(trial.params)[1]}


def trials_table(plan: Plan, trials: Sequence[Trial]) -> str:
    """All trials as CSV: the same text for the same trials, whoever worked on them and in which order."""
    best = chosen(plan, trials)
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    axes = list(plan.space.axes)
    names = sorted({name for one in trials for name in one.values})
    spread = sorted({name for one in trials for name in one.spread})
    rows.writerow(["trial", "best", *axes, *names, *(f"deviation of {name}" for name in spread), "problem"])
    for one in trials:
        cells = [shown(one.params[name]) for name in axes]
        cells += [f"{one.values[name]:.6g}" if name in one.values else "" for name in names]
        cells += [f"{one.spread[name]:.6g}" if name in one.spread else "" for name in spread]
        rows.writerow([one.number, "yes" if one.number in best else "", *cells, one.why])
    return text.getvalue()


def drawn(result: SweepResult, others: Sequence[Mark] = ()) -> str:
    """The picture of all trials that have values."""
    plan, dots = result.plan, []
    for one in result.trials:
        if one.values and one.number not in result.best:
            dots.append(Mark(f"#{one.number}", "trial" if one.keeps(plan.bounds) else "misses", one.values))
    dots += [Mark(f"#{number}", "front", result.trials[number].values) for number in result.best]
    return picture(f"{result.folder.absolute().name}: {len(result.trials)} trials", plan.goals, [*dots, *others])


def _published(path: Path, plan: Plan) -> list[Mark]:
    """Points of others on the same data that have a value of each goal; their accuracies are of test samples.

    Raises:
        InputError: it cannot be read.
    """
    data = plan.space.fixed.get("dataset")
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        found = []
        for row in rows:
            if row.get("data", data) != data:
                continue
            values = {ACCURACY: row["test"], **{goal.name: row[goal.name] for goal in plan.goals if goal.name in row}}
            if _LUT6 in row:
                values |= {goal.name: row[_LUT6] for goal in plan.goals if goal.kind == "luts"}
            if all(goal.name in values for goal in plan.goals):
                scope = f" ({row['scope']})" if "scope" in row else ""
                found.append(Mark(f"{row['work']}{scope}", "other", values))
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise InputError(
            f"these are no published points ({type(error).__name__}: {error})",
            where=str(path),
            hint="It is a JSON list of objects with work, test, and lut6 or the objectives",
        ) from None
    return found


def report(result: SweepResult, machines: Sequence[Mapping[str, str]]) -> str:
    """A page of Markdown about a sweep."""
    plan, grid = result.plan, result.grid() if result.best else None
    lines = [f"# Sweep {result.folder.absolute().name}", ""]
    lines += [f"{len(result.trials)} trials by {plan.sampler}, seed {plan.seed}; objectives "
              f"{', '.join(goal.name for goal in plan.goals)}.", ""]  # fmt: skip
    lines += [f"- constraint: {one}" for one in plan.bounds]
    lines += [f"- {name}: {axis}" for name, axis in plan.space.axes.items()]
    lines += [f"- {name} = {shown(value)}" for name, value in plan.space.fixed.items()]
    if grid is not None:
        lines += ["", f"![accuracy over cost]({PICTURE})", "", f"| {' | '.join(grid.names)} |"]
        lines += [f"|{'---|' * len(grid.names)}", *(f"| {' | '.join(row)} |" for row in grid.rows)]
    lines += ["", "Networks are chosen by validation samples. Costs are estimated, unless a column says measured. The"]
    lines += ["test samples were looked at once, for the networks of this table.", ""]
    lines += [f"- {note}" for note in result._notes()]
    lines += [f"- {line}" for line in result.lines()]
    lines += [f"- lgc {lgc.__version__}"]
    lines += [f"- a worker: {', '.join(f'{name} {value}' for name, value in one.items())}" for one in machines]
    return "\n".join([*lines, ""])
