"""The local passes: sweeps of :mod:`lgc.passes.rewrite` with different rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from lgc.ir import Circuit
from lgc.passes.base import Pass, PassResult
from lgc.passes.rewrite import Sweep
from lgc.passes.rules import CONSTANTS, INVERTED, OPPOSITE, SAME, Rule


def _sweep(circuit: Circuit, rules: Sequence[Rule], *, share: bool = False) -> PassResult:
    sweep = Sweep(circuit.netlist, rules, share=share)
    netlist = sweep.run()
    return PassResult(circuit.with_netlist(netlist), sweep.counts)


# Every sweep folds the constants that it makes: the other passes start with the same two rules.


@dataclass(frozen=True)
class ConstFold(Pass):
    """Fold constant operands, and drop operands, wires and constants that a table shows to be idle."""

    name: ClassVar[str] = "const-fold"

    def run(self, circuit: Circuit) -> PassResult:
        """See :class:`Pass`."""
        return _sweep(circuit, CONSTANTS)


@dataclass(frozen=True)
class FaninDedup(Pass):
    """Collapse repeated and complementary operands, and merge equal (or complementary) nodes."""

    name: ClassVar[str] = "fanin-dedup"

    def run(self, circuit: Circuit) -> PassResult:
        """See :class:`Pass`."""
        return _sweep(circuit, (*CONSTANTS, SAME, OPPOSITE), share=True)


@dataclass(frozen=True)
class AbsorbInverters(Pass):
    """Let nodes read the operand of an inverter instead of the inverter, and merge those that become equal by it."""

    name: ClassVar[str] = "absorb-inverters"

    def run(self, circuit: Circuit) -> PassResult:
        """See :class:`Pass`."""
        # It collapses and merges as it goes: in dual-rail logic each level shows only after the one below, and a
        # sweep a level would be quadratic.
        return _sweep(circuit, (*CONSTANTS, INVERTED, SAME, OPPOSITE), share=True)
