"""Dead-gate removal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from lgc.ir import Circuit, Netlist
from lgc.passes.base import Pass, PassResult
from lgc.passes.rewrite import keep_nodes


def live_nets(netlist: Netlist) -> NDArray[np.bool_]:
    """bool (num_nets,): nets on which an output depends. Inputs count only if they are read."""
    live = np.zeros(netlist.num_nets, np.bool_)
    live[netlist.outputs] = True
    used = np.arange(netlist.width) < netlist.arity[:, None]
    for lo, hi in reversed(list(netlist.runs())):
        alive = live[netlist.first_node + lo : netlist.first_node + hi, None] & used[lo:hi]
        live[netlist.fanin[lo:hi][alive]] = True
    return live


@dataclass(frozen=True)
class DeadGates(Pass):
    """Drop nodes that no output depends on."""

    name: ClassVar[str] = "dead-gates"

    def run(self, circuit: Circuit) -> PassResult:
        """See :class:`Pass`."""
        netlist = circuit.netlist
        live = live_nets(netlist)[netlist.first_node :]
        dead = netlist.num_nodes - int(live.sum())
        return PassResult(circuit.with_netlist(keep_nodes(netlist, live)), {"dead": dead})
