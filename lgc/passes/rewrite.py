"""The engine of the local passes: one sweep from the inputs to the outputs.

The sweep takes the netlist in runs (see :meth:`lgc.ir.Netlist.runs`): within a run no node reads another, so every
step is a numpy operation on all its nodes. Each node is rewritten by the rules of the pass, then
*settled*: operands it ignores are dropped, and a node that turns out to be a constant, or a copy of another net, is
replaced by that net everywhere. Nets are only ever replaced by smaller ones, so the result needs no sorting.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from lgc.ir import Netlist
from lgc.passes import tables
from lgc.passes.rules import Rule
from lgc.passes.tables import U64, VARIABLES

I32 = NDArray[np.int32]
_LAST = np.int32(2**31 - 1)
_NOT = ~VARIABLES[0]


@dataclass
class _Nodes:
    """Nodes of one run: operands (n, K), extended tables (n,), and after settling the arity (n,)."""

    operands: I32
    table: U64
    arity: NDArray[np.uint8]


class Sweep:
    """Applies rules to a whole netlist.

    Args:
        rules: rows of :mod:`lgc.passes.rules`, tried in this order.
        share: merge structurally equal nodes, and turn the complement of an earlier node into an inverter.
    """

    def __init__(self, netlist: Netlist, rules: Sequence[Rule], *, share: bool = False) -> None:
        self._netlist = netlist
        self._rules = rules
        self._share = share
        self.counts: Counter[str] = Counter()
        # replacement[net]: the net that stands for it from now on; itself unless the node went away.
        self._replacement = np.arange(netlist.num_nets, dtype=np.int32)
        # inverse[net]: the net whose complement it is, or -1.
        self._inverse = np.full(netlist.num_nets, -1, np.int32)
        self._known: dict[tuple[int, ...], int] = {}
        self._complemented = np.zeros(netlist.num_nets, np.bool_)

    def run(self) -> Netlist:
        """The rewritten netlist."""
        old = self._netlist
        fanin, arity, table = old.fanin.copy(), old.arity.copy(), tables.extend(old.table, old.arity)
        all_nets = np.arange(old.num_nets, dtype=np.int32)
        for lo, hi in old.runs():
            nets = all_nets[old.first_node + lo : old.first_node + hi]
            nodes = _Nodes(self._replacement[old.fanin[lo:hi]], table[lo:hi], arity[lo:hi])
            self._apply_rules(nodes)
            self._settle(nodes, nets)
            if self._share:
                self._merge(nodes, nets)
            inverters = (nodes.arity == 1) & (nodes.table == _NOT)
            if inverters.any():
                self._inverse[nets[inverters]] = nodes.operands[inverters, 0]
            fanin[lo:hi], arity[lo:hi], table[lo:hi] = nodes.operands, nodes.arity, nodes.table
        table = tables.truncate(table, arity)
        outputs = self._replacement[old.outputs]
        changed = replace(old, fanin=fanin, arity=arity, table=table, outputs=outputs)
        kept = self._replacement[old.first_node :] == np.arange(old.first_node, old.num_nets)
        # Sorting operands and dropping idle ones is no rule's work, but it is a change.
        rewritten = (fanin != old.fanin).any(axis=1) | (arity != old.arity) | (table != old.table)
        self.counts["rewritten"] += int((rewritten & kept).sum())
        return keep_nodes(changed, kept)

    def _apply_rules(self, nodes: _Nodes) -> None:
        for rule in self._rules:
            for i, j in rule.places(nodes.operands.shape[1]):
                mask = rule.applies(nodes.operands[:, i], nodes.operands[:, j], self._inverse)
                if not mask.any():
                    continue
                # An operand that the table ignores (unused places hold constant 0) takes no part.
                mask &= tables.depends(nodes.table, i) & tables.depends(nodes.table, j)
                if not mask.any():
                    continue
                self.counts[rule.name] += int(mask.sum())
                nodes.table[mask] = rule.rewrite(nodes.table[mask], i, j)
                nodes.operands[mask, j] = rule.operand(nodes.operands[mask, j], self._inverse)

    def _settle(self, nodes: _Nodes, nets: I32) -> None:
        """Sort the operands, drop the ignored ones, and replace constants and copies."""
        used = np.zeros(nodes.operands.shape, np.bool_)
        for j in range(nodes.operands.shape[1]):
            used[:, j] = tables.depends(nodes.table, j)
        sort_operands(nodes.operands, used, nodes.table)
        nodes.arity = used.sum(axis=1, dtype=np.uint8)
        constant = nodes.arity == 0
        if constant.any():
            self._replace("constant", nets[constant], (nodes.table[constant] != 0).astype(np.int32))
        copy = (nodes.arity == 1) & (nodes.table == VARIABLES[0])
        if copy.any():
            self._replace("wire", nets[copy], nodes.operands[copy, 0])

    def _replace(self, reason: str, nets: I32, by: I32) -> None:
        self._replacement[nets] = by
        self.counts[reason] += len(nets)

    def _merge(self, nodes: _Nodes, nets: I32) -> None:
        """Hash-consing, up to the complement of the output: tables are compared with bit 0 cleared."""
        complemented = (nodes.table & np.uint64(1)) == 1
        keys = np.where(complemented, ~nodes.table, nodes.table)
        columns = [nodes.operands[:, j].tolist() for j in range(nodes.operands.shape[1])]
        self._complemented[nets] = complemented
        live = self._replacement[nets] == nets
        same: list[tuple[int, int]] = []
        known = self._known
        for row, (net, alive, *key) in enumerate(
            zip(nets.tolist(), live.tolist(), keys.tolist(), *columns, strict=True)
        ):
            if not alive:
                continue
            earlier = known.setdefault(tuple(key), net)
            if earlier != net and self._complemented[earlier] != complemented[row]:
                # At once, not after the loop: of this inverter and an equal one below, the first stays.
                earlier = self._become_inverter(nodes, row, earlier, net)
            if earlier != net:
                same.append((row, earlier))
        if same:
            rows, targets = np.array(same, np.int32).T
            self._replace("merged", nets[rows], targets)

    def _become_inverter(self, nodes: _Nodes, row: int, operand: int, net: int) -> int:
        """Make a node the inverter of an earlier one; returns the inverter that already exists, or ``net``."""
        self.counts["complement merged"] += 1
        nodes.operands[row] = 0
        nodes.operands[row, 0] = operand
        nodes.arity[row] = 1
        nodes.table[row] = _NOT
        key = (int(VARIABLES[0]), operand, *[0] * (nodes.operands.shape[1] - 1))
        self._complemented[net] = True
        return self._known.setdefault(key, net)


def sort_operands(operands: I32, used: NDArray[np.bool_], table: U64) -> None:
    """Sort each node's used operands in ascending order and move its unused places, net 0, behind them; in place.

    Args:
        operands: int32 (n, K).
        used: bool (n, K).
        table: extended tables (n,), which ignore the unused operands.
    """
    operands[~used] = _LAST
    for i, j in combinations(range(operands.shape[1]), 2):
        mask = operands[:, i] > operands[:, j]
        if mask.any():
            table[mask] = tables.swap(table[mask], i, j)
            operands[mask, i], operands[mask, j] = operands[mask, j], operands[mask, i]
    operands[operands == _LAST] = 0


def keep_nodes(netlist: Netlist, kept: NDArray[np.bool_]) -> Netlist:
    """Drop nodes and renumber. No kept node and no output may read a dropped one.

    Args:
        kept: bool (M,).
    """
    first = netlist.first_node
    number = np.zeros(netlist.num_nets, np.int32)
    number[:first] = np.arange(first)
    number[first:][kept] = first + np.arange(int(kept.sum()))
    arity = netlist.arity[kept]
    width = int(arity.max(initial=0))
    return replace(
        netlist,
        fanin=number[netlist.fanin[kept, :width]],
        arity=arity,
        table=netlist.table[kept],
        outputs=number[netlist.outputs],
        origin=netlist.origin[kept],
    )
