"""Covering two-input votes where terms linear in one net move freely between pieces.

A vote on two nets is ``constant + l*a + m*b + q*a*b``; an XOR has q = -2, an AND q = 1. Only the products belong
to an edge: the linear part of a sum may be split among the pieces that read a net in any way, and a piece is smaller
for the right share. ``a ^ b`` is ``2*(a & ~b) + b - a``, and of the falling edges along a path no two are neighbours:
five XORs along a path of six nets count to three, in two bits, where their plain sum takes three. What the shares
leave over is counted straight from the nets, without a lookup table; shares are chosen so that little is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

import numpy as np
from numpy.typing import NDArray

from lgc.mapping.heads.terms import Values, corners

I64 = NDArray[np.int64]
Edge = tuple[int, int]
Cost = Callable[[int, int], float]
"""Lookup tables for a piece of so many nets and bits, what it takes to add its bits up included."""

_PASSES = 4


@dataclass
class Quadratic:
    """A sum of functions of at most two nets: ``constant + linear . x + sum of products``."""

    constant: int
    linear: dict[int, int]
    products: dict[Edge, int]

    @classmethod
    def of(cls, terms: dict[tuple[int, ...], Values]) -> Quadratic:
        """The sum of these terms."""
        result = cls(0, defaultdict(int), {})
        for nets, values in terms.items():
            word = values.tolist()
            result.constant += word[0]
            for index, net in enumerate(nets):
                result.linear[net] += word[1 << index] - word[0]
            if len(nets) == 2:
                coefficient = word[3] - word[2] - word[1] + word[0]
                if coefficient:
                    result.products[nets[0], nets[1]] = coefficient
        return result


@dataclass(eq=False)
class Share:
    """A piece: products of a few nets, and shares of the linear terms to go with them.

    Attributes:
        scale: exponent of two that all coefficients are multiples of.
        quadratic: int64 (2**nets,), the products' sum by address, in units of the scale.
        options: int64 (options, nets), linear coefficients, in units of the scale, of which any one will do.
        chosen: a row of ``options``.
    """

    nets: tuple[int, ...]
    scale: int
    quadratic: I64
    options: I64
    chosen: int = 0

    def values(self) -> Values:
        """The function by address."""
        return (self.quadratic + corners(len(self.nets)) @ self.options[self.chosen]) << self.scale


def gauge_cover(terms: dict[tuple[int, ...], Values], size: int, cost: Cost) -> tuple[int, list[Share], dict[int, int]]:
    """Cut terms of at most two nets into pieces of at most ``size`` nets.

    Returns:
        A constant, the pieces, and what is left of the linear terms: coefficient by net.
    """
    form = Quadratic.of(terms)
    shares = []
    for scale in (0, 1):
        edges = {edge: q for edge, q in form.products.items() if (q & 1) == 1 - scale}
        shares += _peel({edge: q >> scale for edge, q in edges.items()}, scale, size, cost)
    shares = [_widen(share) for share in shares]
    rest = _settle(shares, form.linear)
    return form.constant, shares, {net: coefficient for net, coefficient in rest.items() if coefficient}


def digits(value: int) -> list[tuple[int, int]]:
    """The fewest (sign, exponent) whose sum is ``value``: the non-adjacent form."""
    found, exponent = [], 0
    while value:
        if value & 1:
            sign = 2 - (value & 3)
            found.append((sign, exponent))
            value -= sign
        value >>= 1
        exponent += 1
    return found


@lru_cache(maxsize=1 << 12)
def _choices(sums: tuple[int, ...], reach: int) -> I64:
    """Linear coefficients worth trying for nets whose products' coefficients add up to ``sums``."""
    ranges = [range(-(total // 2) - (total & 1) - reach, -(total // 2) + reach + 1) for total in sums]
    return np.array(list(product(*ranges)), np.int64).reshape(-1, len(sums))


class _Graph:
    """The edges not yet in a piece."""

    def __init__(self, edges: dict[Edge, int]) -> None:
        self.near: dict[int, dict[int, int]] = defaultdict(dict)
        for (a, b), q in edges.items():
            self.near[a][b] = self.near[b][a] = q
        self.by_degree: dict[int, dict[int, None]] = defaultdict(dict)
        for net, near in self.near.items():
            self.by_degree[len(near)][net] = None

    def loneliest(self) -> int | None:
        """A net with the fewest edges: what is left of it soon fits nowhere."""
        degree = min((count for count, nets in self.by_degree.items() if count and nets), default=0)
        return next(iter(self.by_degree[degree])) if degree else None

    def remove(self, a: int, b: int) -> None:
        for one, other in ((a, b), (b, a)):
            near = self.near[one]
            del self.by_degree[len(near)][one], near[other]
            self.by_degree[len(near)][one] = None


def _peel(edges: dict[Edge, int], scale: int, size: int, cost: Cost) -> list[Share]:
    graph = _Graph(edges)
    shares = []
    while (start := graph.loneliest()) is not None:
        share, taken = _grow(graph, start, scale, size, cost)
        for a, b in taken:
            graph.remove(a, b)
        shares.append(share)
    return shares


def _grow(graph: _Graph, start: int, scale: int, size: int, cost: Cost) -> tuple[Share, list[Edge]]:
    """Add net by net the one with the most edges to those that are in; keep the beginning that is cheapest an edge."""
    members = [start]
    inside: list[Edge] = []
    best: tuple[float, Share, list[Edge]] | None = None
    pull = dict.fromkeys(graph.near[start], 1)
    while pull and len(members) < size:
        net = max(pull, key=lambda one: (pull[one], pull[one] - len(graph.near[one]), -one))
        del pull[net]
        inside += [(one, net) for one in members if one in graph.near[net]]
        members.append(net)
        for one in graph.near[net]:
            if one not in members:
                pull[one] = pull.get(one, 0) + 1
        share, bits = _share(graph, members, inside, scale, 0)
        rate = cost(len(members), bits) / len(inside)
        if best is None or rate <= best[0]:
            best = (rate, share, list(inside))
    assert best is not None
    return best[1], best[2]


def _share(graph: _Graph, members: list[int], inside: list[Edge], scale: int, reach: int) -> tuple[Share, int]:
    """The piece of these edges with the linear shares that give it the fewest bits; and how many these are."""
    nets = tuple(sorted(members))
    place = {net: index for index, net in enumerate(nets)}
    address = corners(len(nets))
    quadratic = np.zeros(len(address), np.int64)
    sums = [0] * len(nets)
    for a, b in inside:
        q = graph.near[a][b]
        quadratic += q * (address[:, place[a]] & address[:, place[b]])
        sums[place[a]] += q
        sums[place[b]] += q
    return _fewest(nets, scale, quadratic, _choices(tuple(sums), reach))


def _fewest(nets: tuple[int, ...], scale: int, quadratic: I64, choices: I64) -> tuple[Share, int]:
    values = quadratic[:, None] + corners(len(nets)) @ choices.T
    spans = values.max(axis=0) - values.min(axis=0)
    bits = int(spans.min()).bit_length()
    return Share(nets, scale, quadratic, choices[spans < 1 << bits]), bits


def _widen(share: Share) -> Share:
    """The same piece with more options: shares one off at each net that take no more bits."""
    middle = tuple(share.options[0].tolist())
    wider, _ = _fewest(share.nets, share.scale, share.quadratic, _around(middle))
    return wider


@lru_cache(maxsize=1 << 12)
def _around(middle: tuple[int, ...]) -> I64:
    return np.array(list(product(*(range(one - 1, one + 2) for one in middle))), np.int64).reshape(-1, len(middle))


def _settle(shares: list[Share], linear: dict[int, int]) -> dict[int, int]:
    """Choose among each piece's options so that few linear terms are left over; these are the result."""
    rest = dict(linear)
    for share in shares:
        _move(rest, share, -1)
    for _ in range(_PASSES):
        changed = False
        for share in shares:
            if len(share.options) == 1:
                continue
            _move(rest, share, 1)
            before = np.array([rest.get(net, 0) for net in share.nets])
            left = _weights(before - (share.options << share.scale)).sum(axis=1)
            choice = int(left.argmin())
            if left[choice] < left[share.chosen]:
                share.chosen, changed = choice, True
            _move(rest, share, -1)
        if not changed:
            break
    return rest


def _move(rest: dict[int, int], share: Share, sign: int) -> None:
    for net, coefficient in zip(share.nets, share.options[share.chosen].tolist(), strict=True):
        rest[net] = rest.get(net, 0) + sign * (coefficient << share.scale)


_LIMIT = 1 << 10
_WEIGHT = np.array([len(digits(value)) for value in range(_LIMIT)], np.int64)


def _weights(values: I64) -> I64:
    """How many digits values have."""
    return _WEIGHT[np.minimum(np.abs(values), _LIMIT - 1)]
