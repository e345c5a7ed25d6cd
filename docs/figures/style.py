"""What the figures share: colours, and SVG that is the same each time."""

from pathlib import Path

import matplotlib

matplotlib.use("svg")
matplotlib.rcParams.update({"svg.hashsalt": "lgc", "svg.fonttype": "none", "font.size": 9, "axes.titlesize": 10})
import matplotlib.pyplot as plt  # noqa: E402

INK, FAINT, LIVE, CALM = "#1f2933", "#9aa5b1", "#d9480f", "#1864ab"


def bare(axes, *sides):
    """Without its frame, but for some sides."""
    for side in ("top", "right", "left", "bottom"):
        axes.spines[side].set_visible(side in sides)


def save(figure, script):
    """Beside the script that drew it."""
    figure.savefig(Path(script).with_suffix(".svg"), metadata={"Date": None})
    plt.close(figure)
