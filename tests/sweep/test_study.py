"""Studies: the same proposals whatever the order of outcomes, nothing asked or told twice, secrets kept."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from lgc.errors import InputError, LgcError, OptionError
from lgc.sweep.goals import Bound, Goal
from lgc.sweep.space import AnyOf, Between, Space
from lgc.sweep.storage import masked, without_secrets
from lgc.sweep.study import Plan, Study, Trial

SPACE = Space({}, {"gates": Between(10, 1000, 1, whole=True), "wiring": AnyOf((["dense"], ["topk:4", "fixed"]))}, {})
GOALS = (Goal("accuracy"), Goal("luts", "xc7"))
IDENTITY = {"id": "abc", "lgc": "x"}


def plan_of(sampler: Any = "tpe", **more: Any) -> Plan:
    given = {"bounds": (), "seed": 3, "lag": 3, "population": 4} | more
    return Plan(SPACE, GOALS, sampler=sampler, **given)


def study_of(tmp_path: Path, plan: Plan, *, new: bool = True, identity: Any = IDENTITY, name: str = "s") -> Study:
    return Study(f"sqlite:///{tmp_path / f'{name}.db'}", "study", identity, plan, new=new)


def answer(trial: Trial) -> None:
    """A made-up network: larger ones are better, and dense ones dearer."""
    gates, dense = trial.params["gates"], trial.params["wiring"] == ["dense"]
    trial.values = {"accuracy": 1 - 1 / gates, "luts:xc7": gates * (2.0 if dense else 1.0)}


def walked(study: Study, trials: int, order: random.Random, *, stop: int | None = None) -> list[dict[str, Any]]:
    """Ask for so many trials, and answer those under way in any order; ``stop`` leaves after so many answers."""
    running, answers = [one for one in study.trials if not one.told], 0
    while len(study.trials) < trials or running:
        trial = study.ask() if len(study.trials) < trials else None
        if trial is not None:
            running.append(trial)
            if order.random() < 0.5:
                continue
        one = running.pop(order.randrange(len(running)))
        answer(one)
        answers += 1
        if answers == stop:
            break
    if stop is None:
        study.tell_all()
    return [dict(one.params) for one in study.trials]


@pytest.mark.parametrize("sampler", ["random", "tpe", "nsga2"])
def test_the_order_of_answers_changes_no_proposal(tmp_path: Path, sampler: str) -> None:
    """And with bounds, and where the sweep is ended and goes on in another process."""
    plan = plan_of(sampler, bounds=(Bound.of("luts:xc7 <= 900"),))
    found = []
    for seed in range(2):
        study = study_of(tmp_path, plan, name=f"{sampler}{seed}")
        if seed:
            walked(study, 14, random.Random(seed), stop=7)
            study = study_of(tmp_path, plan, name=f"{sampler}{seed}", new=False)
        found.append(walked(study, 14, random.Random(seed)))
    assert found[0] == found[1]
    assert len({str(point) for point in found[0]}) > 8


def test_a_sampler_that_learns_does_better_than_chance(tmp_path: Path) -> None:
    """TPE looks where small and large networks are good: so the proposals do depend on outcomes."""
    guided = walked(study_of(tmp_path, plan_of("tpe"), name="a"), 30, random.Random(0))
    drawn = [SPACE.draw(number, 3) for number in range(30)]
    assert guided[:10] == drawn[:10]  # before there are results
    assert guided[10:] != drawn[10:]
    dense = [sum(point["wiring"] == ["dense"] for point in points[10:]) for points in (guided, drawn)]
    assert dense[0] < dense[1]


def test_a_proposal_waits_for_what_it_has_to_see(tmp_path: Path) -> None:
    study = study_of(tmp_path, plan_of("tpe", lag=2))
    first, second = study.ask(), study.ask()
    assert first and second and study.ask() is None
    answer(second)
    assert study.ask() is None
    answer(first)
    assert study.ask() is not None


def test_outcomes_are_read_back(tmp_path: Path) -> None:
    plan = plan_of("random")
    study = study_of(tmp_path, plan)
    one, two, three = study.ask(), study.ask(), study.ask()
    assert one and two and three
    answer(one)
    one.networks, one.spread = ("d1", "d2"), {"accuracy": 0.01}
    two.why = "training diverged"
    study.tell_all()
    again = study_of(tmp_path, plan, new=False)
    assert [(t.values, t.networks, t.spread, t.why, t.told) for t in again.trials] == [
        (one.values, ("d1", "d2"), {"accuracy": 0.01}, "", True), ({}, (), {}, "training diverged", True),
        ({}, (), {}, "", False),
    ]  # fmt: skip
    assert [t.params for t in again.trials] == [t.params for t in study.trials]
    assert again.told == 2


def test_two_who_ask_in_one_study_are_found_out(tmp_path: Path) -> None:
    plan = plan_of("random")
    study = study_of(tmp_path, plan)
    other = study_of(tmp_path, plan, new=False)
    assert study.ask() is not None
    with pytest.raises(OptionError, match="somebody else asks"):
        other.ask()


def test_a_trial_is_not_told_twice(tmp_path: Path) -> None:
    plan = plan_of("random")
    study = study_of(tmp_path, plan)
    one = study.ask()
    assert one
    other = study_of(tmp_path, plan, new=False)
    answer(one)
    answer(other.trials[0])
    study.tell_all()
    with pytest.raises(LgcError):
        other.tell_all()


def test_a_study_of_another_folder_version_or_name_is_refused(tmp_path: Path) -> None:
    plan = plan_of("random")
    study_of(tmp_path, plan)
    with pytest.raises(InputError, match="belongs to another sweep's folder"):
        study_of(tmp_path, plan, new=False, identity={"id": "other"})
    with pytest.raises(InputError, match="already a study 'study'"):
        study_of(tmp_path, plan)
    with pytest.raises(InputError, match="no study 'study'"):
        study_of(tmp_path, plan, new=False, name="fresh")
    import optuna

    optuna.create_study(storage=f"sqlite:///{tmp_path / 'foreign.db'}", study_name="study", directions=["maximize"] * 2)
    with pytest.raises(InputError, match="another version of lgc, or not one of lgc's"):
        study_of(tmp_path, plan, new=False, name="foreign")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql+psycopg://ann:s3cret@host:5432/db", "postgresql+psycopg://ann:***@host:5432/db"),
        ("postgresql://host/db?user=ann&password=s3cret&x=1", "postgresql://host/db?user=ann&password=***&x=1"),
        ("sqlite:///file.db", "sqlite:///file.db"),
        ("postgresql://[broken", "***"),
    ],
)
def test_passwords_are_not_shown(url: str, shown: str) -> None:
    assert masked(url) == shown


def test_messages_that_quote_a_password_are_cleaned() -> None:
    url = "postgresql://ann:a%2Fb@host/db"
    for text in (f"cannot open {url}", "password a/b is wrong", "password a%2Fb is wrong"):
        assert "a/b" not in without_secrets(text, url) and "a%2Fb" not in without_secrets(text, url)


@pytest.mark.parametrize(
    "url", ["nonsense", "nosuch://ann:s3cret@host/db", "postgresql+psycopg://ann:s3cret@127.0.0.1:1/db"]
)
def test_a_database_that_is_not_there_is_one_sentence_without_secrets(url: str) -> None:
    with pytest.raises(LgcError) as error:
        Study(url, "study", IDENTITY, plan_of("random"), new=True)
    assert "s3cret" not in str(error.value) and "\n" not in str(error.value)
    assert error.value.__cause__ is None
