"""Stages: every node has one place, and nothing reads what comes later."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from strategies import circuits, random_circuit

from lgc.backend.sections import INPUT, VOTES, cut_sections
from lgc.ir import Builder, Circuit, Encoder, Head


@given(circuits())
def test_every_node_has_one_place_and_the_votes_are_the_outputs(circuit: Circuit) -> None:
    partition = cut_sections(circuit)
    netlist = circuit.netlist
    placed = [int(node) for one in partition.sections for node in one.nodes if node >= 0]
    assert sorted(placed) == list(range(netlist.num_nodes))
    votes = partition.sections[-1]
    nets = [int(n) + netlist.first_node if n >= 0 else -1 - int(n) for n in votes.nodes]
    assert nets == netlist.outputs.tolist()


@given(circuits())
def test_stages_read_earlier_stages_only_and_name_all_that_they_read(circuit: Circuit) -> None:
    partition = cut_sections(circuit)
    netlist = circuit.netlist
    known = {INPUT}
    for one in partition.sections:
        assert set(one.reads) <= known
        read = set()
        for node in one.nodes.tolist():
            nets = [-1 - node] if node < 0 else netlist.fanin[node, : netlist.arity[node]].tolist()
            read |= {partition.references[net].split("[")[0] for net in nets if net > 1}
        assert read == set(one.reads)
        assert one.name not in known
        known.add(one.name)
    assert partition.sections[-1].name == VOTES


@given(circuits())
def test_references_are_different_and_in_range(circuit: Circuit) -> None:
    partition = cut_sections(circuit)
    widths = {one.name: one.width for one in partition.sections} | {INPUT: circuit.netlist.num_inputs}
    used = [text for text in partition.references[2:] if text]
    assert len(set(used)) == len(used)
    for text in used:
        name, _, index = text.rstrip("]").partition("[")
        assert 0 <= int(index) < widths[name]


def test_a_layer_is_a_stage_of_its_name_and_the_last_one_the_votes() -> None:
    partition = cut_sections(random_circuit(8, [6, 5, 4], seed=1))
    assert [one.name for one in partition.sections] == ["layer1", "layer2", VOTES]
    assert [one.width for one in partition.sections] == [6, 5, 4]


def test_no_stage_is_named_like_the_top_module() -> None:
    names = [one.name for one in cut_sections(random_circuit(8, [6, 5, 4], seed=1), "layer1").sections]
    assert names == ["layer1_2", "layer2", VOTES]


def test_a_layer_whose_nodes_read_each_other_is_cut() -> None:
    builder = Builder(2)
    handles = builder.layer("chain", 3)
    net = 2
    for handle in handles.tolist():
        net = builder.gate("nand", net, 3, handle)
    circuit = Circuit("c", Encoder(2), builder.build([net, net]), Head.equal_groups(2, ("a",)))
    assert [one.name for one in cut_sections(circuit).sections] == ["chain", "chain_2", "chain_3", VOTES]


def test_without_nodes_all_votes_are_copies() -> None:
    circuit = Circuit("c", Encoder(2), Builder(2).build([0, 1, 3, 3]), Head.equal_groups(4, ("a", "b")))
    (votes,) = cut_sections(circuit).sections
    np.testing.assert_array_equal(votes.nodes, [-1, -2, -4, -4])
    assert votes.reads == (INPUT,)
