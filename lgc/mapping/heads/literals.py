"""Lookup tables over literals: a netlist builder that knows inversion to be free.

A literal is ``2*net + inverted``. Whoever reads a net in a lookup table may read it inverted at no cost, so a function
and its complement are one node, and only what leaves the circuit needs the right polarity.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import MutableMapping, Sequence
from functools import lru_cache

import numpy as np

from lgc.ir import CONST0, CONST1, Builder
from lgc.ir.tables import cofactors

FALSE, TRUE = 2 * CONST0, 2 * CONST0 + 1
ENCODER, GATES, POPCOUNT, ARGMAX, COPIES, TABLES = range(6)
"""Regions of a mapped netlist, for area by stage and readable modules; ``TABLES`` are gates as wide as a table."""
LUT, CARRY, SUM, COPY = 0, 1, 2, 3
"""Kinds of node: a lookup table; the multiplexer and the XOR of a carry chain's position; the copy of an input."""


def positive(net: int) -> int:
    """The literal that reads a net as it is."""
    return TRUE if net == CONST1 else 2 * net


@lru_cache(maxsize=1 << 16)
def reduce_table(table: int, literals: tuple[int, ...]) -> tuple[int, tuple[int, ...]]:
    """The same function on different nets, all of them needed, ascending and not inverted.

    Args:
        table: LSB-first, operand 0 is address bit 0.
    """
    nets = sorted({literal >> 1 for literal in literals} - {CONST0})
    place = {net: index for index, net in enumerate(nets)}
    if literals != tuple(2 * net for net in nets):
        address = np.arange(1 << len(nets))
        old = np.zeros_like(address)
        for index, literal in enumerate(literals):
            net = literal >> 1
            value = (address >> place[net]) & 1 if net in place else 0
            old |= (value ^ (literal & 1)) << index
        octets = np.frombuffer(table.to_bytes(max(1, (1 << len(literals)) // 8), "little"), np.uint8)
        bits = np.unpackbits(octets, bitorder="little")[old]
        table = int.from_bytes(np.packbits(bits, bitorder="little").tobytes(), "little")
    for index in range(len(nets) - 1, -1, -1):
        mask = _LOW[index] & ((1 << (1 << len(nets))) - 1)
        if table & mask == (table >> (1 << index)) & mask:
            table = cofactors(table, index, len(nets))[0]
            del nets[index]
    return table, tuple(nets)


_LOW = [sum(1 << address for address in range(64) if not (address >> index) & 1) for index in range(6)]
"""Of a table of six operands, the addresses at which an operand is 0."""


class _Numbers:
    """In place of a builder: numbers of nets, and no nodes."""

    def __init__(self, num_nets: int) -> None:
        self.num_nets = num_nets

    def add(self, table: int, operands: Sequence[int], origin: int = -1) -> int:
        """The next number."""
        del table, operands, origin
        self.num_nets += 1
        return self.num_nets - 1


class Mapper:
    """Builds the mapped netlist, node by node; equal and complementary nodes are shared.

    Attributes:
        regions: of each node, in order.
        kinds: of each node, in order.
        region: of the nodes to come.
    """

    def __init__(self, builder: Builder | _Numbers) -> None:
        self.builder = builder
        self.regions: list[int] = []
        self.kinds: list[int] = []
        self.region = GATES
        self._known: MutableMapping[tuple[int, tuple[int, ...]], int] = {}

    def trial(self) -> Mapper:
        """One that knows all nodes of this one, and whose own are only counted: nobody hears of them."""
        other = Mapper(_Numbers(self.builder.num_nets))
        other.region, other._known = self.region, ChainMap({}, self._known)
        return other

    def lut(self, table: int, literals: Sequence[int], origin: int = -1) -> int:
        """A literal of the function of these literals; a new node only if there is none yet."""
        table, nets = reduce_table(table, tuple(literals))
        if not nets:
            return TRUE if table else FALSE
        if nets and len(nets) == 1:
            return 2 * nets[0] + (table & 1)
        known = self._known.get((table, nets))
        if known is None:
            known = 2 * self._node(table, nets, origin)
            self._known[table, nets] = known
            self._known[table ^ ((1 << (1 << len(nets))) - 1), nets] = known ^ 1
        return known

    def net(self, literal: int) -> int:
        """A net that has the literal's value: an inverter where the literal is inverted."""
        if literal >> 1 == CONST0:
            return CONST1 if literal & 1 else CONST0
        if not literal & 1:
            return literal >> 1
        key = (1, (literal >> 1,))
        if key not in self._known:
            self._known[key] = self._node(*key, -1)
        return self._known[key]

    def copy(self, table: int, nets: Sequence[int], origin: int) -> int:
        """A node exactly as it is in another netlist."""
        return self._node(table, tuple(nets), origin)

    def own(self, table: int, literals: Sequence[int]) -> int:
        """A net of a new node that nothing else shares, even if it is but a wire or a constant."""
        table, nets = reduce_table(table, tuple(literals))
        return self._node(table, nets, -1)

    def carry(self, select: int, carry: int, data: int) -> int:
        """The net of a carry multiplexer: ``carry if select else data``."""
        return self._node(0b1101_1000, (select, carry, data), -1, CARRY)

    def sum(self, select: int, carry: int) -> int:
        """The net of a carry chain's XOR."""
        return self._node(0b0110, (select, carry), -1, SUM)

    def _node(self, table: int, nets: tuple[int, ...], origin: int, kind: int = LUT) -> int:
        self.regions.append(self.region)
        self.kinds.append(kind)
        return self.builder.add(table, nets, origin)
