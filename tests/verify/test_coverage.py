"""Coverage against definitions spelled out gate by gate."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from strategies import all_inputs, circuits, random_circuit

from lgc.errors import InputError, NotCheckedError
from lgc.ir import Circuit, interp
from lgc.verify.coverage import complete, measure_coverage
from lgc.verify.vectorfile import read_vectors, write_vectors
from lgc.verify.vectors import VectorSet


@given(circuits(max_nodes=12))
def test_coverage_is_what_it_says(circuit: Circuit) -> None:
    """Toggled, excited and propagated, each by its definition on every vector."""
    netlist = circuit.netlist
    bits = all_inputs(netlist.num_inputs)[1::3]
    found = measure_coverage(netlist, bits, circuit.head.offsets)
    nets = interp.unpack(interp.evaluate_nets(netlist, interp.pack(bits)), len(bits))
    shown = dict(zip(found.measured.tolist(), found.propagated.tolist(), strict=True))
    assert len(shown) == netlist.num_nodes
    for node in range(netlist.num_nodes):
        values = nets[:, netlist.first_node + node]
        assert found.toggled[node] == (len(set(values.tolist())) == 2)
        operands = netlist.fanin[node, : netlist.arity[node]]
        addresses = (nets[:, operands] << np.arange(len(operands))).sum(axis=1) if len(bits) else np.zeros(0, int)
        assert int(found.seen[node]) == sum(1 << address for address in set(addresses.tolist()))
        table = netlist.table.copy()
        table[node] ^= np.uint64((1 << (1 << int(netlist.arity[node]))) - 1)
        fields = {name: getattr(netlist, name) for name in ("num_inputs", "fanin", "arity", "outputs", "origin")}
        flipped = circuit.with_netlist(type(netlist)(table=table, **fields))
        assert shown[node] == bool((interp.scores(flipped, bits) != interp.scores(circuit, bits)).any())


@given(circuits(max_nodes=12))
def test_made_vectors_reach_all_that_is_possible(circuit: Circuit) -> None:
    netlist = circuit.netlist
    found = measure_coverage(netlist, all_inputs(netlist.num_inputs)[:1], circuit.head.offsets)
    bits, undecided = complete(netlist, found)
    everything = measure_coverage(netlist, all_inputs(netlist.num_inputs), circuit.head.offsets)
    assert undecided == 0
    np.testing.assert_array_equal(found.possible, everything.seen)
    np.testing.assert_array_equal(found.seen, everything.seen)
    both = np.concatenate([all_inputs(netlist.num_inputs)[:1], bits])
    np.testing.assert_array_equal(measure_coverage(netlist, both, circuit.head.offsets).seen, everything.seen)


def test_pixels_that_never_change_are_made_to() -> None:
    """What a data set never excites: inputs that are 0 in all of it."""
    circuit = random_circuit(30, [80, 60], seed=2)
    data = np.random.default_rng(0).random((200, 30)) < 0.5
    data[:, :10] = False
    found = measure_coverage(circuit.netlist, data, circuit.head.offsets)
    seen, possible = found.combinations
    assert seen < possible
    bits, _ = complete(circuit.netlist, found)
    assert bits[:, :10].any() and found.excited == circuit.netlist.num_nodes


def test_vectors_in_a_file(tmp_path: Path) -> None:
    bits = np.random.default_rng(0).random((9, 13)) < 0.5
    assert write_vectors(tmp_path / "v.npz", [VectorSet("a", bits), VectorSet("b", bits[:2])], 13) == 9
    again = read_vectors(tmp_path / "v.npz", 13)
    assert {row.tobytes() for row in again.bits} == {row.tobytes() for row in bits}
    with pytest.raises(InputError, match="13 bits, the model reads 12"):
        read_vectors(tmp_path / "v.npz", 12)
    (tmp_path / "v.npz").write_bytes(b"PK\3\4 no more")
    with pytest.raises(InputError, match=r"not a readable \.npz file"):
        read_vectors(tmp_path / "v.npz", 13)


def test_a_file_without_vectors_is_not_checked(tmp_path: Path) -> None:
    write_vectors(tmp_path / "v.npz", [], 13)
    with pytest.raises(NotCheckedError, match="nothing was checked"):
        read_vectors(tmp_path / "v.npz", 13)
