"""The votes of a class as functions of the nets below the last layer."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from lgc.ir import Circuit, Netlist
from lgc.mapping.heads.literals import positive, reduce_table

Values = NDArray[np.int64]


@dataclass
class Group:
    """A class's sum: ``constant`` plus, for each set of nets, a function of them.

    Attributes:
        terms: nets, ascending, to int64 (2**nets,), the function by address; net i is address bit i.
    """

    constant: int = 0
    terms: dict[tuple[int, ...], Values] = field(default_factory=dict)

    def add(self, nets: tuple[int, ...], values: Values) -> None:
        """Add a function; functions of the same nets are one."""
        known = self.terms.get(nets)
        self.terms[nets] = values if known is None else known + values

    def tidy(self) -> None:
        """Take constants and idle nets out of functions that have become simpler by addition."""
        for nets in sorted(self.terms, key=len, reverse=True):  # what shrinks is added to what was smaller before
            values, needed = self.terms[nets], nets
            for index in reversed(range(len(nets))):
                low, high = halves(values, index)
                if (low == high).all():
                    values, needed = low, needed[:index] + needed[index + 1 :]
            if needed != nets:
                del self.terms[nets]
                self.add(needed, values)
        self.constant += int(self.terms.pop((), np.zeros(1, np.int64))[0])


@lru_cache(maxsize=8)
def corners(size: int) -> Values:
    """Every address of ``size`` nets, bit by bit: int64 (2**size, size)."""
    return (np.arange(1 << size)[:, None] >> np.arange(size)) & 1


def halves(values: Values, index: int) -> tuple[Values, Values]:
    """A function where net ``index`` is 0, and where it is 1, of the other nets."""
    cube = values.reshape(-1, 2, 1 << index)
    return cube[:, 0].reshape(-1), cube[:, 1].reshape(-1)


def read_groups(circuit: Circuit, max_arity: int, built: Collection[int] = ()) -> list[Group]:
    """The classes' sums. A vote is its gate's function where that has at most ``max_arity`` operands, else a net.

    Args:
        built: nets of gates that there will be in any case: such a vote is a net too.
    """
    head = circuit.head
    bounds = zip(head.offsets[:-1].tolist(), head.offsets[1:].tolist(), strict=True)
    votes = _Votes(circuit.netlist, max_arity, built)
    groups = []
    for bias, (lo, hi) in zip(head.bias.tolist(), bounds, strict=True):
        group = Group(bias)
        for net in circuit.netlist.outputs[lo:hi].tolist():
            word, needed = votes.function(net)
            group.add(needed, np.array([(word >> address) & 1 for address in range(1 << len(needed))], np.int64))
        group.tidy()
        groups.append(group)
    return groups


class _Votes:
    """The functions of a netlist's outputs."""

    def __init__(self, netlist: Netlist, max_arity: int, built: Collection[int]) -> None:
        self.first, self.max_arity, self.built = netlist.first_node, max_arity, built
        self.fanin, self.arity, self.table = netlist.fanin.tolist(), netlist.arity.tolist(), netlist.table.tolist()

    def function(self, net: int) -> tuple[int, tuple[int, ...]]:
        """Table and nets, ascending, of an output: those of its gate, or of the gate behind its inverter."""
        node, flip = net - self.first, 0
        while node >= 0 and self.arity[node] == 1 and self.table[node] in (1, 2):
            flip ^= self.table[node] & 1
            node = self.fanin[node][0] - self.first
        if node < 0 or self.arity[node] > self.max_arity or node + self.first in self.built:
            table, nets = 2, [node + self.first]
        else:
            table, nets = self.table[node], self.fanin[node][: self.arity[node]]
        word, needed = reduce_table(table, tuple(positive(net) for net in nets))
        return word ^ (((1 << (1 << len(needed))) - 1) * flip), needed


def spread(values: Values, nets: tuple[int, ...], wider: tuple[int, ...]) -> Values:
    """A function of ``nets`` as a function of ``wider``, which contains them; both ascending."""
    address = np.arange(1 << len(wider))
    narrow = np.zeros_like(address)
    for index, net in enumerate(nets):
        narrow |= ((address >> wider.index(net)) & 1) << index
    return values[narrow]
