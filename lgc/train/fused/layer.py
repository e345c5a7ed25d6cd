"""A layer of gates or of tables as the kernel trains it: at one place, or at every position of a field."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from lgc.ir.gates import TABLE_OF_ID
from lgc.train.fused import kernel
from lgc.train.modules import Dense, Fixed, LogicLayer, TableLayer, TopK, gate_basis
from lgc.train.parallel import ProcessGroup
from lgc.train.wiring import Siblings

_WORD, _LANES = 64, 32


@dataclass(frozen=True)
class Positions:
    """Where a layer's nodes are, if they are at more than one place.

    Attributes:
        field: int64 (inputs of a node's wires,), the row of each at the first position.
        offset: int64 (positions,), by how many rows each position is further on.
    """

    field: Tensor
    offset: Tensor


class FusedLayer:
    """A layer's tensors, laid out for the kernel. A node is a gate or a table.

    Args:
        layer: whose parameters are trained in place.
        group: the processes that share its nodes.
        places: None for a dense layer.
    """

    def __init__(self, layer: LogicLayer | TableLayer, group: ProcessGroup, places: Positions | None = None) -> None:
        wiring = layer.connectome
        self.layer, self.wiring, self.group = layer, wiring, group
        self.subset = wiring.candidates if isinstance(wiring, Dense) else None
        self.wire_logits = torch.empty(0) if isinstance(wiring, Fixed | Siblings) else wiring.logits.data
        self.nodes = len(layer.logits)
        self.learns = layer.logits.requires_grad
        self.part = group.part(self.nodes)
        self.moments = [
            torch.zeros_like(one) for one in (self.wire_logits, self.wire_logits, layer.logits, layer.logits)
        ]
        self.places = places
        self.field = None if places is None else places.field.to(torch.int32).contiguous()
        self.offset = torch.zeros(1, dtype=torch.int32) if places is None else places.offset.to(torch.int32)
        gates = isinstance(layer, LogicLayer)
        self.softness = 4 if gates else layer.logits.shape[1]
        self.functions = torch.from_numpy(TABLE_OF_ID.astype("u1")) if gates else None
        self.basis = gate_basis().t().contiguous() if gates else None
        self.gradient = torch.empty(0)
        self.refresh()

    @property
    def numbers(self) -> int:
        """A measure of what a step takes: parameters, as often as they are used."""
        return (self.wire_logits.numel() + self.layer.logits.numel()) * len(self.offset)

    def load(self, moments: list[Tensor]) -> None:
        """Adam's moments of a state."""
        for mine, saved in zip(self.moments, moments, strict=True):
            mine.copy_(saved)
        self.refresh()

    def refresh(self) -> None:
        """What the kernel keeps up to date, made anew from the logits."""
        wiring = self.wiring
        self.picks = self._rows(wiring.candidates) if isinstance(wiring, TopK) else None
        self.tops = self.wire_logits.flatten(0, -2).amax(dim=-1) if len(self.wire_logits) else torch.empty(0)
        wires = wiring.logits.detach().argmax(dim=-1) if isinstance(wiring, Dense) else wiring.wires().t()
        self.wires = self._rows(wires)
        self.tables = torch.from_numpy(self.layer.tables().view(np.int64))

    def _rows(self, wires: Tensor) -> Tensor:
        """int32: the rows of what wires name, at the first position."""
        return (wires if self.field is None else self.field[wires]).to(torch.int32).contiguous()

    def settle(self) -> None:
        """What the processes have made of their nodes, in all of them."""
        wires = self.wire_logits, *self.moments[:2]
        for tensor in wires if len(self.wire_logits) else ():
            self.group.exchange(tensor.view(len(self.wires), self.nodes, -1), dim=1)
        for tensor in (self.layer.logits.data, *self.moments[2:]):
            self.group.exchange(tensor)

    def forward(self, x: Tensor) -> Tensor:
        """Packed inputs (rows, words) to packed outputs (nodes * positions, words)."""
        y = torch.empty(self.nodes * len(self.offset), x.shape[1], dtype=torch.long)
        kernel.call("lgc_forward", self._state(len(x)), _WORD * x.shape[1], x, y)
        return y

    def update(self, x: Tensor, upstream: Tensor, adam: kernel.Adam, *, need_x: bool) -> Tensor:
        """Step this layer's logits, if it learns; the gradient (inputs, padded) by its inputs, if anybody needs it."""
        padded, state = upstream.shape[1], self._state(len(x))
        soft = torch.empty(self.nodes, self.softness)
        kernel.call("lgc_soften", state, self.part.start, self.part.stop, soft)
        if need_x:
            self.group.exchange(soft)
        group = self.nodes * len(self.offset) // len(upstream)
        seen = kernel.pass_of(state, padded, x, soft, upstream, group)
        gradient = self._gradient(seen, len(x), padded) if need_x else upstream
        if self.learns:
            self._learn(seen, x, adam)
        return gradient

    def _learn(self, seen: kernel.BackwardPass, x: Tensor, adam: kernel.Adam) -> None:
        padded, choices = seen.B, seen.layer.contents.K
        width = -(-max(choices, 1) // _LANES) * _LANES
        index = self._index(x, padded, width) if isinstance(self.wiring, Dense) else None
        work_size = width * (5 + padded // 16)  # what the form of the kernel that takes most needs
        work = torch.empty(torch.get_num_threads() * work_size)
        kernel.call("lgc_update", seen, self.part.start, self.part.stop, index, width, work, work_size, adam)
        self.group.exchange(self.wires, dim=1)
        self.group.exchange(self.tables)

    def _index(self, x: Tensor, padded: int, width: int) -> Tensor:
        """What dense wires take at each position."""
        positions = len(self.offset)
        if self.field is not None:
            x = x.index_select(0, (self.offset.unsqueeze(1) + self.field).flatten())
        index = torch.zeros(positions, padded // 2, width, dtype=torch.uint8)
        kernel.call("lgc_index", x, positions, len(x) // positions, padded, width, index)
        return index

    def _gradient(self, seen: kernel.BackwardPass, inputs: int, padded: int) -> Tensor:
        """The loss's gradient (inputs, padded) by this layer's inputs, in a buffer that the next step reuses."""
        if self.gradient.shape != (inputs, padded):
            self.gradient = torch.empty(inputs, padded)
        index = torch.empty(inputs + 1 + self.wires.numel() * len(self.offset), dtype=torch.int32)
        kernel.call("lgc_gradient", seen, index, self.gradient)
        return self.gradient

    def _state(self, inputs: int) -> kernel.LayerState:
        m, v, node_m, node_v = self.moments
        choices = self.wire_logits.shape[-1] if len(self.wire_logits) else 0
        pointers = [self.offset, self.field, self.wire_logits, m, v, self.tops, self.picks, self.wires]
        pointers += [self.layer.logits.data, node_m, node_v, self.tables, self.functions, self.basis]
        numbers = self.nodes, inputs, choices, len(self.wires), len(self.offset)
        return kernel.LayerState(*numbers, *(None if one is None else one.data_ptr() for one in pointers))
