"""Sums of literals as polynomials: whether what a plan says of a mapped netlist is so, for all values at once.

A literal is a function of a few nets; over 0 and 1 each function is one polynomial, whose monomials are sets of nets.
Two sums are equal for all values of the nets if and only if their polynomials are.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from lgc.errors import NetlistError
from lgc.ir import CONST0, CONST1, Netlist

Monomials = dict[frozenset[int], int]
"""Coefficient by set of nets; the empty set's is the constant."""

Rows = tuple[list[list[int]], list[int], list[int]]
"""Of each node: operands, how many of them, and the table."""

_DEEPEST, _MOST = 8, 20_000


class Cones:
    """Nets of a netlist as polynomials of the nets of a cut.

    Args:
        cut: nets that are taken as they are, whatever drives them.
    """

    def __init__(self, netlist: Netlist, rows: Rows, cut: Collection[int]):
        self.first, self.cut = netlist.first_node, frozenset(cut)
        self.fanin, self.arity, self.table = rows
        self._known: dict[int, Monomials] = {CONST0: {}, CONST1: {frozenset(): 1}}
        self._known |= {net: {frozenset((net,)): 1} for net in self.cut if net not in (CONST0, CONST1)}

    def net(self, net: int, depth: int = 0) -> Monomials:
        """A net's polynomial.

        Raises:
            NetlistError: it is no function of the cut, or not of a few tables above it.
        """
        found = self._known.get(net)
        if found is not None:
            return found
        node = net - self.first
        if node < 0 or depth > _DEEPEST:
            raise NetlistError(f"net n{net} is outside of what the plan says it is a function of")
        operands = [self.net(one, depth + 1) for one in self.fanin[node][: self.arity[node]]]
        found = self._known[net] = _composed(self.table[node], operands)
        return found

    def bits(self, bits: Iterable[tuple[int, int]]) -> Monomials:
        """A weighted sum of literals, each counting two to the power of its exponent."""
        total: Monomials = {}
        for literal, exponent in bits:
            add(total, self.net(literal >> 1), (-1 if literal & 1 else 1) << exponent)
            if literal & 1:
                add(total, {frozenset(): 1}, 1 << exponent)
        return total


def add(total: Monomials, other: Monomials, weight: int = 1) -> None:
    """Add a multiple of a polynomial to another one."""
    for monomial, coefficient in other.items():
        total[monomial] = total.get(monomial, 0) + weight * coefficient


def product(first: Monomials, second: Monomials) -> Monomials:
    """The product; a net times itself is itself.

    Raises:
        NetlistError: it has too many monomials to be of a sum that a head adds up.
    """
    if len(first) * len(second) > _MOST:
        raise NetlistError("a net of the plan depends on too many others")
    total: Monomials = {}
    for one, left in first.items():
        for two, right in second.items():
            both = one | two
            total[both] = total.get(both, 0) + left * right
    return {monomial: coefficient for monomial, coefficient in total.items() if coefficient}


def table_sum(nets: tuple[int, ...], values: Iterable[int]) -> Monomials:
    """A function given by its value at each address; net i is address bit i."""
    names = [frozenset(nets[bit] for bit in range(len(nets)) if mask >> bit & 1) for mask in range(1 << len(nets))]
    return {names[mask]: value for mask, value in enumerate(_moebius([*values])) if value}


def vanishes(total: Monomials, modulus: int = 0) -> bool:
    """Whether a polynomial is 0 for all values, or divisible by ``modulus`` if one is given."""
    return not any(value % modulus if modulus else value for value in total.values())


def _composed(table: int, operands: list[Monomials]) -> Monomials:
    """The function of a table of these operands."""
    if all(len(one) == 1 and [*one.values()] == [1] for one in operands):  # plain nets: their products are their sets
        nets = [next(iter(one)) for one in operands]
        return _of_sets(table, nets)
    total: Monomials = {}
    for mask, coefficient in _coefficients(table, len(operands)):
        term: Monomials = {frozenset(): coefficient}
        for index, operand in enumerate(operands):
            if mask >> index & 1:
                term = product(term, operand)
        add(total, term)
    return {monomial: coefficient for monomial, coefficient in total.items() if coefficient}


def _of_sets(table: int, sets: list[frozenset[int]]) -> Monomials:
    total: Monomials = {}
    unions = [frozenset[int]()]
    for one in sets:
        unions += [one | union for union in unions]
    for mask, coefficient in _coefficients(table, len(sets)):
        total[unions[mask]] = total.get(unions[mask], 0) + coefficient
    return {monomial: coefficient for monomial, coefficient in total.items() if coefficient}


@lru_cache(maxsize=1 << 12)
def _coefficients(table: int, arity: int) -> tuple[tuple[int, int], ...]:
    values = _moebius([table >> address & 1 for address in range(1 << arity)])
    return tuple((mask, value) for mask, value in enumerate(values) if value)


def _moebius(values: list[int]) -> list[int]:
    """From values by address to coefficients by set of operands."""
    cube: NDArray[np.int64] = np.array(values, np.int64)
    step = 1
    while step < len(cube):
        pairs = cube.reshape(-1, 2, step)
        pairs[:, 1] -= pairs[:, 0]
        step *= 2
    return cube.tolist()
