"""The figure of docs/counting.md: python docs/figures/area.py

What the stages of a shipped network take of a part, by `lgc.estimate`; and the adder tree that counts votes, drawn for
sixteen of them.
"""

from pathlib import Path

from style import CALM, FAINT, INK, LIVE, bare, plt, save

import lgc

MODEL = Path(__file__).parents[2] / "examples" / "mnist" / "mnist-1k5.pt"
HEADS = ("adder", "compress", "carry")
COLOURS = {"gates": CALM, "popcount": LIVE, "argmax": FAINT}


def rows():
    """Lookup tables by head and stage, on a part with tables of six inputs."""
    found = {row.head: row for row in lgc.estimate(MODEL, part="xc7-a35t", outputs="class").rows}
    return {head: {name: area.luts for name, area in found[head].regions.items()} for head in HEADS}


def draw_area(axes, stages):
    """A bar a head, by stage."""
    for y, head in enumerate(HEADS):
        left = 0
        for name, colour in COLOURS.items():
            axes.barh(y, stages[head].get(name, 0), left=left, color=colour, label=name if y == 0 else None)
            left += stages[head].get(name, 0)
        axes.text(left, y, f" {left:,}", va="center", color=INK)
    axes.set_yticks(range(len(HEADS)), [f"--head {head}" for head in HEADS])
    axes.invert_yaxis()
    axes.set_xlim(0, 3700)
    axes.set_title("mnist-1k5 on an Artix-7: lookup tables by stage, estimated", loc="left")
    axes.legend(loc="lower right", frameon=False)
    bare(axes, "left", "bottom")


def draw_tree(axes):
    """Sixteen votes into one sum: the words grow as there are fewer of them."""
    widths = (16, 8, 4, 2, 1)
    for level, count in enumerate(widths):
        for index in range(count):
            x = (index + 0.5) * 16 / count
            axes.text(
                x, -level, "1" if level == 0 else f"{level + 1} bits" if count < 5 else f"{level + 1}",
                ha="center", va="center", fontsize=8, color="white",
                bbox={"boxstyle": "round,pad=0.25", "facecolor": CALM if level == 0 else LIVE, "edgecolor": "none"},
            )  # fmt: skip
            if level:
                for side in (-0.25, 0.25):
                    axes.plot([x + side * 16 / count, x], [-level + 0.78, -level + 0.22], color=FAINT, linewidth=0.8)
    axes.set_xlim(0, 16)
    axes.set_ylim(-4.5, 0.5)
    axes.set_title("sixteen votes, each the output of one gate, take fifteen adders", loc="left")
    axes.axis("off")


def main():
    """Draw."""
    stages = rows()
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 3.2), width_ratios=(1, 1.2))
    draw_tree(left)
    draw_area(right, stages)
    figure.tight_layout()
    save(figure, __file__)
    return stages


if __name__ == "__main__":
    main()
