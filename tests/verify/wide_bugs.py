"""Bugs that a net of two-input gates cannot show: wide nodes, many votes of a net, equal tables of unequal arity.

The model ``wide`` has what they need; what it is like is in :func:`wide_circuit`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from bugs import Bug
from strategies import _STRUCTURED

from lgc.backend import blif, onnx
from lgc.backend.c import counter, plan
from lgc.backend.c.literal import FALSE
from lgc.ir import CONST0, CONST1, Builder, Circuit, Encoder, Head
from lgc.passes import head_fold
from lgc.passes.rewrite import Sweep


def wide_circuit() -> Circuit:
    """Eight bits: parity, thresholds and a multiplexer of five and six of them, each with its operands handed round.

    Beside them nodes that differ in the last operand alone, one table number at two arities, votes counted up to eight
    times, inputs, constants, and duplicates as votes.
    """
    builder = Builder(8)
    six, five = list(range(2, 8)), list(range(2, 7))
    parity = [builder.add(_STRUCTURED[6][0], [*six[:5], last]) for last in (7, 8, 9)]
    wide = [builder.add(table, order) for table in _STRUCTURED[6][7:11] for order in (six, [*six[1:], six[0]])]
    wide += [builder.add(table, [*five[1:], five[0]]) for table in _STRUCTURED[5][7:10]]
    small = [builder.add(1, six[:arity]) for arity in (1, 2, 3)] + [builder.add(8, six[2 : 2 + n]) for n in (2, 3)]
    twice = builder.add(_STRUCTURED[6][0], six)  # a duplicate of the first
    votes = [
        [parity[0]] * 8 + [small[0]],
        [parity[1]] * 5 + [CONST1, CONST1, CONST0, 2, 2] + small[1:],
        [parity[2]] * 4 + wide[:6] + [twice, 9],
        wide[6:] + [small[0]] * 3 + [CONST1],
    ]
    offsets = np.cumsum([0, *map(len, votes)])
    head = Head(offsets, np.array([0, -2, 1, 0]), tuple("abcd"))
    return Circuit("wide", Encoder(8), builder.build([net for group in votes for net in group]), head)


def without_last_operand(real: Callable[..., None]) -> Callable[..., None]:
    """Nodes of six operands are compared by five."""
    return lambda self, nodes, nets: real(self, replace(nodes, operands=nodes.operands[:, :5]), nets)


def as_not(real: Callable[..., str]) -> Callable[..., str]:
    """Nodes whose table is 1 are taken for inverters."""

    def group(graph: Any, netlist: Any, *more: Any) -> str:
        return real(graph, replace(netlist, arity=np.where(netlist.table == 1, 1, netlist.arity)), *more)

    return group


def constant_counted_twice(real: Callable[..., Any]) -> Callable[..., Any]:
    def fold(group: list[int], *more: Any) -> Any:
        kept, ones = real(group, *more)
        return kept, ones + (group.count(CONST1) > 1)

    return fold


WIDE_BUGS = {
    "wide: nodes that differ in the last operand merged": Bug(
        Sweep, "_merge", without_last_operand, suffix=".lgn", model="wide"
    ),
    "wide: two constant votes counted as three": Bug(
        head_fold, "_fold_group", constant_counted_twice, suffix=".lgn", model="wide"
    ),
    "wide: C: a net counted four times or more": Bug(
        counter.Counter,
        "add",
        lambda real: lambda self, literal, times=1: real(self, literal, times & 3),
        suffix=".c",
        model="wide",
    ),
    "wide: C: parity of six": Bug(
        plan,
        "append_lut",
        lambda real: lambda program, table, operands: real(program, table ^ ((len(operands) == 6) << 63), operands),
        suffix=".c",
        model="wide",
    ),
    "wide: C: the highest bit of a score is lost": Bug(
        counter.Counter,
        "finish",
        lambda real: lambda self, planes: [*real(self, planes)[:-1], FALSE],
        suffix=".c",
        model="wide",
    ),
    "wide: ONNX: NOT beside NOR": Bug(onnx, "_group", as_not, suffix=".onnx", model="wide"),
    "wide: BLIF: operands of wide covers handed round": Bug(
        blif,
        "cover_rows",
        lambda real: lambda table, arity: [_round(row, arity) for row in real(table, arity)],
        suffix=".blif",
        model="wide",
    ),
}


def _round(row: str, arity: int) -> str:
    """A cube with the places of five or six operands moved by one."""
    return row if arity < 5 else row[1:arity] + row[0] + row[arity:]
