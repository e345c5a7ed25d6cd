"""Chains without an idle end: what recipes take is there, sums are right however they are laid out, in few tables."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mapped_netlists import check
from strategies import all_inputs, circuits, random_circuit, random_inputs

from lgc.bench.auto import network
from lgc.ir import Builder, Circuit, Encoder, Head
from lgc.mapping.heads.carry import CarryColumns, CarryHead
from lgc.mapping.heads.columns import Columns
from lgc.mapping.heads.copies import copy_inputs
from lgc.mapping.heads.dense import DenseColumns
from lgc.mapping.heads.literals import LUT, SUM
from lgc.mapping.heads.plan import Mapped
from lgc.mapping.heads.recipes import ADD, ONE, SIX, finish
from lgc.mapping.mapped_parse import parse
from lgc.mapping.mapped_text import to_lgm
from lgc.mapping.mapped_verify import verify_mapped

FULL = {ADD: 4, SIX: 6, ONE: 2}


class DenseHead(CarryHead):
    """Dense chains, whether they are smaller or not."""

    columns: ClassVar[tuple[type[Columns], ...]] = (DenseColumns,)


class SparseHead(CarryHead):
    """The chains that there were before."""

    columns: ClassVar[tuple[type[Columns], ...]] = (CarryColumns,)


DENSE = DenseHead()


@given(heights=st.lists(st.integers(0, 7), min_size=1, max_size=8).map(tuple))
@settings(max_examples=40, deadline=None)
def test_recipes_take_what_is_there_and_leave_a_bit_a_column(heights: tuple[int, ...]) -> None:
    now, width = [*heights], len(heights)
    for recipe in finish(heights):
        place, before, made = recipe.base, None, [0] * (width + 2)
        for index, step in enumerate(recipe.steps):
            assert step.takes <= FULL[step.kind] + (recipe.carry_in and not index)
            assert not (recipe.carry_in and not index and step.kind == ADD)  # its second output is the chain's
            assert not step.linked or before == ADD
            now[place] -= step.takes - step.linked
            made[place] -= step.linked
            assert now[place] >= 0
            made[place] += 1
            made[place + 1] += step.kind != ONE  # the second output, or the second sum
            place, before = place + step.span, step.kind
        made[min(place, width)] += 1
        now = [old + new for old, new in zip(now, made, strict=False)]
    assert max(now) <= 1


@pytest.mark.parametrize(("heights", "tables"), [
    ((7,), 2), ((3, 3, 3), 3), ((4, 3, 3, 0), 4), ((7, 0, 6, 0, 0), 4), ((2, 2, 2), 3), ((1, 1, 1), 0),
    ((4, 4, 6, 4, 2, 0, 0), 9),
])  # fmt: skip
def test_recipes_of_few_tables_are_found(heights: tuple[int, ...], tables: int) -> None:
    assert sum(step.span for recipe in finish(heights) for step in recipe.steps) == tables


@settings(max_examples=12, deadline=None)
@given(circuit=circuits(max_outputs=40), outputs=st.sampled_from(["both", "class", "scores"]))
def test_dense_chains_equal_the_interpreter_and_their_plan_is_proved(circuit: Circuit, outputs: str) -> None:
    mapped = DENSE.map(circuit, outputs=outputs, effort=0)
    check(circuit, mapped, all_inputs(circuit.netlist.num_inputs))
    for one in (mapped, copy_inputs(mapped)):
        verify_mapped(one, circuit)
        assert to_lgm(parse(to_lgm(one))) == to_lgm(one)


@pytest.mark.parametrize("circuit", [
    *(random_circuit(40, [150], 3, arity=arity, seed=arity) for arity in (2, 3, 4, 5, 6)),
    random_circuit(40, [60, 90], 3, arity=5, seed=7),
    network(48, [160], 4, seed=10, features=12),
    network(40, [300], 3, seed=6, bias=70),
], ids=["2", "3", "4", "5", "6", "layers", "features", "biases"])  # fmt: skip
def test_votes_of_every_width_are_counted(circuit: Circuit) -> None:
    mapped = DENSE.map(circuit, effort=0)
    check(circuit, mapped, random_inputs(circuit.netlist.num_inputs, 400))
    verify_mapped(mapped, circuit)


def popcount(mapped: Mapped) -> int:
    return mapped.luts["popcount"]


@pytest.mark.parametrize(
    ("arity", "votes", "tables"), [(6, 100, 149), (6, 200, 300), (5, 100, 125), (5, 200, 250), (4, 100, 125)]
)
def test_two_bits_go_for_a_table_and_half_of_the_small_votes_for_nothing(arity: int, votes: int, tables: int) -> None:
    """Of 100 votes of six nets 94 bits go in 49 tables; of five nets, half of the votes are full adders besides."""
    circuit = random_circuit(400, [votes], 1, arity=arity, seed=1)
    seen = popcount(CarryHead().map(circuit, outputs="scores", effort=0))
    assert seen <= tables
    assert seen < 0.95 * popcount(SparseHead().map(circuit, outputs="scores", effort=0))


def test_a_vote_of_five_nets_begins_a_chain_with_two_bits_more() -> None:
    circuit = random_circuit(400, [60], 1, arity=5, seed=1)
    mapped = DENSE.map(circuit, outputs="scores", effort=0)
    first = mapped.netlist.first_node
    starts = [chain for chain in mapped.chains if chain.carry_in and mapped.netlist.arity[chain.select[0] - first] == 6]
    assert len(starts) > 20
    for chain in starts:  # the table's second output is what the chain carries on
        assert (chain.select[0], chain.data[0]) in mapped.packed
        assert mapped.kind[chain.sums[0] - first] == SUM and mapped.kind[chain.select[0] - first] == LUT
    assert sum(len(one.swallowed) for one in mapped.compressors) >= 28


def test_two_votes_on_the_same_nets_take_one_position() -> None:
    """Pairs on the same five nets: the sum leaves by one output, the carry by the other, and a bit comes in besides."""
    rng = np.random.default_rng(4)
    builder = Builder(200)
    votes = []
    for _ in range(40):
        nets = tuple(rng.choice(200, 5, replace=False) + 2)
        votes += [builder.add(int(table), nets) for table in rng.integers(1, 1 << 32, 2)]
    netlist = builder.build([*votes, *range(2, 22)])
    circuit = Circuit("pairs", Encoder(200), netlist, Head(np.array([0, 100]), np.array([0]), ("one",)))
    mapped = DENSE.map(circuit, outputs="scores", effort=0)
    check(circuit, mapped, random_inputs(200, 300))
    verify_mapped(mapped, circuit)
    twos = [piece for one in mapped.compressors for piece in one.swallowed if max(piece.values) == 2]
    assert len(twos) >= 20 and all(len(piece.nets) == 5 for piece in twos)
    assert popcount(mapped) < 40 + (40 + 100) / 2


@pytest.mark.parametrize("seed", range(3))
def test_the_smaller_of_both_ways_is_taken_class_by_class(seed: int) -> None:
    circuit = random_circuit(30, [90], 3, seed=seed)
    both, sparse, dense = (popcount(head.map(circuit, effort=0)) for head in (CarryHead(), SparseHead(), DENSE))
    assert both <= min(sparse, dense) + 2  # tables of the last stages may still pair up, which no trial foresees
