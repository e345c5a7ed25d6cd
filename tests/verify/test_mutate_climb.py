"""A fault in a few nodes: proved to be unreached, or shown by an input on which the class is another."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import circuits, random_circuit

from lgc.ir import Builder, Circuit, Netlist, interp
from lgc.verify.formal.netlists import append, argmax
from lgc.verify.mutate.climb import _gaps, near_ties, small_change


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


def with_operand(netlist: Netlist, node: int, place: int, net: int) -> Netlist:
    fanin = netlist.fanin.copy()
    fanin[node, place] = net
    return replace(netlist, fanin=fanin)


def renumbered(netlist: Netlist, seed: int) -> Netlist:
    """The same nodes in another order, operands first."""
    rng, first = np.random.default_rng(seed), netlist.first_node
    builder, nets = Builder(netlist.num_inputs), dict(enumerate(range(first)))
    left = list(range(netlist.num_nodes))
    while left:
        operands = {node: netlist.fanin[node, : netlist.arity[node]].tolist() for node in left}
        node = int(rng.choice([node for node in left if all(net in nets for net in operands[node])]))
        nets[first + node] = builder.add(int(netlist.table[node]), [nets[net] for net in operands[node]])
        left.remove(node)
    return builder.build([nets[net] for net in netlist.outputs.tolist()])


def evaluated(netlist: Netlist) -> np.ndarray:
    """Its outputs for all inputs."""
    bits = (np.arange(1 << netlist.num_inputs)[:, None] >> np.arange(netlist.num_inputs) & 1).astype(np.bool_)
    return interp.evaluate(netlist, bits)


def draw_fault(data: st.DataObject, netlist: Netlist, node: int) -> Netlist:
    """An entry of a table, or an operand."""
    arity = int(netlist.arity[node])
    if not arity or data.draw(st.booleans()):
        return with_entry(netlist, node, data.draw(st.integers(0, (1 << arity) - 1)))
    net = data.draw(st.integers(0, netlist.first_node + node - 1))
    return with_operand(netlist, node, data.draw(st.integers(0, arity - 1)), net)


@settings(max_examples=60)
@given(circuits(), st.data())
def test_an_answer_is_right(circuit: Circuit, data: st.DataObject) -> None:
    """By all inputs: unreached is equal, an input that is given shows the fault, and none shows it unreached."""
    good = circuit.netlist
    if not good.num_nodes:
        return
    bad = good
    nodes = data.draw(st.lists(st.integers(0, good.num_nodes - 1), min_size=1, max_size=3, unique=True))
    for node in nodes:
        bad = draw_fault(data, bad, node)
    bad = renumbered(bad, data.draw(st.integers(0, 99)))
    change = small_change(good, bad)
    if change is None:  # a changed operand that is changed itself: such pairs are left to others
        assert len(nodes) > 1
        return
    wrong = (evaluated(good) != evaluated(bad)).any(axis=1)
    reached = evaluated(change.reached)[:, 0]
    assert not (wrong & ~reached).any()
    answer = change.decide(circuit, 0)
    if answer is False:
        assert not wrong.any() and not reached.any()
    elif answer is not None:
        assert (interp.evaluate(good, answer[None]) != interp.evaluate(bad, answer[None])).any()


@settings(max_examples=40)
@given(circuits(), st.data())
def test_the_node_that_differs_is_found(circuit: Circuit, data: st.DataObject) -> None:
    """In another order: the fault is reached where its node makes another value, and nowhere else."""
    good = circuit.netlist
    live = np.flatnonzero(good.live(good.outputs)[good.first_node :])
    if not len(live):
        return
    node = int(data.draw(st.sampled_from(live.tolist())))
    bad = draw_fault(data, good, node)
    nets = np.array([good.first_node + node], np.int32)
    differs = evaluated(good.with_outputs(nets)) != evaluated(bad.with_outputs(nets))
    change = small_change(good, renumbered(bad, data.draw(st.integers(0, 99))))
    assert change is not None
    np.testing.assert_array_equal(evaluated(change.reached), differs)


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


def test_how_near_classes_are() -> None:
    """To the best other class, for each class; the nearest of them is the pair of the first two."""
    circuit = random_circuit(60, [300], 6, arity=6, seed=4)
    bits = near_ties(circuit, np.random.default_rng(0).random((256, 60)) < 0.5, 0)
    scores = interp.scores(circuit, bits)
    for aim in range(6):
        best = np.delete(scores, aim, axis=1).max(axis=1)
        np.testing.assert_array_equal(_gaps(circuit, bits, aim), np.abs(scores[:, aim] - best))
    first = np.sort(scores, axis=1)
    np.testing.assert_array_equal(_gaps(circuit, bits), first[:, -1] - first[:, -2])
    assert (np.min([_gaps(circuit, bits, aim) for aim in range(6)], axis=0) == _gaps(circuit, bits)).all()


def test_near_ties_are_near_and_differ() -> None:
    """Of random inputs of this network three in ten have a vote or none between the first two classes."""
    circuit = random_circuit(80, [400], 4, arity=6, seed=2)
    start = np.random.default_rng(0).random((256, 80)) < 0.5
    bits = near_ties(circuit, start, 0)
    scores = np.sort(interp.scores(circuit, bits), axis=1)
    assert (scores[:, -1] - scores[:, -2] <= 1).mean() > 0.95
    assert len(np.unique(bits, axis=0)) == len(bits)


def test_many_changes_and_other_shapes_are_left_to_others() -> None:
    circuit = random_circuit(6, [40], 2, seed=1)
    netlist = circuit.netlist
    many = netlist
    for node in range(9):
        many = with_entry(many, node, 1)
    assert small_change(netlist, many) is None
    same = small_change(netlist, renumbered(netlist, 0))
    assert same is not None and same.decide(circuit, 0) is False
    assert small_change(netlist, random_circuit(6, [42], 2, seed=1).netlist) is None
