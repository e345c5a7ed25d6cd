"""Which votes of a class tell most, so that a drawing can begin with them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lgc.ir import FIRST_INPUT, Circuit, interp
from lgc.report.reads import operands_behind

_MOST_SAMPLES = 2000


def ranked_votes(
    circuit: Circuit, index: int, bits: NDArray[np.bool_] | None = None, labels: NDArray[np.int64] | None = None
) -> NDArray[np.int64]:
    """The outputs that vote for a class, those that tell most first.

    With samples, a vote tells the more the more often it is 1 for its own class than for all others. Without, the votes
    come first that read what their class reads most; of equal ones the first.

    Args:
        bits: bool (n, I), encoded samples; at most two thousand are looked at.
        labels: int64 (n,).
    """
    lo, hi = int(circuit.head.offsets[index]), int(circuit.head.offsets[index + 1])
    if bits is not None and labels is not None:
        outputs = interp.evaluate(circuit.netlist, bits[:_MOST_SAMPLES])[:, lo:hi]
        own = labels[:_MOST_SAMPLES] == index
        if own.any() and not own.all():
            telling = outputs[own].mean(axis=0) - outputs[~own].mean(axis=0)
            return lo + np.argsort(-telling, kind="stable")
    return lo + np.argsort(-_weights(circuit, lo, hi), kind="stable")


def _weights(circuit: Circuit, lo: int, hi: int) -> NDArray[np.float64]:
    """How often the class reads what each vote depends on, the mean over what it depends on."""
    netlist = circuit.netlist
    read = operands_behind(netlist, netlist.outputs[lo:hi])
    often = np.bincount(read[read < netlist.first_node], minlength=netlist.first_node).astype(np.float64)
    often[:FIRST_INPUT] = 0
    total, count = np.zeros(netlist.num_nets), np.zeros(netlist.num_nets)
    total[: netlist.first_node], count[: netlist.first_node] = often, 1
    for start, end in netlist.runs():
        fanin, used = netlist.fanin[start:end], netlist.used[start:end]
        nodes = slice(netlist.first_node + start, netlist.first_node + end)
        total[nodes], count[nodes] = ((one[fanin] * used).sum(axis=1) for one in (total, count))
    return (total / np.maximum(count, 1))[netlist.outputs[lo:hi]]
