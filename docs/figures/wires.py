"""The figure of docs/learning.md: python docs/figures/wires.py

A small network is trained on scikit-learn's digits, and one gate is watched: what its first wire and its function tend
to, at the beginning, after 60 steps and at the end. Nothing is drawn by hand.
"""

import numpy as np
import torch
from sklearn.datasets import load_digits
from style import CALM, FAINT, LIVE, bare, plt, save

import lgc
from lgc.ir.gates import GATES
from lgc.train.modules import Dense

STEPS, SHOWN = 400, (0, 60, 400)


def trained():
    """Per step: probabilities of the candidates of each wire and of the functions of each gate; and the accuracy."""
    torch.manual_seed(0)
    digits = load_digits()
    x, y = torch.tensor(digits.data / 16, dtype=torch.float32), torch.tensor(digits.target)
    layer = lgc.LogicLayer(Dense(64, 200), 200)
    network = torch.nn.Sequential(lgc.Thermometer([[0.4]] * 64), layer, lgc.GroupSum(10, tau=3.0))
    optimiser = torch.optim.Adam(network.parameters(), lr=0.1)
    order = torch.Generator().manual_seed(0)
    wires, functions = [], []
    for _ in range(STEPS + 1):
        wires.append(layer.connectome.logits.detach().softmax(-1).clone())
        functions.append(layer.logits.detach().softmax(-1).clone())
        chosen = torch.randint(0, len(x) - 360, (128,), generator=order)
        loss = torch.nn.functional.cross_entropy(network(x[chosen]), y[chosen])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    network.eval()
    right = (network(x[-360:]).argmax(1) == y[-360:]).float().mean()
    return torch.stack(wires).numpy(), torch.stack(functions).numpy(), float(right)


def draw_wire(axes, probabilities, step):
    """How likely each pixel is to be what the wire reads."""
    axes.imshow(probabilities.reshape(8, 8), cmap="Oranges", vmin=0, vmax=1)
    best = int(probabilities.argmax())
    axes.plot(best % 8, best // 8, "o", markersize=4, color=CALM)
    axes.set_title(f"step {step}: {probabilities[best]:.0%} for the likeliest")
    axes.set_xticks([])
    axes.set_yticks([])


def draw_functions(axes, probabilities):
    """How likely each of the sixteen functions is."""
    best = int(probabilities.argmax())
    axes.bar(range(16), probabilities, color=[LIVE if index == best else FAINT for index in range(16)])
    axes.set_xticks(range(16), [one.name for one in GATES], rotation=90, fontsize=7)
    axes.set_ylim(0, 1)
    axes.set_yticks([])
    bare(axes, "bottom")


def main():
    """Draw the gate whose wire changed its mind and became sure."""
    wires, functions, right = trained()
    first = wires[:, 0]
    moved = first[0].argmax(-1) != first[-1].argmax(-1)
    gate = int(np.where(moved, first[-1].max(-1) * functions[-1].max(-1), 0).argmax())
    figure, grid = plt.subplots(2, 3, figsize=(9, 5), height_ratios=(1.6, 1))
    for column, step in enumerate(SHOWN):
        draw_wire(grid[0, column], first[step, gate], step)
        draw_functions(grid[1, column], functions[step, gate])
    grid[0, 0].set_ylabel("its first wire: which pixel")
    grid[1, 0].set_ylabel("which function")
    figure.suptitle(f"one gate of 200; after {STEPS} steps the network has {right:.1%} of the test digits right")
    figure.tight_layout()
    save(figure, __file__)
    return right


if __name__ == "__main__":
    main()
