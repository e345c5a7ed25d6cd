"""One update of a network: through the C kernel where it fits, else through autograd and torch's Adam."""

from __future__ import annotations

from typing import Any, Protocol

import torch
from torch import Tensor

from lgc.train.fused import fused_step
from lgc.train.loss import mean_loss
from lgc.train.modules import LogicNetwork, redrawn
from lgc.train.parallel import ProcessGroup


class Step(Protocol):
    """An optimiser bound to a network. ``lr`` is set before each call.

    Attributes:
        whole_batches: of several processes, each is given the whole batch, not its share.
        weights: what a sample of each class counts in the loss; None for 1.
    """

    lr: float
    weights: Tensor | None
    whole_batches: bool

    def __call__(self, bits: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """One update from uint8 bits (samples, inputs) and int64 labels: mean loss and samples right, before it.

        Both are scalars on the device of the network: who does not look at them does not wait for the device.
        """

    def scores(self, bits: Tensor) -> Tensor | None:
        """int64 (samples, classes) of the discrete network, as it is now; None where the interpreter is faster."""

    def redraw(self, generator: torch.Generator, among: Tensor | None = None) -> None:
        """Other candidates for top-k wires, and no past for them: see :func:`lgc.train.modules.redrawn`."""

    def settle(self) -> None:
        """Before the parameters, or a state, are read: what other processes have updated. All of them call it."""

    def state_dict(self) -> dict[str, Any]:
        """What to save beside the network's parameters."""

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from a state; the network's parameters are loaded before."""


class TorchStep:
    """Any network on any device. Nothing in a step is read back, so a GPU works on the next while Python is here."""

    whole_batches = False

    def __init__(self, network: LogicNetwork, group: ProcessGroup | None = None) -> None:
        self.network = network
        self.lr = 0.0
        self.weights: Tensor | None = None
        (group or ProcessGroup()).average_gradients(network)
        self.adam = torch.optim.Adam(network.parameters(), lr=self.lr, fused=True)

    def __call__(self, bits: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """See :class:`Step`."""
        logits = self.network(bits.float())
        loss = mean_loss(logits, labels, self.weights)
        self.adam.zero_grad()
        torch.autograd.backward(loss)
        self.adam.param_groups[0]["lr"] = self.lr
        self.adam.step()
        return loss.detach(), (logits.detach().argmax(dim=1) == labels).sum()

    def scores(self, bits: Tensor) -> Tensor | None:
        """See :class:`Step`."""
        return None if bits.device.type == "cpu" else self.network.scores(bits)

    def redraw(self, generator: torch.Generator, among: Tensor | None = None) -> None:
        """See :class:`Step`."""
        for wiring, new in redrawn(self.network, generator, among):
            state = self.adam.state[wiring.logits]
            for moment in (state[name] for name in ("exp_avg", "exp_avg_sq") if name in state):
                moment.masked_fill_(new, 0)

    def settle(self) -> None:
        """See :class:`Step`: every process has made every update."""

    def state_dict(self) -> dict[str, Any]:
        """See :class:`Step`."""
        return self.adam.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """See :class:`Step`."""
        self.adam.load_state_dict(state)


def make_step(network: LogicNetwork, batch: int, group: ProcessGroup) -> Step:
    """The fastest step for the network, its device and the processes of a run."""
    return fused_step(network, batch, group) or TorchStep(network, group)
