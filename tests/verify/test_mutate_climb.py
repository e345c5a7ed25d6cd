"""A fault in a few nodes: proved to be unreached, or shown by an input on which the class is another."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import circuits, random_circuit

from lgc.ir import Builder, Circuit, Netlist, interp
from lgc.verify.formal.netlists import append, argmax
from lgc.verify.mutate.climb import near_ties, small_change


def class_of(circuit: Circuit) -> Netlist:
    """The class as a netlist: sums by full adders, and the argmax."""
    head, width = circuit.head, 8
    builder = Builder(circuit.netlist.num_inputs)
    nets = append(builder, circuit.netlist, np.arange(circuit.netlist.first_node, dtype=np.int32))
    words: list[int] = []
    for lo, hi in zip(head.offsets[:-1].tolist(), head.offsets[1:].tolist(), strict=True):
        total = [0] * width
        for vote in nets[circuit.netlist.outputs[lo:hi]].tolist():
            carry = vote
            for place in range(width):
                both = builder.add(0b1000, (total[place], carry))
                total[place] = builder.add(0b0110, (total[place], carry))
                carry = both
        words += total
    index = argmax(head, width, 3, signed=False)
    inputs = np.array([0, 1, *words], np.int32)
    return builder.build(append(builder, index, inputs)[index.outputs])


def with_entry(netlist: Netlist, node: int, entry: int) -> Netlist:
    table = netlist.table.copy()
    table[node] ^= np.uint64(1 << entry)
    return replace(netlist, table=table)


@settings(max_examples=40)
@given(circuits(), st.data())
def test_an_answer_is_right(circuit: Circuit, data: st.DataObject) -> None:
    """By all inputs: unreached is equal, an input that is given shows the fault, and reached is what it says."""
    good = circuit.netlist
    if not good.num_nodes:
        return
    bad = good
    nodes = data.draw(st.lists(st.integers(0, good.num_nodes - 1), min_size=1, max_size=3, unique=True))
    for node in nodes:
        bad = with_entry(bad, node, data.draw(st.integers(0, (1 << int(good.arity[node])) - 1)))
    change = small_change(good, bad)
    assert change is not None
    bits = (np.arange(1 << good.num_inputs)[:, None] >> np.arange(good.num_inputs) & 1).astype(np.bool_)
    # What a changed node makes of good operands is what it makes where it alone is changed.
    alone = [replace(good, table=np.where(np.arange(good.num_nodes) == node, bad.table, good.table)) for node in nodes]
    nets = np.array([good.first_node + node for node in nodes], np.int32)
    differs = [
        interp.evaluate(one.with_outputs(nets[[place]]), bits)
        != interp.evaluate(good.with_outputs(nets[[place]]), bits)
        for place, one in enumerate(alone)
    ]
    np.testing.assert_array_equal(interp.evaluate(change.reached, bits), np.any(differs, axis=0))
    wrong = (interp.evaluate(good, bits) != interp.evaluate(bad, bits)).any(axis=1)
    answer = change.decide(circuit, 0)
    if answer is False:
        assert not wrong.any()
    elif answer is not None:
        assert (interp.evaluate(good, answer[None]) != interp.evaluate(bad, answer[None])).any()


def test_faults_of_votes_are_shown_by_the_class_alone() -> None:
    """Of 400 votes one entry each: random inputs show few in the class, for its margin is seldom one vote."""
    circuit = random_circuit(80, [400], 4, arity=6, seed=2)
    good = class_of(circuit)
    rng, unshown = np.random.default_rng(0), 0
    bits = rng.random((200, 80)) < 0.5
    for node in (330, 6):  # whose operands differ, so that every entry is reached
        bad = with_entry(good, node, int(rng.integers(64)))
        unshown += not (interp.evaluate(good, bits) != interp.evaluate(bad, bits)).any()
        change = small_change(good, bad)
        answer = change.decide(circuit, 0) if change is not None else None
        assert isinstance(answer, np.ndarray)
        assert (interp.evaluate(good, answer[None]) != interp.evaluate(bad, answer[None])).any()
    assert unshown


def test_near_ties_are_near_and_differ() -> None:
    """Of random inputs of this network three in ten have a vote or none between the first two classes."""
    circuit = random_circuit(80, [400], 4, arity=6, seed=2)
    start = np.random.default_rng(0).random((256, 80)) < 0.5
    bits = near_ties(circuit, start, 0)
    scores = np.sort(interp.scores(circuit, bits), axis=1)
    assert (scores[:, -1] - scores[:, -2] <= 1).mean() > 0.95
    assert len(np.unique(bits, axis=0)) == len(bits)


def test_many_changes_and_other_shapes_are_left_to_others() -> None:
    netlist = random_circuit(6, [40], 2, seed=1).netlist
    many = netlist
    for node in range(9):
        many = with_entry(many, node, 1)
    assert small_change(netlist, many) is None
    assert small_change(netlist, netlist) is None
    assert small_change(netlist, random_circuit(6, [42], 2, seed=1).netlist) is None
