"""One step of a network of straight-through layers: forward, loss, backward and Adam, through the C kernel."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from lgc.ir.gates import TABLE_OF_ID
from lgc.tools.threads import is_forked
from lgc.train.fused import kernel
from lgc.train.loss import loss_gradient, mean_loss
from lgc.train.modules import Dense, Fixed, LogicLayer, LogicNetwork, TableLayer, TopK, gate_basis, redrawn
from lgc.train.parallel import ProcessGroup

_WORD, _LANES, _MAX_BATCH = 64, 32, 4096
_GRAIN = 1 << 17  # numbers that a thread updates, of one word of samples
_BETAS, _EPS = (0.9, 0.999), 1e-8


def fused_step(network: LogicNetwork, batch: int, group: ProcessGroup | None = None) -> FusedStep | None:
    """The fused step of a network, or None: not on the CPU, other estimators or modules, or no C compiler."""
    layers = list(network.layers)
    fits = all(
        isinstance(layer, LogicLayer | TableLayer)
        and layer.estimator == "straight-through"
        and isinstance(layer.connectome, Dense | TopK | Fixed)
        and getattr(layer.connectome, "estimator", "straight-through") == "straight-through"
        and layer.logits.device.type == "cpu"
        and layer.logits.dtype == torch.float32
        for layer in layers
    )
    # A layer's subset of inputs is packed with the samples, so only the first may have one.
    subset = any(getattr(layer.connectome, "candidates", None) is not None and isinstance(layer.connectome, Dense)
                 for layer in layers[1:])  # fmt: skip
    if not fits or subset or batch > _MAX_BATCH or kernel.load_kernel() is None:
        return None
    return FusedStep(network, group or ProcessGroup())


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
        chain = [layer for layer in network.layers if isinstance(layer, LogicLayer | TableLayer)]
        self.layers = [_FusedLayer(layer, group) for layer in chain]
        self.numbers = sum(layer.wire_logits.numel() + layer.layer.logits.numel() for layer in self.layers)

    def _threads(self, padded: int) -> int:
        """As many as the work is worth: threads that wait for each other cost more than a small step."""
        worth = self.numbers * padded // _WORD // _GRAIN
        return 1 if is_forked() else max(1, min(torch.get_num_threads(), worth))

    def __call__(self, bits: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """One update from uint8 bits (samples, inputs) and int64 labels: mean loss and samples right, before it."""
        samples = len(bits)
        padded = -(-samples // _WORD) * _WORD
        kernel.call("lgc_set_threads", self._threads(padded))
        first = self.layers[0]
        x = torch.empty(bits.shape[1] if first.subset is None else len(first.subset), padded // _WORD, dtype=torch.long)
        chosen = bits if first.subset is None else bits.index_select(1, first.subset)
        kernel.call("lgc_pack", chosen.contiguous(), samples, len(x), padded, x)
        inputs = [x]
        for layer in self.layers:
            inputs.append(layer.forward(inputs[-1], padded))
        loss, right, upstream = self._head(inputs[-1], labels, padded)
        self._update(inputs, upstream, padded)
        return loss, right

    def _head(self, votes: Tensor, labels: Tensor, padded: int) -> tuple[Tensor, Tensor, Tensor]:
        """Mean loss, samples right, and the loss's gradient (classes, padded) by a vote of each class."""
        head, samples = self.network.head, len(labels)
        counts = torch.empty(head.classes, padded, dtype=torch.int32)
        kernel.call("lgc_count", len(votes), head.classes, padded, votes, counts)
        sums = counts[:, :samples].t()
        head.adapt(sums)
        logits = sums / head.tau
        loss = mean_loss(logits, labels, self.weights)
        gradient = loss_gradient(logits, labels, self.weights)
        upstream = torch.zeros(head.classes, padded)
        upstream[:, :samples] = gradient.t() / (samples * head.tau)
        return loss, (logits.argmax(dim=1) == labels).sum(), upstream

    def _update(self, inputs: list[Tensor], upstream: Tensor, padded: int) -> None:
        self.steps += 1
        beta1, beta2 = _BETAS
        adam = kernel.Adam(self.lr / (1 - beta1**self.steps), beta1, beta2, (1 - beta2**self.steps) ** -0.5, _EPS)
        for layer, x in zip(reversed(self.layers), reversed(inputs[:-1]), strict=True):
            upstream = layer.update(x, upstream, padded, adam, need_x=layer is not self.layers[0])

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


class _FusedLayer:
    """A layer's tensors, laid out for the kernel. A node is a gate or a table."""

    def __init__(self, layer: LogicLayer | TableLayer, group: ProcessGroup) -> None:
        wiring = layer.connectome
        self.layer, self.wiring, self.group = layer, wiring, group
        self.subset = wiring.candidates if isinstance(wiring, Dense) else None
        self.wire_logits = torch.empty(0) if isinstance(wiring, Fixed) else wiring.logits.data
        self.nodes = len(layer.logits)
        self.part = group.part(self.nodes)
        self.moments = [
            torch.zeros_like(one) for one in (self.wire_logits, self.wire_logits, layer.logits, layer.logits)
        ]
        gates = isinstance(layer, LogicLayer)
        self.softness = 4 if gates else layer.logits.shape[1]
        self.functions = torch.from_numpy(TABLE_OF_ID.astype("u1")) if gates else None
        self.basis = gate_basis().t().contiguous() if gates else None
        self.gradient = torch.empty(0)
        self.refresh()

    def load(self, moments: list[Tensor]) -> None:
        for mine, saved in zip(self.moments, moments, strict=True):
            mine.copy_(saved)
        self.refresh()

    def refresh(self) -> None:
        """What the kernel keeps up to date, made anew from the logits."""
        wiring = self.wiring
        self.picks = wiring.candidates.to(torch.int32).contiguous() if isinstance(wiring, TopK) else None
        self.tops = self.wire_logits.flatten(0, -2).amax(dim=-1) if len(self.wire_logits) else torch.empty(0)
        wires = wiring.logits.detach().argmax(dim=-1) if isinstance(wiring, Dense) else wiring.wires().t()
        self.wires = wires.to(torch.int32).contiguous()
        self.tables = torch.from_numpy(self.layer.tables().view(np.int64))

    def settle(self) -> None:
        """What the processes have made of their nodes, in all of them."""
        wires = self.wire_logits, *self.moments[:2]
        for tensor in wires if len(self.wire_logits) else ():
            self.group.exchange(tensor.view(len(self.wires), self.nodes, -1), dim=1)
        for tensor in (self.layer.logits.data, *self.moments[2:]):
            self.group.exchange(tensor)

    def forward(self, x: Tensor, padded: int) -> Tensor:
        y = torch.empty(self.nodes, padded // _WORD, dtype=torch.long)
        kernel.call("lgc_forward", self._state(len(x)), padded, x, y)
        return y

    def update(self, x: Tensor, upstream: Tensor, padded: int, adam: kernel.Adam, *, need_x: bool) -> Tensor:
        """Step this layer's logits; the gradient (inputs, padded) by its inputs, if anybody needs it."""
        inputs, state = len(x), self._state(len(x))
        dense = isinstance(self.wiring, Dense)
        width = -(-max(state.K, 1) // _LANES) * _LANES
        index = torch.zeros(padded // 2, width, dtype=torch.uint8) if dense else None
        if index is not None:
            kernel.call("lgc_index", x, inputs, padded, width, index)
        soft = torch.empty(self.nodes, self.softness)
        kernel.call("lgc_soften", state, self.part.start, self.part.stop, soft)
        gradient = self._gradient(state, soft, x, upstream) if need_x else upstream
        work_size = width * (3 + padded // 16)  # what the form of the kernel that takes most needs
        work = torch.empty(torch.get_num_threads() * work_size)
        kernel.call(
            "lgc_update", state, self.part.start, self.part.stop, padded, x, index, width, soft, upstream,
            self.nodes // len(upstream), work, work_size, adam,
        )  # fmt: skip
        self.group.exchange(self.wires, dim=1)
        self.group.exchange(self.tables)
        return gradient

    def _gradient(self, state: kernel.LayerState, soft: Tensor, x: Tensor, upstream: Tensor) -> Tensor:
        """The loss's gradient (inputs, padded) by this layer's inputs, in a buffer that the next step reuses."""
        inputs, padded = len(x), upstream.shape[1]
        if self.gradient.shape != (inputs, padded):
            self.gradient = torch.empty(inputs, padded)
        self.group.exchange(soft)
        index = torch.empty(inputs + 1 + self.wires.numel(), dtype=torch.int32)
        group = self.nodes // len(upstream)
        kernel.call("lgc_gradient", state, padded, soft, x, upstream, group, index, self.gradient)
        return self.gradient

    def _state(self, inputs: int) -> kernel.LayerState:
        m, v, node_m, node_v = self.moments
        choices = self.wire_logits.shape[-1] if len(self.wire_logits) else 0
        pointers = [self.wire_logits, m, v, self.tops, self.picks, self.wires]
        pointers += [self.layer.logits.data, node_m, node_v, self.tables, self.functions, self.basis]
        return kernel.LayerState(
            self.nodes, inputs, choices, len(self.wires), *(None if one is None else one.data_ptr() for one in pointers)
        )
