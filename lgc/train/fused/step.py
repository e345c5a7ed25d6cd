"""One step of a network of straight-through layers: forward, loss, backward and Adam, through the C kernel."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from lgc.tools.threads import is_forked
from lgc.train.conv import ConvLogicLayer, OrPool
from lgc.train.fused import kernel
from lgc.train.fused.images import Pad, Windows, conv_stages
from lgc.train.fused.layer import FusedLayer
from lgc.train.loss import loss_gradient, mean_loss
from lgc.train.modules import Dense, Fixed, LogicLayer, LogicNetwork, TableLayer, TopK, redrawn
from lgc.train.parallel import ProcessGroup
from lgc.train.wiring import Siblings

_WORD, _MAX_BATCH = 64, 4096
_GRAIN = 1 << 17  # numbers that a thread updates, of one word of samples
_BETAS, _EPS = (0.9, 0.999), 1e-8


def fused_step(network: LogicNetwork, batch: int, group: ProcessGroup | None = None) -> FusedStep | None:
    """The fused step of a network, or None: not on the CPU, other estimators or modules, or no C compiler."""
    layers = list(_node_layers(network))
    fits = all(map(_fits, layers)) and any(layer.logits.requires_grad for layer in layers)
    # A layer's subset of inputs is packed with the samples, so only the first may have one.
    subset = any(getattr(layer.connectome, "candidates", None) is not None and isinstance(layer.connectome, Dense)
                 for layer in _node_layers(network) if layer is not network.layers[0])  # fmt: skip
    if not fits or subset or batch > _MAX_BATCH or kernel.load_kernel() is None:
        return None
    return FusedStep(network, group or ProcessGroup())


def _node_layers(network: LogicNetwork) -> Iterator[nn.Module]:
    """The layers of gates and of tables, also those of kernels; whatever else there is, as it is."""
    for layer in network.layers:
        if isinstance(layer, ConvLogicLayer):
            yield from layer.levels
        elif not isinstance(layer, OrPool):
            yield layer


def _fits(layer: nn.Module) -> bool:
    return (
        isinstance(layer, LogicLayer | TableLayer)
        and layer.estimator == "straight-through"
        and isinstance(layer.connectome, Dense | TopK | Fixed | Siblings)
        and getattr(layer.connectome, "estimator", "straight-through") == "straight-through"
        and layer.logits.device.type == "cpu"
        and layer.logits.dtype == torch.float32
    )


def _stages(network: LogicNetwork, group: ProcessGroup) -> Iterator[FusedLayer | Pad | Windows]:
    for layer in network.layers:
        if isinstance(layer, ConvLogicLayer):
            yield from conv_stages(layer, group)
        elif isinstance(layer, OrPool):
            yield Windows(layer)
        else:
            assert isinstance(layer, LogicLayer | TableLayer)
            yield FusedLayer(layer, group)


class FusedStep:
    """Straight-through training of a network in place: its parameters are the kernel's.

    Adam as in Kingma and Ba 2015, betas 0.9 and 0.999. The learning rate is set before each call.

    Each process of a group goes forward for all nodes, which takes little, and updates its part of each layer's. What
    a node becomes is its wires, a table and, between layers, a mixture; so a step is, bit for bit, that of one process.
    """

    whole_batches = True

    def __init__(self, network: LogicNetwork, group: ProcessGroup) -> None:
        self.network = network
        self.lr = 0.0
        self.weights: Tensor | None = None
        self.steps = 0
        self.stages = list(_stages(network, group))
        self.layers = [stage for stage in self.stages if isinstance(stage, FusedLayer)]
        self.numbers = sum(layer.numbers for layer in self.layers)
        first = next(layer for layer in self.layers if layer.learns)
        self.front = self.stages[: self.stages.index(first) + 1]  # nobody needs the gradient by their inputs

    def _threads(self, padded: int) -> int:
        """As many as the work is worth: threads that wait for each other cost more than a small step."""
        worth = self.numbers * padded // _WORD // _GRAIN
        return 1 if is_forked() else max(1, min(torch.get_num_threads(), worth))

    def __call__(self, bits: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """One update from uint8 bits (samples, inputs) and int64 labels: mean loss and samples right, before it."""
        rows = [self._packed(bits)]
        for stage in self.stages:
            rows.append(stage.forward(rows[-1]))
        loss, right, upstream = self._head(rows[-1], labels)
        self._update(rows, upstream)
        return loss, right

    def scores(self, bits: Tensor) -> Tensor:
        """See :class:`lgc.train.step.Step`."""
        row = self._packed(bits)
        for stage in self.stages:
            row = stage.forward(row)
        return self._sums(row, len(bits)).long()

    def _packed(self, bits: Tensor) -> Tensor:
        """uint8 bits (samples, inputs) to the packed rows that the first stage reads."""
        samples = len(bits)
        padded = -(-samples // _WORD) * _WORD
        kernel.call("lgc_set_threads", self._threads(padded))
        first = self.stages[0]
        subset = first.subset if isinstance(first, FusedLayer) else None
        x = torch.empty(bits.shape[1] if subset is None else len(subset), padded // _WORD, dtype=torch.long)
        chosen = bits if subset is None else bits.index_select(1, subset)
        kernel.call("lgc_pack", chosen.contiguous(), samples, len(x), padded, x)
        return x

    def _sums(self, votes: Tensor, samples: int) -> Tensor:
        """int32 (samples, classes): the votes of each class."""
        classes, padded = self.network.head.classes, _WORD * votes.shape[1]
        counts = torch.empty(classes, padded, dtype=torch.int32)
        kernel.call("lgc_count", len(votes), classes, padded, votes, counts)
        return counts[:, :samples].t()

    def _head(self, votes: Tensor, labels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Mean loss, samples right, and the loss's gradient (classes, padded) by a vote of each class."""
        head, samples, padded = self.network.head, len(labels), _WORD * votes.shape[1]
        sums = self._sums(votes, samples)
        head.adapt(sums)
        logits = sums / head.tau
        loss = mean_loss(logits, labels, self.weights)
        gradient = loss_gradient(logits, labels, self.weights)
        upstream = torch.zeros(head.classes, padded)
        upstream[:, :samples] = gradient.t() / (samples * head.tau)
        return loss, (logits.argmax(dim=1) == labels).sum(), upstream

    def _update(self, inputs: list[Tensor], upstream: Tensor) -> None:
        self.steps += 1
        beta1, beta2 = _BETAS
        adam = kernel.Adam(self.lr / (1 - beta1**self.steps), beta1, beta2, (1 - beta2**self.steps) ** -0.5, _EPS)
        for stage, x in zip(reversed(self.stages), reversed(inputs[:-1]), strict=True):
            need_x = stage not in self.front
            if isinstance(stage, FusedLayer):
                upstream = stage.update(x, upstream, adam, need_x=need_x)
            elif need_x:
                upstream = stage.gradient(x, upstream)
            if stage is self.front[-1]:
                return

    def redraw(self, generator: torch.Generator, among: Tensor | None = None) -> None:
        """Other candidates for top-k wires, and no moments for them: see :func:`lgc.train.modules.redrawn`."""
        changed = dict(redrawn(self.network, generator, among))
        for layer in self.layers:
            if layer.wiring in changed:
                for moment in layer.moments[:2]:
                    moment.masked_fill_(changed[layer.wiring], 0)
                layer.refresh()

    def settle(self) -> None:
        """See :class:`lgc.train.step.Step`."""
        for layer in self.layers:
            layer.settle()

    def state_dict(self) -> dict[str, Any]:
        """Adam's step count and moments; the logits are the network's own."""
        return {"steps": self.steps, "moments": [layer.moments for layer in self.layers]}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from :meth:`state_dict`; the network's parameters are loaded before."""
        self.steps = state["steps"]
        for layer, moments in zip(self.layers, state["moments"], strict=True):
            layer.load(moments)
