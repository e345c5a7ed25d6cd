"""Charts: curves, bars, squares of numbers, and pictures of pixels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lgc.report.svg import SERIES, line, paint, rect, svg_picture, tag, text, titled

_WIDTH, _LEFT, _TOP, _BOTTOM = 560.0, 52.0, 16.0, 40.0
_MOST_NAME = 28


@dataclass(frozen=True)
class Bar:
    """A bar: its length in parts of other lengths, each in a colour, and what stands behind it."""

    name: str
    parts: tuple[tuple[str, float], ...]
    said: str = ""

    @property
    def value(self) -> float:
        """All parts together."""
        return sum(value for _, value in self.parts)


def bars(rows: Sequence[Bar], label: str, *, legend: Mapping[str, str] | None = None, most: float = 0.0) -> str:
    """Bars from left to right, one below the other.

    Args:
        legend: what each colour stands for.
        most: the length of the whole width; by default the longest bar.
    """
    left = 16 + 6.8 * max((min(len(row.name), _MOST_NAME) for row in rows), default=0)
    room, longest = _WIDTH - left - 130, max([most, *(row.value for row in rows)], default=0) or 1.0
    height = 24.0 * len(rows) + (26 if legend else 0) + 8
    drawn: list[str] = []
    for index, row in enumerate(rows):
        y, x = 4.0 + 24 * index, left
        drawn.append(text(left - 8, y + 14, _short(row.name), text_anchor="end"))
        for colour, value in row.parts:
            width = room * value / longest
            drawn.append(titled(rect(x, y + 2, width, 16, colour, rx=2), f"{row.name}: {row.said}"))
            x += width
        drawn.append(text(x + 6, y + 14, row.said, style=f"fill:{paint('soft')}"))
    drawn += _legend(legend or {}, left, height - 14)
    return svg_picture(_WIDTH, height, drawn, label)


def _legend(legend: Mapping[str, str], x: float, y: float) -> Iterator[str]:
    for colour, name in legend.items():
        yield rect(x, y - 9, 10, 10, colour, rx=2)
        yield text(x + 15, y, name, style=f"fill:{paint('soft')}")
        x += 26 + 6.2 * len(name)


def line_chart(x: Sequence[float], lines: Mapping[str, Sequence[float]], axis: str, label: str) -> str:
    """Curves over one axis.

    Args:
        lines: by their names; values of y, as many as of x.
        axis: what x is.
    """
    height, right = 250.0, 16.0
    values = np.array([value for one in lines.values() for value in one], np.float64)
    low, high, step = _nice(float(values.min()), float(values.max()))
    first, last = float(min(x)), float(max(x)) if max(x) > min(x) else float(min(x)) + 1

    def place(px: float, py: float) -> tuple[float, float]:
        across = _LEFT + (px - first) / (last - first) * (_WIDTH - _LEFT - right)
        return across, _TOP + (high - py) / (high - low) * (height - _TOP - _BOTTOM)

    drawn: list[str] = []
    for tick in np.arange(low, high + step / 2, step):
        _, y = place(first, float(tick))
        drawn.append(line([(_LEFT, y), (_WIDTH - right, y)], "line", 1))
        drawn.append(text(_LEFT - 8, y + 4, f"{tick:.6g}", text_anchor="end", style=f"fill:{paint('soft')}"))
    for tick in np.unique(np.linspace(first, last, 9).round()):
        across, _ = place(float(tick), low)
        drawn.append(text(across, height - 22, f"{tick:.0f}", text_anchor="middle", style=f"fill:{paint('soft')}"))
    for colour, (name, one) in zip(SERIES * len(lines), lines.items(), strict=False):
        drawn.append(titled(line([place(*pair) for pair in zip(x, one, strict=True)], colour, 2), name))
    drawn += _legend(dict(zip(SERIES, lines, strict=False)), _LEFT + 8, height - 4)
    drawn.append(text(_WIDTH - right, height - 4, axis, text_anchor="end", style=f"fill:{paint('soft')}"))
    return svg_picture(_WIDTH, height, drawn, label)


def _nice(low: float, high: float) -> tuple[float, float, float]:
    """Round ends of an axis, and the distance of its lines."""
    span = (high - low) or abs(high) or 1.0
    step = 10.0 ** np.floor(np.log10(span / 4))
    step *= next(factor for factor in (1, 2, 5, 10) if span / (step * factor) <= 5)
    start, end = np.floor(low / step) * step, np.ceil(high / step) * step
    return float(start), float(end if end > start else start + step), float(step)


def square(counts: NDArray[np.int64], names: Sequence[str], label: str) -> str:
    """A confusion matrix: rows are labels, columns predictions; right ones blue, wrong ones red, by their share."""
    size = len(names)
    cell = 44.0 if size <= 12 else max(12.0, 520 / size)
    left = 24 + 6.8 * max(min(len(name), 14) for name in names)
    top, side = 44.0, cell * size
    shares = counts / np.maximum(1, counts.sum(axis=1, keepdims=True))
    drawn = [text(left + side / 2, 14, "prediction", text_anchor="middle", style=f"fill:{paint('soft')}")]
    for row in range(size):
        y = top + cell * row
        drawn.append(text(left - 6, y + cell / 2 + 4, _short(names[row], 14), text_anchor="end"))
        above = _short(names[row], max(2, int(cell / 7)))
        drawn.append(text(left + cell * (row + 0.5), top - 8, above, text_anchor="middle"))
        for column in range(size):
            said = f"label {names[row]}, prediction {names[column]}: {counts[row, column]:,} samples"
            drawn.append(titled(_cell(counts, shares, row, column, (left, top, cell)), said))
    return svg_picture(max(left + side + 8, 200), top + side + 8, drawn, label)


def _cell(
    counts: NDArray[np.int64], shares: NDArray[np.float64], row: int, column: int, frame: tuple[float, float, float]
) -> str:
    left, top, cell = frame
    share, count = float(shares[row, column]), int(counts[row, column])
    # Errors are few: their square root makes one in a thousand visible.
    strength = share if row == column else min(1.0, (4 * share) ** 0.5)
    box = rect(left + cell * column, top + cell * row, cell - 1, cell - 1, "accent" if row == column else "bad",
               fill_opacity=round(0.04 + 0.96 * strength, 3), rx=2)  # fmt: skip
    if cell < 24 or not count:
        return box
    colour = paint("paper") if strength > 0.5 else paint("ink")
    size = 12 if count < 10_000 else 10
    middle = (left + cell * (column + 0.5) - 0.5, top + cell * (row + 0.5) + 4)
    return box + text(*middle, count, text_anchor="middle", font_size=size, style=f"fill:{colour}")


def maps(grids: Mapping[str, NDArray[np.float64]], label: str) -> str:
    """Pictures of pixels side by side, each from none to the most that any pixel of any of them has.

    Args:
        grids: (H, W) by name.
    """
    height, width = next(iter(grids.values())).shape
    scale = max(1.0, min(8.0, np.floor(128 / max(height, width))))
    most = max((float(grid.max(initial=0)) for grid in grids.values()), default=0.0) or 1.0
    across, down = max(width * scale + 16, 84.0), height * scale + 28
    each = max(1, int(_WIDTH // across))
    drawn = []
    for index, (name, grid) in enumerate(grids.items()):
        x, y = across * (index % each), down * (index // each)
        drawn.append(text(x, y + 13, _short(name, int(across / 7)), font_weight=600))
        drawn.append(rect(x, y + 18, width * scale, height * scale, "line", fill_opacity=0.25))
        drawn.append(_pixels(grid / most, x, y + 18, scale))
    return svg_picture(across * min(each, len(grids)), down * -(-len(grids) // each), drawn, label)


def _pixels(shares: NDArray[np.float64], x: float, y: float, scale: float) -> str:
    """Squares in eight strengths, each strength one path: thousands of elements would be slow."""
    found = []
    steps = np.ceil(shares * 8).astype(int)
    for step in range(1, 9):
        rows, columns = np.nonzero(steps == step)
        squares = "".join(
            f"M{x + scale * column:.5g} {y + scale * row:.5g}h{scale:g}v{scale:g}h-{scale:g}z"
            for row, column in zip(rows.tolist(), columns.tolist(), strict=True)
        )
        if squares:
            found.append(tag("path", d=squares, style=f"fill:{paint('live')}", fill_opacity=round(step / 8, 3)))
    return "".join(found)


def _short(name: str, limit: int = _MOST_NAME) -> str:
    return name if len(name) <= limit else name[: max(1, limit - 1)] + "…"
