"""Sorting a mapped netlist by level, so that its vectors are few and long."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lgc.ir import Netlist, Origins

I64 = NDArray[np.int64]


def by_level(netlist: Netlist, region: NDArray[np.uint8]) -> I64:
    """The new number of every net, int64 (num_nets,): nodes sorted by region, then by level."""
    first = netlist.first_node
    order = np.lexsort((netlist.levels[first:], region))
    number = np.arange(netlist.num_nets)
    number[first + order] = np.arange(first, netlist.num_nets)
    return number


def renumber(netlist: Netlist, number: I64) -> Netlist:
    """The same netlist with its nets renumbered; every operand stays below its node."""
    first = netlist.first_node
    order = np.argsort(number[first:])
    used = np.arange(netlist.width) < netlist.arity[order, None]
    return replace(
        netlist,
        fanin=np.where(used, number[netlist.fanin[order]], 0),
        arity=netlist.arity[order],
        table=netlist.table[order],
        origin=netlist.origin[order],
        outputs=number[netlist.outputs].astype(np.int32),
    )


def name_regions(netlist: Netlist, region: NDArray[np.uint8], names: Sequence[str]) -> Netlist:
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
