"""Spaces: what a TOML file may say, what is refused, and that points depend on seed and number alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgc.driver.sweep_folder import kinds
from lgc.errors import InputError, OptionError
from lgc.sweep.space import AnyOf, Between, Space, read_space


def space_of(tmp_path: Path, text: str) -> Space:
    path = tmp_path / "space.toml"
    path.write_text(text)
    return read_space(path, kinds())


def test_a_value_a_list_and_a_range_are_told_apart(tmp_path: Path) -> None:
    space = space_of(
        tmp_path,
        """
        dataset = "digits"
        gates = [60, 100]
        lr = {low = 0.01, high = 0.2, log = true}
        batch = {low = 32, high = 128, step = 32}
        wiring = ["topk:16", "fixed"]
        thresholds = ["uniform:3", [0.5, 0.25]]
        compile.pipeline = [0, 2]
        sweep.objectives = ["accuracy", "gates"]
        sweep.trials = 8
        """,
    )
    assert space.fixed == {"dataset": "digits", "wiring": ["topk:16", "fixed"]}
    assert space.axes == {
        "gates": AnyOf((60, 100)),
        "lr": Between(0.01, 0.2, 0.0, True, False),
        "batch": Between(32.0, 128.0, 32.0, False, True),
        "thresholds": AnyOf(("uniform:3", [0.5, 0.25])),
        "compile.pipeline": AnyOf((0, 2)),
    }
    assert space.sweep == {"objectives": ["accuracy", "gates"], "trials": 8}
    assert space.size is None
    training, compiling = space.settings({"gates": 60, "compile.pipeline": 2})
    assert (training["gates"], compiling) == (60, {"pipeline": 2})


def test_choices_of_a_list_are_lists(tmp_path: Path) -> None:
    space = space_of(tmp_path, 'wiring = [["dense"], ["topk:16", "fixed"]]\nthresholds = [0.5, 0.25]')
    assert space.axes == {"wiring": AnyOf((["dense"], ["topk:16", "fixed"]))}
    assert space.fixed == {"thresholds": [0.5, 0.25]}


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("gatez = 60", "there is no setting 'gatez'. Did you mean gates?"),
        ("compile.pipelin = 1", "Did you mean compile.pipeline?"),
        ("sweep.trails = 1", "Did you mean sweep.trials?"),
        ("output = 'x.pt'", "there is no setting 'output'"),
        ("gates = ['many']", "gates is 'many'. It is a whole number"),
        ("gates = []", "gates is an empty list"),
        ("gates = [60, 60]", "gates has a value twice: 60, 60"),
        ("gates = -1", "gates is -1"),
        ("lr = {low = 0.2, high = 0.1}", "low must be below high"),
        ("lr = {low = 0, high = 0.1}", "lr is 0"),
        ("lr = {low = 0.1, hihg = 0.2}", "A range is {low = 1, high = 8}"),
        ("lr = {low = 0.1, high = 0.2, step = 0.1, log = true}", "there is no step"),
        ("schedule = 'linear'", "schedule is 'linear'. Give cosine, constant"),
        ("sweep = 3", "Write sweep.NAME = VALUE"),
        ("gates = ", "this is no readable space"),
    ],
)
def test_what_is_wrong_is_named_with_the_file(tmp_path: Path, line: str, words: str) -> None:
    with pytest.raises(InputError) as error:
        space_of(tmp_path, line)
    assert str(error.value).startswith(f"{tmp_path / 'space.toml'}: ") and words in str(error.value)


def test_a_file_that_is_not_there_is_an_error_of_the_user(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no readable space"):
        read_space(tmp_path / "none.toml", kinds())


axes = st.dictionaries(
    st.sampled_from(["gates", "layers", "epochs", "lr"]),
    st.lists(st.integers(1, 50), min_size=1, max_size=4, unique=True).map(lambda values: AnyOf(tuple(values))),
    min_size=1,
)


@given(axes, st.integers(0, 1 << 30))
def test_no_point_is_drawn_twice_while_there_are_others(found: dict[str, AnyOf], seed: int) -> None:
    space = Space({}, found, {})
    assert space.size is not None
    drawn = [tuple(space.draw(number, seed).items()) for number in range(space.size)]
    assert sorted(drawn) == sorted(tuple(point.items()) for point in space.points())


@given(st.integers(0, 1000), st.integers(0, 1000))
def test_ranges_are_kept_and_draws_repeat(number: int, seed: int) -> None:
    found = {
        "lr": Between(0.01, 1.0, log=True),
        "gates": Between(10, 1000, log=True, whole=True),
        "batch": Between(32, 100, 32, whole=True),
        "tau": Between(1.0, 2.0),
    }
    space = Space({}, found, {})
    point = space.draw(number, seed)
    assert point == space.draw(number, seed)
    for name, axis in found.items():
        assert axis.low <= point[name] <= axis.high
    assert point["batch"] in (32, 64, 96) and isinstance(point["gates"], int)


def test_other_seeds_and_numbers_give_other_points() -> None:
    space = Space({}, {"lr": Between(0.01, 1.0)}, {})
    assert len({space.draw(number, seed)["lr"] for number in range(10) for seed in range(10)}) == 100


def test_a_seed_is_not_varied(tmp_path: Path) -> None:
    from lgc.driver.sweep_folder import Options
    from lgc.driver.sweep_request import SweepRequest

    space = space_of(tmp_path, "dataset = 'digits'\nseed = [0, 1]")
    with pytest.raises(OptionError, match=r"sweep\.seeds = 3"):
        Options.of(SweepRequest(), space, {})


_STARTS = """
gates = {low = 60, high = 200, step = 20}
lr = {low = 0.01, high = 0.2, log = true}
compile.pipeline = [0, 2]

[[start]]
gates = 100
lr = 0.05
compile.pipeline = 2
"""


def test_start_points_are_the_first_trials(tmp_path: Path) -> None:
    space = space_of(tmp_path, _STARTS)
    assert space.draw(0, seed=7) == {"gates": 100, "lr": 0.05, "compile.pipeline": 2}
    assert space.draw(1, seed=7) == space_of(tmp_path, _STARTS[: _STARTS.index("[[")]).draw(1, seed=7)


def test_a_grid_begins_with_its_start_points_and_has_none_twice(tmp_path: Path) -> None:
    starts = "[[start]]\ngates = 200\nepochs = 10\n[[start]]\nepochs = 5\ngates = 60"
    space = space_of(tmp_path, f"gates = [60, 100, 200]\nepochs = [5, 10]\n{starts}")
    points = [space.draw(number, seed=3) for number in range(6)]
    assert points[:2] == [{"gates": 200, "epochs": 10}, {"gates": 60, "epochs": 5}]
    assert sorted(map(str, points)) == sorted(map(str, space.points()))


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ("gates = 100\nlr = 0.05", "start point 1 has no compile.pipeline. It is one of: 0, 2"),
        ("gates = 110\nlr = 0.05\ncompile.pipeline = 2", "start point 1 has gates = 110. It is one of: 60 to 200"),
        ("gates = 220\nlr = 0.05\ncompile.pipeline = 2", "start point 1 has gates = 220"),
        ("gates = 100\nlr = 0.05\ncompile.pipeline = 1", "start point 1 has compile.pipeline = 1"),
        ("gates = 100\nlr = 0.05\ntau = 3.0\ncompile.pipeline = 2", "start point 1 has tau, which is not varied"),
        ("gatez = 100", "there is no setting 'gatez'"),
        ("gates = 100\nlr = 0.05\ncompile = 2", "'start.compile' is 2"),
        ("gates = 100\nlr = 0.05\ncompile.pipeline = 2\n" + _STARTS[_STARTS.index("[[") :], "point 2 comes twice"),
    ],
)
def test_a_start_point_outside_the_space_is_refused(tmp_path: Path, lines: str, words: str) -> None:
    text = _STARTS[: _STARTS.index("gates = 100")] + lines
    if "twice" in words:
        text = text.replace("[[start]]\n\n", "[[start]]\n")
    with pytest.raises(OptionError) as caught:
        space_of(tmp_path, text)
    assert words in f"{caught.value.message}. {caught.value.hint}"
