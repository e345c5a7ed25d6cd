"""Head algebra that keeps every score: constants and complementary pairs inside a group become bias."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from lgc.ir import CONST0, CONST1, Circuit, Netlist
from lgc.passes.base import Pass, PassResult


def _inverters(netlist: Netlist) -> dict[int, int]:
    """Net of each inverter -> the net that it inverts."""
    rows = np.flatnonzero((netlist.arity == 1) & (netlist.table == 1))
    operands = netlist.fanin[rows, 0].tolist() if len(rows) else []
    return dict(zip((rows + netlist.first_node).tolist(), operands, strict=True))


@dataclass(frozen=True)
class HeadFold(Pass):
    """Turn constant votes, and pairs g, ~g in one group, into the class's bias; the ports of a netlist stay."""

    name: ClassVar[str] = "head-fold"

    def run(self, circuit: Circuit) -> PassResult:
        """See :class:`Pass`."""
        netlist, head = circuit.netlist, circuit.head
        if head.is_interface:
            return PassResult(circuit)
        inverse = _inverters(netlist)
        outputs: list[int] = []
        sizes: list[int] = []
        bias = head.bias.copy()
        counts: Counter[str] = Counter()
        for index in range(head.num_classes):
            group = netlist.outputs[head.offsets[index] : head.offsets[index + 1]].tolist()
            kept, constant = _fold_group(group, inverse, counts)
            bias[index] += constant
            outputs += kept
            sizes.append(len(kept))
        if len(outputs) == netlist.num_outputs:
            return PassResult(circuit)
        folded = replace(head, offsets=np.concatenate([[0], np.cumsum(sizes)]), bias=bias)
        smaller = netlist.with_outputs(np.array(outputs, np.int32))
        return PassResult(replace(circuit, netlist=smaller, head=folded), counts)


def _fold_group(group: list[int], inverse: dict[int, int], counts: Counter[str]) -> tuple[list[int], int]:
    """The outputs that stay, in order, and the number of ones among those that went."""
    present = Counter(group)
    ones = present[CONST1]
    # 0 contributes nothing, 1 contributes one.
    drop = Counter({CONST0: present[CONST0], CONST1: ones})
    counts["constant outputs"] += present[CONST0] + ones
    for net in present:
        base = inverse.get(net)
        if base is None:
            continue
        # g + ~g = 1, as often as both are there and neither was spent on another pair
        pairs = min(present[net] - drop[net], present[base] - drop[base]) if base in present else 0
        drop.update({net: pairs, base: pairs})
        ones += pairs
        counts["complementary pairs"] += pairs
    kept: list[int] = []
    for net in group:
        if drop[net]:
            drop[net] -= 1
        else:
            kept.append(net)
    return kept, ones
