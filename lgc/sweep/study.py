"""A study: which trials there are and what came of them, in Optuna's storage.

One process at a time asks and tells; workers never see the storage. A point that is proposed depends on the seed, its
number, and the trials that lie at least ``lag`` before it, and on nothing else. However many workers there are and
whenever they are done, the same trials are proposed.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from lgc.errors import InputError, OptionError
from lgc.sweep.goals import Bound, Goal
from lgc.sweep.space import AnyOf, Axis, Space
from lgc.sweep.storage import database_errors, masked, open_storage, quiet

if TYPE_CHECKING:
    import optuna
    from optuna.distributions import BaseDistribution
    from optuna.trial import FrozenTrial

FORMAT = 1
Sampler = Literal["auto", "grid", "random", "tpe", "nsga2"]
_RECORD, _EXCESS, _WHY = "lgc", "excess", "why"
_STARTUP = 8
"""Results that TPE wants to see before it proposes."""


@dataclass(frozen=True)
class Plan:
    """How a study proposes.

    Attributes:
        goals: its objectives.
        seed: decides what is proposed.
        lag: a proposal sees the trials that lie at least so many before it.
        population: of NSGA-II.
        prune: how many others have to be better, at some epochs and in every goal, to end a trial; 0 ends none.
    """

    space: Space
    goals: tuple[Goal, ...]
    bounds: tuple[Bound, ...]
    sampler: Sampler
    seed: int
    lag: int
    population: int
    prune: int = 0

    @property
    def learns(self) -> bool:
        """Whether proposals depend on results."""
        return self.sampler in ("tpe", "nsga2")

    @property
    def drawn(self) -> int:
        """How many trials are drawn before results decide."""
        first = {"tpe": _STARTUP + self.lag - 1, "nsga2": self.population}
        return max(first.get(self.sampler, sys.maxsize), len(self.space.start))

    @property
    def waits(self) -> bool:
        """Whether what a trial does depends on the results of others."""
        return self.learns or self.prune > 0

    def to_json(self) -> dict[str, Any]:
        """What two runs of one study share."""
        found: dict[str, Any] = {"objectives": [goal.name for goal in self.goals]}
        found |= {"constraints": [str(one) for one in self.bounds], "sampler": self.sampler, "seed": self.seed}
        found |= {"lag": self.lag, "population": self.population, "prune": self.prune} if self.waits else {}
        return {"space": self.space.to_json(), **found}


@dataclass
class Trial:
    """A point of the space, and what came of it.

    Attributes:
        values: of every goal and bound, means where it is trained by several seeds; empty while nothing is known.
        spread: their standard deviations; empty for one seed.
        networks: digests of the results that they are of, one a seed.
        why: what kept it from being trained; "" if nothing did.
        told: whether the study has the outcome.
    """

    number: int
    params: Mapping[str, Any]
    values: Mapping[str, float] = field(default_factory=dict)
    spread: Mapping[str, float] = field(default_factory=dict)
    networks: tuple[str, ...] = ()
    why: str = ""
    told: bool = False

    def excess(self, bounds: Sequence[Bound]) -> list[float]:
        """Of each bound, by how much it is missed."""
        return [one.excess(self.values) for one in bounds]

    def keeps(self, bounds: Sequence[Bound]) -> bool:
        """Whether it has values that keep all bounds."""
        return bool(self.values) and all(one <= 0 for one in self.excess(bounds))


class Study:
    """A study that is open.

    Args:
        url: of the storage.
        name: in the storage.
        identity: of the sweep's folder; a study belongs to one.

    Attributes:
        trials: all that were asked for, by number.
        told: of them, from the first on, those whose outcomes the storage has.

    Raises:
        InputError: there is no such study, it is of another folder or another version.
        ToolError: the database fails.
    """

    def __init__(self, url: str, name: str, identity: Mapping[str, Any], plan: Plan, *, new: bool) -> None:
        self.url, self.name, self.plan = url, name, plan
        with quiet(), database_errors(url):
            self._storage = open_storage(url)
        try:
            self._read_all(identity, new)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Study:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the database."""
        self._storage.remove_session()
        self._storage.engine.dispose()

    def _read_all(self, identity: Mapping[str, Any], new: bool) -> None:
        with quiet(), database_errors(self.url):
            self._study = self._open(identity, new)
            found = self._study.get_trials(deepcopy=False)
        self.trials = [self._read(one) for one in found if _asked(one)]
        self._ids = [one._trial_id for one in found if _asked(one)]
        self._waiting = len(found) > len(self.trials)  # drawn, and not asked for when somebody ended the sweep
        self.told = next((one.number for one in self.trials if not one.told), len(self.trials))

    def _open(self, identity: Mapping[str, Any], new: bool) -> optuna.Study:
        import optuna

        storage = self._storage
        directions: list[Any] = ["maximize" if goal.what.rises else "minimize" for goal in self.plan.goals]
        try:
            if new:
                study = optuna.create_study(storage=storage, study_name=self.name, directions=directions)
                study.set_user_attr(_RECORD, {"format": FORMAT, **identity})
                return study
            study = optuna.load_study(storage=storage, study_name=self.name)
        except (optuna.exceptions.DuplicatedStudyError, KeyError):
            raise InputError(
                f"there is {'already a' if new else 'no'} study '{self.name}'",
                where=masked(self.url),
                hint="Name another folder with -o" if new else "Give the --storage that the sweep was started with",
            ) from None
        record = study.user_attrs.get(_RECORD)
        if not isinstance(record, dict) or record.get("format") != FORMAT:
            raise InputError(
                "the study is of another version of lgc, or not one of lgc's", where=masked(self.url),
                hint="Go on with the lgc that began it, or start a sweep in another folder",
            )  # fmt: skip
        if record.get("id") != identity.get("id"):
            raise InputError(
                f"the study '{self.name}' belongs to another sweep's folder", where=masked(self.url),
                hint="Go on in the folder where it was started",
            )  # fmt: skip
        return study

    def _read(self, one: FrozenTrial) -> Trial:
        record = one.user_attrs.get(_RECORD, {})
        return Trial(
            one.number, _decoded(one.params), record.get("values", {}), record.get("spread", {}),
            tuple(record.get("networks", ())), one.user_attrs.get(_WHY, ""), one.state.is_finished(),
        )  # fmt: skip

    def ask(self) -> Trial | None:
        """The next trial; None where it has to wait for outcomes.

        Raises:
            ToolError: the database fails, or somebody else asks too.
        """
        number, plan = len(self.trials), self.plan
        if plan.waits:
            while self.told < number - plan.lag + 1:
                if not self._tell_next():
                    return None
        with quiet(), database_errors(self.url):
            if number >= plan.drawn:
                self._study.sampler = _sampler(plan, number)
            elif not self._waiting:
                self._study.enqueue_trial(_encoded(plan.space.draw(number, plan.seed)))
            self._waiting = False
            found = self._study.ask({name: _distribution(axis) for name, axis in plan.space.axes.items()})
        if found.number != number:
            raise OptionError(
                "somebody else asks in this study too",
                where=masked(self.url),
                hint="One sweep works on a study at a time",
            )
        trial = Trial(number, _decoded(found.params))
        self.trials.append(trial)
        self._ids.append(found._trial_id)
        return trial

    def tell_all(self) -> None:
        """Give the study every outcome that is known, up to the first that is not."""
        while self._tell_next():
            pass

    def _tell_next(self) -> bool:
        """Whether there was an outcome to tell."""
        import optuna

        if self.told == len(self.trials):
            return False
        trial = self.trials[self.told]
        if not trial.values and not trial.why:
            return False
        with quiet(), database_errors(self.url):
            self._study.sampler = _sampler(self.plan, trial.number)
            handle = optuna.trial.Trial(self._study, self._ids[trial.number])
            if trial.why:
                handle.set_user_attr(_WHY, trial.why)
                self._study.tell(trial.number, state=optuna.trial.TrialState.FAIL)
            else:
                record = {"values": dict(trial.values), "spread": dict(trial.spread), "networks": list(trial.networks)}
                handle.set_user_attr(_RECORD, record)
                handle.set_user_attr(_EXCESS, trial.excess(self.plan.bounds))
                self._study.tell(trial.number, [trial.values[goal.name] for goal in self.plan.goals])
        trial.told = True
        self.told += 1
        return True


def _asked(one: FrozenTrial) -> bool:
    return one.state.name != "WAITING"


def _sampler(plan: Plan, number: int) -> optuna.samplers.BaseSampler:
    """A sampler whose draws depend on the number of the trial, and not on what was drawn before."""
    import optuna

    seed = int.from_bytes(hashlib.sha256(f"{plan.seed}:{number}".encode()).digest()[:4], "big")
    excess = _excess_of if plan.bounds else None
    if plan.sampler == "tpe":
        return optuna.samplers.TPESampler(n_startup_trials=_STARTUP, seed=seed, constraints_func=excess)
    if plan.sampler == "nsga2":
        return optuna.samplers.NSGAIISampler(population_size=plan.population, seed=seed, constraints_func=excess)
    return optuna.samplers.RandomSampler(seed=seed)


def _excess_of(trial: FrozenTrial) -> Sequence[float]:
    return list(trial.user_attrs[_EXCESS])


def _distribution(axis: Axis) -> BaseDistribution:
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if isinstance(axis, AnyOf):
        return CategoricalDistribution([_word(value) for value in axis.values])
    if axis.whole:
        return IntDistribution(int(axis.low), int(axis.high), log=axis.log, step=int(axis.step) or 1)
    return FloatDistribution(axis.low, axis.high, log=axis.log, step=axis.step or None)


def _word(value: Any) -> Any:
    """A value as Optuna takes choices: what is a list, as its JSON."""
    return f"json:{json.dumps(value)}" if isinstance(value, list) else value


def _encoded(params: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _word(value) for name, value in params.items()}


def _decoded(params: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: json.loads(value[5:]) if isinstance(value, str) and value.startswith("json:") else value
        for name, value in params.items()
    }
