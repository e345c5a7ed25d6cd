"""Truth-table algebra, vectorised: every function maps uint64 tables (n,) to uint64 tables (n,).

A table here is *extended*: it has all 64 bits, as a function of six variables of which it may ignore
some. Variable j is bit j of the address.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lgc.ir import MAX_ARITY

U64 = NDArray[np.uint64]

VARIABLES: tuple[np.uint64, ...] = tuple(
    np.uint64(sum(1 << address for address in range(64) if (address >> j) & 1)) for j in range(MAX_ARITY)
)
"""The table of the function ``x_j``, for each j."""

_SHIFTS = tuple(np.uint64(1 << j) for j in range(MAX_ARITY))


def extend(table: U64, arity: NDArray[np.uint8]) -> U64:
    """Tables of 2^arity bits to extended ones, by repeating them."""
    result = table.copy()
    for j in range(MAX_ARITY):
        narrow = arity <= j
        result[narrow] |= result[narrow] << _SHIFTS[j]
    return result


def truncate(table: U64, arity: NDArray[np.uint8]) -> U64:
    """Extended tables that ignore variables from ``arity`` on, to 2^arity bits."""
    unused = np.uint64(64) - (np.uint64(1) << arity.astype(np.uint64))
    return (table << unused) >> unused


def cofactor0(table: U64, j: int) -> U64:
    """f with x_j = 0."""
    low = table & ~VARIABLES[j]
    return low | (low << _SHIFTS[j])


def cofactor1(table: U64, j: int) -> U64:
    """f with x_j = 1."""
    high = table & VARIABLES[j]
    return high | (high >> _SHIFTS[j])


def flip(table: U64, j: int) -> U64:
    """f with x_j complemented."""
    return ((table & VARIABLES[j]) >> _SHIFTS[j]) | ((table & ~VARIABLES[j]) << _SHIFTS[j])


def identify(table: U64, i: int, j: int) -> U64:
    """f with x_j = x_i."""
    return (cofactor0(table, j) & ~VARIABLES[i]) | (cofactor1(table, j) & VARIABLES[i])


def oppose(table: U64, i: int, j: int) -> U64:
    """f with x_j = ~x_i."""
    return (cofactor1(table, j) & ~VARIABLES[i]) | (cofactor0(table, j) & VARIABLES[i])


def swap(table: U64, i: int, j: int) -> U64:
    """f with x_i and x_j exchanged; i < j."""
    only_i, only_j = VARIABLES[i] & ~VARIABLES[j], VARIABLES[j] & ~VARIABLES[i]
    distance = _SHIFTS[j] - _SHIFTS[i]
    return (table & ~(only_i | only_j)) | ((table & only_i) << distance) | ((table & only_j) >> distance)


def depends(table: U64, j: int) -> NDArray[np.bool_]:
    """Whether f changes with x_j, bool (n,)."""
    return ((table ^ (table >> _SHIFTS[j])) & ~VARIABLES[j]) != 0
