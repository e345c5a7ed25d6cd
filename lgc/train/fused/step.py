"""One step of a network of straight-through layers: forward, loss, backward and Adam, through the C kernel."""

from __future__ import annotations

import ctypes
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from lgc.ir.gates import TABLE_OF_ID
from lgc.tools.threads import is_forked
from lgc.train.fused import kernel
from lgc.train.modules import Dense, Fixed, LogicLayer, LogicNetwork, TopK, redrawn
from lgc.train.parallel import ProcessGroup

_WORD, _LANES, _MAX_BATCH = 64, 32, 4096
_BETAS, _EPS = (0.9, 0.999), 1e-8


def fused_step(network: LogicNetwork, batch: int, group: ProcessGroup | None = None) -> FusedStep | None:
    """The fused step of a network, or None: not on the CPU, other estimators or modules, or no C compiler."""
    layers = list(network.layers)
    fits = all(
        isinstance(layer, LogicLayer)
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

    Each process of a group goes forward for all gates, which takes little, and updates its part of each layer's. What
    a gate becomes is two wires, a table and a mixture; so a step is, bit for bit, that of one process.
    """

    whole_batches = True

    def __init__(self, network: LogicNetwork, group: ProcessGroup) -> None:
        self.network = network
        self.lr = 0.0
        self.steps = 0
        self.layers = [_FusedLayer(layer, group) for layer in network.layers if isinstance(layer, LogicLayer)]
        self.tables = torch.from_numpy(TABLE_OF_ID.astype("u1"))

    def __call__(self, bits: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """One update from uint8 bits (samples, inputs) and int64 labels: mean loss and samples right, before it."""
        kernel.call("lgc_set_threads", 1 if is_forked() else torch.get_num_threads())
        samples = len(bits)
        padded = -(-samples // _WORD) * _WORD
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
        loss = cross_entropy(logits, labels)
        gradient = torch.softmax(logits, dim=1)
        gradient[torch.arange(samples), labels] -= 1
        upstream = torch.zeros(head.classes, padded)
        upstream[:, :samples] = gradient.t() / (samples * head.tau)
        return loss, (logits.argmax(dim=1) == labels).sum(), upstream

    def _update(self, inputs: list[Tensor], upstream: Tensor, padded: int) -> None:
        self.steps += 1
        beta1, beta2 = _BETAS
        adam = kernel.Adam(self.lr / (1 - beta1**self.steps), beta1, beta2, (1 - beta2**self.steps) ** -0.5, _EPS)
        for layer, x in zip(reversed(self.layers), reversed(inputs[:-1]), strict=True):
            upstream = layer.update(x, upstream, padded, self.tables, adam, need_x=layer is not self.layers[0])

    def redraw(self, generator: torch.Generator) -> None:
        """Other candidates for top-k wires, and no moments for them: see :func:`lgc.train.modules.redrawn`."""
        changed = dict(redrawn(self.network, generator))
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
    """A layer's tensors, laid out for the kernel."""

    def __init__(self, layer: LogicLayer, group: ProcessGroup) -> None:
        wiring = layer.connectome
        self.layer, self.wiring, self.group = layer, wiring, group
        self.subset = wiring.candidates if isinstance(wiring, Dense) else None
        self.wire_logits = torch.empty(0) if isinstance(wiring, Fixed) else wiring.logits.data
        self.gates = len(layer.logits)
        self.part = group.part(self.gates)
        self.moments = [
            torch.zeros_like(one) for one in (self.wire_logits, self.wire_logits, layer.logits, layer.logits)
        ]
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
        ids = self.layer.gate_ids()
        self.gate_tables = torch.from_numpy(TABLE_OF_ID.astype("u1"))[ids].contiguous()

    def settle(self) -> None:
        """What the processes have made of their gates, in all of them."""
        wires = self.wire_logits, *self.moments[:2]
        for tensor in wires if len(self.wire_logits) else ():
            self.group.exchange(tensor.view(2, self.gates, -1), dim=1)
        for tensor in (self.layer.logits.data, *self.moments[2:]):
            self.group.exchange(tensor)

    def forward(self, x: Tensor, padded: int) -> Tensor:
        y = torch.empty(self.gates, padded // _WORD, dtype=torch.long)
        kernel.call("lgc_forward", self.gates, padded, x, self.wires, self.gate_tables, y)
        return y

    def update(
        self, x: Tensor, upstream: Tensor, padded: int, tables: Tensor, adam: kernel.Adam, *, need_x: bool
    ) -> Tensor:
        """Step this layer's logits; the gradient (inputs, padded) by its inputs, if anybody needs it."""
        inputs = len(x)
        choices = self.wire_logits.shape[-1] if len(self.wire_logits) else 0
        dense = isinstance(self.wiring, Dense)
        width = -(-max(inputs if dense else choices, 1) // _LANES) * _LANES
        index = torch.zeros(padded // 2, width, dtype=torch.uint8) if dense else None
        if index is not None:
            kernel.call("lgc_index", x, inputs, padded, width, index)
        mixed = self._mixed(tables)
        group = self.gates // len(upstream)
        gradient = self._gradient(x, upstream, padded, mixed, group) if need_x else upstream
        work_size = width * (3 + padded // 16)  # what the form of the kernel that takes most needs
        work = torch.empty(torch.get_num_threads() * work_size)
        state = self._state(inputs, choices)
        kernel.call(
            "lgc_update", ctypes.addressof(state), self.part.start, self.part.stop, padded, x, index, width, mixed,
            upstream, group, tables, work, work_size, ctypes.addressof(adam),
        )  # fmt: skip
        self.group.exchange(self.wires, dim=1)
        self.group.exchange(self.gate_tables)
        return gradient

    def _mixed(self, tables: Tensor) -> Tensor:
        """Float (gates, 4): each gate as the mixture of its 16 functions."""
        mixed = torch.empty(self.gates, 4)
        own, logits = mixed[self.part], self.layer.logits.data[self.part]
        kernel.call("lgc_mix", len(own), logits, tables, own)
        self.group.exchange(mixed)
        return mixed

    def _gradient(self, x: Tensor, upstream: Tensor, padded: int, mixed: Tensor, group: int) -> Tensor:
        """The loss's gradient (inputs, padded) by this layer's inputs, in a buffer that the next step reuses."""
        inputs = len(x)
        if self.gradient.shape != (inputs, padded):
            self.gradient = torch.empty(inputs, padded)
        index = torch.empty(inputs + 1 + 2 * self.gates, dtype=torch.int32)
        kernel.call(
            "lgc_gradient", self.gates, inputs, padded, self.wires, mixed, x, upstream, group, index, self.gradient
        )
        return self.gradient

    def _state(self, inputs: int, choices: int) -> kernel.LayerState:
        m, v, gate_m, gate_v = self.moments
        pointers = [self.wire_logits, m, v, self.tops, self.picks, self.wires]
        pointers += [self.layer.logits.data, gate_m, gate_v, self.gate_tables]
        return kernel.LayerState(
            self.gates, inputs, choices, *(None if one is None else one.data_ptr() for one in pointers)
        )
