"""Curves of several trainings in one SVG."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from lgc.sweep.picture import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, Scale

_COLOURS = ("#d1495b", "#2e7d6b", "#3b6fb6", "#b07d12", "#7a4fa3", "#5b7a99", "#a3533a", "#4d4d4d")
_ROW = 18


@dataclass(frozen=True)
class Curve:
    """A line of points: epoch and accuracy, 0 to 1."""

    name: str
    points: Sequence[tuple[float, float]]


def overlaid(title: str, lines: Sequence[Curve]) -> str:
    """An SVG of accuracies by epoch; the names stand at the bottom right."""
    xs = [x for one in lines for x, _ in one.points]
    ys = sorted(y for one in lines for _, y in one.points)
    low = min(ys[len(ys) // 10], ys[-1] - 0.01)  # the first epochs of a long training would flatten all others
    x = Scale(min(xs), max(max(xs), min(xs) + 1), "even", LEFT, WIDTH - RIGHT)
    y = Scale(low, min(1.0, ys[-1] + 0.05 * (ys[-1] - low)), "even", HEIGHT - BOTTOM, TOP)
    found = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" role="img">',
        f"<title>{escape(title)}</title>",
        "<style>svg { background: #ffffff; font: 13px sans-serif; fill: #222222; } .grid { stroke: #dddddd; } "
        "@media (prefers-color-scheme: dark) { svg { background: #16191d; fill: #e4e6e8; } .grid { stroke: #333a41; } }"
        "</style>",
        f'<text x="{LEFT}" y="22" font-weight="bold">{escape(title)}</text>',
    ]
    for value in y.ticks():
        found.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(value):.1f}" y2="{y(value):.1f}"/>')
        found.append(f'<text x="{LEFT - 8}" y="{y(value) + 4:.1f}" text-anchor="end">{100 * value:.4g} %</text>')
    for value in (one for one in x.ticks() if float(one).is_integer()):
        found.append(f'<text x="{x(value):.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{value:g}</text>')
    found.append(f'<text x="{(LEFT + WIDTH) / 2}" y="{HEIGHT - 14}" text-anchor="middle">epoch</text>')
    for number, one in enumerate(lines):
        colour, at = _COLOURS[number % len(_COLOURS)], HEIGHT - BOTTOM - 10 - _ROW * (len(lines) - 1 - number)
        dashes = f' stroke-dasharray="{2 + 3 * (number // len(_COLOURS))}"' if number >= len(_COLOURS) else ""
        places = " ".join(f"{x(px):.1f},{y(max(py, low)):.1f}" for px, py in one.points)
        found.append(f'<polyline fill="none" stroke="{colour}" stroke-width="1.6"{dashes} points="{places}"/>')
        found.append(
            f'<text x="{WIDTH - RIGHT - 6}" y="{at}" text-anchor="end" fill="{colour}">{escape(one.name)}</text>'
        )
    return "\n".join([*found, "</svg>", ""])
