"""Votes that ride on a carry chain: what is written by a shared net is the same, and such sums are soon proved."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from proofs import outcome
from strategies import netlists, random_circuit

from lgc.ir import Builder, Netlist, interp
from lgc.verify.formal import polynomial
from lgc.verify.formal.shared import written_by_shared


def _all_inputs(netlist: Netlist) -> np.ndarray:
    count = netlist.num_inputs
    return (np.arange(1 << count)[:, None] >> np.arange(count) & 1).astype(np.bool_)


@given(netlists())
def test_the_functions_are_the_same(netlist: Netlist) -> None:
    bits = _all_inputs(netlist)
    np.testing.assert_array_equal(interp.evaluate(written_by_shared(netlist), bits), interp.evaluate(netlist, bits))


@pytest.mark.parametrize("vote_first", [True, False])
@pytest.mark.parametrize("flip", [0, 0xFF])
def test_the_xor_of_a_vote_reads_the_vote(vote_first: bool, flip: int) -> None:
    """Whichever of the two stands first, whether the table has the vote or its complement, with a constant beside."""
    builder, vote, (a, b, c, other) = Builder(4), 0b11010010, range(2, 6)
    table = sum((vote >> (address & 7) & 1 ^ address >> 3) << address for address in range(16)) ^ (flip | flip << 8)
    padded = vote | vote << 8

    def add_vote() -> int:
        return builder.add(padded, [a, b, c, 1])

    found = [add_vote()] if vote_first else []
    xor = builder.add(table, [a, b, c, other])
    netlist = builder.build([*(found or [add_vote()]), xor])
    shared = written_by_shared(netlist)
    node = int(shared.outputs[1]) - shared.first_node
    assert sorted(shared.fanin[node, :2].tolist()) == sorted([int(shared.outputs[0]), other])
    assert int(shared.arity[node]) == 2
    np.testing.assert_array_equal(
        interp.evaluate(shared, _all_inputs(netlist)), interp.evaluate(netlist, _all_inputs(netlist))
    )


def test_votes_of_five_inputs_on_chains_are_proved_by_few_products(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the sharing, 30 votes a class of another network made 576,258 products."""
    pytest.importorskip("pyosys")
    monkeypatch.setattr(polynomial, "_MOST_TERMS", 1000)
    circuit = random_circuit(90, [120], 2, arity=5, seed=3)
    certificate, refutation = outcome(circuit, tmp_path, fabric="xc7", outputs="class")
    assert (certificate.result, refutation) == ("proved", None), certificate.to_json()
