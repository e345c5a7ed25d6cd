"""Sums as multilinear polynomials over nets, modulo a power of two, rewritten from the results back to the inputs.

A net is replaced by the polynomial of the table that drives it. Taken in reverse topological order, the outputs of a
counter are all replaced before any of its inputs is, and then the products have cancelled: what is left is linear, for
a counter conserves weight, whatever its shape. A multilinear polynomial is a canonical form of a function of bits, so
that two sums over the same bits are equal if and only if their difference is the zero polynomial. (Backward rewriting:
Ciesielski et al., "Understanding algebraic rewriting for arithmetic circuit verification", 2020.)
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Collection, Iterable
from functools import lru_cache

from lgc.errors import NotCheckedError
from lgc.ir import CONST0, CONST1, Netlist

Monomial = frozenset[int]
Reduce = Callable[[Monomial], Monomial]
Terms = list[tuple[Monomial, int]]
Literal = Callable[[int], tuple[int, bool]]
"""What a net is taken for: a net, and whether its complement is meant."""

_ONE: Monomial = frozenset()
_MOST_TERMS = 2_000_000


@lru_cache(maxsize=1 << 16)
def _coefficients(table: int, arity: int) -> tuple[tuple[int, int], ...]:
    """(operands as a mask, coefficient) of a table's polynomial: its Moebius transform over the integers."""
    values = [(table >> address) & 1 for address in range(1 << arity)]
    for place in range(arity):
        for address in range(1 << arity):
            if address >> place & 1:
                values[address] -= values[address ^ (1 << place)]
    return tuple((mask, value) for mask, value in enumerate(values) if value)


class Polynomial:
    """A multilinear polynomial; coefficients are modulo 2**width.

    Attributes:
        terms: coefficient by monomial, the set of its nets; none is 0.
    """

    def __init__(self, width: int, reduce: Reduce | None = None) -> None:
        self.terms: dict[Monomial, int] = {}
        self._mask = (1 << width) - 1
        self._where: dict[int, set[Monomial]] = {}
        self._reduce = reduce

    def add(self, monomial: Monomial, coefficient: int) -> None:
        """Add a term."""
        if self._reduce is not None:
            monomial = self._reduce(monomial)
        old = self.terms.get(monomial)
        value = ((old or 0) + coefficient) & self._mask
        if value:
            self.terms[monomial] = value
            if old is None:
                for net in monomial:
                    self._where.setdefault(net, set()).add(monomial)
        elif old is not None:
            del self.terms[monomial]
            for net in monomial:
                self._where[net].discard(monomial)

    def replace(self, net: int, by: Iterable[tuple[Monomial, int]]) -> None:
        """Put a polynomial in the place of a net.

        Raises:
            NotCheckedError: it grows too large.
        """
        terms = list(by)
        for monomial in list(self._where.pop(net, ())):
            coefficient = self.terms.pop(monomial)
            rest = monomial - {net}
            for other in rest:
                self._where[other].discard(monomial)
            for product, factor in terms:
                self.add(rest | product, coefficient * factor)
        if len(self.terms) > _MOST_TERMS:
            raise NotCheckedError(f"a sum has more than {_MOST_TERMS:,} products: not proved")

    def rewrite(self, netlist: Netlist, stops: Collection[int] = (), literal: Literal | None = None) -> None:
        """Replace nodes by their tables, last ones first, except those in ``stops``.

        Args:
            literal: what operands stand for: nets no later than they are.
        """
        first = netlist.first_node
        waiting = [-net for net, where in self._where.items() if where]
        heapq.heapify(waiting)
        seen = set(waiting)
        while waiting:
            net = -heapq.heappop(waiting)
            if net < first or not self._where.get(net) or net in stops:
                continue
            terms = node_terms(netlist, net, literal)
            self.replace(net, terms)
            for product, _ in terms:
                for operand in product:
                    if -operand not in seen:
                        seen.add(-operand)
                        heapq.heappush(waiting, -operand)


def node_terms(netlist: Netlist, net: int, literal: Literal | None = None) -> Terms:
    """The polynomial of a node over its operands, or over what these stand for."""
    node = net - netlist.first_node
    arity = int(netlist.arity[node])
    operands = [literal_terms(*(literal(one) if literal else (one, False))) for one in netlist.fanin[node].tolist()]
    found: dict[Monomial, int] = {}
    for mask, coefficient in _coefficients(int(netlist.table[node]), arity):
        chosen = [operands[place] for place in range(arity) if mask >> place & 1]
        for monomial, value in product_terms(chosen, coefficient):
            found[monomial] = found.get(monomial, 0) + value
    return [(monomial, value) for monomial, value in found.items() if value]


def product_terms(factors: Iterable[Terms], coefficient: int = 1) -> Terms:
    """The product of polynomials."""
    result = [(_ONE, coefficient)]
    for factor in factors:
        result = [(a | b, x * y) for a, x in result for b, y in factor]
    return result


def literal_terms(net: int, flipped: bool = False) -> Terms:
    """A net as a polynomial, or its complement: one less it."""
    if net in (CONST0, CONST1):
        return [(_ONE, 1)] if (net == CONST1) != flipped else []
    alone = frozenset((net,))
    return [(_ONE, 1), (alone, -1)] if flipped else [(alone, 1)]
