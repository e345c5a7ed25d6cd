"""The comparators of an encoder among the gates: functions of a few bits of one feature, each a lookup table.

Two of them fit a table of two outputs if together they read at most five bits, be they of one feature or of two.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from lgc.ir import FIRST_INPUT, Circuit, Netlist
from lgc.mapping.heads.terms import Values, spread


@dataclass(frozen=True, eq=False)
class Comparator:
    """A function of input nets.

    Attributes:
        nets: ascending; net i is address bit i.
        values: int64 (2**nets,), 0 or 1 by address.
    """

    nets: tuple[int, ...]
    values: Values

    @property
    def table(self) -> int:
        """The values as one number, LSB first."""
        return sum(1 << address for address in np.flatnonzero(self.values).tolist())


def find_comparators(circuit: Circuit, lut: int) -> dict[int, Comparator]:
    """The nodes that are functions of at most ``lut`` bits of one feature, by net; none if there are no features."""
    netlist, codes = circuit.netlist, circuit.encoder.code
    if codes is None:
        return {}
    first = netlist.first_node
    column = [0] * FIRST_INPUT + codes.column_of_bits.tolist()
    found = {net: Comparator((net,), np.array([0, 1])) for net in range(FIRST_INPUT, first)}
    rows = zip(netlist.fanin.tolist(), netlist.arity.tolist(), netlist.table.tolist(), strict=True)
    for net, (fanin, arity, table) in enumerate(rows, first):
        inner = [found[operand] for operand in fanin[:arity] if operand in found]
        nets = tuple(sorted({one for operand in inner for one in operand.nets}))
        if not inner or len(inner) < arity or len(nets) > lut:
            continue
        if column[nets[0]] != column[nets[-1]]:
            continue
        address = np.zeros(1 << len(nets), np.int64)
        for index, operand in enumerate(inner):
            address |= spread(operand.values, operand.nets, nets) << index
        found[net] = Comparator(nets, np.array([(table >> one) & 1 for one in range(1 << arity)])[address])
    return {net: one for net, one in found.items() if net >= first}


def read_nets(netlist: Netlist, found: Collection[int]) -> set[int]:
    """Those of the nodes found, by net, that a node reads that is none of them: they are built in any case."""
    outside = np.ones(netlist.num_nodes, np.bool_)
    outside[np.array([*found], np.int64) - netlist.first_node] = False
    return set(netlist.fanin[netlist.used & outside[:, None]].tolist()).intersection(found)
