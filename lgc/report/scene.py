"""A drawing as shapes and words, written as SVG, or as PNG by matplotlib."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Literal

from lgc.report.svg import PALETTE, as_xml

Anchor = Literal["start", "middle", "end"]
Step = tuple[str, tuple[float, ...]]
"""``M`` and ``L`` with a point, ``C`` with three, ``Z`` with none."""

_ROUND = 0.5523  # of a radius: how far the handles of a quarter of a circle reach


@dataclass(frozen=True)
class Shape:
    """A line, open or closed.

    Attributes:
        stroke, fill: colours of the palette; empty for none.
        title: what it is, shown by browsers.
    """

    path: tuple[Step, ...]
    stroke: str = "ink"
    fill: str = ""
    width: float = 1.4
    opacity: float = 1.0
    title: str = ""


@dataclass(frozen=True)
class Lettering:
    """Text whose baseline begins, has its middle, or ends at a place; ``size`` in pixels."""

    x: float
    y: float
    text: str
    size: float = 13.0
    anchor: Anchor = "start"
    colour: str = "ink"
    bold: bool = False


@dataclass
class Scene:
    """A drawing on white paper, in pixels.

    Attributes:
        label: what it shows, for those who cannot see it.
    """

    width: float
    height: float
    label: str
    parts: list[Shape | Lettering] = field(default_factory=list)


def box(x: float, y: float, width: float, height: float, radius: float = 0.0) -> tuple[Step, ...]:
    """A rectangle, perhaps with round corners."""
    r, k = radius, radius * (1 - _ROUND)
    right, bottom = x + width, y + height
    if not r:
        return ("M", (x, y)), ("L", (right, y)), ("L", (right, bottom)), ("L", (x, bottom)), ("Z", ())
    return (
        ("M", (x + r, y)), ("L", (right - r, y)), ("C", (right - k, y, right, y + k, right, y + r)),
        ("L", (right, bottom - r)), ("C", (right, bottom - k, right - k, bottom, right - r, bottom)),
        ("L", (x + r, bottom)), ("C", (x + k, bottom, x, bottom - k, x, bottom - r)),
        ("L", (x, y + r)), ("C", (x, y + k, x + k, y, x + r, y)), ("Z", ()),
    )  # fmt: skip


def circle(x: float, y: float, radius: float) -> tuple[Step, ...]:
    """A circle around a place."""
    return box(x - radius, y - radius, 2 * radius, 2 * radius, radius)


def smooth(points: Sequence[tuple[float, float]]) -> tuple[Step, ...]:
    """A curve through points from left to right, level at each of them."""
    steps: list[Step] = [("M", points[0])]
    for (x1, y1), (x2, y2) in pairwise(points):
        bend = (x2 - x1) / 2
        steps.append(("C", (x1 + bend, y1, x2 - bend, y2, x2, y2)))
    return tuple(steps)


def svg_of(scene: Scene) -> str:
    """The drawing as SVG: one file, plain colours, any viewer."""
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {scene.width:.0f} {scene.height:.0f}" '
        f'width="{scene.width:.0f}" height="{scene.height:.0f}" role="img" '
        f'font-family="Helvetica,Arial,DejaVu Sans,sans-serif">',
        f"<title>{as_xml(scene.label)}</title>",
        f'<rect width="100%" height="100%" fill="{PALETTE["paper"]}"/>',
        *(_shape(part) if isinstance(part, Shape) else _words(part) for part in scene.parts),
    ]
    return "\n".join([*lines, "</svg>"]) + "\n"


def _shape(part: Shape) -> str:
    path = "".join(code + " ".join(f"{value:.1f}" for value in numbers) for code, numbers in part.path)
    stroke = PALETTE[part.stroke] if part.stroke else "none"
    fill = PALETTE[part.fill] if part.fill else "none"
    faint = f' opacity="{part.opacity:g}"' if part.opacity < 1 else ""
    title = f"<title>{as_xml(part.title)}</title>" if part.title else ""
    end = f">{title}</path>" if title else "/>"
    return f'<path d="{path}" stroke="{stroke}" fill="{fill}" stroke-width="{part.width:g}"{faint}{end}'


def _words(part: Lettering) -> str:
    weight = ' font-weight="bold"' if part.bold else ""
    return (
        f'<text x="{part.x:.1f}" y="{part.y:.1f}" font-size="{part.size:g}" text-anchor="{part.anchor}" '
        f'fill="{PALETTE[part.colour]}"{weight}>{as_xml(part.text)}</text>'
    )


def write_png(scene: Scene, path: Any, scale: float = 2.0) -> None:
    """The drawing as PNG, at so many pixels for one of the drawing's.

    Raises:
        ImportError: matplotlib is not installed.
    """
    from matplotlib.figure import Figure
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    figure = Figure(figsize=(scene.width / 100, scene.height / 100), dpi=100 * scale, facecolor=PALETTE["paper"])
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, scene.width), ylim=(scene.height, 0))
    axes.axis("off")
    align = {"start": "left", "middle": "center", "end": "right"}
    for order, part in enumerate(scene.parts):
        if isinstance(part, Lettering):
            plain = "".join(char if char.isprintable() else " " for char in part.text).replace("$", r"\$")
            axes.text(part.x, part.y, plain, fontsize=part.size * 0.72, ha=align[part.anchor], va="baseline",
                      color=PALETTE[part.colour], zorder=order,
                      fontweight="bold" if part.bold else "normal")  # fmt: skip
            continue
        vertices, codes = zip(*_vertices(part.path, Path), strict=True)
        axes.add_patch(
            PathPatch(
                Path(vertices, codes), edgecolor=PALETTE[part.stroke] if part.stroke else "none", zorder=order,
                facecolor=PALETTE[part.fill] if part.fill else "none", linewidth=part.width * 0.72, alpha=part.opacity,
            )
        )  # fmt: skip
    figure.savefig(path, format="png", metadata={"Software": "lgc"})


def _vertices(path: Sequence[Step], kind: Any) -> Iterator[tuple[tuple[float, float], int]]:
    codes = {"M": kind.MOVETO, "L": kind.LINETO, "C": kind.CURVE4}
    for code, numbers in path:
        if code == "Z":
            yield (0.0, 0.0), kind.CLOSEPOLY
        for x, y in zip(numbers[::2], numbers[1::2], strict=True):
            yield (x, y), codes[code]
