"""A fault in a few nodes of a circuit: that no input reaches it, or by hill climbing an input on which the class tells.

A wrong vote changes the class only where two classes are within a vote of each other, which random inputs seldom are.
A solver that is asked for such an input has to count all votes. It is asked for an input that reaches the fault
instead; from there inputs are changed step by step, so that they still reach it, until two classes are that close.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lgc.ir import CONST0, Builder, Circuit, Netlist, interp
from lgc.verify.mutate.align import Difference, differences
from lgc.verify.sat import Sat

Bits = NDArray[np.bool_]

_XOR2, _OR2 = 0x6, 0xE
_MOST_NODES = 8
_POPULATION, _ROUNDS = 1024, 60
_NODES = 2_000_000  # of all rounds, for each input: large networks have fewer rounds
_RATES = (0.0005, 0.003, 0.02, 0.1)
_CONFLICTS = 20_000
_AIMS = 16  # classes, one after the other


@dataclass(frozen=True, eq=False)
class Change:
    """The few nodes in which two netlists differ.

    Attributes:
        reached: over the same inputs: one output, which is 1 where one of the nodes makes another value of what its
            operands are without the fault. Where that is never so, all nets are the same.
    """

    good: Netlist
    bad: Netlist
    reached: Netlist

    def decide(self, circuit: Circuit, seed: int) -> Bits | bool | None:
        """An input, bool (I,), on which the outputs differ; False, proved: no input reaches the fault; None: neither.

        Args:
            circuit: says how close to each other the classes are.
        """
        sat = Sat(self.reached, _CONFLICTS)
        try:
            found = sat.satisfy([(int(self.reached.outputs[0]), True)])
        finally:
            sat.close()
        if not isinstance(found, np.ndarray):
            return found
        # A fault in one class's count shows where that class is close to the first. Nobody knows which class it is.
        for aim in (None, *range(min(_AIMS, len(circuit.head.classes)))):
            answer = self._climb(circuit, found, np.random.default_rng(seed), aim)
            if answer is not None:
                return answer
        return None

    def _climb(self, circuit: Circuit, start: Bits, rng: np.random.Generator, aim: int | None) -> Bits | None:
        """From an input that reaches the fault.

        Args:
            aim: the class that is to be close to the best other one; None: any two are.
        """
        rows = np.repeat(start[None], _POPULATION, axis=0)
        gaps = _gaps(circuit, rows, aim)
        for _ in range(_rounds(self.good)):
            tried = _changed(rows, rng)
            new = _gaps(circuit, tried, aim)
            take = (new <= gaps) & interp.evaluate(self.reached, tried)[:, 0]
            rows, gaps = np.where(take[:, None], tried, rows), np.where(take, new, gaps)
            wrong = (interp.evaluate(self.good, rows) != interp.evaluate(self.bad, rows)).any(axis=1)
            if wrong.any():
                return np.asarray(rows[int(wrong.argmax())])
        return None


def near_ties(circuit: Circuit, start: Bits, seed: int) -> Bits:
    """Inputs (B, I) on which two classes are as close as hill climbing brings them, mostly a vote or none apart.

    Args:
        start: inputs to climb from, (B, I).
    """
    rng, rows = np.random.default_rng(seed), start
    gaps = _gaps(circuit, rows)
    for _ in range(_rounds(circuit.netlist)):
        tried = _changed(rows, rng)
        new = _gaps(circuit, tried)
        take = np.where(gaps > 1, new < gaps, new <= 1)  # who has arrived walks on
        rows, gaps = np.where(take[:, None], tried, rows), np.where(take, new, gaps)
    return rows


def _rounds(netlist: Netlist) -> int:
    return min(_ROUNDS, 1 + _NODES // max(1, netlist.num_nodes))


def _changed(rows: Bits, rng: np.random.Generator) -> Bits:
    rates = rng.choice(_RATES, (len(rows), 1)).astype(np.float32)
    return np.asarray(rows ^ (rng.random(rows.shape, np.float32) < rates))


def _gaps(circuit: Circuit, bits: Bits, aim: int | None = None) -> NDArray[np.int64]:
    """How far the second class is behind the first, (B,), or the class ``aim`` is from the best other one."""
    scores = interp.scores(circuit, bits)
    if scores.shape[1] < 2:
        return np.zeros(len(bits), np.int64)
    if aim is None:
        scores = np.sort(scores, axis=1)
        return np.asarray(scores[:, -1] - scores[:, -2])
    return np.asarray(np.abs(scores[:, aim] - np.delete(scores, aim, axis=1).max(axis=1)))


def small_change(good: Netlist, bad: Netlist) -> Change | None:
    """Where two netlists differ, if that is in a few nodes, and all else is alike."""
    found = differences(good, bad, _MOST_NODES)
    return None if found is None else Change(good, bad, _reached(good, found))


def _reached(good: Netlist, found: Sequence[Difference]) -> Netlist:
    read = {net for one in found for net in (*one.nets, *_operands(good, one.node))}
    live = good.live(np.array(sorted(read), np.int32))[good.first_node :]
    builder, nets = Builder(good.num_inputs), list(range(good.first_node))
    for index, wanted in enumerate(live.tolist()):
        operands = [nets[net] for net in _operands(good, index)] if wanted else []
        nets.append(builder.add(int(good.table[index]), operands) if wanted else -1)
    result = CONST0
    for one in found:
        good_value = builder.add(int(good.table[one.node]), [nets[net] for net in _operands(good, one.node)])
        bad_value = builder.add(one.table, [nets[net] for net in one.nets])
        result = builder.add(_OR2, (result, builder.add(_XOR2, (good_value, bad_value))))
    return builder.build([result])


def _operands(netlist: Netlist, node: int) -> list[int]:
    found: list[int] = netlist.fanin[node, : int(netlist.arity[node])].tolist()
    return found
