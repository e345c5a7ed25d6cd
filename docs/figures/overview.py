"""The picture of README.md: python docs/figures/overview.py

One test image goes through the shipped network: its pixels become bits, gates combine pairs of bits, each class counts
the gates that vote for it, and the same gates stand in the Verilog. Nothing is drawn by hand: gates, votes and lines
are those of examples/mnist/mnist-8k.pt.
"""

import re
import tempfile
from pathlib import Path

import matplotlib
import numpy as np

import lgc
from lgc.frontend import lower
from lgc.ir import gates, interp

matplotlib.use("svg")
matplotlib.rcParams.update({"svg.hashsalt": "lgc", "svg.fonttype": "none", "font.size": 9})
import matplotlib.pyplot as plt  # noqa: E402

ROOT = Path(__file__).parents[2]
MODEL = ROOT / "examples" / "mnist" / "mnist-8k.pt"
IMAGE = 18  # of the test images: a three
SHOWN = 6
NUMBERS = (
    "98.52 % of the MNIST test images",
    "4,653 LUT6, 8-bit pixels in, class out",
    "one image a clock; 154 MHz on an ECP5",
    "25 million images/s in C on one core",
)
INK, FAINT, LIVE = "#1f2933", "#9aa5b1", "#d9480f"


def network():
    """The circuit of the shipped network, the image, the values of all nets, and the scores."""
    circuit = lower(lgc.read(MODEL).model)
    packed = np.load(ROOT / "examples" / "mnist" / "mnist-test.npz")["X"][IMAGE : IMAGE + 1]
    bits = np.unpackbits(packed, axis=1, bitorder="little").astype(bool)
    nets = interp.unpack(interp.evaluate_nets(circuit.netlist, interp.pack(bits)), 1)[0]
    return circuit, bits.reshape(28, 28), nets, interp.scores(circuit, bits)[0]


def of_winner(circuit, nets, winner):
    """Some gates that vote for the winning class, by their neuron: true functions of two pixels that are 1 now."""
    group = circuit.netlist.outputs[circuit.head.offsets[winner] : circuit.head.offsets[winner + 1]]
    first, names = circuit.netlist.first_node, {}
    for net in group.tolist():
        name = gates.BY_TABLE[int(circuit.netlist.table[net - first])].name if net >= first else ""
        if nets[net] and name in ("and", "or", "nand", "nor", "xor", "xnor") and name not in names:
            names[name] = net
    return list(names.values())[:SHOWN]


def draw_image(axes, pixels):
    """What goes in."""
    axes.imshow(pixels, cmap="gray_r", interpolation="nearest")
    axes.set_title("an image: 784 bits")
    axes.set_xticks([])
    axes.set_yticks([])


def draw_gates(axes, circuit, nets, chosen):
    """Gates with the pixels that they read, live wires in colour."""
    axes.set_title("8,000 gates; wires and functions are learned")
    axes.set_xlim(0, 10)
    axes.set_ylim(len(chosen), 0)
    axes.axis("off")
    first = circuit.netlist.first_node
    for row, net in enumerate(chosen):
        name = gates.BY_TABLE[int(circuit.netlist.table[net - first])].name
        for side, operand in zip((0.3, 0.7), circuit.netlist.fanin[net - first][:2].tolist(), strict=True):
            y, x = divmod(operand - 2, 28)
            colour = LIVE if nets[operand] else FAINT
            axes.plot([4.2, 5.4], [row + side] * 2, color=colour, linewidth=1.6)
            axes.text(4.0, row + side, f"pixel {x},{y}", ha="right", va="center", color=colour)
        box = plt.Rectangle((5.4, row + 0.15), 1.8, 0.7, facecolor="white", edgecolor=INK)
        axes.add_patch(box)
        axes.text(6.3, row + 0.5, name.upper(), ha="center", va="center", color=INK)
        axes.plot([7.2, 8.8], [row + 0.5] * 2, color=LIVE if nets[net] else FAINT, linewidth=1.6)
    axes.text(9.1, len(chosen) / 2, "votes", rotation=90, va="center", color=LIVE)


def draw_votes(axes, scores):
    """The count of every class."""
    winner = int(scores.argmax())
    axes.barh(range(len(scores)), scores, color=[LIVE if one == winner else FAINT for one in range(len(scores))])
    axes.set_yticks(range(len(scores)))
    axes.invert_yaxis()
    axes.set_xticks([])
    axes.set_title(f"votes of 800 gates a class: it is a {winner}")
    for side in ("top", "right", "bottom"):
        axes.spines[side].set_visible(False)


def verilog_lines(circuit, chosen):
    """The lines of the emitted text that are the chosen gates."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "mnist.v"
        lgc.compile(MODEL, path, level="O0")
        text = path.read_text(encoding="utf-8")
    netlist, found = circuit.netlist, []
    for net in chosen:
        neuron = int(netlist.origins.neuron[netlist.origin[net - netlist.first_node]])
        line = re.search(rf"^\s*(.*\S)\s*//.*\[{neuron}\]$", text, flags=re.MULTILINE)
        if line:
            found.append(re.sub(r"`LGC_GATE\b", "assign", line[1]))
    return found


def draw_text(axes, lines):
    """The same gates as Verilog."""
    axes.axis("off")
    axes.set_title("the same gates in mnist.v, proved equal for every input", loc="left")
    axes.text(0, 0.95, "\n".join(lines), family="monospace", va="top", fontsize=8, color=INK, transform=axes.transAxes)


def draw_numbers(axes):
    """What comes out; the commands behind the figures are in README.md."""
    axes.axis("off")
    axes.set_title("and on silicon", loc="left")
    axes.text(0, 0.95, "\n".join(NUMBERS), va="top", color=INK, linespacing=1.5, transform=axes.transAxes)


def main():
    """Draw."""
    circuit, pixels, nets, scores = network()
    chosen = of_winner(circuit, nets, int(scores.argmax()))
    figure = plt.figure(figsize=(11, 4.6))
    grid = figure.add_gridspec(2, 3, width_ratios=(1, 1.9, 1.3), height_ratios=(2.4, 1))
    draw_image(figure.add_subplot(grid[0, 0]), pixels)
    draw_gates(figure.add_subplot(grid[0, 1]), circuit, nets, chosen)
    draw_votes(figure.add_subplot(grid[0, 2]), scores)
    draw_text(figure.add_subplot(grid[1, :2]), verilog_lines(circuit, chosen))
    draw_numbers(figure.add_subplot(grid[1, 2]))
    figure.tight_layout()
    figure.savefig(Path(__file__).with_suffix(".svg"), metadata={"Date": None})
    return figure


if __name__ == "__main__":
    main()
