"""A circuit that fails, made smaller while it does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lgc.ir import Circuit, Encoder, Netlist
from lgc.passes.dead import DeadGates


def shrink(circuit: Circuit, fails: Callable[[Circuit], bool]) -> Circuit:
    """A smaller circuit that still fails: fewer outputs and nodes, no bias, no encoder; nothing more can go."""
    while (smaller := next((one for one in _smaller(circuit) if fails(one)), None)) is not None:
        circuit = smaller
    return circuit


def _smaller(circuit: Circuit) -> Iterator[Circuit]:
    netlist, head = circuit.netlist, circuit.head
    for index in range(netlist.num_outputs):
        offsets = head.offsets - (head.offsets > index)
        outputs = np.delete(netlist.outputs, index)
        yield replace(circuit, netlist=netlist.with_outputs(outputs), head=replace(head, offsets=offsets))
    if head.bias.any():
        yield replace(circuit, head=replace(head, bias=np.zeros_like(head.bias)))
    if circuit.encoder.thresholds is not None:
        yield replace(circuit, encoder=Encoder(netlist.num_inputs))
    pruned = DeadGates().run(circuit).circuit
    if pruned.netlist.num_nodes < netlist.num_nodes:
        yield pruned
    for node in reversed(range(netlist.num_nodes)):
        for net in (0, *netlist.fanin[node, : min(1, netlist.arity[node])].tolist()):
            yield circuit.with_netlist(_without(netlist, node, net))


def _without(netlist: Netlist, node: int, net: int) -> Netlist:
    """Readers of a node read another net; the node is gone."""
    gone = netlist.first_node + node

    def moved(values: NDArray[np.int32]) -> NDArray[np.int32]:
        values = np.where(values == gone, net, values)
        return values - (values > gone)

    return replace(
        netlist,
        fanin=np.delete(moved(netlist.fanin), node, axis=0),
        arity=np.delete(netlist.arity, node),
        table=np.delete(netlist.table, node),
        origin=np.delete(netlist.origin, node),
        outputs=moved(netlist.outputs),
    )
