"""Goals, bounds and the front of points that no other beats."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgc.driver.costs import part_of
from lgc.errors import OptionError
from lgc.sweep.goals import KINDS, Bound, Goal, check_bounds, front

GOALS = (Goal("accuracy"), Goal("luts", "xc7"), Goal("depth", "xc7"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("lutz:xc7", "Did you mean luts?"),
        ("luts", "Write luts:xc7 or another part"),
        ("luts:", "Write luts:xc7"),
        ("accuracy:xc7", "Write accuracy"),
        ("speed", "There are accuracy, luts:PART"),
    ],
)
def test_a_goal_that_is_none_is_refused(text: str, words: str) -> None:
    with pytest.raises(OptionError) as error:
        Goal.of(text)
    assert words in str(error.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("luts:xc7 < 3000", "Write 'luts:xc7 <= 3000'"),
        ("luts:xc7 <= many", "Write 'luts:xc7 <= 3000'"),
        ("luts:xc7 <= 0", "no network keeps the constraint"),
        ("luts:xc7 <= -5", "no network keeps the constraint"),
        ("accuracy >= 1.5", "accuracy is at most 1"),
    ],
)
def test_a_bound_that_nothing_keeps_is_refused(text: str, words: str) -> None:
    with pytest.raises(OptionError) as error:
        Bound.of(text)
    assert words in str(error.value)


def test_bounds_that_exclude_each_other_are_refused() -> None:
    with pytest.raises(OptionError, match="no network keeps both 'luts:xc7 >= 300' and 'luts:xc7 <= 200'"):
        check_bounds([Bound.of("luts:xc7<=200"), Bound.of("luts:xc7 >= 300")])
    check_bounds([Bound.of("luts:xc7<=200"), Bound.of("luts:ecp5 >= 300"), Bound.of("luts:xc7 >= 200")])


def test_a_bound_says_by_how_much_it_is_missed() -> None:
    most, least = Bound.of("luts:xc7 <= 200"), Bound.of("accuracy >= 0.9")
    assert most.excess({"luts:xc7": 300}) == pytest.approx(0.5)
    assert most.excess({"luts:xc7": 200}) == 0
    assert least.excess({"accuracy": 0.45}) == pytest.approx(0.5)
    assert least.excess({"accuracy": 0.95}) < 0


@pytest.mark.parametrize("name", ["xc7", "ecp5", "ice40", "ecp5-25k", "up5k"])
def test_a_family_or_a_part_can_be_meant(name: str) -> None:
    part = part_of(Goal("luts", name))
    assert part.lut_size in (4, 6) and name in (part.family.name, part.name, part.name.partition("-")[2])


@pytest.mark.parametrize("name", ["asic", "xc99"])
def test_a_part_without_tables_or_unknown_is_refused(name: str) -> None:
    with pytest.raises(OptionError):
        part_of(Goal("luts", name))


points = st.lists(st.tuples(*[st.integers(0, 4)] * 3), min_size=1, max_size=12)


@given(points)
def test_the_front_is_what_no_other_beats(rows: list[tuple[int, int, int]]) -> None:
    """Against the definition; of equal points the first."""
    values = {number: dict(zip([goal.name for goal in GOALS], row, strict=True)) for number, row in enumerate(rows)}

    def better(a: tuple[int, int, int], b: tuple[int, int, int]) -> bool:
        return a[0] >= b[0] and a[1] <= b[1] and a[2] <= b[2] and a != b

    wanted = [
        number for number, row in enumerate(rows)
        if not any(better(other, row) for other in rows) and row not in rows[:number]
    ]  # fmt: skip
    found = front(GOALS, values)
    assert sorted(found) == wanted
    assert [rows[number][1] for number in found] == sorted(rows[number][1] for number in found)


def test_every_kind_of_goal_has_its_words() -> None:
    assert all(one.about for one in KINDS.values())
    assert Goal("accuracy").shown(0.91234) == "91.23 %"
    assert Goal("luts", "xc7").shown(4309) == "4,309"
