"""Covering two-input votes by local search, in C: what :mod:`lgc.mapping.heads.gauge` does greedily, in fewer tables.

Pieces, and their shares of the linear terms, are judged together with what the shares leave to count: a piece that is
smaller but leaves one net more over is no gain.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lgc.errors import MissingToolError
from lgc.mapping.heads.gauge import Cost, Edge, Quadratic
from lgc.mapping.heads.terms import Values, corners
from lgc.tools.cc import load_built
from lgc.tools.find import missing

_SOURCE = Path(__file__).with_name("search.c")
_FLAGS = (("-std=gnu11", "-O3", "-fwrapv"),)
_NETS, _BITS = 6, 16
_LARGEST = 7
"""Largest coefficient of a product that the search knows; others are pieces of their own."""
_UNIT = 100
"""Prices are integers in C: hundredths of a lookup table."""
_SLACK = 0.25
"""By how many lookup tables a step may be a loss, at the beginning."""

I32 = NDArray[np.int32]


def search_cover(
    form: Quadratic, size: int, cost: Cost, bit: float, rounds: int
) -> tuple[list[tuple[tuple[int, ...], Values]], dict[int, int]]:
    """Cut a sum of products into pieces.

    Args:
        size: nets in a piece, at most.
        cost: lookup tables for a piece of so many nets and bits, what it takes to add its bits up included.
        bit: lookup tables to add up one bit more.
        rounds: of the search, for each product.

    Returns:
        Nets, ascending, and function of each piece; and what is left of the linear terms: coefficient by net.

    Raises:
        MissingToolError: there is no C compiler.
        ToolError: it fails.
        OutputError: the cache cannot be written.
    """
    large = {edge: q for edge, q in form.products.items() if abs(q) > _LARGEST}
    pieces: list[tuple[tuple[int, ...], Values]] = [(edge, np.array([0, 0, 0, q])) for edge, q in large.items()]
    edges = sorted((edge, q) for edge, q in form.products.items() if edge not in large)
    nets = sorted({net for net, value in form.linear.items() if value} | {net for edge, _ in edges for net in edge})
    problem = _Problem.of(nets, edges, [form.linear.get(net, 0) for net in nets])
    price = np.array([[cost(nets, bits) for bits in range(_BITS)] for nets in range(_NETS + 1)])
    owner, shares = problem.solve(size, price, bit, rounds * len(edges))
    members: dict[int, list[int]] = {}
    for edge, piece in enumerate(owner.tolist()):
        members.setdefault(piece, []).append(edge)
    for piece in range(len(members)):
        pieces.append(_piece([edges[index] for index in members[piece]], shares[piece].tolist()))
    return pieces, {net: value for net, value in zip(nets, problem.rest.tolist(), strict=True) if value}


def _piece(edges: list[tuple[Edge, int]], shares: list[int]) -> tuple[tuple[int, ...], Values]:
    nets = tuple(sorted({net for edge, _ in edges for net in edge}))
    address = corners(len(nets))
    values = address @ np.array(shares[: len(nets)], np.int64)
    for (a, b), q in edges:
        values += q * (address[:, nets.index(a)] & address[:, nets.index(b)])
    return nets, values


@dataclass(frozen=True, eq=False)
class _Problem:
    """A class's graph as the C function takes it; ``rest`` is changed by it."""

    ends: I32
    q: I32
    start: I32
    near: I32
    rest: I32

    @classmethod
    def of(cls, nets: list[int], edges: list[tuple[Edge, int]], linear: list[int]) -> _Problem:
        number = {net: index for index, net in enumerate(nets)}
        ends = np.array([[number[a], number[b]] for (a, b), _ in edges], np.int32).reshape(-1, 2)
        order = np.argsort(ends.ravel(), kind="stable")
        start = np.concatenate([[0], np.cumsum(np.bincount(ends.ravel(), minlength=len(nets)))])
        coefficients = np.array([q for _, q in edges], np.int32)
        return cls(
            ends, coefficients, start.astype(np.int32), (order // 2).astype(np.int32), np.array(linear, np.int32)
        )

    def solve(self, size: int, price: NDArray[np.float64], bit: float, rounds: int) -> tuple[I32, I32]:
        """The piece of each edge, and linear coefficients (pieces, 6) by the nets of each piece."""
        owner = np.zeros(len(self.q), np.int32)
        shares = np.zeros((max(1, len(self.q)), _NETS), np.int32)
        units = np.round(price * _UNIT).astype(np.int32)
        pieces = _library()(
            len(self.rest), len(self.q), size, round(bit * _UNIT),
            *(one.ctypes.data for one in (self.ends, self.q, units, self.start, self.near, self.rest, owner, shares)),
            rounds, round(_SLACK * _UNIT), 1,
        )  # fmt: skip
        if pieces < 0:
            raise MemoryError
        return owner, shares[:pieces]


@cache
def _library() -> Callable[..., int]:
    try:
        function = load_built("head", _SOURCE, _FLAGS).lgc_search
    except MissingToolError as error:
        instead = "give --effort 0: a larger head, without a search"
        raise missing("cc", "the search for a small head", instead) from error
    function.argtypes = [*[ctypes.c_int32] * 4, *[ctypes.c_void_p] * 8, ctypes.c_int64, ctypes.c_int32, ctypes.c_uint64]
    function.restype = ctypes.c_int32
    return function
