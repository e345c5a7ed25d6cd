"""What a class counts in C: fewer words than it has votes, and the same sum."""

from __future__ import annotations

import itertools
import random
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from strategies import all_inputs, netlists

from lgc.backend.c.trails import GROUND, Edge, Vote, XorGraph
from lgc.backend.c.votes import _with, votes_of
from lgc.ir import Builder, Netlist
from lgc.ir.interp import evaluate_nets, pack, unpack

XOR, XNOR, AND, OR, NOT = 0b0110, 0b1001, 0b1000, 0b1110, 0b01


def counted(netlist: Netlist, counts: dict[int, int]) -> tuple[list[Vote], int]:
    read = np.bincount(netlist.fanin.ravel(), minlength=netlist.num_nets) > 0
    return votes_of(netlist, counts, read)


def values_of(netlist: Netlist) -> NDArray[np.int64]:
    """int64 (nets, inputs to try)."""
    bits = all_inputs(netlist.num_inputs)
    return unpack(evaluate_nets(netlist, pack(bits)), len(bits)).astype(np.int64).T


def check_sum(netlist: Netlist, counts: dict[int, int]) -> list[Vote]:
    """The words and the constant add up to the votes, whatever the inputs are."""
    values = values_of(netlist)
    votes, constant = counted(netlist, counts)
    total = np.full(values.shape[1], constant)
    for vote in votes:
        address = sum(values[net] << place for place, net in enumerate(vote.operands))
        total += vote.times * (vote.table >> address & 1)
    want = sum((times * values[net] for net, times in counts.items()), np.zeros(values.shape[1], np.int64))
    np.testing.assert_array_equal(total, want)
    assert len(votes) <= len(counts)
    assert (votes, constant) == counted(netlist, counts)
    return votes


def gates(num_inputs: int, wanted: list[tuple[int, tuple[int, ...]]]) -> tuple[Netlist, dict[int, int]]:
    """A netlist of these gates, given as tables and inputs, each a vote."""
    builder = Builder(num_inputs, cons=False)
    nets = [builder.add(table, [2 + place for place in inputs]) for table, inputs in wanted]
    return builder.build(nets), dict(Counter(nets))


@given(netlists(), st.randoms(use_true_random=False))
def test_words_add_up_to_the_votes(netlist: Netlist, rng: random.Random) -> None:
    """Any netlist, any of its nets as votes, some of them several times."""
    nets = [rng.randrange(netlist.num_nets) for _ in range(rng.randrange(12))]
    check_sum(netlist, dict(Counter(nets)))


@pytest.mark.parametrize("seed", range(60))
def test_words_add_up_to_the_votes_of_many_xors(seed: int) -> None:
    """Graphs from few edges to many, with gates that take ends in, inputs, complements, and parallel edges."""
    rng = random.Random(seed)
    tables = rng.choice([[XOR], [XOR, XNOR], [XOR, XNOR, AND, OR, 0b0100, 0b1101], list(range(16))])
    pairs = [rng.sample(range(8), 2) for _ in range(rng.randrange(1, 40))]
    wanted = [(rng.choice(tables), tuple(pair)) for pair in pairs]
    wanted += [(NOT, (rng.randrange(8),)) for _ in range(rng.randrange(4))]
    netlist, counts = gates(8, wanted)
    for place in rng.sample(range(8), rng.randrange(4)):
        counts[2 + place] = rng.randrange(1, 3)
    check_sum(netlist, counts)


@pytest.mark.parametrize("length", range(2, 12))
def test_a_round_of_xors_is_half_as_many_words(length: int) -> None:
    """Nothing but functions of three nets with weight two, where the round is of even length."""
    netlist, counts = gates(length, [(XOR, (place, (place + 1) % length)) for place in range(length)])
    votes = check_sum(netlist, counts)
    assert len(votes) == -(-length // 2)
    if length > 2 and length % 2 == 0:
        assert all(len(vote.operands) == 3 and vote.times == 2 for vote in votes)


def test_a_row_of_xors_has_two_ends() -> None:
    netlist, counts = gates(11, [(XOR, (place, place + 1)) for place in range(10)])
    assert sorted(len(vote.operands) for vote in check_sum(netlist, counts)) == [1, 1, 3, 3, 3, 3, 3]


def test_gates_take_in_the_ends() -> None:
    """An AND at either end, of the right signs: not one word more."""
    xors = [(XOR, (place, place + 1)) for place in range(4)]
    netlist, counts = gates(7, [*xors, (0b1101, (0, 5)), (AND, (4, 6))])
    votes = check_sum(netlist, counts)
    assert sorted((len(vote.operands), vote.times) for vote in votes) == [(2, 1), (2, 1), (3, 2), (3, 2)]


def test_a_gate_takes_in_two_ends() -> None:
    """Both ends of the only trail are operands of one gate: it becomes the gate that counts for all three."""
    xors = [(XOR, (place, place + 1)) for place in range(4)]
    for table in (AND, OR, 0b0010, 0b0100, 0b0111, 0b0001, 0b1101, 0b1011):
        netlist, counts = gates(5, [*xors, (table, (0, 4))])
        votes = check_sum(netlist, counts)
        assert len(votes) == 3 + (table in (AND, OR, 0b0111, 0b0001)), table


def test_constants_as_operands() -> None:
    """Optimised circuits have none; what reads them is counted as it is."""
    builder = Builder(3, cons=False)
    nets = [builder.add(XNOR, [0, 1]), builder.add(XOR, [0, 2]), builder.add(NOT, [1]), builder.add(AND, [1, 3])]
    nets += [builder.add(XOR, [2, 2]), builder.add(XOR, [2, 3]), builder.add(XOR, [3, 4])]
    netlist = builder.build(nets)
    check_sum(netlist, dict.fromkeys([*nets, 0, 1], 1))


def test_a_gate_that_is_read_elsewhere_is_counted_as_it_is() -> None:
    builder = Builder(9, cons=False)
    nets = [builder.add(XOR, [2 + place, 2 + (place + 1) % 8]) for place in range(8)]
    netlist = builder.build([*nets, builder.add(AND, [nets[0], 10])])
    votes = check_sum(netlist, dict.fromkeys(nets, 1))
    assert Vote((nets[0],)) in votes and len(votes) < 8


def test_a_function_with_an_operand_more() -> None:
    """All gates, operands and signs: a bit and a constant, or it takes three values."""
    for table, place, sign in itertools.product(range(16), (0, 1), (1, -1)):
        values = [(table >> address & 1) + sign * (address >> place & 1) for address in range(4)]
        made = _with(table, place, sign)
        if made is None:
            assert max(values) - min(values) > 1
        else:
            assert values == [(made[0] >> address & 1) + made[1] for address in range(4)]


@pytest.mark.parametrize("seed", range(30))
def test_trails_have_each_edge_once(seed: int) -> None:
    """Edges follow one another, and as few trails as odd nodes allow."""
    rng = random.Random(seed)
    pairs = [tuple(rng.sample(range(rng.choice([5, 12])), 2)) for _ in range(rng.randrange(1, 40))]
    edges = [Edge(net, (a, b)) for net, (a, b) in enumerate(pairs)]
    trails = list(XorGraph(edges).take_trails())
    assert sorted(edge.net for trail in trails for edge in trail.edges) == list(range(len(edges)))
    for trail in trails:
        for edge, step in zip(trail.edges, itertools.pairwise(trail.nodes), strict=True):
            assert {*edge.ends} == {*step}
    open_ends = Counter(end for trail in trails if trail.edges for end in (trail.nodes[0], trail.nodes[-1]))
    degrees = Counter(end for edge in edges for end in edge.ends)
    assert {node for node, count in open_ends.items() if count % 2} == {n for n, count in degrees.items() if count % 2}


def test_edges_that_are_taken_leave_no_dear_odd_node_beside_another() -> None:
    """A star of five rays: two pairs of rays would be ends; four edges that are taken leave none but one ray's."""
    edges = [Edge(ray, (10, 20 + ray)) for ray in range(5)]
    graph = XorGraph(edges)
    taken = list(graph.take_between_odd_nodes(cheap=()))
    assert len(taken) in (4, 5)
    left = [trail for trail in graph.take_trails() if trail.edges]
    assert sum(len(trail.edges) for trail in left) == 5 - len(taken)
    assert not list(XorGraph(edges).take_between_odd_nodes(cheap=[10, *range(20, 25)]))


def chain(*nodes: int) -> list[Edge]:
    return [Edge(net, step) for net, step in enumerate(itertools.pairwise(nodes))]


def test_edges_are_taken_between_dear_nodes_that_are_near() -> None:
    """From a dear node to any odd one beside it, to a dear one three edges away, and to the constant."""
    assert len(list(XorGraph(chain(5, 6)).take_between_odd_nodes(cheap=[6]))) == 1
    assert len(list(XorGraph(chain(5, 6, 7)).take_between_odd_nodes(cheap=[7]))) == 0
    assert len(list(XorGraph(chain(5, 6, 7, 8)).take_between_odd_nodes(cheap=()))) == 3
    assert len(list(XorGraph(chain(5, 6, 7, 8, 9)).take_between_odd_nodes(cheap=()))) == 0
    assert len(list(XorGraph(chain(5, 6, GROUND)).take_between_odd_nodes(cheap=()))) == 2
    # Without its first edge node 6 is even, so that the second one stays.
    edges = [Edge(0, (5, 6)), Edge(1, (7, 6)), Edge(2, (6, 8)), Edge(3, (8, 9))]
    assert len(list(XorGraph(edges).take_between_odd_nodes(cheap=[6, 9]))) == 1


def test_an_end_at_the_constant_counts_nothing() -> None:
    (trail,) = XorGraph(chain(GROUND, 5, 6)).take_trails()
    assert {*trail.ends(flip=False)[0]} == {*trail.ends(flip=True)[0]} == {6}


def test_trails_begin_at_the_constant() -> None:
    """Two inputs and the XORs between them: the round goes through the constant, so no end is left."""
    graph = XorGraph([Edge(1, (7, GROUND)), Edge(2, (8, GROUND)), Edge(3, (7, 9)), Edge(4, (9, 8))])
    (trail,) = graph.take_trails()
    assert trail.nodes[0] == trail.nodes[-1] == GROUND
    assert trail.ends(flip=False) == (Counter(), 0)
