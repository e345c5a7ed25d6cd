"""Making netlists: node by node, or a layer at a time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lgc.errors import NetlistError
from lgc.ir.gates import BY_NAME
from lgc.ir.netlist import FIRST_INPUT, MAX_ARITY, MAX_NETS, Netlist, Origins


class Builder:
    """Collects nodes and makes a :class:`Netlist` of them.

    Args:
        num_inputs: number of input nets.
        cons: hash-consing: a node equal to an earlier one (same table, same operands) returns the
            earlier node's net instead of a new one.
    """

    def __init__(self, num_inputs: int, *, cons: bool = False) -> None:
        if not 0 <= num_inputs <= MAX_NETS - FIRST_INPUT:
            raise NetlistError(f"a netlist cannot have {num_inputs} inputs")
        self.num_inputs = num_inputs
        self.num_nets = FIRST_INPUT + num_inputs
        self._chunks: list[tuple[NDArray[np.int32], NDArray[np.uint8], NDArray[np.uint64], NDArray[np.int32]]] = []
        self._pending: list[tuple[tuple[int, ...], int, int]] = []
        self._known: dict[tuple[int, tuple[int, ...]], int] | None = {} if cons else None
        self._layer_names: list[str] = []
        self._handles: list[tuple[NDArray[np.int32], NDArray[np.int32]]] = []
        self._num_handles = 0

    def layer(self, name: str, count: int) -> NDArray[np.int32]:
        """Declare a layer of ``count`` neurons; returns their origin handles, int32 (count,)."""
        self._layer_names.append(name)
        self._handles.append((np.full(count, len(self._layer_names) - 1, np.int32), np.arange(count, dtype=np.int32)))
        first = self._num_handles
        self._num_handles += count
        return np.arange(first, self._num_handles, dtype=np.int32)

    def add(self, table: int, operands: Sequence[int], origin: int = -1) -> int:
        """Append one node and return its net.

        Raises:
            NetlistError: an operand that does not exist yet, arity above 6, or a table too wide.
        """
        arity = len(operands)
        operands = tuple(map(int, operands))
        if arity > MAX_ARITY:
            raise NetlistError(f"a node of arity {arity} is too wide", hint=f"The widest node has {MAX_ARITY} operands")
        if operands and not (min(operands) >= 0 and max(operands) < self.num_nets):
            raise NetlistError(f"node n{self.num_nets} reads {operands}, but only nets below itself exist")
        if not 0 <= table < 1 << (1 << arity):
            raise NetlistError(f"table {table:#x} of node n{self.num_nets} has more than {1 << arity} bits")
        if self._known is not None:
            net = self._known.setdefault((table, operands), self.num_nets)
            if net != self.num_nets:
                return net
        self._pending.append((operands, table, origin))
        self.num_nets += 1
        return self.num_nets - 1

    def gate(self, name: str, a: int, b: int, origin: int = -1) -> int:
        """Append a two-input gate by name, see :mod:`lgc.ir.gates`."""
        return self.add(BY_NAME[name].table, (a, b), origin)

    def add_layer(
        self, tables: NDArray[np.integer], fanin: NDArray[np.integer], origin: NDArray[np.int32] | None = None
    ) -> NDArray[np.int32]:
        """Append N nodes of one arity at once, without hash-consing.

        Args:
            tables: (N,), LSB-first truth tables.
            fanin: (N, r), nets that exist already.
            origin: int32 (N,), handles from :meth:`layer`.

        Returns:
            int32 (N,), the new nets.

        Raises:
            NetlistError: an operand does not exist, a table is too wide, the lengths differ, or there are too
                many nets.
        """
        count, arity = fanin.shape
        origin = np.full(count, -1, np.int32) if origin is None else origin
        if len(tables) != count or len(origin) != count:
            raise NetlistError(f"a layer has {count} nodes, but {len(tables)} tables and {len(origin)} origins")
        if arity > MAX_ARITY:
            raise NetlistError(f"a node of arity {arity} is too wide", hint=f"The widest node has {MAX_ARITY} operands")
        if fanin.size and (int(fanin.min()) < 0 or int(fanin.max()) >= self.num_nets):
            raise NetlistError("a layer reads nets that do not exist yet")
        if self.num_nets + count > MAX_NETS:
            raise NetlistError(f"more than {MAX_NETS} nets")
        if count and not 0 <= int(tables.min()) <= int(tables.max()) < 1 << (1 << arity):
            raise NetlistError(f"a table of a layer of arity {arity} has more than {1 << arity} bits")
        self._flush()
        self._chunks.append(
            (fanin.astype(np.int32), np.full(count, arity, np.uint8), tables.astype(np.uint64), origin.astype(np.int32))
        )
        self.num_nets += count
        return np.arange(self.num_nets - count, self.num_nets, dtype=np.int32)

    def build(self, outputs: Sequence[int] | NDArray[np.integer]) -> Netlist:
        """The netlist of everything appended so far.

        Raises:
            NetlistError: an output that does not exist.
        """
        self._flush()
        nets = np.asarray(outputs, dtype=np.int64).reshape(-1)
        if nets.size and (nets.min() < 0 or nets.max() >= self.num_nets):
            raise NetlistError("an output names a net that does not exist")
        width = max((chunk[0].shape[1] for chunk in self._chunks), default=0)
        fanins = [np.pad(chunk[0], ((0, 0), (0, width - chunk[0].shape[1]))) for chunk in self._chunks]
        return Netlist(
            num_inputs=self.num_inputs,
            fanin=np.concatenate(fanins) if fanins else np.zeros((0, 0), np.int32),
            arity=np.concatenate([c[1] for c in self._chunks] or [np.zeros(0, np.uint8)]),
            table=np.concatenate([c[2] for c in self._chunks] or [np.zeros(0, np.uint64)]),
            outputs=nets.astype(np.int32),
            origin=np.concatenate([c[3] for c in self._chunks] or [np.zeros(0, np.int32)]),
            origins=Origins(
                tuple(self._layer_names),
                np.concatenate([h[0] for h in self._handles] or [np.zeros(0, np.int32)]),
                np.concatenate([h[1] for h in self._handles] or [np.zeros(0, np.int32)]),
            ),
        )

    def _flush(self) -> None:
        """Turn the nodes appended one by one into one chunk of arrays."""
        if not self._pending:
            return
        arity = np.array([len(node[0]) for node in self._pending], np.uint8)
        width = int(arity.max())
        padded = [node[0] + (0,) * (width - len(node[0])) for node in self._pending]
        fanin = np.array(padded, np.int32).reshape(len(padded), width)
        table = np.array([node[1] for node in self._pending], np.uint64)
        origin = np.array([node[2] for node in self._pending], np.int32)
        self._chunks.append((fanin, arity, table, origin))
        self._pending = []
