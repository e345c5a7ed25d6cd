"""A fault that no vector shows: a proof that none can, or a vector that does."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from lgc.ir import CONST0, Builder, Netlist
from lgc.verify.mutate.faults import GateChange
from lgc.verify.sat import Sat

_XOR2, _OR2, _XOR3, _MAJORITY3 = 0x6, 0xE, 0x96, 0xE8


def decide(netlist: Netlist, change: GateChange, offsets: NDArray[np.int64]) -> NDArray[np.bool_] | bool | None:
    """Is there an input for which the votes' sum of some group differs?

    Only votes that the fault reaches can differ, so the miter counts those alone, in the good and in the faulty
    netlist: groups of one by XOR, larger ones by full adders.

    Args:
        netlist: of the text, outputs are the votes.
        offsets: int64 (C+1,), group c is votes ``offsets[c]`` to ``offsets[c+1]``.

    Returns:
        Inputs, bool (I,); False, proved: there are none; None if the solver gave up.
    """
    miter = _Miter(netlist, change)
    differing = [miter.difference(group) for group in miter.groups(offsets)]
    sat = Sat(miter.build(differing))
    try:
        return sat.satisfy([(miter.output, True)])
    finally:
        sat.close()


class _Miter:
    def __init__(self, netlist: Netlist, change: GateChange) -> None:
        self._netlist, self._change = netlist, change
        self._fanin, self._tables, self._arity = netlist.fanin, netlist.table, netlist.arity
        self._site = netlist.first_node + change.node
        self._reached = self._fanout()
        self._builder = Builder(netlist.num_inputs, cons=True)
        self._good: dict[int, int] = {}
        self._bad: dict[int, int] = {}
        self.output = CONST0

    def _fanout(self) -> NDArray[np.bool_]:
        """bool (num_nets,): whether the fault can reach the net."""
        reached = np.zeros(self._netlist.num_nets, np.bool_)
        reached[self._site] = True
        first = self._netlist.first_node
        for lo, hi in self._netlist.runs():
            mine = (reached[self._fanin[lo:hi]] & self._netlist.used[lo:hi]).any(axis=1)
            reached[first + lo : first + hi] |= mine
        return reached

    def groups(self, offsets: NDArray[np.int64]) -> list[list[int]]:
        """Per class with any, the votes' nets that the fault reaches."""
        found = []
        for lo, hi in pairwise(offsets.tolist()):
            mine = self._netlist.outputs[lo:hi]
            if nets := mine[self._reached[mine]].tolist():
                found.append(nets)
        return found

    def difference(self, votes: list[int]) -> int:
        """A net that is 1 where the sums of the votes differ."""
        good = self._sum([self._copy(net, self._good, faulty=False) for net in votes])
        bad = self._sum([self._copy(net, self._bad, faulty=True) for net in votes])
        return self._any([self._builder.add(_XOR2, pair) for pair in zip(good, bad, strict=True)])

    def build(self, differing: list[int]) -> Netlist:
        self.output = self._any(differing)
        return self._builder.build([self.output])

    def _copy(self, root: int, made: dict[int, int], *, faulty: bool) -> int:
        """The cone of a net; the faulty copy shares what the fault does not reach."""
        stack = [root]
        while stack:
            net = stack[-1]
            table, operands = self._node(net, faulty=faulty)
            if net < self._netlist.first_node:
                made[net] = net
            elif faulty and not self._reached[net]:
                made[net] = self._copy(net, self._good, faulty=False)
            elif missing := [operand for operand in operands if operand not in made]:
                stack += missing
                continue
            else:
                made[net] = self._builder.add(table, [made[operand] for operand in operands])
            stack.pop()
        return made[root]

    def _node(self, net: int, *, faulty: bool) -> tuple[int, tuple[int, ...]]:
        node = net - self._netlist.first_node
        if node < 0:
            return 0, ()
        if faulty and net == self._site:
            return self._change.table, self._change.nets
        return int(self._tables[node]), tuple(self._fanin[node, : self._arity[node]].tolist())

    def _sum(self, bits: list[int]) -> list[int]:
        """A binary number, low bit first: the count of ones, by full adders on columns."""
        columns, result = [list(bits)], []
        for place in range(len(bits).bit_length()):
            column = columns[place]
            columns.append([])
            while len(column) > 1:
                three = [column.pop() if column else CONST0 for _ in range(3)]
                column.append(self._builder.add(_XOR3, three))
                columns[place + 1].append(self._builder.add(_MAJORITY3, three))
            result.append(column[0] if column else CONST0)
        return result

    def _any(self, nets: list[int]) -> int:
        result = CONST0
        for net in nets:
            result = self._builder.add(_OR2, (result, net))
        return result
