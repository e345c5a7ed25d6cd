"""Inputs that tell pairs of nets apart, by SAT sweeping: what is proved of one pair helps with those above it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lgc.backend.aiger import Aig, make_aig, write_binary
from lgc.ir import CONST0, Netlist, interp
from lgc.tools.abc import run_abc
from lgc.tools.run import or_not_checked
from lgc.verify.sat import Sat

Bits = NDArray[np.bool_]
_NEIGHBOURS = 63
_MOST_VECTORS = 64
_FRAIG_CONFLICTS = 1000


class Swept(NamedTuple):
    """What became of pairs of nets.

    Attributes:
        vectors: bool (K, I), inputs on each of which some pair differs, and neighbours of them.
        undecided: the pairs that the solver gave up.
    """

    vectors: Bits
    undecided: list[int]


def unsettled(netlist: Netlist, folder: Path, timeout: float) -> list[int]:
    """The pairs of outputs, k and k + half of them, that ABC's fraiging does not see to be equal: a few, mostly.

    Raises:
        NotCheckedError: it took longer than ``timeout`` seconds.
        MissingToolError: there is no ABC.
    """
    aig, outputs = make_aig(netlist)
    with (folder / "pairs.aig").open("wb") as stream:
        write_binary(aig, _differ(aig, outputs), stream)
    (folder / "left.aig").unlink(missing_ok=True)
    with or_not_checked("not proved"):
        run_abc(f"&read pairs.aig; &fraig -C {_FRAIG_CONFLICTS}; &write left.aig", folder, timeout)
    if not (folder / "left.aig").exists():
        return list(range(len(outputs) // 2))
    # The header's line, and then a literal a line: 0 is the constant.
    lines = (folder / "left.aig").read_bytes().split(b"\n", len(outputs) // 2 + 1)
    return [pair for pair, literal in enumerate(lines[1 : len(outputs) // 2 + 1]) if literal != b"0"]


def sat_sweep(
    netlist: Netlist, conflicts: int, most: int = _MOST_VECTORS, asked: Collection[int] | None = None
) -> Swept:
    """Ask of each pair of outputs, k and k + half of them, for inputs that show them to differ, from the inputs up.

    A pair that is equal is told to the solver, which need not look behind it. One that an earlier answer tells apart is
    not asked for.

    Args:
        conflicts: after so many, a pair is left undecided.
        most: answers, after which no more is asked.
        asked: pairs; by default all.

    Raises:
        MissingToolError: python-sat is not installed.
    """
    pairs, (miter, literals) = netlist.outputs.reshape(2, -1).T, _miter(netlist)
    rng = np.random.default_rng(0)
    vectors, undecided = [np.zeros((0, netlist.num_inputs), np.bool_)], []
    differs, sat = np.zeros(len(pairs), np.bool_), Sat(miter, conflicts)
    try:
        for pair in np.argsort(netlist.levels[pairs].max(axis=1, initial=0), kind="stable").tolist():
            net, value = literals[pair]
            if (asked is not None and pair not in asked) or differs[pair] or (net, value) == (CONST0, True):
                continue
            found = sat.satisfy([(net, value)])
            if isinstance(found, np.ndarray):
                around = np.concatenate([found[None], found ^ (rng.random((_NEIGHBOURS, len(found))) < 0.01)])
                vectors.append(around)
                first, second = np.hsplit(interp.evaluate(netlist, around), 2)
                differs |= (first != second).any(axis=0)
                if len(vectors) > most:
                    break
            elif found is None:
                undecided.append(pair)
            else:
                sat.learn(net, value=not value)
    finally:
        sat.close()
    return Swept(np.concatenate(vectors), undecided)


def _miter(netlist: Netlist) -> tuple[Netlist, list[tuple[int, bool]]]:
    """A netlist of AND gates, none of them twice, and the literals that say whether the outputs of a pair differ."""
    aig, outputs = make_aig(netlist)
    differ = _differ(aig, outputs)
    fanin = np.array(aig.ands, np.int64).reshape(-1, 2)
    tables = np.array([0b1000, 0b0100, 0b0010, 0b0001], np.uint64)[(fanin & 1) @ np.array([1, 2])]
    nodes = len(fanin)
    ands = Netlist(
        num_inputs=netlist.num_inputs, fanin=_nets(fanin), arity=np.full(nodes, 2, np.uint8), table=tables,
        outputs=np.zeros(0, np.int32), origin=np.full(nodes, -1, np.int32),
    )  # fmt: skip
    nets = _nets(np.array(differ, np.int64)).tolist()
    return ands, [(net, not literal & 1) for net, literal in zip(nets, differ, strict=True)]


def _differ(aig: Aig, outputs: Sequence[int]) -> list[int]:
    """Literals that are 1 where the outputs of a pair differ; they are added to the graph."""
    half = len(outputs) // 2
    return [aig.mux(second, first, first ^ 1) for first, second in zip(outputs[:half], outputs[half:], strict=True)]


def _nets(literals: NDArray[np.int64]) -> NDArray[np.int32]:
    """Nets of literals: variable v is net v + 1, but variable 0 is the constant 0."""
    variables = literals >> 1
    return np.where(variables > 0, variables + 1, CONST0).astype(np.int32)
