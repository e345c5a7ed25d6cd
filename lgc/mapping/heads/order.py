"""Sorting a mapped netlist by level, so that its vectors are few and long."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from lgc.ir import Netlist, Origins
from lgc.ir.netlist import I32

I64 = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class ChainedNetlist(Netlist):
    """A netlist with carry chains: those take no level of their own, but stand in that of the tables which steer them.

    Attributes:
        chain: int32 (M,), the number of the carry chain that a node belongs to, -1 for none. A chain's nodes stand side
            by side.
        inside: bool (M,), the lookup tables that belong to a chain. Some read others' second outputs: two of them lie
            in a row, and all stand at the level of the second one.
        beside: int64 (pairs, 2), nets of lookup tables with two outputs: the second one is at the first one's level.
    """

    chain: I32 = field(default_factory=lambda: np.zeros(0, np.int32))
    inside: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, np.bool_))
    beside: I64 = field(default_factory=lambda: np.zeros((0, 2), np.int64))

    @cached_property
    def levels(self) -> I32:
        """See :class:`Netlist`; a chain is at the highest level of the tables it reads, behind every chain it reads."""
        first, fanin, arity, chain = self.first_node, self.fanin.tolist(), self.arity.tolist(), self.chain.tolist()
        inside = self.inside.tolist()
        level = [0] * self.num_nets
        partner = dict(self.beside.tolist())
        partner |= {second: one for one, second in partner.items()}
        lo = 0
        while lo < len(arity):
            hi = lo + 1
            while chain[lo] >= 0 and hi < len(arity) and chain[hi] == chain[lo]:
                hi += 1
            reads = [net for node in range(lo, hi) for net in fanin[node][: arity[node]] if net < first + lo]
            other = partner.get(first + lo)
            if other is not None:
                reads += fanin[other - first][: arity[other - first]]
            if inside[lo]:
                own = max((level[net] for net in reads), default=0) + 2
            elif chain[lo] < 0:
                own = max((level[net] for net in reads), default=0) + (arity[lo] > 0)
            else:  # a chain may not stand beside one that it reads
                own = max(level[net] + (net >= first and chain[net - first] >= 0) for net in reads)
            level[first + lo : first + hi] = [own] * (hi - lo)
            lo = hi
        array = np.array(level, np.int32)
        array[self.beside[:, 1]] = array[self.beside[:, 0]]
        return array


def chained(
    netlist: Netlist, chain: I32, inside: NDArray[np.bool_], beside: Sequence[tuple[int, int]]
) -> ChainedNetlist:
    """The same netlist, knowing its chains."""
    parts = {one.name: getattr(netlist, one.name) for one in fields(Netlist)}
    return ChainedNetlist(**parts, chain=chain, inside=inside, beside=np.array(beside, np.int64).reshape(-1, 2))


def by_level(netlist: ChainedNetlist, region: NDArray[np.uint8]) -> I64:
    """The new number of every net, int64 (num_nets,): nodes sorted by region, then by level, chains behind tables."""
    first = netlist.first_node
    order = np.lexsort((netlist.chain >= 0, netlist.levels[first:], region))
    number = np.arange(netlist.num_nets)
    number[first + order] = np.arange(first, netlist.num_nets)
    return number


def renumber(netlist: ChainedNetlist, number: I64) -> ChainedNetlist:
    """The same netlist with its nets renumbered; every operand stays below its node."""
    first = netlist.first_node
    order = np.argsort(number[first:])
    return replace(
        netlist,
        fanin=np.where(netlist.used[order], number[netlist.fanin[order]], 0),
        arity=netlist.arity[order],
        table=netlist.table[order],
        origin=netlist.origin[order],
        outputs=number[netlist.outputs].astype(np.int32),
        chain=netlist.chain[order],
        inside=netlist.inside[order],
        beside=number[netlist.beside],
    )


def name_regions(netlist: ChainedNetlist, region: NDArray[np.uint8], names: Sequence[str]) -> ChainedNetlist:
    """Give every node without an origin one that says its region and its number there."""
    origins, origin = netlist.origins, netlist.origin.copy()
    layers, neurons, labels = [origins.layer], [origins.neuron], list(origins.names)
    start = len(origins)
    for index, name in enumerate(names):
        rows = np.flatnonzero((origin < 0) & (region == index))
        origin[rows] = np.arange(start, start + len(rows))
        start += len(rows)
        layers.append(np.full(len(rows), len(labels), np.int32))
        neurons.append(np.arange(len(rows), dtype=np.int32))
        while name in labels:
            name = f"{name}_"
        labels.append(name)
    named = Origins(tuple(labels), np.concatenate(layers).astype(np.int32), np.concatenate(neurons).astype(np.int32))
    return replace(netlist, origin=origin, origins=named)
