"""Mutation: the text read back, the faults, their judge, and the agreement with mutants that are built for real."""

from __future__ import annotations

import random
import re
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import all_inputs, circuits, random_circuit

sys.path.insert(0, str(Path(__file__).parents[1] / "cli"))
from cli import save

from lgc.backend.base import to_bytes, write
from lgc.backend.verilog import Verilog
from lgc.backend.verilog.rtl import Rtl, read_rtl
from lgc.backend.verilog.textnet import read_text, vote_groups
from lgc.errors import NotCheckedError
from lgc.frontend import load_circuit
from lgc.frontend.reference import InterpreterReference
from lgc.ir import Builder, Circuit, interp
from lgc.verify.check import compare
from lgc.verify.comparison import Comparison
from lgc.verify.formats.verilog import VerilogText
from lgc.verify.mutate import find_places, sample_faults
from lgc.verify.mutate.campaign import EQUIVALENT, KILLED, SURVIVED, UNDECIDED, Campaign, Outcome, mutate
from lgc.verify.mutate.cells import cell_fault, find_cells
from lgc.verify.mutate.chains import find_carry_cells
from lgc.verify.mutate.faults import Fault, GateChange
from lgc.verify.mutate.functions import function
from lgc.verify.mutate.proofs import FlatText, decide_by_proof
from lgc.verify.mutate.survivors import decide
from lgc.verify.mutate.text import apply, hardware_text
from lgc.verify.subject import VerifyOptions
from lgc.verify.vectors import VectorSet, directed_vectors, random_vectors

KINDS = {
    "gate function", "swapped inputs", "re-wired input", "stuck-at", "tie rule", "argmax", "class order",
    "dropped bias", "bias off by one", "popcount off by one", "popcount group", "dropped vote", "adder", "reset",
    "out_valid", "register removed",
}  # fmt: skip


@given(circuits(max_nodes=15))
def test_the_text_says_the_netlist(circuit: Circuit) -> None:
    """Read back from the Verilog, the votes are those of the circuit, for every input."""
    text = to_bytes(Verilog(), circuit).decode()
    if not circuit.netlist.num_outputs:
        return
    again = read_text(text, circuit.netlist.num_inputs)
    bits = all_inputs(circuit.netlist.num_inputs)
    np.testing.assert_array_equal(interp.evaluate(again.netlist, bits), interp.evaluate(circuit.netlist, bits))


@pytest.mark.parametrize("line", ["bits[0] + bits[1]", "bits[0] & bits[99]", "~(bits[0] & bits[1]) | bits[2]"])
def test_a_line_that_lgc_does_not_write_cannot_be_judged(line: str) -> None:
    with pytest.raises(NotCheckedError, match=r"no gate|no line before"):
        read_text(f"  `LGC_BLOCK\n    `LGC_GATE votes[0] = {line};\n", 4)


def test_outputs_that_are_counted_already_are_groups_of_one(tmp_path: Path) -> None:
    """A head of lookup tables is gate lines too: its outputs are bits of scores, not votes."""
    circuit = load_circuit(save(tmp_path / "model.pt"))
    for head, groups in (("", 3), ("compress", None)):
        text = to_bytes(Verilog(head=head) if head else Verilog(), circuit).decode()
        netlist = read_text(text, 16).netlist
        offsets = vote_groups(text, netlist, (4, 4, 4))
        assert len(offsets) - 1 == (groups or netlist.num_outputs) and offsets[-1] == netlist.num_outputs


def changed(circuit: Circuit, change: GateChange) -> Circuit:
    """The circuit with the fault, by the interpreter's own means."""
    builder, nets = Builder(circuit.netlist.num_inputs), list(range(circuit.netlist.first_node))
    for node in range(circuit.netlist.num_nodes):
        arity = int(circuit.netlist.arity[node])
        table, operands = int(circuit.netlist.table[node]), circuit.netlist.fanin[node, :arity].tolist()
        if node == change.node:
            table, operands = change.table, list(change.nets)
        nets.append(builder.add(table, [nets[net] for net in operands]))
    return circuit.with_netlist(builder.build([nets[net] for net in circuit.netlist.outputs.tolist()]))


@given(circuits(max_nodes=15, max_outputs=14), st.data())
def test_a_survivor_is_settled_rightly(circuit: Circuit, data: st.DataObject) -> None:
    """Against all inputs: a proof where no score differs, a vector where one does."""
    netlist = circuit.netlist
    if not netlist.num_nodes:
        return
    node = data.draw(st.integers(0, netlist.num_nodes - 1))
    arity = data.draw(st.integers(0, 2))
    nets = tuple(data.draw(st.integers(0, netlist.first_node + node - 1)) for _ in range(arity))
    change = GateChange(node, data.draw(st.integers(0, (1 << (1 << arity)) - 1)), nets)
    faulty, bits = changed(circuit, change), all_inputs(netlist.num_inputs)
    differ = (interp.scores(circuit, bits) != interp.scores(faulty, bits)).any()
    answer = decide(netlist, change, circuit.head.offsets)
    assert (answer is not False) == differ
    if differ:
        vector = np.asarray(answer)[None]
        assert (interp.scores(circuit, vector) != interp.scores(faulty, vector)).any()


@pytest.fixture(scope="module")
def pipelined(tmp_path_factory: pytest.TempPathFactory) -> tuple[Circuit, Rtl]:
    folder = tmp_path_factory.mktemp("mutate")
    circuit = load_circuit(save(folder / "model.pt"))
    write(Verilog(pipeline=5), circuit, folder / "small.v")
    return circuit, read_rtl(folder / "small.v")


def test_every_kind_of_fault_has_its_places(pipelined: tuple[Circuit, Rtl]) -> None:
    """The patterns are those of the emitted text: a change there that loses a kind is noticed here."""
    circuit, rtl = pipelined
    places = find_places(rtl.text, circuit.netlist.num_inputs)
    faults = sample_faults(places, 400, seed=1)
    assert {fault.kind for fault in faults} == KINDS
    assert len({fault.edits for fault in faults}) == len(faults)
    assert sample_faults(places, 50, seed=1) == sample_faults(places, 50, seed=1)
    for fault in faults:
        assert apply(rtl.text, fault.edits) != rtl.text


def compared(rtl: Rtl, circuit: Circuit, folder: Path) -> Comparison[VerilogText]:
    return Comparison.of(VerilogText(rtl, VerifyOptions()), circuit, InterpreterReference(circuit), folder)


@pytest.mark.slow
@pytest.mark.sim
def test_a_campaign_with_weak_vectors(pipelined: tuple[Circuit, Rtl], tmp_path: Path) -> None:
    """Three vectors miss much; what they miss is proved or killed by new ones, and none is left over."""
    circuit, rtl = pipelined
    weak = [random_vectors(circuit.netlist.num_inputs, 3, 5)]
    campaign = mutate(compared(rtl, circuit, tmp_path / "build"), weak, 120, 2)
    counts = {fate: campaign.count(fate) for fate in (KILLED, SURVIVED, EQUIVALENT, UNDECIDED)}
    assert sum(counts.values()) == len(campaign.outcomes) == 120
    assert counts[KILLED] > 40 and counts[SURVIVED] > 2
    # A register that is a wire shows on some sequences of inputs: no single vector decides it.
    assert all(one.fault.clocked for one in campaign.outcomes if one.fate == UNDECIDED)
    assert campaign.vectors is not None and len(campaign.vectors.bits) >= 1
    assert next(one for one in campaign.outcomes if one.fault.kind == "reset").by == "out_valid"


@pytest.mark.slow
@pytest.mark.sim
def test_hardware_that_is_wrong_already_is_not_judged(pipelined: tuple[Circuit, Rtl], tmp_path: Path) -> None:
    circuit, rtl = pipelined
    other = replace(circuit, head=replace(circuit.head, bias=circuit.head.bias + 1))
    vectors = [random_vectors(circuit.netlist.num_inputs, 4, 0)]
    with pytest.raises(NotCheckedError, match="without any fault"):
        mutate(compared(rtl, other, tmp_path / "build"), vectors, 3)


def test_no_vectors_is_not_checked(pipelined: tuple[Circuit, Rtl], tmp_path: Path) -> None:
    circuit, rtl = pipelined
    nothing = [VectorSet("random", np.zeros((0, 16), np.bool_))]
    with pytest.raises(NotCheckedError, match="no vectors"):
        mutate(compared(rtl, circuit, tmp_path / "build"), nothing, 3)


def agree(campaign: Campaign, rtl: Rtl, circuit: Circuit, vectors: list[VectorSet], folder: Path) -> int:
    """Build one mutant of each kind and fate from its own text; returns how many."""
    some: dict[tuple[str, bool], Outcome] = {}
    for outcome in campaign.outcomes:
        some.setdefault((outcome.fault.kind, outcome.fate == KILLED), outcome)
    for index, outcome in enumerate(some.values()):
        path = folder / f"mutant{index}.v"
        path.write_text(apply(rtl.text, outcome.fault.edits))
        mutant = Rtl(path, rtl.manifest, path.read_text(), rtl.model_digest)
        report = compare(compared(mutant, circuit, folder / f"m{index}"), vectors)
        seen = report.mismatches > 0 or report.timing is not None
        assert seen == (outcome.fate == KILLED), outcome
    return len(some)


@pytest.mark.slow
@pytest.mark.sim
def test_the_choice_in_one_simulator_agrees_with_mutants_built_for_real(
    pipelined: tuple[Circuit, Rtl], tmp_path: Path
) -> None:
    """Faults of every kind: of their texts, `lgc verify` refuses exactly those that the campaign calls killed."""
    circuit, rtl = pipelined
    vectors = [random_vectors(circuit.netlist.num_inputs, 6, 5)]
    campaign = mutate(compared(rtl, circuit, tmp_path / "build"), vectors, 120, 2)
    assert agree(campaign, rtl, circuit, vectors, tmp_path) >= 18


@pytest.mark.slow
@pytest.mark.sim
def test_directed_vectors_kill_every_fault_of_a_larger_net(tmp_path: Path) -> None:
    circuit = random_circuit(40, [200, 200, 160], num_classes=5, seed=3)
    write(Verilog(pipeline=3), circuit, tmp_path / "net.v")
    rtl = read_rtl(tmp_path / "net.v")
    start = random_vectors(40, 1000, 0)
    sets = [start, directed_vectors(circuit, start.bits[:64], 0)]
    campaign = mutate(compared(rtl, circuit, tmp_path / "build"), sets, 500)
    assert not [one.fault for one in campaign.outcomes if one.fate == UNDECIDED]
    assert campaign.count(KILLED) + campaign.count(EQUIVALENT) + campaign.count(SURVIVED) == 500
    # Such a fault shows on no vector given: three votes in every input that tells it, found by the proof.
    assert {one.by for one in campaign.outcomes if one.fate != KILLED} == {"SAT", "proof"}


HEADS = {
    "compress": {"head": "compress"},
    "carry": {"head": "carry"},
    "ternary": {"head": "ternary"},
    "ternary, xc7": {"head": "ternary", "fabric": "xc7"},
    "xc7": {"head": "carry", "fabric": "xc7"},
    "ecp5": {"head": "compress", "fabric": "ecp5"},
    "ripple, ecp5": {"head": "ripple", "fabric": "ecp5"},
    "ripple, ice40": {"head": "ripple", "fabric": "ice40"},
    "serial": {"head": "serial"},
}
CELLS = {"table bit", "stuck-at", "swapped inputs", "re-wired input", "gate function"}
HEAD_KINDS = {
    "compress": CELLS - {"table bit"},
    "carry": CELLS - {"table bit"} | {"carry chain"},
    "ripple, ecp5": CELLS | {"carry chain"},
    "ripple, ice40": CELLS | {"carry chain"},
    "ternary": CELLS - {"table bit"} | {"carry chain"},
    "ternary, xc7": CELLS | {"carry chain"},
    "xc7": CELLS | {"carry chain"},
    "ecp5": CELLS,
    "serial": {
        "gate function", "swapped inputs", "re-wired input", "stuck-at", "tie rule", "argmax", "class order", "adder",
        "dropped bias", "bias off by one", "popcount off by one", "popcount group", "dropped vote", "reset",
        "out_valid",
    },
}  # fmt: skip


def with_head(name: str, folder: Path) -> tuple[Circuit, Rtl]:
    circuit = load_circuit(save(folder / "model.pt"))
    write(Verilog(**HEADS[name]), circuit, folder / "net.v")  # type: ignore[arg-type]
    return circuit, read_rtl(folder / "net.v")


@pytest.mark.parametrize("name", HEADS)
def test_every_head_has_its_faults(name: str, tmp_path: Path) -> None:
    """Of what hardware is made of: none lies in what only simulation with lanes reads."""
    circuit, rtl = with_head(name, tmp_path)
    places = find_places(rtl.text, circuit.netlist.num_inputs)
    faults = sample_faults(places, 400, seed=1)
    assert {fault.kind for fault in faults} == HEAD_KINDS[name]
    hardware = hardware_text(rtl.text)
    assert len(hardware) == len(rtl.text) and hardware.count("\n") == rtl.text.count("\n")
    for fault in faults:
        assert apply(rtl.text, fault.edits) != rtl.text
        assert all(hardware[edit.start : edit.end].strip() for edit in fault.edits)


def test_the_text_without_what_lanes_read() -> None:
    lanes, other = "`ifdef LGC_LANES", "`ifdef X"
    lines = ["a", lanes, "b", other, "c", "`else", "d", "`endif", "`else", "e", "`ifndef LGC_LANES", "f", "`else", "g"]
    text = "\n".join([*lines, "`endif", "`endif", "h", ""])
    assert [line for line in hardware_text(text).split("\n") if line.strip() and line[0] != "`"] == ["a", "e", "f", "h"]


def test_a_rewired_input_closes_no_loop(tmp_path: Path) -> None:
    """The tables of a row read others of their own vector: a fault takes such a net for one that stands before."""
    _, rtl = with_head("ternary", tmp_path)
    faults, inner = sample_faults(find_places(rtl.text, 16), 1500, seed=1), 0
    for fault in (one for one in faults if one.kind == "re-wired input"):
        line, _, text = fault.where.partition(" = ")
        vector, _, place = line.partition("]")[0].partition("[")
        own = [int(index) for index in re.findall(rf"\b{vector}\[(\d+)\]", text)]
        inner += len(own)
        assert all(index < int(place) for index in own), fault.where
    assert inner > 5


def test_a_cell_fault_is_another_function(tmp_path: Path) -> None:
    """Of all cells of a fabric: what changes is never a bit that no pin can address, nor a symmetric pair."""
    _, rtl = with_head("xc7", tmp_path)
    cells, rng = find_cells(hardware_text(rtl.text)), random.Random(0)
    assert {cell.statement.split()[0] for cell in cells} >= {"LUT1", "LUT2", "LUT6_2", "CARRY4"}
    for cell in cells:
        assert cell.text() == cell.statement
        drawn = [fault for fault in (cell_fault(cell, {"layer1": 16}, rng) for _ in range(20)) if fault]
        assert drawn or cell.table is not None
        for _, text, edit in drawn:
            (faulty,) = find_cells(f"  {text}")
            assert faulty.functions() != cell.functions() and edit.outputs == cell.outputs == faulty.outputs
    assert function(0b1000, ("a", "1'b1")) == function(0b10, ("a",)) != function(0b1000, ("a", "b"))


@pytest.mark.parametrize(("fabric", "kind"), [("ecp5", "CCU2C"), ("ice40", "SB_CARRY"), ("gowin", "ALU")])
def test_a_fault_of_a_carry_cell_is_another_function(fabric: str, kind: str) -> None:
    """Tables, pins and the carry in: no draw is a symmetric pair, or a bit that no pin can address."""
    circuit = random_circuit(16, [60], 3, seed=2)
    text = to_bytes(Verilog(head="ripple", fabric=fabric), circuit).decode()
    cells, rng = list(find_carry_cells(hardware_text(text))), random.Random(0)
    assert {cell.kind for cell in cells} == {kind} and len(cells) > 10
    for cell in cells:
        assert cell.text() == cell.statement and all(net for _, net in cell.pins if (_, 1) in cell.outputs)
        drawn = [fault for fault in (cell.fault({"bits": 16}, rng) for _ in range(20)) if fault]
        assert drawn
        for _, changed, edit in drawn:
            (faulty,) = find_carry_cells(f"  {changed}")
            assert faulty.functions() != cell.functions() and edit.outputs == cell.outputs == faulty.outputs
    faults = sample_faults(find_places(text, 16), 400, seed=1)
    assert sum(kind in fault.where for fault in faults) > 20


@pytest.mark.slow
@pytest.mark.sim
@pytest.mark.parametrize("name", HEADS)
def test_a_campaign_on_every_head(name: str, tmp_path: Path) -> None:
    """All that is not equivalent is killed by the default vectors or gets a vector; nothing stays undecided."""
    circuit, rtl = with_head(name, tmp_path)
    start = random_vectors(16, 300, 0)
    sets = [start, directed_vectors(circuit, start.bits[:64], 0)]
    campaign = mutate(compared(rtl, circuit, tmp_path / "build"), sets, 100, 3)
    assert not [one.fault for one in campaign.outcomes if one.fate == UNDECIDED]
    assert campaign.count(KILLED) > 60 and len(campaign.outcomes) == 100


@pytest.mark.slow
@pytest.mark.sim
@pytest.mark.parametrize("name", ["xc7", "carry", "ternary", "ternary, xc7", "serial"])
def test_the_choice_agrees_with_mutants_built_for_real_on_every_head(name: str, tmp_path: Path) -> None:
    circuit, rtl = with_head(name, tmp_path)
    vectors = [random_vectors(16, 6, 5)]
    campaign = mutate(compared(rtl, circuit, tmp_path / "build"), vectors, 60, 2)
    agree(campaign, rtl, circuit, vectors, tmp_path)


@pytest.mark.parametrize("fault", ["dropped vote", "argmax"])
def test_a_proof_decides_a_fault_of_the_head(fault: str, tmp_path: Path) -> None:
    """An input that tells, or a proof that none does, for faults that have no place in the netlist of the gates."""
    pytest.importorskip("pyosys")
    circuit = load_circuit(save(tmp_path / "model.pt"))
    write(Verilog(pipeline=2), circuit, tmp_path / "net.v")
    rtl = read_rtl(tmp_path / "net.v")
    faults = [one for one in sample_faults(find_places(rtl.text, 16), 400, 0) if one.kind == fault]
    flat = FlatText(rtl, tmp_path / "good", 60)
    answer = decide_by_proof(flat, faults[0], circuit, tmp_path / "wrong", 60)
    assert isinstance(answer, np.ndarray) and answer.shape == (16,)
    equal = Fault(fault, "", tuple(replace(edit, new=rtl.text[edit.start : edit.end]) for edit in faults[0].edits))
    assert decide_by_proof(flat, equal, circuit, tmp_path / "right", 60) is False
