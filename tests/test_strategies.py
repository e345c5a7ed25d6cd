"""The shared strategies draw valid circuits, and the awkward ones that they promise."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

import numpy as np
import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st
from strategies import all_inputs, circuits, netlists, random_circuit

from lgc.ir import CONST1, Circuit, Netlist, verify_circuit


@given(circuits(equal_groups=True, max_arity=2))
def test_restricted_circuits(circuit: Circuit) -> None:
    verify_circuit(circuit)
    assert circuit.netlist.width <= 2
    assert len(set(circuit.head.sizes.tolist())) == 1


def _inverters(netlist: Netlist) -> set[int]:
    return set(np.flatnonzero((netlist.arity == 1) & (netlist.table == 1)).tolist())


def _rows(netlist: Netlist) -> list[tuple[int, list[int]]]:
    fanins = zip(netlist.fanin.tolist(), netlist.arity.tolist(), strict=True)
    return [(table, operands[:arity]) for table, (operands, arity) in zip(netlist.table.tolist(), fanins, strict=True)]


def _any_pair(netlist: Netlist, alike: Callable[[int, list[int], int, list[int]], bool]) -> bool:
    return any(alike(*one, *other) for one, other in combinations(_rows(netlist), 2))


def _parity(arity: int) -> int:
    return sum(1 << address for address in range(1 << arity) if address.bit_count() & 1)


AWKWARD = {
    "constant operand": lambda n: ((n.fanin <= CONST1) & n.used).any(),
    "repeated operand": lambda n: ((n.fanin[:, :1] == n.fanin[:, 1:2]) & (n.arity[:, None] == 2)).any(),
    "equal nodes": lambda n: len(np.unique(np.column_stack([n.fanin, n.table]), axis=0)) < n.num_nodes,
    "inverter of an inverter": lambda n: any(n.fanin[row, 0] - n.first_node in _inverters(n) for row in _inverters(n)),
    "dead node": lambda n: (n.fanout()[n.first_node :] == 0).any(),
    "constant output": lambda n: (n.outputs <= CONST1).any(),
    "input as output": lambda n: ((n.outputs > CONST1) & (n.outputs < n.first_node)).any(),
    "output named twice": lambda n: len(set(n.outputs.tolist())) < n.num_outputs,
    "no outputs": lambda n: n.num_outputs == 0,
    "arity 6": lambda n: (n.arity == 6).any(),
    "arity 0": lambda n: (n.arity == 0).any(),
    "depth 6": lambda n: n.depth >= 6,
    "wide nodes that differ in the last operand": lambda n: _any_pair(
        n, lambda t, a, u, b: t == u and len(a) == len(b) == 6 and a[:5] == b[:5] and a[5] != b[5]
    ),
    "operands handed round": lambda n: _any_pair(
        n, lambda t, a, u, b: t == u and len(set(a)) == len(a) >= 3 and b == [*a[1:], a[0]]
    ),
    "one table number at two arities": lambda n: _any_pair(
        n, lambda t, a, u, b: t == u and len(a) > 1 and len(a) + 1 == len(b) and a == b[:-1]
    ),
    "parity of five": lambda n: any(t == _parity(5) and len(set(a)) == 5 for t, a in _rows(n)),
    "parity of six": lambda n: any(t == _parity(6) and len(set(a)) == 6 for t, a in _rows(n)),
    "a vote counted eight times": lambda n: bool(np.bincount(n.outputs, minlength=1)[2:].max(initial=0) >= 8),
}


@pytest.mark.parametrize(
    "case", [pytest.param(one, marks=[pytest.mark.slow] * (one == "parity of five")) for one in AWKWARD]
)
def test_awkward_netlists_are_drawn(case: str) -> None:
    find(
        netlists(),
        lambda netlist: bool(AWKWARD[case](netlist)),
        settings=settings(max_examples=6000, derandomize=True, database=None, phases=["generate"]),
    )


@pytest.mark.parametrize("arity", range(1, 7))
def test_random_circuits_are_valid_and_layered(arity: int) -> None:
    circuit = random_circuit(20, [40, 30], 3, arity=arity, seed=1)
    verify_circuit(circuit)
    assert circuit.netlist.num_nodes == 70


@given(st.integers(0, 6))
def test_all_inputs_are_all(width: int) -> None:
    assert len({tuple(row) for row in all_inputs(width).tolist()}) == 1 << width
