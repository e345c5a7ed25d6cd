"""The levels O0, O1 and O2: every score is kept, a second time changes nothing, and size costs linear time."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from strategies import all_inputs, circuits, random_circuit, random_inputs

from lgc.errors import OptionError
from lgc.ir import Builder, Circuit, Encoder, Head, interp, to_text, verify_circuit
from lgc.passes import EXACT_LEVELS, PASSES, PIPELINES, PassManager, Repeat, optimize
from lgc.passes.thermometer import ThermometerFold


def one_group(builder: Builder, outputs: list[int]) -> Circuit:
    return Circuit("x", Encoder(builder.num_inputs), builder.build(outputs), Head.equal_groups(len(outputs), ("a",)))


@pytest.mark.parametrize("level", PIPELINES)
@given(circuit=circuits())
@settings(max_examples=60)
def test_every_level_keeps_every_score_and_is_idempotent(level: str, circuit: Circuit) -> None:
    """For all inputs, with every invariant checked between the passes."""
    before = to_text(circuit)
    manager = PassManager(check=True)
    after = manager.run(circuit, PIPELINES[level])
    bits = all_inputs(circuit.netlist.num_inputs)
    if after.assumes:
        assert level not in EXACT_LEVELS
        bits = circuit.encoder.ordered(bits)
    assert np.array_equal(interp.scores(after, bits), interp.scores(circuit, bits))
    assert after.netlist.num_nodes <= circuit.netlist.num_nodes
    assert to_text(circuit) == before

    again = PassManager(check=True)
    assert to_text(again.run(after, PIPELINES[level])) == to_text(after)
    assert not any(stats.changed for stats in again.stats)


@given(circuits())
def test_o2_leaves_nothing_for_any_pass(circuit: Circuit) -> None:
    """The end of the pipeline is a fixed point of each pass in it."""
    after = optimize(circuit, "O2")
    for pass_class in set(PASSES.values()) - {ThermometerFold}:
        assert pass_class().run(after).circuit.digest() == after.digest()


@given(circuits())
def test_levels_are_never_worse_than_the_level_below(circuit: Circuit) -> None:
    sizes = [optimize(circuit, level).netlist.num_nodes for level in PIPELINES]
    assert sizes == sorted(sizes, reverse=True)


@pytest.mark.parametrize("arity", [2, 4, 6])
def test_wide_layered_circuits_keep_their_scores(arity: int) -> None:
    """As training makes them: too wide for all inputs, so 4,096 random ones."""
    circuit = random_circuit(60, [400, 300, 200], 10, arity=arity, seed=arity)
    after = PassManager(check=True).run(circuit, PIPELINES["O2"])
    bits = random_inputs(60, 4096)
    assert np.array_equal(interp.scores(after, bits), interp.scores(circuit, bits))
    assert to_text(optimize(after, "O2")) == to_text(after)


def test_o0_is_the_same_circuit() -> None:
    circuit = random_circuit(5, [20])
    assert optimize(circuit, "O0") is circuit


def test_o1_makes_no_new_sharing() -> None:
    """Its promise: what is left are gates of the model, one node a neuron."""
    builder = Builder(2)
    twins = [builder.gate("and", 2, 3), builder.gate("and", 2, 3), builder.gate("nand", 2, 3)]
    assert optimize(one_group(builder, twins), "O1").netlist.num_nodes == 3
    assert optimize(one_group(builder, twins), "O2").netlist.num_nodes == 1


def test_o2_turns_constant_and_complementary_outputs_into_bias() -> None:
    builder = Builder(2)
    g, h = builder.gate("and", 2, 3), builder.gate("nand", 3, 2)
    one = builder.gate("one", 2, 3)
    after = optimize(one_group(builder, [g, h, one, 2, 0]), "O2")
    assert after.netlist.num_nodes == 0
    assert after.netlist.outputs.tolist() == [2]
    assert after.head.bias.tolist() == [2]


def two_rails(depth: int) -> Circuit:
    """Dual-rail logic: each level computes g and not g, from the g and not g of the level before.

    All of it is one chain of gates, and which two nodes are complements shows only level after level.
    """
    builder = Builder(depth + 1)
    true, false = 2, builder.add(1, (2,))
    for level in range(depth):
        x = 3 + level
        if level % 2:
            true, false = builder.gate("and", true, x), builder.gate("ornot", false, x)
        else:
            true, false = builder.gate("xor", false, x), builder.gate("xor", true, x)
    return one_group(builder, [true, false])


@pytest.mark.parametrize("depth", [3, 30])
def test_o2_collapses_dual_rail_logic_of_any_depth(depth: int) -> None:
    """No number of rounds that would be enough for a shallow circuit may limit a deep one."""
    circuit = two_rails(depth)
    after = optimize(circuit, "O2")
    assert after.netlist.num_outputs == 0, "the two rails are complements: bias 1"
    assert after.head.bias.tolist() == [1]
    kept = replace(circuit, head=Head([0, 1, 2], [0, 0], ("a", "b")))
    after = optimize(kept, "O2")
    assert after.netlist.num_nodes == depth + 1, "one rail, and an inverter at its end"
    assert to_text(optimize(after, "O2")) == to_text(after)
    bits = random_inputs(depth + 1, 1000)
    assert np.array_equal(interp.scores(after, bits), interp.scores(kept, bits))


def test_o2_reaches_its_end_before_the_limit_of_rounds() -> None:
    for circuit in (two_rails(30), random_circuit(30, [300] * 6, 3, seed=3)):
        manager = PassManager()
        manager.run(circuit, PIPELINES["O2"])
        repeats = [item for item in PIPELINES["O2"] if isinstance(item, Repeat)]
        rounds = sum(stats.name == repeats[0].passes[0].name for stats in manager.stats)
        assert rounds < repeats[0].limit


def xor_chain(depth: int) -> Circuit:
    builder = Builder(8)
    net = 2
    for index in range(depth):
        net = builder.gate("xor" if index % 3 else "and", net, 2 + index % 8)
    return one_group(builder, [net])


def inverter_chain(depth: int) -> Circuit:
    builder = Builder(1)
    net = 2
    for _ in range(depth):
        net = builder.add(1, (net,))
    return one_group(builder, [net])


def interleaved(depth: int) -> Circuit:
    """Many short chains, written one after the other: in file order every run is one node long."""
    builder = Builder(8)
    ends = []
    for chain in range(depth // 8):
        net = 2 + chain % 8
        for index in range(8):
            net = builder.gate("xor" if index % 2 else "nand", net, 2 + (chain * 5 + index * 3) % 8)
        ends.append(net)
    return one_group(builder, ends)


CHAINS = [xor_chain, inverter_chain, interleaved]


@pytest.mark.parametrize("make", [pytest.param(xor_chain, marks=pytest.mark.slow), interleaved])
def test_20000_gates_deep_is_no_recursion_error(make: Callable[[int], Circuit]) -> None:
    circuit = make(20_000)
    after = optimize(circuit, "O1")
    verify_circuit(after)
    bits = random_inputs(circuit.netlist.num_inputs, 64)
    assert np.array_equal(interp.scores(after, bits), interp.scores(circuit, bits))


@pytest.mark.parametrize("make", CHAINS)
def test_deep_gates_take_linear_time(make: Callable[[int], Circuit]) -> None:
    """Eight times the gates take about eight times the time; quadratic would be 64 times."""

    def seconds(depth: int) -> float:
        circuit = make(depth)
        start = time.process_time()
        optimize(circuit, "O2")
        return time.process_time() - start

    seconds(100)
    assert seconds(4000) < 20 * seconds(500) + 0.5


@pytest.mark.parametrize("level", ["O1", "O2"])
def test_nodes_come_out_in_level_order(level: str) -> None:
    """Folding flattens: q1 falls from level 3 to 1 here and tears a run apart. Backends and a second run want it
    sorted, and operands ascending as the sweeps leave them."""
    builder = Builder(4)
    p1 = builder.gate("and", 2, 3)
    p2 = builder.gate("or", p1, 4)
    q1 = builder.add(0x66, (4, 5, p2))  # ignores p2
    q2 = builder.gate("andnot", p1, builder.gate("or", q1, 3))
    circuit = one_group(builder, [p1, p2, q1, q2])
    after = PassManager(check=True).run(circuit, PIPELINES[level])
    levels = after.netlist.levels[after.netlist.first_node :]
    assert levels.tolist() == sorted(levels)
    assert (np.diff(after.netlist.fanin[:, :2], axis=1) > 0).all()
    assert to_text(optimize(after, level)) == to_text(after)
    assert np.array_equal(interp.scores(after, all_inputs(4)), interp.scores(circuit, all_inputs(4)))


@given(circuits(max_inputs=8, max_nodes=40, max_arity=3))
def test_o2_is_in_level_order(circuit: Circuit) -> None:
    netlist = optimize(circuit, "O2").netlist
    assert len(list(netlist.runs())) <= len(netlist.wavefronts())


def test_an_unknown_level_is_an_option_error() -> None:
    with pytest.raises(OptionError, match=r"no optimisation level 'O9'.*O0, O1, O2"):
        optimize(random_circuit(2, [2], 1), "O9")
