"""An encoder's comparators as lookup tables of two outputs, in front of the heads on carry chains."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mapped_netlists import check
from proofs import outcome
from strategies import random_circuit, random_inputs

from lgc.backend.base import to_bytes
from lgc.backend.verilog import Verilog
from lgc.ir import Builder, Circuit, Encoder, FeatureCodes, Head
from lgc.ir.interp import evaluate_nets, pack, unpack
from lgc.mapping.encoder import infer_code, lower_encoder
from lgc.mapping.estimate import estimate
from lgc.mapping.heads import all_heads
from lgc.mapping.heads.comparators import find_comparators, read_nets
from lgc.mapping.heads.literals import ENCODER
from lgc.mapping.heads.mapped import map_circuit
from lgc.mapping.heads.pack import SHARED, pair_up_sets
from lgc.parts.fabrics import FABRICS
from lgc.passes import optimize


def features(levels: list[list[int]], seed: int = 1, votes: int = 60) -> Circuit:
    """Two classes over pixels that are compared with these levels, and the comparators as gates."""
    thresholds = np.sort(np.array(levels) + 0.5, axis=1) / 255
    inner = random_circuit(thresholds.size, [votes], 2, seed=seed)
    encoder = Encoder(len(levels), thresholds)
    circuit = Circuit("pixels", encoder, inner.netlist, inner.head)
    return optimize(lower_encoder(circuit, infer_code(encoder)))


some = st.lists(st.lists(st.integers(0, 254), min_size=2, max_size=2, unique=True), min_size=2, max_size=5)


ON_CHAINS = [
    (head.name, name, fabric.lut)
    for head in all_heads()
    if head.needs_chains
    for name, fabric in FABRICS.items()
    if head.fits(fabric)
]
"""Heads with the fabrics that have their chains, and operands of a table there."""


@settings(max_examples=15)
@given(some, st.sampled_from(ON_CHAINS), st.integers(0, 99))
def test_scores_stay_and_every_comparator_is_its_gates_function(
    levels: list[list[int]], on_chains: tuple[str, str, int], seed: int
) -> None:
    head, _, lut = on_chains
    circuit = features(levels, seed)
    bits = random_inputs(circuit.netlist.num_inputs, 300)
    check(circuit, map_circuit(circuit, head=head, lut=lut), bits)
    nets = unpack(evaluate_nets(circuit.netlist, pack(bits)), len(bits))
    for net, one in find_comparators(circuit, lut).items():
        assert len(one.nets) <= lut and len({(bit - 2) // 8 for bit in one.nets}) == 1
        address = sum(nets[:, bit].astype(np.int64) << index for index, bit in enumerate(one.nets))
        np.testing.assert_array_equal(one.values[address], nets[:, net])
        assert [(one.table >> index) & 1 for index in range(len(one.values))] == one.values.tolist()


@pytest.mark.parametrize(
    ("level", "tables"),
    [(63, 6), (31, 12), (15, 12), (7, 12), (3, 12)],  # x > 63 reads two bits, x > 31 three, x > 3 six
)
def test_two_pixels_share_a_table_if_they_read_five_bits(level: int, tables: int) -> None:
    circuit = features([[level]] * 12)
    mapped = map_circuit(circuit, head="carry")
    assert mapped.luts["encoder"] == tables
    assert mapped.luts["gates"] == 0
    gates = estimate(circuit, lut=6, head="carry").regions["gates"].luts
    assert gates == tables


def test_two_thresholds_of_one_pixel_share_a_table() -> None:
    circuit = features([[15, 47]] * 12)  # four bits, the same four
    mapped = map_circuit(circuit, head="ternary")
    netlist = mapped.netlist
    read = np.flatnonzero(mapped.region == ENCODER)
    assert mapped.luts["encoder"] == len(read) / 2 > 8
    for one, two in mapped.packed:
        rows = [net - netlist.first_node for net in (one, two)]
        if mapped.region[rows[0]] == ENCODER:
            assert len({net for row in rows for net in netlist.fanin[row][: netlist.arity[row]].tolist()}) <= SHARED


def test_wider_ones_stay_gates_above_a_table() -> None:
    """x > 0 reads eight bits: six of them in a table, and two gates that synthesis maps."""
    luts = map_circuit(features([[0]] * 12), head="carry").luts
    assert (luts["encoder"], luts["gates"]) == (12, 24)


def test_sets_that_share_nothing_are_paired_only_on_demand() -> None:
    reads = {key: frozenset(range(10 * key, 10 * key + size)) for key, size in enumerate((2, 3, 4, 2, 1))}
    assert pair_up_sets(reads) == []
    assert pair_up_sets(reads, apart=True) == [(0, 1), (2, 4)]


def test_a_vote_that_others_read_too_is_a_net() -> None:
    """It is built in any case: counted from its two bits it would take a table again."""
    builder = Builder(16)
    high, low = builder.add(0b1110, [8, 9]), builder.add(0b1110, [16, 17])
    votes = [high, builder.add(0b0110, [high, low]), builder.add(0b1000, [high, low])]
    encoder = Encoder(2, code=FeatureCodes.uniform(infer_code(Encoder(2, np.full((2, 1), 0.25))), 2))
    head = Head(np.array([0, 3]), np.array([0]), ("only",))
    circuit = Circuit("votes", encoder, builder.build(votes), head)
    assert read_nets(circuit.netlist, find_comparators(circuit, 6)) == {high, low}
    mapped = map_circuit(circuit, head="carry", outputs="scores")
    assert {len(piece.nets) for piece in mapped.pieces} <= {2}
    assert mapped.netlist.fanout()[2:18].max() == 1  # a bit goes to its comparator and nowhere else
    check(circuit, mapped, random_inputs(16, 200))


@pytest.mark.parametrize(("head", "fabric", "lut"), ON_CHAINS)
def test_features_are_proved(head: str, fabric: str, lut: int) -> None:
    pytest.importorskip("pyosys")
    circuit = features([[63, 200], [5, 80], [127, 191], [63, 64]], votes=24)
    text = to_bytes(Verilog(head=head, fabric=fabric), circuit).decode()
    assert re.search(r"encoder_1_\d+ \(\.O6\(" if lut == 6 else r"LUT4 #.* encoder_1_\d+ \(", text)
    with tempfile.TemporaryDirectory() as folder:
        certificate, _ = outcome(circuit, Path(folder), head=head, fabric=fabric, pipeline=3)
    assert certificate.result == "proved", certificate.to_json()


def test_a_wrong_comparator_is_refuted() -> None:
    pytest.importorskip("pyosys")
    circuit = features([[63, 200], [5, 80], [127, 191], [63, 64]], votes=24)
    with tempfile.TemporaryDirectory() as folder:
        fault = (r"(encoder_1_\d+ \(.*?\.I0\()(\w+\[\d+\])", r"\1~\2")
        certificate, _ = outcome(circuit, Path(folder), fault, head="carry", fabric="xc7")
    assert certificate.result == "refuted", certificate.to_json()
