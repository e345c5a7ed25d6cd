"""Copies of the inputs: the same circuit, nothing but copies reads an input, and synthesis does not merge them."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from mapped_netlists import HEADS, Architecture, check, value, values_of, weigh
from strategies import all_inputs, circuits, random_circuit, random_inputs

from lgc.backend.base import to_bytes, write
from lgc.backend.verilog import Verilog
from lgc.errors import OptionError
from lgc.ir import Circuit
from lgc.mapping.heads import find_head
from lgc.mapping.heads.copies import copy_inputs
from lgc.mapping.heads.mapped import map_circuit


@pytest.mark.parametrize("head", HEADS)
@given(circuit=circuits())
def test_the_circuit_stays_the_same_and_reads_copies_only(head: Architecture, circuit: Circuit) -> None:
    mapped = map_circuit(circuit, head=head[0], lut=head[1])
    copied = copy_inputs(mapped)
    check(circuit, copied, all_inputs(circuit.netlist.num_inputs))
    netlist, count = copied.netlist, len(copied.parts)
    assert netlist.num_nodes == mapped.netlist.num_nodes + count
    assert copied.luts == mapped.luts
    inputs = (netlist.fanin > 1) & (netlist.fanin < netlist.first_node) & netlist.used
    assert inputs[:count].any(axis=1).all()
    assert not inputs[count:].any()
    assert (netlist.fanout()[netlist.first_node : netlist.first_node + count] > 0).all()


@pytest.mark.parametrize("head", HEADS)
def test_each_part_has_its_copies_and_the_plan_still_holds(head: Architecture) -> None:
    circuit = random_circuit(30, [1500], 5, seed=5)
    copied = copy_inputs(map_circuit(circuit, head=head[0], lut=head[1]))
    pairs = list(zip(copied.parts.tolist(), copied.netlist.fanin[: len(copied.parts), 0].tolist(), strict=True))
    assert len(set(pairs)) == len(pairs)
    assert copied.parts[-1] > 0
    nets = values_of(copied, random_inputs(30, 300))
    for piece in copied.pieces:
        np.testing.assert_array_equal(value(nets, piece), piece.offset + weigh(nets, piece.bits))


@pytest.mark.parametrize("head", HEADS)
def test_a_class_reads_its_own_copies(head: Architecture) -> None:
    """Of many inputs each class reads some: there is a copy for each input that a class's pieces and wires name."""
    copied = copy_inputs(map_circuit(random_circuit(3000, [3000], 5, seed=6), head=head[0], lut=head[1]))
    first = copied.netlist.first_node
    named = {(piece.group, net) for one in copied.compressors for piece in one.swallowed for net in piece.nets}
    named |= {(piece.group, net) for piece in copied.pieces for net in piece.nets}
    named |= {(group, bit >> 1) for group, bits in enumerate(copied.linear) for bit, _ in bits}
    copies = zip(copied.parts.tolist(), copied.netlist.fanin[: len(copied.parts), 0].tolist(), strict=True)
    foreign = set(copies) - {(group, net) for group, net in named if 1 < net < first}
    assert len(foreign) <= 5 * len(copied.packed)  # of tables that share a place with another class's


def test_a_table_of_two_outputs_reads_copies_of_one_part() -> None:
    circuit = random_circuit(60, [1500], 5, seed=5)
    copied = copy_inputs(map_circuit(circuit, head="carry"))
    netlist, first = copied.netlist, copied.netlist.first_node
    part = dict(zip(range(first, first + len(copied.parts)), copied.parts.tolist(), strict=True))
    assert len(set(part.values())) > 1
    for pair in copied.packed:
        reads = {net for node in pair for net in netlist.fanin[node - first][: netlist.arity[node - first]].tolist()}
        assert len({part[net] for net in reads if net in part}) <= 1
        assert len(reads - {0, 1}) <= 6
    assert b"LUT6_2" in to_bytes(Verilog(head="carry", fabric="xc7", pipeline=8), circuit)


def test_ranks_stand_at_the_input_and_behind_the_copies() -> None:
    circuit, head = random_circuit(30, [600], 3), find_head("compress")
    copied = copy_inputs(map_circuit(circuit, head="compress", lut=4))
    for stages in (3, 4, 9):
        assert head.place(circuit, copied, stages, "both").cuts[:2] == (0, 1)
        assert head.place(circuit, copied, stages, "both").latency == stages
    for stages in (0, 2):
        with pytest.raises(OptionError, match=f"copies of the inputs in a pipeline of {stages} register stages"):
            head.place(circuit, copied, stages, "both")


@pytest.mark.parametrize(
    ("options", "copies"),
    [({"fabric": "ecp5", "pipeline": 8}, True), ({"fabric": "ecp5", "pipeline": 7}, False),
     ({"head": "compress", "pipeline": 8}, False), ({"head": "compress", "pipeline": 3, "copies": True}, True),
     ({"fabric": "ecp5", "pipeline": 8, "copies": False}, False)],
)  # fmt: skip
def test_when_there_are_copies(options: dict[str, object], copies: bool) -> None:
    text = to_bytes(Verilog(**options), random_circuit(30, [600], 3)).decode()  # type: ignore[arg-type]
    assert ("keep_hierarchy" in text) == copies == bool(re.search(r"_copies #\(\.SIZE\(\d+\)\) r_copies_0", text))


def test_synthesis_keeps_every_register(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pyosys")
    from lgc.parts.part import find_part
    from lgc.synth.flow import SynthOptions, synthesize

    monkeypatch.setenv("LGC_CACHE", str(tmp_path))
    circuit = random_circuit(30, [1200], 3, seed=1)
    target = Verilog(top="net", head="compress", fabric="ecp5", pipeline=8)
    write(target, circuit, tmp_path / "net.v")
    pipeline, mapped = target.placed(circuit), target.mapped(circuit)
    assert mapped is not None and len(mapped.parts) > 30
    result = synthesize(tmp_path / "net.v", find_part("ecp5-25k"), SynthOptions(route=False))
    assert result.value("ffs") == pipeline.registers + pipeline.latency
