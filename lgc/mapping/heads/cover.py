"""Covering a class's votes by pieces of few nets.

The votes of a class are the edges of a graph over the nets that they read. A piece is a set of at most six nets; all
edges inside it are counted at once, in one lookup table per bit of the count.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Callable, Iterator

import numpy as np

from lgc.mapping.heads.terms import Values, spread

Terms = dict[tuple[int, ...], Values]


def cover_terms(terms: Terms, lut: int, cost: Callable[[int, int], float]) -> list[tuple[tuple[int, ...], Values]]:
    """Cut terms into pieces of at most ``lut`` nets.

    Args:
        cost: lookup tables for a piece of so many nets and bits, what it takes to add its bits up included.

    Returns:
        Nets and function of each piece.
    """
    state = _Remaining(terms)
    pieces = []
    while state.terms:
        pieces.append(_trim(state, _grow(state, lut), cost))
    return [_merge(piece, terms) for piece in pieces]


class _Remaining:
    """The terms not yet in a piece, and which of them touch a net."""

    def __init__(self, terms: Terms) -> None:
        self.terms = {nets: int(values.max() - values.min()) for nets, values in terms.items()}
        self.of_net: dict[int, dict[tuple[int, ...], None]] = defaultdict(dict)
        for nets in terms:
            for net in nets:
                self.of_net[net][nets] = None
        self._heap = [(len(touching), net) for net, touching in self.of_net.items()]
        heapq.heapify(self._heap)

    def remove(self, nets: tuple[int, ...]) -> None:
        del self.terms[nets]
        for net in nets:
            del self.of_net[net][nets]
            if self.of_net[net]:
                heapq.heappush(self._heap, (len(self.of_net[net]), net))

    def loneliest(self) -> int:
        """A net with the fewest remaining terms: what is left of it soon fits nowhere."""
        while True:
            count, net = self._heap[0]
            if count and len(self.of_net[net]) == count:
                return net
            heapq.heappop(self._heap)


def _grow(state: _Remaining, lut: int) -> list[tuple[int, ...]]:
    """Terms of one connected piece, in the order in which they came in."""
    start = state.loneliest()
    first = min(state.of_net[start], key=lambda nets: (-state.terms[nets], sum(len(state.of_net[n]) for n in nets)))
    inside: list[tuple[int, ...]] = []
    taken: set[tuple[int, ...]] = set()
    members: set[int] = set()
    new = set(first)
    while new:
        members |= new
        for nets in _completed(state, members, new):
            if nets not in taken:
                taken.add(nets)
                inside.append(nets)
        new = _next(state, members, taken, lut)
    return inside


def _completed(state: _Remaining, members: set[int], new: set[int]) -> Iterator[tuple[int, ...]]:
    for net in sorted(new):
        for nets in state.of_net[net]:
            if members.issuperset(nets):
                yield nets


def _next(state: _Remaining, members: set[int], taken: set[tuple[int, ...]], lut: int) -> set[int]:
    """The nets to add: those that bring the most votes, and leave the fewest behind."""
    gains: dict[frozenset[int], int] = defaultdict(int)
    for net in sorted(members):
        for nets in state.of_net[net]:
            if nets not in taken:
                gains[frozenset(nets) - members] += state.terms[nets]
    best: tuple[float, ...] | None = None
    choice: set[int] = set()
    for needed, gain in gains.items():
        if len(members) + len(needed) > lut:
            continue
        left = sum(len(state.of_net[net]) for net in needed)
        key = (gain / len(needed), -left, -min(needed))
        if best is None or key > best:
            best, choice = key, set(needed)
    return choice


def _trim(state: _Remaining, inside: list[tuple[int, ...]], cost: Callable[[int, int], float]) -> list[tuple[int, ...]]:
    """The beginning of a piece with the lowest cost a vote; the rest stays for other pieces."""
    total, best, keep = 0, np.inf, 1
    members: set[int] = set()
    for index, nets in enumerate(inside, 1):
        total += state.terms[nets]
        members.update(nets)
        rate = cost(len(members), total.bit_length()) / total
        if rate <= best:
            best, keep = rate, index
    for nets in inside[:keep]:
        state.remove(nets)
    return inside[:keep]


def _merge(piece: list[tuple[int, ...]], terms: Terms) -> tuple[tuple[int, ...], Values]:
    nets = tuple(sorted({net for one in piece for net in one}))
    total = np.zeros(1 << len(nets), np.int64)
    for one in piece:
        total += spread(terms[one], one, nets)
    return nets, total
