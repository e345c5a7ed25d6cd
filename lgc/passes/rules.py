"""Local rewrites, as rows: when one operand, or two, are special, a node becomes a smaller one.

Each row states its algebra. ``tests/passes/test_rules.py`` proves every row over all inputs: for all
tables up to arity 4 and random ones above, at every position.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from lgc.ir import CONST0, CONST1
from lgc.passes import tables
from lgc.passes.tables import U64

Nets = NDArray[np.int32]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Rule:
    """One rewrite.

    Attributes:
        algebra: what is equal to what; x_j is the operand that goes away or changes.
        positions: 1 if the condition is on operand j alone, 2 if on operands i < j.
        applies: mask (n,) from operand columns i and j (the same column for one position) and ``inverse``,
            which maps a net to the net that it is the complement of, or -1.
        rewrite: new extended tables, from the old ones and the positions i, j.
        operand: the new operand j, from the old one and ``inverse``.
    """

    name: str
    algebra: str
    positions: int
    applies: Callable[[Nets, Nets, Nets], Mask]
    rewrite: Callable[[U64, int, int], U64]
    operand: Callable[[Nets, Nets], Nets]

    def places(self, width: int) -> Iterator[tuple[int, int]]:
        """All (i, j) to try in nodes of ``width`` operands."""
        return combinations(range(width), 2) if self.positions == 2 else ((j, j) for j in range(width))


def _is_zero(_i: Nets, j: Nets, _inverse: Nets) -> Mask:
    return j == CONST0


def _is_one(_i: Nets, j: Nets, _inverse: Nets) -> Mask:
    return j == CONST1


def _is_inverted(_i: Nets, j: Nets, inverse: Nets) -> Mask:
    return inverse[j] >= 0


def _are_same(i: Nets, j: Nets, _inverse: Nets) -> Mask:
    return (i == j) & (j > CONST1)


def _are_opposite(i: Nets, j: Nets, inverse: Nets) -> Mask:
    return ((inverse[j] == i) | (inverse[i] == j)) & (j > CONST1)


def _zero_cofactor(table: U64, _i: int, j: int) -> U64:
    return tables.cofactor0(table, j)


def _one_cofactor(table: U64, _i: int, j: int) -> U64:
    return tables.cofactor1(table, j)


def _flip(table: U64, _i: int, j: int) -> U64:
    return tables.flip(table, j)


def _nothing(j: Nets, _inverse: Nets) -> Nets:
    return np.zeros_like(j)


def _base(j: Nets, inverse: Nets) -> Nets:
    return inverse[j]


ZERO = Rule("zero", "f(.., 0, ..) = f[x_j := 0]", 1, _is_zero, _zero_cofactor, _nothing)
ONE = Rule("one", "f(.., 1, ..) = f[x_j := 1]", 1, _is_one, _one_cofactor, _nothing)
SAME = Rule("repeated", "f(.., x, .., x, ..) = f[x_j := x_i]", 2, _are_same, tables.identify, _nothing)
OPPOSITE = Rule("complementary", "f(.., x, .., ~x, ..) = f[x_j := ~x_i]", 2, _are_opposite, tables.oppose, _nothing)
INVERTED = Rule("inverted", "f(.., ~x, ..) = f[x_j := ~x_j](.., x, ..)", 1, _is_inverted, _flip, _base)

CONSTANTS = (ZERO, ONE)
RULES = (ZERO, ONE, SAME, OPPOSITE, INVERTED)
