"""Two functions in one lookup table: a six-input table of many parts also gives two functions of the same five nets."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from itertools import islice

from lgc.ir import CONST0, CONST1, Netlist

SHARED = 5
"""Nets that both functions together may read."""
_LOOK = 24


def pair_up(netlist: Netlist, nodes: Iterable[int], *, apart: bool = False) -> list[tuple[int, int]]:
    """Pairs of nodes that fit one table: first those that read the same nets, then those that share the most.

    Args:
        nodes: those that may be paired; each is in at most one pair.
        apart: whether nodes that share no net may be paired too.

    Returns:
        Nets of both nodes of each pair.
    """
    fanin, arity = netlist.fanin.tolist(), netlist.arity.tolist()
    reads = {node: frozenset(fanin[node][: arity[node]]) - {CONST0, CONST1} for node in nodes if arity[node] <= SHARED}
    first = netlist.first_node
    return [(first + one, first + two) for one, two in pair_up_sets(reads, apart=apart)]


def pair_up_sets(reads: dict[int, frozenset[int]], *, apart: bool = False) -> list[tuple[int, int]]:
    """Pairs of keys whose sets have at most five elements together; disjoint sets only if ``apart``."""
    pairs: list[tuple[int, int]] = []
    single: dict[frozenset[int], int] = {}
    for node, nets in reads.items():
        other = single.pop(nets, None)
        if other is None:
            single[nets] = node
        else:
            pairs.append((other, node))
    pairs += _pair_rest({node: nets for nets, node in single.items()})
    if apart:
        taken = {node for pair in pairs for node in pair}
        pairs += _pair_apart({node: len(nets) for node, nets in reads.items() if node not in taken})
    return pairs


def _pair_apart(sizes: dict[int, int]) -> list[tuple[int, int]]:
    """Each with the last one before it that leaves the fewest operands idle: neighbours stay together."""
    waiting: dict[int, list[int]] = defaultdict(list)
    pairs = []
    for node, size in sizes.items():
        fitting = next((other for other in range(SHARED - size, 0, -1) if waiting[other]), 0)
        if fitting:
            pairs.append((waiting[fitting].pop(), node))
        else:
            waiting[size].append(node)
    return pairs


def _pair_rest(reads: dict[int, frozenset[int]]) -> list[tuple[int, int]]:
    """Greedy: the widest node first, with the partner that leaves the fewest operands idle."""
    of_net: dict[int, dict[int, None]] = defaultdict(dict)
    for node, nets in reads.items():
        for net in nets:
            of_net[net][node] = None
    pairs = []
    taken: set[int] = set()
    for node in sorted(reads, key=lambda one: -len(reads[one])):
        if node in taken:
            continue
        partner = _partner(node, reads, of_net)
        if partner is not None:
            pairs.append((node, partner))
            for one in (node, partner):
                taken.add(one)
                for net in reads[one]:
                    del of_net[net][one]
    return pairs


def _partner(node: int, reads: dict[int, frozenset[int]], of_net: dict[int, dict[int, None]]) -> int | None:
    """The widest of a few nodes that share a net with this one and fit beside it."""
    near = {other for net in reads[node] for other in islice(of_net[net], _LOOK)} - {node}
    fitting = [other for other in near if len(reads[node] | reads[other]) <= SHARED]
    return max(fitting, key=lambda other: (len(reads[other]), -other), default=None)
