"""Sorting nodes by level."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from lgc.ir import Circuit
from lgc.passes.base import Pass, PassResult


@dataclass(frozen=True)
class Levelize(Pass):
    """Sort nodes by level if they stand in many short runs, as in a netlist from another tool."""

    name: ClassVar[str] = "levelize"

    def run(self, circuit: Circuit) -> PassResult:
        """See :class:`Pass`."""
        netlist = circuit.netlist
        runs = sum(1 for _ in netlist.runs())
        levels = netlist.levels[netlist.first_node :]
        if runs <= len(np.unique(levels)):
            return PassResult(circuit)
        order = np.argsort(levels, kind="stable")
        number = np.arange(netlist.num_nets, dtype=np.int32)
        number[netlist.first_node + order] = np.arange(netlist.first_node, netlist.num_nets, dtype=np.int32)
        unused = np.arange(netlist.width) >= netlist.arity[order, None]
        fanin = number[netlist.fanin[order]]
        fanin[unused] = 0
        sorted_netlist = replace(
            netlist,
            fanin=fanin,
            arity=netlist.arity[order],
            table=netlist.table[order],
            origin=netlist.origin[order],
            outputs=number[netlist.outputs],
        )
        return PassResult(circuit.with_netlist(sorted_netlist), {"moved": int((order != np.arange(len(order))).sum())})
