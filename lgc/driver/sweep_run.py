"""The trials of a sweep: which tasks they are, what came of each, and when the study is told."""

from __future__ import annotations

import statistics
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import lgc
from lgc.driver.sweep_folder import Folder, Options
from lgc.driver.swept import chosen
from lgc.errors import InputError
from lgc.farm import Flow, answers, digest_of
from lgc.progress import Progress, Silence
from lgc.sweep.goals import ACCURACY
from lgc.sweep.study import Plan, Study, Trial

Content = Mapping[str, Any]


@dataclass(frozen=True)
class Common:
    """What all tasks of a sweep share.

    Attributes:
        data: digest of the data set.
        first: settings of one point, by which the data set is found.
        data_dir: where its files are; None for each worker's own place.
    """

    folder: Folder
    options: Options
    plan: Plan
    data: str
    first: Mapping[str, Any]
    data_dir: str | None

    def record(self) -> dict[str, Any]:
        """What the folder keeps of it, so that its tasks can be named again."""
        options = {**self.options.every, "sampler": self.plan.sampler}
        return {"options": options, "data": self.data, "first": dict(self.first), "data_dir": self.data_dir}

    def task(self, what: str, params: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
        """A task about a point, whose request has ``more`` in it."""
        training, compiling = self.options.space.settings(params)
        goals = sorted({goal.name for goal in (*self.plan.goals, *(one.goal for one in self.plan.bounds))})
        request = {
            "task": what, "lgc": lgc.__version__, "data": self.data, "train": training, "compile": compiling,
            "goals": goals, **more,
        }  # fmt: skip
        return {
            "request": request, "folder": str(self.folder.path.absolute()), "id": self.folder.record.get("id"),
            "first": self.first, "data_dir": self.data_dir, "liberty": self.options.every["liberty"],
        }  # fmt: skip


class TrialRun:
    """The trials of a study, on workers."""

    def __init__(
        self, setup: Common, study: Study, flow: Flow[str] | None = None, told: Progress | None = None
    ) -> None:
        self.setup, self.study, self.told = setup, study, told or Silence()
        self._flow = flow
        self.trials = setup.options.trials(setup.plan)
        self.seeds = int(setup.options.every["seeds"])
        self.contents: dict[int, list[Content | None]] = {}
        self.done = self.study.told
        self._tasks: deque[dict[str, Any]] = deque()
        self._waiting: dict[str, list[tuple[int, int]]] = {}  # who waits for a result, by its digest

    @property
    def flow(self) -> Flow[str]:
        """The tasks that are under way."""
        assert self._flow is not None
        return self._flow

    def train(self) -> None:
        """Every trial that has no outcome yet, those first that somebody began."""
        self._begin()
        while True:
            self._fill()
            if not len(self.flow):
                break
            digest, content = self.flow.finished()
            self._start()  # first of all: the worker need not wait for the study
            self._keep(digest, content)
        self.study.tell_all()

    def _begin(self) -> None:
        missing = self._missing()
        self._tell_progress()
        for trial in self.study.trials:
            if not trial.told or trial.number in missing:
                self._add(trial)

    def _missing(self) -> set[int]:
        """The chosen trials whose networks are there no more: they are made again."""
        find, trials = self.setup.folder.results.find, self.study.trials
        return {
            number
            for number in chosen(self.setup.plan, trials)
            if any(find(digest) is None for digest in trials[number].networks)
        }

    def _start(self) -> None:
        """Begin what is queued, as far as there is room."""
        while self._tasks and self.flow.has_room:
            task = self._tasks.popleft()
            self.flow.start(digest_of(task["request"]), task)

    def _fill(self) -> None:
        """Ask for trials until every worker has a task, and the first that is free will have one."""
        self._start()
        while not self._tasks and self._ask():
            self._start()

    def _ask(self) -> bool:
        """Whether there was another trial."""
        if len(self.study.trials) >= self.trials:
            return False
        trial = self.study.ask()
        if trial is None:
            return False
        self._add(trial)
        return True

    def _add(self, trial: Trial) -> None:
        """Queue what a trial needs, and take what is there."""
        tasks = self.tasks_of(trial)
        self.contents[trial.number] = [None] * len(tasks)
        for index, task in enumerate(tasks):
            digest = digest_of(task["request"])
            before = self._waiting.get(digest)
            content = self.setup.folder.results.find(digest) if before is None else None
            if content is not None:
                self._take(trial.number, index, digest, content)
                continue
            if before is None:
                self._tasks.append(task)
            self._waiting.setdefault(digest, []).append((trial.number, index))

    def tasks_of(self, trial: Trial) -> list[dict[str, Any]]:
        """The trainings of a trial, one a seed."""
        rule, first = self._rule(trial.number), int(self.setup.options.space.fixed.get("seed", 0))
        params = dict(trial.params)
        more = {"prune": rule} if rule else {}
        return [self.setup.task("train", {**params, "seed": first + index}, more) for index in range(self.seeds)]

    def _rule(self, number: int) -> dict[str, Any] | None:
        """When the training of a trial is given up: by the curves of those that lie far enough before it."""
        plan = self.setup.plan
        if not plan.prune:
            return None
        others = []
        for other in self.study.trials[: max(0, number - plan.lag + 1)]:
            found = self.setup.folder.results.find(other.networks[0]) if other.networks else None
            if found is not None and found["pruned"] is None:
                others.append({"curve": found["curve"], "values": found["values"]})
        return {"least": plan.prune, "epochs": [4 << step for step in range(12)], "others": others}

    def _keep(self, digest: str, content: dict[str, Any]) -> None:
        checkpoint = content.pop("bytes", None)
        results = self.setup.folder.results
        results.keep(digest, content, checkpoint)
        for number, index in self._waiting.pop(digest, ()):
            self._take(number, index, digest, content)

    def _take(self, number: int, index: int, digest: str, content: Content) -> None:
        """One training of a trial is done; the last one settles it."""
        found = self.contents[number]
        found[index] = {**content, "name": digest}
        whole = [one for one in found if one is not None]
        if len(whole) == len(found):
            trial = self.study.trials[number]
            settle_trial(trial, whole)
            del self.contents[number]
            self.done += not trial.told
            if not self.setup.plan.waits:
                self.study.tell_all()
            self._tell_progress(trial)

    def _tell_progress(self, trial: Trial | None = None) -> None:
        if trial is not None:
            goals = self.setup.plan.goals
            text = trial.why or "  ".join(f"{goal.name} {goal.shown(trial.values[goal.name])}" for goal in goals)
            self.told.note(f"trial {trial.number:3d}  {text}")
        self.told.step("trials", self.done, self.trials)

    def emit(self) -> int:
        """Write the trainings that can be known now as jobs, in place of doing them; how many."""
        from lgc.driver.sweep_jobs import write_jobs

        self._begin()
        while self._ask():
            pass
        write_jobs(self.setup.folder, list(self._tasks))
        self.study.tell_all()
        return len(self._tasks)

    def measure(self) -> dict[int, Content]:
        """What programs measure of the chosen networks, and their test accuracy."""
        found: dict[int, Content] = {}
        numbers = chosen(self.setup.plan, self.study.trials)
        names = {}
        waiting = [self._measuring(self.study.trials[number]) for number in numbers]
        for number, task in zip(numbers, waiting, strict=True):
            names[digest_of(task["request"])] = number
        missing = [task for task in waiting if not self._known(task, names, found)]
        self.told.step("measure", len(found), len(names))
        for digest, content in answers(self.flow.workers, self.flow.function, missing):
            content.pop("bytes", None)
            self.setup.folder.results.keep(digest, content, None)
            found[names[digest]] = content
            self.told.step("measure", len(found), len(names))
        return found

    def _known(self, task: Mapping[str, Any], names: Mapping[str, int], found: dict[int, Content]) -> bool:
        digest = digest_of(task["request"])
        content = self.setup.folder.results.find(digest)
        if content is not None:
            found[names[digest]] = content
        return content is not None

    def _measuring(self, trial: Trial) -> dict[str, Any]:
        results = self.setup.folder.results
        digest = trial.networks[0]
        content = results.find(digest)
        if content is None:
            raise InputError(
                f"the network of trial {trial.number} is not there any more", where=str(results.path(digest)),
                hint="Start the sweep again in another folder",
            )  # fmt: skip
        measure = self.setup.options.every["measure"]
        params = {**trial.params, "seed": content["request"]["train"].get("seed", 0)}
        task = self.setup.task("measure", params, {"network": content["digest"], "measure": measure})
        return {**task, "bytes": results.path(digest).read_bytes()}


def settle_trial(trial: Trial, contents: list[Content]) -> None:
    """Give a trial its outcome: means over the seeds, and the networks with the most accurate first."""
    failed = next((one["failed"] for one in contents if "failed" in one), "")
    if failed:
        trial.why = failed
        return
    names = contents[0]["values"]
    columns = {name: [float(one["values"][name]) for one in contents] for name in names}
    trial.values = {name: statistics.fmean(column) for name, column in columns.items()}
    if len(contents) > 1:
        trial.spread = {name: statistics.stdev(column) for name, column in columns.items()}
    ranked = sorted(contents, key=lambda one: -one["values"][ACCURACY])
    trial.networks = tuple(str(one["name"]) for one in ranked)
