"""The figure of docs/proof.md: python docs/figures/coverage.py

The way from a checkpoint to a board, and which check spans which part of it.
"""

from style import CALM, FAINT, INK, LIVE, plt, save

STATIONS = ("samples\nas people\nhave them", "codes and\nbits", "the trained\nnetwork", "Verilog", "netlist of\nyosys",
            "bitstream", "the board")  # fmt: skip
CHECKS = (
    ("lgc verify", 2, 3, CALM, "on vectors"),
    ("lgc verify --formal", 2, 3, LIVE, "for every input"),
    ("lgc verify --data", 0, 3, CALM, "on your samples"),
    ("lgc verify --netlist PART", 2, 4, CALM, "on vectors"),
    ("lgc verify --formal --netlist PART", 2, 4, LIVE, "for every input"),
    ("nextpnr's timing, the packer", 4, 5, FAINT, "trusted"),
    ("a test with the board", 0, 6, FAINT, "yours"),
)


def main():
    """Draw."""
    figure, axes = plt.subplots(figsize=(10, 4.2))
    for x, name in enumerate(STATIONS):
        axes.text(x, 0, name, ha="center", va="center", color=INK,
                  bbox={"boxstyle": "round,pad=0.5", "facecolor": "white", "edgecolor": INK})  # fmt: skip
        if x:
            axes.annotate("", (x - 0.42, 0), (x - 0.58, 0), arrowprops={"arrowstyle": "->", "color": INK})
    for row, (name, first, last, colour, how) in enumerate(CHECKS, 1):
        y = -0.55 - 0.42 * row
        axes.plot([first, last], [y, y], color=colour, linewidth=4, solid_capstyle="round")
        axes.text(last + 0.12, y, f"{name}: {how}", va="center", color=INK, fontsize=8)
    axes.set_xlim(-0.6, 8.2)
    axes.set_ylim(-3.8, 0.6)
    axes.axis("off")
    figure.tight_layout()
    save(figure, __file__)
    return CHECKS


if __name__ == "__main__":
    main()
