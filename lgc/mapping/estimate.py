"""Area and depth of a circuit in lookup tables without synthesis, in about a second.

Gates below the votes are packed greedily into tables; what the head takes, the head says itself. A head that is fixed
as tables is built for a single class, and the others are reckoned in proportion to their votes. An arithmetic head is
counted in full adders, at what yosys was measured to make of one; the votes' own gates disappear in them. Where the
parts have carry chains, it is counted as :mod:`lgc.mapping.adders` says, the votes' gates included. docs/hardware.md
has the error against yosys.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from lgc.errors import OptionError
from lgc.ir import Circuit, Netlist
from lgc.mapping.heads import find_head
from lgc.mapping.pipeline import stages_before
from lgc.parts.part import Family

_MOST_READERS = 2
_ROUND_DEPTH = {4: 4, 6: 3}


@dataclass(frozen=True)
class Area:
    """Lookup tables of a part of the circuit, and how many lie in a row."""

    luts: int
    depth: int


@dataclass(frozen=True)
class Estimate:
    """What a circuit takes.

    Attributes:
        lut: operands of a lookup table, 4 or 6.
        head: the head that was reckoned with.
        regions: by name: gates, popcount, argmax.
        carry: positions of carry chains; of an adder head their cells.
        carry_sites: lookup-table sites that each of them takes.
    """

    lut: int
    head: str
    regions: dict[str, Area]
    carry: int = 0
    carry_sites: int = 0

    @property
    def luts(self) -> int:
        """All of them."""
        return sum(one.luts for one in self.regions.values())

    @property
    def sites(self) -> int:
        """Places for lookup tables that it takes, those of carry cells included."""
        return self.luts + self.carry * self.carry_sites

    @property
    def depth(self) -> int:
        """In a row from input to output."""
        return sum(one.depth for one in self.regions.values())


def estimate(
    circuit: Circuit,
    *,
    lut: int,
    head: str,
    outputs: str = "both",
    pipeline: int = 0,
    family: Family | None = None,
) -> Estimate:
    """Estimate a circuit that the passes have optimised.

    Args:
        lut: 4 or 6.
        head: a key of :data:`lgc.mapping.heads.HEADS`.
        outputs: ``class``, ``scores`` or ``both``.
        pipeline: register stages, or as many as the circuit has places for.
        family: of parts, whose carry chains plain arithmetic goes onto; without, it is all lookup tables.

    Raises:
        OptionError: there is no such head for such tables.
    """
    if lut not in (4, 6):
        raise OptionError(f"lookup tables of {lut} operands", hint="They have 4 or 6")
    found = find_head(head)
    found.check_lut(lut)
    return found.estimate(circuit, lut=lut, outputs=outputs, pipeline=pipeline, family=family)


def tournament_depth(circuit: Circuit, lut: int) -> int:
    """Lookup tables in a row of a tournament of all classes."""
    return _ROUND_DEPTH[lut] * (circuit.head.num_classes - 1).bit_length()


def pack_gates(
    netlist: Netlist,
    lut: int,
    *,
    fixed: bool = False,
    apart: Collection[int] = (),
    cuts: Sequence[int] = (),
) -> Area:
    """Lookup tables of at most ``lut`` operands below the votes, by greedy packing.

    A table takes over gates of at most two readers while its operands allow, which may double them; a gate that all
    its readers have taken over needs no table of its own. The votes take over gates too, and are not counted; unless
    the head is ``fixed`` as tables, which read what the votes read.

    Args:
        apart: nets of nodes that are tables as they are, and not counted here.
        cuts: levels that a register stage stands behind, 0 for the inputs: no table takes over a gate before its stage,
            and where one stands behind the last level, the votes are counted.
    """
    votes = np.zeros(netlist.num_nets, np.bool_)
    votes[netlist.outputs] = True
    is_vote, packing = votes.tolist(), _Packing(netlist, lut, stages_before(netlist, cuts).tolist())
    for net in (np.flatnonzero(netlist.live()[netlist.first_node :]) + netlist.first_node).tolist():
        if net in apart:
            packing.depth[net] = 1
        else:
            packing.add(net, alone=fixed and is_vote[net])
    counted = netlist.depth in cuts
    kept = [net for net in packing.support if (counted if is_vote[net] else packing.needs_table(net))]
    return Area(len(kept), max((packing.depth[net] for net in kept), default=0))


class _Packing:
    """Gates that were packed so far: the nets that a table of each reads, and how many tables lie in a row.

    Args:
        before: of each net, how many register stages lie before it.
    """

    def __init__(self, netlist: Netlist, lut: int, before: list[int]) -> None:
        self.first, self.lut, self.before = netlist.first_node, lut, before
        self.fanin, self.arity = netlist.fanin.tolist(), netlist.arity.tolist()
        nodes = np.flatnonzero(netlist.live()[netlist.first_node :])
        self.readers = np.bincount(netlist.fanin[nodes][netlist.used[nodes]], minlength=netlist.num_nets).tolist()
        self.support: dict[int, frozenset[int]] = {}
        self.depth: dict[int, int] = {}
        self.taken: Counter[int] = Counter()

    def add(self, net: int, *, alone: bool) -> None:
        """Pack a gate; ``alone`` takes over no gate that it reads."""
        node = net - self.first
        leaves = frozenset(self.fanin[node][: self.arity[node]])
        for operand in [] if alone else sorted(leaves, key=lambda one: len(self.support.get(one, ()))):
            inner = self.support.get(operand) if self.before[operand] == self.before[net] else None
            wider = (leaves - {operand}) | (inner or leaves)
            if inner is not None and self.readers[operand] <= _MOST_READERS and len(wider) <= self.lut:
                leaves = wider
                self.taken[operand] += 1
        self.support[net] = leaves
        self.depth[net] = 1 + max((self.depth.get(leaf, 0) for leaf in leaves), default=-1)

    def needs_table(self, net: int) -> bool:
        """Whether a reader of the gate has not taken it over."""
        return self.taken[net] < self.readers[net]
