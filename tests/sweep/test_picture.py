"""The picture of a sweep: small errors are told apart, and no label covers another."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgc.driver.swept import _published
from lgc.sweep.goals import Goal
from lgc.sweep.picture import Mark, picture

GOALS = (Goal.of("accuracy"), Goal.of("luts:xc7"))
SVG = "{http://www.w3.org/2000/svg}"


def mark(label: str, accuracy: float, luts: float, kind: str = "front") -> Mark:
    return Mark(label, kind, {"accuracy": accuracy, "luts:xc7": luts})


def dots(text: str) -> list[tuple[float, float]]:
    return [(float(one.get("cx", 0)), float(one.get("cy", 0))) for one in ET.fromstring(text).iter(f"{SVG}circle")]


def test_a_tenth_of_the_errors_is_a_step_up() -> None:
    text = picture("three", GOALS, [mark("#0", 0.8, 10), mark("#1", 0.98, 100), mark("#2", 0.998, 1000)])
    (_, low), (_, middle), (_, high) = dots(text)
    assert low - middle == pytest.approx(middle - high, abs=0.2)


@given(st.lists(st.tuples(st.floats(0.0, 1.0), st.floats(1, 1e6)), min_size=1, max_size=40))
def test_no_label_covers_another(points: list[tuple[float, float]]) -> None:
    """Whatever the points are, all of them are drawn within the picture."""
    text = picture("many", GOALS, [mark(f"#{number}", *point) for number, point in enumerate(points)])
    places = dots(text)
    assert len(places) == len(points)
    assert all(70 <= x <= 736 and 39.9 <= y <= 424.1 for x, y in places)
    boxes = []
    for one in ET.fromstring(text).iter(f"{SVG}text"):
        if (one.text or "").startswith("#"):
            x, y, wide = float(one.get("x", 0)), float(one.get("y", 0)), 7.2 * len(one.text or "")
            left = x - wide if one.get("text-anchor") == "end" else x
            boxes.append((left, y - 10, left + wide, y + 3))
    for index, a in enumerate(boxes):
        assert not any(a[0] + 0.1 < b[2] and b[0] + 0.1 < a[2] and a[1] + 0.1 < b[3] and b[1] + 0.1 < a[3]
                       for b in boxes[:index])  # fmt: skip


def test_points_of_other_data_are_left_out(tmp_path: Path) -> None:
    rows = [{"work": "this", "test": 0.9, "lut6": 10, "data": "mnist"}, {"work": "any", "test": 0.9, "lut6": 10},
            {"work": "that", "test": 0.5, "lut6": 10, "data": "cifar-10"}]  # fmt: skip
    path = tmp_path / "published.json"
    path.write_text(json.dumps(rows))
    plan = SimpleNamespace(goals=GOALS, space=SimpleNamespace(fixed={"dataset": "mnist"}))
    assert [one.label for one in _published(path, plan)] == ["this", "any"]  # type: ignore[arg-type]
