"""Sorting nodes by level."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from lgc.ir import Circuit
from lgc.passes import tables
from lgc.passes.base import Pass, PassResult
from lgc.passes.rewrite import sort_operands


@dataclass(frozen=True)
class Levelize(Pass):
    """Sort nodes by level if they stand in more runs than they need, as in a netlist from another tool."""

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
        arity = netlist.arity[order]
        fanin = number[netlist.fanin[order]]
        table = tables.extend(netlist.table[order], arity)
        # The new numbers put operands in another order; the sweeps leave them ascending, and so does this pass.
        sort_operands(fanin, netlist.used[order], table)
        sorted_netlist = replace(
            netlist,
            fanin=fanin,
            arity=arity,
            table=tables.truncate(table, arity),
            origin=netlist.origin[order],
            outputs=number[netlist.outputs],
        )
        return PassResult(circuit.with_netlist(sorted_netlist), {"moved": int((order != np.arange(len(order))).sum())})
