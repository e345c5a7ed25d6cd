"""Two functions in one lookup table: a six-input table of many parts also gives two functions of the same five nets."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from lgc.ir import CONST1, Netlist

SHARED = 5
"""Nets that both functions together may read."""
_LOOK = 24


def pair_up(netlist: Netlist, nodes: Iterable[int]) -> list[tuple[int, int]]:
    """Pairs of nodes that fit one table: first those that read the same nets, then those that share the most.

    Args:
        nodes: those that may be paired; each is in at most one pair.

    Returns:
        Nets of both nodes of each pair.
    """
    fanin, arity = netlist.fanin.tolist(), netlist.arity.tolist()
    reads = {node: frozenset(fanin[node][: arity[node]]) for node in nodes if 1 <= arity[node] <= SHARED}
    pairs: list[tuple[int, int]] = []
    single: dict[frozenset[int], int] = {}
    for node, nets in reads.items():
        other = single.pop(nets, None)
        if other is None:
            single[nets] = node
        else:
            pairs.append((other, node))
    pairs += _pair_rest({node: nets for nets, node in single.items()})
    first = netlist.first_node
    return [(first + one, first + two) for one, two in pairs]


def _pair_rest(reads: dict[int, frozenset[int]]) -> list[tuple[int, int]]:
    """Greedy: the widest node first, with the partner that leaves the fewest operands idle."""
    of_net: dict[int, dict[int, None]] = defaultdict(dict)
    for node, nets in reads.items():
        for net in nets:
            if net > CONST1:
                of_net[net][node] = None
    pairs = []
    for node in sorted(reads, key=lambda one: -len(reads[one])):
        nets = reads[node]
        if any(node not in of_net[net] for net in nets):
            continue  # has a partner already
        best, choice = -1, -1
        for net in sorted(nets):
            for tried, other in enumerate(of_net[net]):
                if tried == _LOOK:
                    break
                if other != node and len(nets | reads[other]) <= SHARED and len(reads[other]) > best:
                    best, choice = len(reads[other]), other
        if choice >= 0:
            pairs.append((node, choice))
            for one in (node, choice):
                for net in reads[one]:
                    del of_net[net][one]
    return pairs
