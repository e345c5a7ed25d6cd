"""What the encoder never gives: bit t of a feature says x > threshold t, so it implies bit t - 1."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from lgc.ir import FIRST_INPUT, THERMOMETER, Circuit, Netlist
from lgc.passes import tables
from lgc.passes.base import Pass, PassResult
from lgc.passes.rewrite import Sweep
from lgc.passes.rules import CONSTANTS, OPPOSITE, SAME, Rule
from lgc.passes.tables import U64, VARIABLES

I32 = NDArray[np.int32]


def implied(table: U64, i: int, j: int) -> U64:
    """f where x_j = 1 implies x_i = 1, without x_i or x_j if it can do without; else unchanged.

    Rows with x_i = 0 and x_j = 1 are free. If the two rows with x_j = 0 are equal, f can ignore x_i; if the two with
    x_i = 1 are, it can ignore x_j.
    """
    neither = tables.cofactor0(tables.cofactor0(table, i), j)
    low = tables.cofactor0(tables.cofactor1(table, i), j)
    both = tables.cofactor1(tables.cofactor1(table, i), j)
    free = VARIABLES[j] & ~VARIABLES[i]
    chosen = np.where(neither == low, both, np.where(low == both, neither, table))
    return (table & ~free) | (chosen & free)


@dataclass(frozen=True)
class ThermometerFold(Pass):
    """Use that a feature's bits are ordered; the circuit is then equal on encoded features alone, not on any bits."""

    name: ClassVar[str] = "thermometer"

    def run(self, circuit: Circuit) -> PassResult:
        """See :class:`Pass`. A circuit that it changes says so: its metadata has ``assumes``."""
        encoder = circuit.encoder
        if encoder.thresholds is None or encoder.code is not None or encoder.num_thresholds < 2:
            return PassResult(circuit)
        netlist, counts = circuit.netlist, Counter[str]()
        while found := self._sweep(circuit, netlist):  # a rule sees a node before its operands are put in order
            netlist = found[0]
            counts.update(found[1])
        if not counts:
            return PassResult(circuit)
        metadata = {**circuit.metadata, "assumes": THERMOMETER}
        return PassResult(replace(circuit, netlist=netlist, metadata=metadata), dict(counts))

    def _sweep(self, circuit: Circuit, netlist: Netlist) -> tuple[Netlist, dict[str, int]] | None:
        """The netlist after one sweep, and what changed; None if nothing did."""
        encoder = circuit.encoder
        # Distinct negative numbers for all other nets: equal for the bits of a feature and for nothing else.
        feature = -1 - np.arange(netlist.num_nets)
        bits = np.arange(encoder.num_bits)
        feature[FIRST_INPUT : netlist.first_node] = bits // encoder.num_thresholds

        def ordered(i: I32, j: I32, _inverse: I32) -> NDArray[np.bool_]:
            return (feature[i] == feature[j]) & (i < j)

        rule = Rule("ordered bits", "f(.., x > s, .., x > t, ..) with s <= t", 2, ordered, implied, lambda j, _: j)
        sweep = Sweep(netlist, (*CONSTANTS, SAME, OPPOSITE, rule))
        after = sweep.run()
        # The rule's own count is of the places it looked at.
        counts = {name: count for name, count in sweep.counts.items() if count and name != rule.name}
        return (after, counts) if counts else None
