"""How a table of four to six operands is split into functions of three, so that they are few.

A step takes one operand x out of a table: ``f = join(first, second, x)``, where the two are functions of the other
operands. What they can be:

- f where x is 0, where x is 1, and the difference of the two: any two of these three (Shannon, Davio);
- one function g and another operand y, where for each y the two halves of f are g, its complement, or a constant.

All tables of a network are searched at once, each way of splitting as an operation on arrays. Up to four operands the
number of instructions is the least there is; above, it is the least among trees of such steps.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

U64 = NDArray[np.uint64]
_MASKS = (
    0x5555555555555555,
    0x3333333333333333,
    0x0F0F0F0F0F0F0F0F,
    0x00FF00FF00FF00FF,
    0x0000FFFF0000FFFF,
    0x00000000FFFFFFFF,
)
"""The addresses where an operand is 0."""

_MUX, _DAVIO_LOW, _DAVIO_HIGH = 0xCA, 0x6A, 0xA6  # of (first, second, x): x ? second : first, and so on
_CHUNK = 4096
_FAR = 1 << 30


@dataclass(frozen=True)
class Split:
    """A table f is ``join(first, second, operand)``.

    Attributes:
        operand: which operand of f is the third of ``join``.
        first, second: tables of the operands that are left, in order.
        join: a table of three, LSB-first.
    """

    operand: int
    first: int
    second: int
    join: int


Splits = dict[tuple[int, int], Split]
"""A table and its arity, 4 to 6, to its step."""


def splits_of(tables: Iterable[tuple[int, int]]) -> Splits:
    """The steps of tables and of all that they are split into.

    Args:
        tables: pairs (table, arity); an arity below 4 needs no step.
    """
    result: Splits = {}
    wanted = {pair for pair in tables if pair[1] > 3}
    for arity in (6, 5, 4):
        here = sorted(table for table, size in wanted if size == arity)
        for start in range(0, len(here), _CHUNK):
            part = here[start : start + _CHUNK]
            for table, step in zip(part, _steps(np.array(part, np.uint64), arity), strict=True):
                result[table, arity] = step
                wanted |= {(step.first, arity - 1), (step.second, arity - 1)} if arity > 4 else set()
    return result


def _steps(tables: U64, arity: int) -> list[Split]:
    """The best step of each table."""
    cost = np.full(len(tables), _FAR)
    best = np.zeros((4, len(tables)), np.uint64)
    for candidate in _candidates(tables, arity):
        better = candidate.cost < cost
        cost[better] = candidate.cost[better]
        for row, values in zip(
            best, (candidate.operand, candidate.first, candidate.second, candidate.join), strict=True
        ):
            row[better] = np.broadcast_to(np.asarray(values, np.uint64), cost.shape)[better]
    return [Split(*one) for one in best.T.tolist()]


@dataclass(frozen=True)
class _Candidate:
    """One way of splitting each of N tables: :class:`Split` as arrays, or as numbers for all."""

    cost: NDArray[np.int64]
    operand: int
    first: U64
    second: U64 | int
    join: U64 | int


def _candidates(tables: U64, arity: int) -> Iterator[_Candidate]:
    rest = arity - 1
    for x in range(arity):
        low, high = _half(tables, x, arity), _half(tables >> np.uint64(1 << x), x, arity)
        parts = low, high, low ^ high
        costs = [_cost(part, rest) for part in parts]
        yield _Candidate(np.where(low == high, costs[0], _FAR), x, low, low, 0xAA)
        for first, second, join in ((0, 1, _MUX), (0, 2, _DAVIO_LOW), (1, 2, _DAVIO_HIGH)):
            yield _Candidate(costs[first] + costs[second] + 1, x, parts[first], parts[second], join)
        for y in range(rest):
            yield from _merged(low, high, x, y, rest)


def _merged(low: U64, high: U64, x: int, y: int, rest: int) -> Iterator[_Candidate]:
    """f is a function of g, x and y, if for each y both halves by x can be read off one function g."""
    full = _full(rest - 1)
    quarters = [[_half(half >> np.uint64(value << y), y, rest) for half in (low, high)] for value in (0, 1)]
    zero, one = (_base(pair[0], pair[1], full) for pair in quarters)
    bases = (
        np.where(zero == 0, one, zero),
        np.where(one == 0, zero, one),
    )  # where both halves are constant, any g will do
    found = np.ones(len(low), np.bool_)
    for base, pair in zip(bases, quarters, strict=True):
        for quarter in pair:
            found &= _constant(quarter, full) | (quarter == base) | (quarter == base ^ full)
    if not found.any():
        return
    for flip in (np.uint64(0), full):
        parts = bases[0], bases[1] ^ flip
        join = np.zeros(len(low), np.uint64)
        for value, pair in enumerate(quarters):
            for half, quarter in enumerate(pair):
                join |= _reading(quarter, parts[value], full) << np.uint64(2 * value + 4 * half)
        g = _spread(parts[0], y, rest) | _spread(parts[1], y, rest) << np.uint64(1 << y)
        cost = np.full(len(low), _FAR)
        cost[found] = _cost(g[found], rest) + 1
        yield _Candidate(cost, x, g, _MASKS[y] & int(_full(rest)) ^ int(_full(rest)), join)


def _base(one: U64, two: U64, full: np.uint64) -> U64:
    """The one of two tables that is no constant, or its complement, so that address 0 has 0; 0 if both are constant."""
    base = np.where(_constant(one, full), two, one)
    result: U64 = base ^ full * (base & np.uint64(1))
    return result


def _reading(table: U64, g: U64, full: np.uint64) -> U64:
    """What a table is as a function of g: two bits, LSB-first."""
    of_g = np.where(table == g, np.uint64(2), np.uint64(1))
    return np.where(_constant(table, full), np.uint64(3) * (table & np.uint64(1)), of_g)


def _constant(tables: U64, full: np.uint64) -> NDArray[np.bool_]:
    result: NDArray[np.bool_] = (tables == 0) | (tables == full)
    return result


def _full(arity: int) -> np.uint64:
    return np.uint64((1 << (1 << arity)) - 1)


def _half(tables: U64, operand: int, arity: int) -> U64:
    """The functions of the other operands where an operand is 0."""
    tables = tables & np.uint64(_MASKS[operand] & int(_full(arity)))
    for place in range(operand, arity - 1):
        tables = (tables | tables >> np.uint64(1 << place)) & np.uint64(_MASKS[place + 1] & int(_full(arity)))
    return tables


def _spread(tables: U64, operand: int, arity: int) -> U64:
    """The reverse of :func:`_half`: an operand more, zero where it is 1."""
    for place in reversed(range(operand, arity - 1)):
        tables = (tables | tables << np.uint64(1 << place)) & np.uint64(_MASKS[place])
    return tables


def _cost(tables: U64, arity: int) -> NDArray[np.int64]:
    """Instructions that the functions take."""
    return _least(tables, arity) if arity > 4 else _small(arity)[tables]


def small_cost(table: int, arity: int) -> int:
    """The least instructions for a function of up to four operands."""
    while arity < 3:  # an operand more, on which it does not depend
        table |= table << (1 << arity)
        arity += 1
    return int(_small(arity)[table])


@cache
def _small(arity: int) -> NDArray[np.int64]:
    """The costs of all functions of three or four operands."""
    tables = np.arange(1 << (1 << arity), dtype=np.uint64)
    if arity > 3:
        return _least(tables, arity)
    vacuous = [_half(tables, x, 3) == _half(tables >> np.uint64(1 << x), x, 3) for x in range(3)]
    return np.where(np.sum(vacuous, axis=0) >= 2, 0, 1)


def _least(tables: U64, arity: int) -> NDArray[np.int64]:
    cost = np.full(len(tables), _FAR)
    for candidate in _candidates(tables, arity):
        np.minimum(cost, candidate.cost, out=cost)
    return cost
