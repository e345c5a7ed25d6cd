"""The netlist: lookup-table nodes as flat arrays (docs/ir.md)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgc.errors import NetlistError

CONST0 = 0
CONST1 = 1
FIRST_INPUT = 2
MAX_ARITY = 6
MAX_NETS = 2**31 - 1

I32 = NDArray[np.int32]
U8 = NDArray[np.uint8]
U64 = NDArray[np.uint64]


def exact(values: Any, dtype: type[np.generic], name: str) -> NDArray[Any]:
    """A contiguous, read-only array of whole numbers; taken over without a copy if it is one already.

    Raises:
        NetlistError: a value is no whole number, or does not fit ``dtype``.
    """
    given = np.asarray(values)
    if given.dtype.kind not in "buif":
        raise NetlistError(f"{name} is an array of {given.dtype}, which is no {np.dtype(dtype)}")
    with np.errstate(invalid="ignore"):
        array = np.ascontiguousarray(given, dtype=dtype)
    if given.dtype != array.dtype:
        changed = np.flatnonzero((array.astype(given.dtype) != given) | ((array < 0) != (given < 0)))
        if len(changed):
            raise NetlistError(f"{name}[{changed[0]}] is {given.flat[changed[0]]}, which is no {np.dtype(dtype)}")
    array.setflags(write=False)
    return array


def rebuild(instance: Any) -> tuple[Any, ...]:
    """``__reduce__`` of a frozen dataclass: copies and pickles go through its constructor, and are read-only too."""
    return type(instance), tuple(getattr(instance, one.name) for one in fields(instance))


@dataclass(frozen=True, eq=False)
class Origins:
    """Where nodes came from: handle h is neuron ``neuron[h]`` of ``names[layer[h]]``.

    Attributes:
        names: layer names.
        layer: int32 (H,), index into ``names``.
        neuron: int32 (H,).
    """

    names: tuple[str, ...] = ()
    layer: I32 = field(default_factory=lambda: np.zeros(0, np.int32))
    neuron: I32 = field(default_factory=lambda: np.zeros(0, np.int32))

    def __post_init__(self) -> None:
        for name in ("layer", "neuron"):
            object.__setattr__(self, name, exact(getattr(self, name), np.int32, name))

    __reduce__ = rebuild

    def __len__(self) -> int:
        return len(self.layer)

    def label(self, handle: int) -> str:
        """``layer1[537]``, or ``?`` for the handle -1."""
        if not 0 <= handle < len(self):
            return "?"
        return f"{self.names[self.layer[handle]]}[{self.neuron[handle]}]"


@dataclass(frozen=True, eq=False)
class Netlist:
    """An immutable combinational netlist of M nodes over I inputs.

    Attributes:
        num_inputs: I.
        fanin: int32 (M, K), operands; unused places are net 0.
        arity: uint8 (M,).
        table: uint64 (M,), LSB-first, operand 0 is address bit 0.
        outputs: int32 (number of outputs,), nets.
        origin: int32 (M,), handles into ``origins`` or -1.
        origins: what the handles mean.

    The constructor takes the arrays over, normalises their dtypes and makes them read-only;
    :func:`lgc.ir.verify.verify_netlist` checks the invariants.

    Raises:
        NetlistError: a value does not fit its dtype.
    """

    num_inputs: int
    fanin: I32
    arity: U8
    table: U64
    outputs: I32
    origin: I32
    origins: Origins = field(default_factory=Origins)

    def __post_init__(self) -> None:
        for name, dtype in _DTYPES.items():
            object.__setattr__(self, name, exact(getattr(self, name), dtype, name))

    __reduce__ = rebuild

    @property
    def num_nodes(self) -> int:
        """M, the number of nodes."""
        return len(self.arity)

    @property
    def num_outputs(self) -> int:
        """The number of outputs."""
        return len(self.outputs)

    @property
    def first_node(self) -> int:
        """The net of node 0."""
        return FIRST_INPUT + self.num_inputs

    @property
    def num_nets(self) -> int:
        """Constants, inputs and nodes together."""
        return self.first_node + self.num_nodes

    @property
    def inputs(self) -> range:
        """The input nets."""
        return range(FIRST_INPUT, self.first_node)

    @property
    def width(self) -> int:
        """K, the number of operand columns."""
        return int(self.fanin.shape[1])

    @cached_property
    def used(self) -> NDArray[np.bool_]:
        """bool (M, K), read-only: which places of ``fanin`` are operands."""
        used = np.arange(self.width) < self.arity[:, None]
        used.setflags(write=False)
        return used

    def label(self, net: int) -> str:
        """A net for people: ``0``, ``in[12]``, or ``n900 (layer1[537])``."""
        if net < FIRST_INPUT:
            return str(net)
        if net < self.first_node:
            return f"in[{net - FIRST_INPUT}]"
        return f"n{net} ({self.origins.label(int(self.origin[net - self.first_node]))})"

    def runs(self) -> Iterator[tuple[int, int]]:
        """Cut the nodes into few ranges [lo, hi) in which no node reads another of the same range.

        For a network emitted layer by layer the ranges are its layers. Whoever processes range after
        range may treat each one as a vector.
        """
        highest = self.fanin.max(axis=1, initial=0).astype(np.int64) - self.first_node
        # latest[i]: the last node that any of the nodes 0..i reads. It never falls, so the end of a
        # range that starts at lo is the first i with latest[i] >= lo.
        latest = np.maximum.accumulate(highest) if len(highest) else highest
        lo = 0
        while lo < self.num_nodes:
            hi = max(int(np.searchsorted(latest, lo, side="left")), lo + 1)
            yield lo, hi
            lo = hi

    @cached_property
    def levels(self) -> I32:
        """int32 (num_nets,): 0 for constants and inputs, else 1 + the highest level of an operand."""
        level = np.zeros(self.num_nets, np.int32)
        first = self.first_node
        for lo, hi in self.runs():
            if self.width:
                level[first + lo : first + hi] = level[self.fanin[lo:hi]].max(axis=1)
            level[first + lo : first + hi] += self.arity[lo:hi] > 0
        return level

    @property
    def depth(self) -> int:
        """The highest level of an output."""
        return int(self.levels[self.outputs].max(initial=0))

    def wavefronts(self) -> list[NDArray[np.int64]]:
        """Node indices grouped by level, ascending: each group reads only earlier groups."""
        levels = self.levels[self.first_node :]
        order = np.argsort(levels, kind="stable")
        cuts = np.flatnonzero(np.diff(levels[order])) + 1
        return np.split(order, cuts) if len(order) else []

    def live(
        self, roots: NDArray[np.integer] | None = None, *, leaves: NDArray[np.bool_] | None = None
    ) -> NDArray[np.bool_]:
        """bool (num_nets,): the nets on which an output depends. Constants and inputs count only if they are read.

        Args:
            roots: nets to start from instead of the outputs.
            leaves: bool (M,), nodes whose operands do not become live by them.
        """
        live = np.zeros(self.num_nets, np.bool_)
        live[self.outputs if roots is None else roots] = True
        for lo, hi in reversed(list(self.runs())):
            readers = live[self.first_node + lo : self.first_node + hi]
            if leaves is not None:
                readers = readers & ~leaves[lo:hi]
            live[self.fanin[lo:hi][readers[:, None] & self.used[lo:hi]]] = True
        return live

    def fanout(self) -> NDArray[np.int64]:
        """int64 (num_nets,): how many operands and outputs read each net."""
        counts = np.bincount(self.fanin[self.used], minlength=self.num_nets)
        return counts + np.bincount(self.outputs, minlength=self.num_nets)

    def with_outputs(self, outputs: NDArray[np.integer]) -> Netlist:
        """The same nodes with other outputs."""
        return replace(self, outputs=exact(outputs, np.int32, "outputs"))

    def digest(self) -> str:
        """SHA-256 over inputs, nodes and outputs; origins do not count."""
        sha = hashlib.sha256(b"lgc-netlist-1")
        sha.update(np.array([self.num_inputs, self.num_nodes, self.num_outputs], "<i8").tobytes())
        sha.update(self.arity.tobytes())
        sha.update(self.fanin[self.used].astype("<i4").tobytes())
        sha.update(self.table.astype("<u8").tobytes())
        sha.update(self.outputs.astype("<i4").tobytes())
        return sha.hexdigest()

    def __repr__(self) -> str:
        return (
            f"Netlist({self.num_inputs} inputs, {self.num_nodes} nodes, {self.num_outputs} outputs, depth {self.depth})"
        )


_DTYPES: dict[str, type[np.generic]] = {
    "fanin": np.int32,
    "arity": np.uint8,
    "table": np.uint64,
    "outputs": np.int32,
    "origin": np.int32,
}
