"""The shared strategies draw valid circuits, and the awkward ones that they promise."""

from __future__ import annotations

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
}


@pytest.mark.parametrize("case", AWKWARD)
def test_awkward_netlists_are_drawn(case: str) -> None:
    find(
        netlists(),
        lambda netlist: bool(AWKWARD[case](netlist)),
        settings=settings(max_examples=2000, derandomize=True, database=None, phases=["generate"]),
    )


@pytest.mark.parametrize("arity", range(1, 7))
def test_random_circuits_are_valid_and_layered(arity: int) -> None:
    circuit = random_circuit(20, [40, 30], 3, arity=arity, seed=1)
    verify_circuit(circuit)
    assert circuit.netlist.num_nodes == 70


@given(st.integers(0, 6))
def test_all_inputs_are_all(width: int) -> None:
    assert len({tuple(row) for row in all_inputs(width).tolist()}) == 1 << width
