"""Dead-gate removal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from lgc.ir import Circuit
from lgc.passes.base import Pass, PassResult
from lgc.passes.rewrite import keep_nodes


@dataclass(frozen=True)
class DeadGates(Pass):
    """Drop nodes that no output depends on."""

    name: ClassVar[str] = "dead-gates"

    def run(self, circuit: Circuit) -> PassResult:
        """See :class:`Pass`."""
        netlist = circuit.netlist
        live = netlist.live()[netlist.first_node :]
        dead = netlist.num_nodes - int(live.sum())
        return PassResult(circuit.with_netlist(keep_nodes(netlist, live)), {"dead": dead})
