"""The picture of a sweep: every network by two of its goals, and those that no other beats."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from lgc.sweep.goals import ACCURACY, Goal

WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 760, 480, 70, 40, 24, 56
_LOG_FROM = 8.0
_NO_ERRORS = 1e-6  # as wrong as the best network of a picture may be
_DRAWN = ("trial", "misses", "other", "front")
_NAMED = ("front", "other")
_LETTER = 7.2  # pixels
_STYLE = """
svg { background: #ffffff; font: 13px sans-serif; fill: #222222; }
.grid { stroke: #dddddd; } .axis { stroke: #888888; fill: none; }
.trial { fill: #9aa5b1; } .misses { fill: none; stroke: #9aa5b1; }
.front { fill: #d1495b; } .line { stroke: #d1495b; fill: none; stroke-width: 1.5; } .other { fill: #2e7d6b; }
@media (prefers-color-scheme: dark) {
  svg { background: #16191d; fill: #e4e6e8; } .grid { stroke: #333a41; } .trial { fill: #6c7782; }
}
"""


@dataclass(frozen=True)
class Mark:
    """A network in the picture.

    Attributes:
        label: its number, or the name of a work.
        kind: ``front``, ``trial``, ``misses`` (a bound), or ``other``: somebody else's.
        values: of the two goals.
    """

    label: str
    kind: str
    values: Mapping[str, float]


def _by_errors(accuracy: float) -> float:
    """Grows by 1 where the errors are a tenth."""
    return -math.log10(max(_NO_ERRORS, 1 - accuracy))


_TURN: dict[str, Callable[[float], float]] = {"even": float, "log": math.log10, "errors": _by_errors}


@dataclass(frozen=True)
class Scale:
    """One axis: values to pixels.

    Attributes:
        kind: ``even``; ``log``; or ``errors``, for accuracies: by the logarithm of what is wrong.
    """

    low: float
    high: float
    kind: str
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """The place of a value."""
        turn = _TURN[self.kind]
        low, high = turn(self.low), turn(self.high)
        return self.start + (self.end - self.start) * (turn(value) - low) / (high - low)

    def ticks(self) -> list[float]:
        """Round values on the axis."""
        if self.kind == "errors":
            every = [1 - factor * 10.0**power for power in range(-1, -7, -1) for factor in (5, 2, 1)]
            return [value for value in every if self.low <= value <= self.high]
        if self.kind == "log":
            every = [factor * 10.0**power for power in range(-9, 13) for factor in (1, 2, 5)]
            return [value for value in every if self.low <= value <= self.high]
        step = 10 ** math.floor(math.log10((self.high - self.low) / 4))
        step *= next(factor for factor in (1, 2, 5, 10) if (self.high - self.low) / (step * factor) <= 6)
        first = math.ceil(self.low / step)
        return [number * step for number in range(first, math.floor(self.high / step) + 1)]


def picture(title: str, goals: Sequence[Goal], dots: Sequence[Mark]) -> str:
    """An SVG of networks by two goals: the accuracy upwards, if it is one.

    Args:
        dots: at least one; those of the front in the order of the first goal across.
    """
    up = next((goal for goal in goals if goal.kind == ACCURACY), goals[0])
    across = next((goal for goal in goals if goal != up), up)
    x = _scale([one.values[across.name] for one in dots], LEFT, WIDTH - RIGHT, "log")
    y = _scale([one.values[up.name] for one in dots], HEIGHT - BOTTOM, TOP, "errors" if up.kind == ACCURACY else "even")
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" role="img">'
    lines = [head, f"<title>{escape(title)}</title>", f"<style>{_STYLE}</style>"]
    lines += [f'<text x="{LEFT}" y="22" font-weight="bold">{escape(title)}</text>', *_axes(x, y, across, up)]
    places = [(x(one.values[across.name]), y(one.values[up.name]), one) for one in dots]
    path = [f"{px:.1f},{py:.1f}" for px, py, one in places if one.kind == "front"]
    if len(goals) == 2 and len(path) > 1:
        lines.append(f'<polyline class="line" points="{" ".join(path)}"/>')
    free = _Labels(places)
    for px, py, one in sorted(places, key=lambda place: _DRAWN.index(place[2].kind)):
        lines += _dot(px, py, one, (across, up), free)
    return "\n".join([*lines, "</svg>", ""])


def _scale(values: Sequence[float], start: float, end: float, kind: str) -> Scale:
    low, high = min(values), max(values)
    if kind == "log" and low > 0 and high / low > _LOG_FROM:
        return Scale(low / 1.2, high * 1.2, "log", start, end)
    if kind == "errors" and high > low and (1 - low) / max(_NO_ERRORS, 1 - high) > _LOG_FROM:
        return Scale(1 - (1 - low) * 1.2, 1 - max(_NO_ERRORS, 1 - high) / 1.2, "errors", start, end)
    room = 0.06 * (high - low) or 0.05 * abs(high) or 1.0
    return Scale(low - room, high + room, "even", start, end)


def _axes(x: Scale, y: Scale, across: Goal, up: Goal) -> list[str]:
    right, bottom, lines = WIDTH - RIGHT, HEIGHT - BOTTOM, []
    for value in x.ticks():
        at = x(value)
        lines.append(f'<line class="grid" x1="{at:.1f}" x2="{at:.1f}" y1="{TOP}" y2="{bottom}"/>')
        lines.append(f'<text x="{at:.1f}" y="{bottom + 18}" text-anchor="middle">{across.shown(value)}</text>')
    for value in y.ticks():
        at = y(value)
        lines.append(f'<line class="grid" x1="{LEFT}" x2="{right}" y1="{at:.1f}" y2="{at:.1f}"/>')
        lines.append(f'<text x="{LEFT - 8}" y="{at + 4:.1f}" text-anchor="end">{up.shown(value)}</text>')
    lines.append(f'<path class="axis" d="M{LEFT},{TOP} V{bottom} H{right}"/>')
    middle = (LEFT + right) / 2
    lines.append(f'<text x="{middle}" y="{HEIGHT - 14}" text-anchor="middle">{escape(_said(across))}</text>')
    lines.append(f'<text x="{right}" y="22" text-anchor="end">up: {escape(_said(up))}</text>')
    return lines


def _said(goal: Goal) -> str:
    return f"{goal.what.about}, {goal.part}" if goal.part else goal.what.about


class _Labels:
    """Places for words that cover neither a mark nor other words."""

    def __init__(self, marks: Iterable[tuple[float, float, Mark]]) -> None:
        self._taken = [(x - 5, y - 5, x + 5, y + 5) for x, y, one in marks if one.kind in _NAMED]

    def place(self, x: float, y: float, text: str) -> tuple[float, float, str] | None:
        """Where the label of a mark goes, and its anchor; None if there is no room around the mark."""
        wide = _LETTER * len(text)
        for anchor, dx, dy in (("start", 8, 14), ("start", 8, -6), ("end", -8, -6), ("end", -8, 14), ("start", 9, 4),
                               ("end", -9, 4)):  # fmt: skip
            left = x + dx - (wide if anchor == "end" else 0)
            box = (left, y + dy - 10, left + wide, y + dy + 3)
            if left > LEFT and left + wide < WIDTH and not any(_overlap(box, other) for other in self._taken):
                self._taken.append(box)
                return x + dx, y + dy, anchor
        return None


def _overlap(one: Sequence[float], other: Sequence[float]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _dot(x: float, y: float, one: Mark, goals: Sequence[Goal], free: _Labels) -> list[str]:
    said = ", ".join(f"{goal.name} {goal.shown(one.values[goal.name])}" for goal in goals)
    about = f"<title>{escape(one.label)}: {escape(said)}</title>"
    if one.kind == "other":
        mark = f'<rect class="other" x="{x - 4:.1f}" y="{y - 4:.1f}" width="8" height="8">{about}</rect>'
    else:
        radius = 5 if one.kind == "front" else 3.5
        mark = f'<circle class="{one.kind}" cx="{x:.1f}" cy="{y:.1f}" r="{radius}">{about}</circle>'
    if one.kind not in _NAMED or (place := free.place(x, y, one.label)) is None:
        return [mark]
    return [mark, f'<text x="{place[0]:.1f}" y="{place[1]:.1f}" text-anchor="{place[2]}">{escape(one.label)}</text>']
