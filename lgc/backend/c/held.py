"""Inputs that stay in registers: kernels over the same few pixels stand side by side in a function.

A kernel of six inputs is some seven instructions, so that loading its inputs would cost as much as computing it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lgc.backend.c.literal import Program
from lgc.ir import Netlist

HELD = 25
"""Inputs, and ORs of a window, that a function may hold in registers: of the 32 of AVX-512 the rest is for results."""
JOINED = 8
"""ORs of a window that a function holds where there are 16 registers, and inputs come from memory."""


class Neighbours:
    """The outputs of a netlist, one at a time, so that most inputs of each were read by those before it.

    Args:
        netlist: of the kernels at a position.
        holds: whether the machine has registers to hold inputs in; without, the outputs come in their order.
        joins: whether the OR of each output over a window is held, too.
    """

    def __init__(self, netlist: Netlist, holds: bool, *, joins: bool = False) -> None:
        self._holds, self._joins, self._taken = holds, joins, 0
        self._reads = _supports(netlist)
        self._left = np.ones(len(self._reads), np.bool_)
        self._size = np.maximum(self._reads.sum(axis=1), 1)
        self._new = self._size.copy()
        self._known = np.zeros(self._reads.shape[1], np.bool_)

    @property
    def full(self) -> bool:
        """Whether the next one would be too much to hold."""
        if not self._holds:
            return self._joins and self._taken >= JOINED
        following = self._next()
        if following is None:
            return False
        inputs, outputs = int(self._known.sum() + self._new[following]), self._joins * (self._taken + 1)
        return inputs + outputs > HELD

    def take(self) -> int | None:
        """The next output, or None behind the last."""
        taken = self._next()
        if taken is not None:
            self._left[taken] = False
            self._taken += 1
            fresh = self._reads[taken] & ~self._known
            self._new -= self._reads[:, fresh].sum(axis=1)
            self._known |= fresh
        return taken

    def _next(self) -> int | None:
        """The first of a function is one that reads the most, so that those that read less of the same go with it."""
        if not self._left.any():
            return None
        if not self._holds:
            return int(self._left.argmax())
        costs = self._new / self._size if self._known.any() else -self._size
        return int(np.where(self._left, costs, np.inf).argmin())

    def forget(self) -> None:
        """Another function begins, with no input in a register."""
        self._known[:], self._taken = False, 0
        self._new = self._size.copy()


def held_inputs(program: Program, num_bits: int) -> int | None:
    """How many of the first ``num_bits`` inputs the instructions read, if a function can hold them all."""
    read = {value for index in range(len(program)) for value in program.operands(index)}
    count = sum(0 <= value < num_bits for value in read)
    return count if count <= HELD else None


def _supports(netlist: Netlist) -> NDArray[np.bool_]:
    """bool (outputs, inputs): whether the cone of an output reads an input."""
    masks = [0, 0, *(1 << index for index in range(netlist.num_inputs))]
    for fanin, arity in zip(netlist.fanin.tolist(), netlist.arity.tolist(), strict=True):
        mask = 0
        for net in fanin[:arity]:
            mask |= masks[net]
        masks.append(mask)
    size = netlist.num_inputs // 8 + 1
    raw = b"".join(masks[net].to_bytes(size, "little") for net in netlist.outputs.tolist())
    bits = np.unpackbits(np.frombuffer(raw, np.uint8).reshape(-1, size), axis=1, bitorder="little")
    return bits[:, : netlist.num_inputs].astype(np.bool_)
