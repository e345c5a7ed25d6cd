"""The words that a class counts: no more than it must, see :mod:`lgc.backend.c.trails`.

What the ends of a trail add, a gate that shares a net with them often takes in: ``(a & b) - a`` is ``-(a & ~b)``, one
word for two.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lgc.backend.c.trails import COMPLEMENT, GROUND, THE_NET, Edge, Trail, Vote, XorGraph
from lgc.ir import FIRST_INPUT, Netlist

_XOR, _XNOR = 0b0110, 0b1001


def votes_of(netlist: Netlist, counts: Mapping[int, int], read: NDArray[np.bool_]) -> tuple[list[Vote], int]:
    """Words and a constant that add up to what the votes of a class do.

    Args:
        counts: of each net that is voted for, how often.
        read: bool (nets,), whether a gate reads it: then it is computed in any case, and counted as it is.
    """
    sorts = _sorted_out(netlist, counts, read)
    class_ = _Class(sorts.gates, sorts.others)
    graph = XorGraph(sorts.edges)
    class_.votes += [Vote((edge.net,)) for edge in graph.take_between_odd_nodes(class_.takers)]
    for trail in graph.take_trails():
        class_.count(trail)
    for edge in sorts.lonely:
        class_.add(edge.ends[0], -1 if edge.inverted else 1)
        class_.constant += edge.inverted
    return [*class_.votes, *class_.gate_votes()], class_.constant


class _Sorts(NamedTuple):
    """The votes of a class.

    Attributes:
        edges: XORs, and nets that XORs read, or their complements.
        lonely: nets that no XOR reads.
        gates: of two inputs, by their nets.
    """

    edges: list[Edge]
    lonely: list[Edge]
    gates: dict[int, Vote]
    others: list[Vote]


def _sorted_out(netlist: Netlist, counts: Mapping[int, int], read: NDArray[np.bool_]) -> _Sorts:
    sorts = _Sorts([], [], {}, [])
    edges = list[Edge]()
    for net, times in counts.items():
        found = _sort(netlist, net) if times == 1 and not (net >= netlist.first_node and read[net]) else None
        if isinstance(found, Edge):
            edges.append(found)
        elif found is not None:
            sorts.gates[net] = found
        else:
            sorts.others.append(Vote((net,), times=times))
    met = {end for edge in edges for end in edge.ends if GROUND not in edge.ends}
    for edge in edges:
        (sorts.lonely if met.isdisjoint(edge.ends) else sorts.edges).append(edge)
    return sorts


def _sort(netlist: Netlist, net: int) -> Edge | Vote | None:
    """A net as an edge or as a gate of two inputs, if it is one."""
    if net < netlist.first_node:
        return Edge(net, (net, GROUND)) if net >= FIRST_INPUT else None
    node = net - netlist.first_node
    arity, table = int(netlist.arity[node]), int(netlist.table[node])
    operands = tuple(netlist.fanin[node][:arity].tolist())
    if min(operands, default=0) < FIRST_INPUT or len({*operands}) < arity:
        return None
    if arity == 1:
        return Edge(net, (operands[0], GROUND), inverted=True) if table == COMPLEMENT else None
    if arity != 2:
        return None
    return Edge(net, (operands[0], operands[1]), table == _XNOR) if table in (_XOR, _XNOR) else Vote(operands, table)


class _Class:
    """The words of a class, as they become known.

    Attributes:
        votes: all but those of gates.
        constant: what is added to all votes.
        takers: of each net, for which signs what gates can take it in.
    """

    def __init__(self, gates: Mapping[int, Vote], votes: Iterable[Vote]) -> None:
        self.votes, self.constant = [*votes], 0
        self._gates, self._changed = {**gates}, dict[int, Vote]()
        self.takers: defaultdict[int, dict[tuple[int, int], None]] = defaultdict(dict)
        for key, gate in gates.items():
            self._offer(key, gate)

    def gate_votes(self) -> Iterator[Vote]:
        """Those of gates, which have taken in what they could."""
        return (self._changed.get(net, Vote((net,))) for net in self._gates)

    def _offer(self, key: int, gate: Vote) -> None:
        for place, net in enumerate(gate.operands):
            for sign in (1, -1):
                self.takers[net].pop((sign, key), None)
                if _with(gate.table, place, sign) is not None:
                    self.takers[net][sign, key] = None

    def _taker(self, net: int, times: int) -> int | None:
        return next((key for sign, key in self.takers.get(net, {}) if sign == times), None)

    def count(self, trail: Trail) -> None:
        """Count a trail: along it, or edge by edge where that takes no more words."""
        flip = min((False, True), key=lambda flip: self._left(trail, flip))
        words = trail.words(flip=flip)
        if len(words) + self._left(trail, flip) >= len(trail.edges):
            self.votes += [Vote((edge.net,)) for edge in trail.edges]
            return
        self.votes += words
        ends, constant = trail.ends(flip=flip)
        self.constant += constant
        for net, times in ends.items():
            self.add(net, times)

    def _left(self, trail: Trail, flip: bool) -> int:
        """How many ends no gate takes in."""
        return sum(self._taker(net, times) is None for net, times in trail.ends(flip=flip)[0].items())

    def add(self, net: int, times: int) -> None:
        """Count a net, or its complement if it is taken away, as minus a word is its complement minus 1."""
        key = self._taker(net, times)
        if key is None:
            self.votes.append(Vote((net,), THE_NET if times > 0 else COMPLEMENT, abs(times)))
            self.constant += min(times, 0)
            return
        gate = self._changed.get(key, self._gates[key])
        made = _with(gate.table, gate.operands.index(net), times)
        assert made is not None
        self._changed[key] = Vote(gate.operands, made[0])
        self.constant += made[1]
        self._offer(key, self._changed[key])


def _with(table: int, place: int, sign: int) -> tuple[int, int] | None:
    """A function of two operands, plus or minus one of them, as another and a constant; None if it is none."""
    values = [(table >> address & 1) + sign * (address >> place & 1) for address in range(4)]
    low = min(values)
    if max(values) - low > 1:
        return None
    return sum(value - low << address for address, value in enumerate(values)), low
