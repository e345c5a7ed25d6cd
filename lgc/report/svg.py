"""SVG as text. Colours are CSS variables with a fallback: a report has a light and a dark set, a notebook has none."""

from __future__ import annotations

import html
from collections.abc import Iterable

PALETTE = {
    "ink": "#1f2933",
    "soft": "#52606d",
    "line": "#cbd2d9",
    "paper": "#ffffff",
    "accent": "#2563c9",
    "live": "#d9480f",
    "good": "#1a7f4b",
    "bad": "#c2255c",
    "c1": "#2563c9",
    "c2": "#0f8a74",
    "c3": "#b8590a",
    "c4": "#8b3fb5",
    "c5": "#6b7785",
}
"""Colours by name, as they are on white; report.css has those on black."""

SERIES = ("c1", "c3", "c2", "c4", "c5")


def paint(name: str) -> str:
    """A colour of the palette, for ``fill`` and ``stroke``."""
    return f"var(--{name},{PALETTE[name]})"


def as_xml(text: object, limit: int = 200) -> str:
    """Anybody's text for XML and HTML: escaped, without what cannot be printed, and not longer than it must be."""
    plain = "".join(char if char.isprintable() else " " for char in str(text))
    return html.escape(plain if len(plain) <= limit else plain[: limit - 1] + "…", quote=True)


def tag(name: str, content: str = "", /, **attributes: object) -> str:
    """An element. ``content`` is SVG already; values of attributes are escaped, ``_`` in their names is ``-``."""
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{html.escape(_value(value), quote=True)}"'
        for key, value in attributes.items()
        if value is not None
    )
    return f"<{name}{given}>{content}</{name}>" if content else f"<{name}{given}/>"


def _value(value: object) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def text(x: float, y: float, content: object, **attributes: object) -> str:
    """Text whose baseline begins at a place."""
    given: dict[str, object] = {"font_size": 12, "style": f"fill:{paint('ink')}"} | attributes
    return tag("text", as_xml(content), **(given | {"x": x, "y": y}))


def rect(x: float, y: float, width: float, height: float, fill: str, **attributes: object) -> str:
    """A rectangle in a colour of the palette, or in another that is written out."""
    colour = paint(fill) if fill in PALETTE else fill
    size: dict[str, object] = {"x": x, "y": y, "width": max(0.0, width), "height": max(0.0, height)}
    return tag("rect", "", **(size | {"style": f"fill:{colour}"} | attributes))


def line(points: Iterable[tuple[float, float]], stroke: str, width: float = 1.5, **attributes: object) -> str:
    """A line through points."""
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    style = f"fill:none;stroke:{paint(stroke)};stroke-width:{width}"
    return tag("polyline", points=path, style=style, stroke_linejoin="round", **attributes)


def titled(content: str, title: str) -> str:
    """A group that says what it is when it is pointed at."""
    return f"<g><title>{as_xml(title)}</title>{content}</g>"


def svg_picture(width: float, height: float, content: Iterable[str], label: str) -> str:
    """The whole drawing, which shrinks with the page.

    Args:
        label: what it shows, for those who cannot see it.
    """
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" '
        f'role="img" aria-label="{as_xml(label)}" font-family="system-ui,sans-serif" '
        f'style="max-width:100%;height:auto">{"".join(content)}</svg>'
    )
