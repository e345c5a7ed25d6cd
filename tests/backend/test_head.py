"""Mapped heads: compressors one by one, sums by weight, and the whole against the interpreter."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mapped_netlists import HEADS, Architecture, check, swallowed, value, values_of, weigh
from strategies import all_inputs, circuits, random_circuit, random_inputs

from lgc.errors import OptionError
from lgc.frontend import load_circuit
from lgc.ir import Circuit
from lgc.ir.interp import scores
from lgc.ir.tables import cofactors
from lgc.mapping.heads.argmax import ARCHITECTURES
from lgc.mapping.heads.literals import reduce_table
from lgc.mapping.heads.mapped import map_circuit
from lgc.passes import PIPELINES, PassManager


@pytest.mark.parametrize("head", HEADS)
@given(circuit=circuits(), outputs=st.sampled_from(["both", "class", "scores"]),
       argmax=st.sampled_from(sorted(ARCHITECTURES)))  # fmt: skip
def test_every_head_equals_the_interpreter(head: Architecture, circuit: Circuit, outputs: str, argmax: str) -> None:
    mapped = map_circuit(circuit, head=head[0], lut=head[1], outputs=outputs, argmax=argmax)  # type: ignore[arg-type]
    assert bool(mapped.scores) == (outputs != "class")
    assert bool(mapped.class_id) == (outputs != "scores")
    check(circuit, mapped, all_inputs(circuit.netlist.num_inputs))


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize(("widths", "classes"), [([400], 4), ([90, 120], 3), ([63], 7), ([64], 1), ([130], 13)])
def test_heads_of_layered_networks(head: Architecture, widths: list[int], classes: int) -> None:
    circuit = random_circuit(40, [*widths[:-1], widths[-1] // classes * classes], classes, seed=head[1])
    bias = np.random.default_rng(head[1]).integers(-99, 99, classes)
    biased = replace(circuit, head=replace(circuit.head, bias=bias, tie="last"))
    bits = random_inputs(40, 300)
    for one in (circuit, biased):
        check(one, map_circuit(one, head=head[0], lut=head[1]), bits)


@pytest.mark.parametrize("head", HEADS)
def test_the_plan_conserves_every_weight(head: Architecture) -> None:
    """Pieces make the score, each compressor keeps the sum, and each bit is used exactly once."""
    circuit = random_circuit(30, [360], 3, seed=5)
    mapped = map_circuit(circuit, head=head[0], lut=head[1])
    nets = values_of(mapped, random_inputs(30, 500))
    expected = scores(circuit, random_inputs(30, 500))
    modulus = 1 << mapped.width
    for group, constant in enumerate(mapped.constants):
        pieces = [piece for piece in mapped.pieces if piece.group == group]
        start = [bit for piece in pieces for bit in piece.bits] + list(mapped.linear[group])
        inner = [piece for one in mapped.compressors if one.group == group for piece in one.swallowed]
        total = weigh(nets, tuple(start)) + constant + swallowed(nets, inner)
        np.testing.assert_array_equal(total % modulus, expected[:, group] % modulus)
        open_bits = Counter(start)
        for one in (one for one in mapped.compressors if one.group == group):
            inside = weigh(nets, one.inputs) + one.constant + swallowed(nets, one.swallowed)
            np.testing.assert_array_equal(inside % modulus, weigh(nets, one.outputs) % modulus)
            assert not Counter(one.inputs) - open_bits, "an input that is no open bit"
            open_bits = open_bits - Counter(one.inputs) + Counter(bit for bit in one.outputs if bit[0] > 1)
        assert all(count == 1 for count in Counter(exponent for _, exponent in open_bits.elements()).values())
    for piece in mapped.pieces:
        np.testing.assert_array_equal(value(nets, piece), piece.offset + weigh(nets, piece.bits))


@pytest.mark.parametrize(("head", "least"), [("carry", 10), ("ternary", 1)])
def test_a_chain_stands_behind_the_chains_that_it_reads(head: str, least: int) -> None:
    """A row reads another one's bits by its tables but for one, so few stand right behind another."""
    mapped = map_circuit(random_circuit(40, [600], 2, seed=2), head=head)
    level, first = mapped.netlist.levels, mapped.netlist.first_node
    made = {net for chain in mapped.chains for net in (*chain.sums[1:], *chain.carries) if net}
    reads = 0
    for chain in mapped.chains:
        own = level[chain.sums[-1]]
        assert all(level[net] <= own for net in (*chain.select, *chain.data, chain.carry_in))
        for net in made.intersection((*chain.data, chain.carry_in)):
            reads += 1
            assert level[net] < own
        shown = [net for net in (*chain.sums, *chain.carries) if net and mapped.kind[net - first]]
        assert len({int(level[net]) for net in shown}) <= 1
    assert reads >= least


def test_the_tables_of_a_row_stand_at_one_level_two_behind_what_they_read() -> None:
    """Of two in a row the second reads the second output of the first, so no register stage parts them."""
    netlist = (mapped := map_circuit(random_circuit(40, [600], 2, seed=2), head="ternary")).netlist
    level, first = netlist.levels, netlist.first_node
    rows = [chain for chain in mapped.chains if chain.tables]
    for chain in rows:
        assert set(chain.select) <= set(chain.tables)
        assert all(below in chain.tables or not below for below in chain.data[1:])
        nodes = np.array(chain.tables) - first
        operands = {net for node in nodes for net in netlist.fanin[node][: netlist.arity[node]].tolist()}
        assert {int(level[net]) for net in chain.tables} == {
            2 + max(level[net] for net in operands - set(chain.tables))
        }
        assert {int(level[net]) for net in chain.sums} == {int(level[chain.select[0]])}
    assert len(rows) > 10


def test_a_row_takes_three_numbers_and_a_piece() -> None:
    """Two bits go for a table, four into the lowest position; and pieces are swallowed on the way."""
    mapped = map_circuit(random_circuit(40, [600], 2, seed=2), head="ternary")
    lowest = {2 * chain.sums[0] for chain in mapped.chains if len(chain.select) > 2}
    rows = [one for one in mapped.compressors if one.outputs[0][0] in lowest]
    full = [one for one in rows if not one.swallowed and not one.constant]
    assert full and any(len(one.inputs) >= 2 * len(one.outputs) - 1 for one in full)
    assert {len(piece.nets) for one in rows for piece in one.swallowed} >= {2, 4}


def test_tables_are_reduced_to_the_operands_that_matter() -> None:
    rng = np.random.default_rng(3)
    for _ in range(200):
        arity = int(rng.integers(0, 7))
        literals = tuple(int(one) for one in rng.integers(0, 10, arity))
        table = int(rng.integers(0, 1 << 62)) & ((1 << (1 << arity)) - 1)
        word, nets = reduce_table(table, literals)
        for state in range(32):  # nets 1..4 are free, net 0 is constant 0
            bit = [0, *((state >> index) & 1 for index in range(4))]
            full = sum((bit[one >> 1] ^ (one & 1)) << index for index, one in enumerate(literals))
            small = sum(bit[net] << index for index, net in enumerate(nets))
            assert (table >> full) & 1 == (word >> small) & 1
        for index in range(len(nets)):
            low, high = cofactors(word, index, len(nets))
            assert low != high


def test_a_shared_layer_is_smaller_than_its_gates() -> None:
    """480 votes on 24 nets: counted in pieces they take fewer tables than there are votes."""
    circuit = random_circuit(24, [480], 2, seed=1)
    assert map_circuit(circuit, head="compress", lut=6, outputs="scores").luts["popcount"] < 480


@pytest.mark.parametrize("option", [{"head": "abacus"}, {"argmax": "oracle"}, {"lut": 5}, {"outputs": "none"}])
def test_unknown_options_are_refused(option: dict[str, object]) -> None:
    with pytest.raises(OptionError, match=f"{next(iter(option))} is|lookup tables of 5 operands"):
        map_circuit(random_circuit(4, [8]), **{"head": "compress"} | option)  # type: ignore[arg-type]


def test_a_head_of_plain_arithmetic_is_not_mapped() -> None:
    with pytest.raises(OptionError, match="the head adder is not made of lookup tables"):
        map_circuit(random_circuit(4, [8]), head="adder")


@pytest.mark.parametrize("name", ["mnist-1k5", "recipes/mnist-4k"])
def test_chains_swallow_pieces_side_by_side(name: str) -> None:
    """Pieces once queued up for the few bits there were to add them to, and the levels became a hundred."""
    folder = Path(__file__).parents[2] / "examples" / "mnist"
    circuit = PassManager().run(load_circuit(folder / f"{name}.pt"), PIPELINES["O2"])
    assert map_circuit(circuit, head="carry", outputs="class").netlist.depth < 50
