"""Formal equivalence of every head, pipeline and fabric; a fault in each is refuted with a vector that shows it."""

from __future__ import annotations

import re
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from proofs import outcome
from strategies import circuits, random_circuit

from lgc.ir import Builder, Circuit, Encoder, Head
from lgc.verify.formal.cells import expand
from lgc.verify.formal.netlists import gates
from lgc.verify.formal.polynomial import Polynomial
from lgc.verify.formal.rtl import FlatDesign

pytest.importorskip("pyosys")


HEADS: dict[str, dict[str, Any]] = {
    "adder, class": {"head": "adder", "outputs": "class", "pipeline": 5},
    "compress": {"head": "compress"},
    "compress, bit-serial": {"head": "compress", "argmax": "bit-serial", "fabric": "gowin"},
    "compress, class": {"head": "compress", "fabric": "ecp5", "outputs": "class", "pipeline": 4},
    "compress, ice40": {"head": "compress", "fabric": "ice40", "pipeline": 3},
    "carry": {"head": "carry"},
    "carry, xc7": {"head": "carry", "fabric": "xc7", "pipeline": 4},
    "carry, class": {"head": "carry", "fabric": "xc7", "outputs": "class"},
    "ternary": {"head": "ternary"},
    "ternary, xc7": {"head": "ternary", "fabric": "xc7", "pipeline": 4},
    "ternary, class": {"head": "ternary", "fabric": "xc7", "outputs": "class"},
    "copies": {"head": "carry", "fabric": "xc7", "copies": True, "pipeline": 5},
    "couple": {"head": "couple", "fabric": "ecp5", "pipeline": 4},
    "ripple": {"head": "ripple", "fabric": "ecp5"},
    "ripple, class": {"head": "ripple", "fabric": "ice40", "outputs": "class", "pipeline": 3},
    "ripple, gowin": {"head": "ripple", "fabric": "gowin", "pipeline": 3},
    "serial": {"head": "serial"},
    "serial, class": {"head": "serial", "outputs": "class"},
}


@pytest.mark.parametrize("name", HEADS)
def test_heads_are_proved(name: str, tmp_path: Path) -> None:
    certificate, refutation = outcome(random_circuit(10, [24, 30], 3, seed=4), tmp_path, **HEADS[name])
    assert (certificate.result, refutation) == ("proved", None), certificate.to_json()


@pytest.mark.parametrize("options", [{"head": "adder"}, {"head": "compress", "pipeline": 2}, {"head": "serial"}])
def test_a_network_may_be_named_as_we_are(options: dict[str, Any], tmp_path: Path) -> None:
    """Its modules are lgc_add, lgc_slice and the like."""
    circuit = replace(random_circuit(10, [24, 30], 3, seed=4), name="lgc")
    certificate, refutation = outcome(circuit, tmp_path, **options)
    assert (certificate.result, refutation) == ("proved", None), certificate.to_json()


@pytest.mark.parametrize("fabric", ["ecp5", "ice40", "gowin"])
def test_strings_of_many_chains_are_proved(fabric: str, tmp_path: Path) -> None:
    """What comes out of one chain and goes into the next is no product of the two."""
    certificate, _ = outcome(random_circuit(60, [700], 2, seed=4), tmp_path, head="ripple", fabric=fabric)
    assert certificate.result == "proved", certificate.to_json()


FAULTS: dict[str, tuple[dict[str, Any], tuple[str, str]]] = {
    "adder": ({}, (r"second > first", "second >= first")),
    "a table of the popcount": ({"head": "compress", "fabric": "ecp5"}, (r"(popcount_3_0 .*?)A\(", r"\1A(1'b1 ^ ")),
    "a chain's table": ({"head": "carry", "fabric": "xc7"}, (r"(CARRY4 popcount.*?\.S\(\{.*?)(\w+\[\d+\])", r"\1~\2")),
    "a chain's data": ({"head": "carry", "fabric": "xc7"}, (r"(CARRY4 popcount.*?\.DI\(\{.*?)(\w+\[\d+\])", r"\1~\2")),
    "a carry of the position below": (
        {"head": "ternary", "fabric": "xc7"},
        (r"(LUT6_2 [^;]*?\.O6\(popcount_(\d+)[_[][^;]*\.I\d\()(popcount_\2_w\d+)", r"\1~\3"),
    ),
    "a table of a string": ({"head": "couple", "fabric": "ecp5"}, (r"(CCU2C #\(\.INIT0\(16'h)(?!0)\w", r"\g<1>0")),
    "a net of a string": (
        {"head": "ripple", "fabric": "ice40"},
        (r"(SB_CARRY popcount.*?\.I0\()(\w+\[\d+\])", r"\1~\2"),
    ),
    "a net of an adder": (
        {"head": "ripple", "fabric": "gowin"},
        (r"(ALU #\(\.ALU_MODE\(0\)\) popcount[^;]*?\.I1\()(\w+\[\d+\])", r"\1~\2"),
    ),
    "a generic head": ({"head": "compress"}, (r"(LGC_GATE popcount_2\[0\] = )([^;]*);", r"\1~(\2);")),
    "the argmax": ({"head": "carry"}, (r"(LGC_GATE argmax_\d+\[0\] = )([^;]*);", r"\1~(\2);")),
    "a serial counter": ({"head": "serial"}, (r"= mine & carry", "= mine | carry")),
    "what a serial counter starts at": ({"head": "serial"}, (r"word = 4'd3", "word = 4'd4")),
    "the order of serial votes": ({"head": "serial"}, (r"(begin : group0.*?votes\[)0\+i", r"\g<1>2+i")),
    "a serial comparison": ({"head": "serial"}, (r"above\[0 \+: `LGC_WIDTH\] = `LGC_ZERO", "above[0] = 1'b1")),
    "class": ({"head": "compress", "outputs": "class"}, (r"(LGC_GATE popcount_2\[0\] = )([^;]*);", r"\1~(\2);")),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_in_each_head_is_refuted_with_a_vector(name: str, tmp_path: Path) -> None:
    options, fault = FAULTS[name]
    circuit = random_circuit(10, [24, 30], 3, seed=4)
    certificate, refutation = outcome(circuit, tmp_path, fault, **options)
    assert certificate.result == "refuted", certificate.to_json()
    assert refutation is not None and refutation.bits is not None and refutation.differs is not None
    assert refutation.differs(refutation.bits[None])[0]


def flipped(match: re.Match[str]) -> str:
    """A lookup table that is wrong where its first three operands are 1 and the others 0."""
    return f"{match[1]}{int(match[2], 16) ^ (1 << 0b000111):016x}"


def conjunctions(builder: Builder, nets: list[int], count: int) -> list[int]:
    """ANDs of neighbours, until ``count`` are left."""
    while len(nets) > count:
        nets = [builder.add(0b1000, [one, two]) for one, two in zip(nets[::2], nets[1::2], strict=True)]
    return nets


def two_classes(builder: Builder, votes: list[int]) -> Circuit:
    head = Head(np.array([0, len(votes) // 2, len(votes)]), np.array([0, 0]), ("a", "b"))
    netlist = builder.build(votes)
    return Circuit("rare", Encoder(netlist.num_inputs), netlist, head)


def test_a_counter_wrong_where_no_sample_is(tmp_path: Path) -> None:
    """Votes are ANDs of 16 inputs, made of ANDs of eight, of which hardly ever three are 1 and the others 0."""
    builder = Builder(12 * 16)
    circuit = two_classes(builder, conjunctions(builder, list(range(2, 2 + 12 * 16)), 12))
    fault = (r"(LUT6 #\(\.INIT\(64'h)([0-9a-f]+)", flipped)
    certificate, refutation = outcome(circuit, tmp_path, fault, head="compress", fabric="xc7")
    assert certificate.result == "refuted", certificate.to_json()
    assert refutation is not None and refutation.differs(refutation.bits[None])[0]


def test_a_gate_wrong_where_no_sample_is(tmp_path: Path) -> None:
    """Vote i is an input, flipped where sixteen others are 1 and sixteen are 0: the fault takes those of another."""
    builder = Builder(4 * 33)
    rare = []
    for start in range(2 + 4, 2 + 4 * 33, 32):
        ones = conjunctions(builder, list(range(start, start + 16)), 1)[0]
        zeros = [builder.add(0b0001, [net, net + 1]) for net in range(start + 16, start + 32, 2)]
        rare.append(builder.add(0b1000, [ones, conjunctions(builder, zeros, 1)[0]]))
    circuit = two_classes(builder, [builder.add(0b0110, [2 + index, net]) for index, net in enumerate(rare)])
    fault = (r"(GATE votes\[0\] = .*? \^ )\w+(.*?GATE votes\[1\] = .*? \^ )(\w+)", r"\1\3\2\3")
    certificate, refutation = outcome(circuit, tmp_path, fault, level="O0")
    assert certificate.result == "refuted", certificate.to_json()
    assert refutation is not None and refutation.differs(refutation.bits[None])[0]


@settings(max_examples=6, deadline=None)
@given(
    circuits(max_inputs=6, max_nodes=14, max_outputs=10),
    st.sampled_from(["adder", "compress", "carry", "ternary", "serial"]),
    st.integers(0, 2),
    st.sampled_from(["O0", "O2", "O3"]),
)
def test_any_small_circuit_is_proved(circuit: Circuit, head: str, stages: int, level: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        certificate, _ = outcome(
            circuit, Path(folder), level=level, head=head, pipeline=0 if head == "serial" else stages
        )
    assert certificate.result == "proved", certificate.to_json()


def test_a_counter_conserves_weight_and_another_does_not() -> None:
    for carry, left in ((0b11101000, {frozenset((net,)): 1 for net in (2, 3, 4)}), (0b11101001, None)):
        builder = Builder(3)
        total = builder.add(0b10010110, [2, 3, 4])
        netlist = builder.build([total, builder.add(carry, [2, 3, 4])])
        sums = Polynomial(4)
        for weight, net in enumerate(netlist.outputs.tolist(), 1):
            sums.add(frozenset((net,)), weight)
        sums.rewrite(netlist)
        assert (sums.terms == left) is (left is not None)


CELLS = {
    "LUT6": ("xilinx", {f"I{i}": 1 for i in range(6)}, {"O": 1}, ("INIT", 64)),
    "LUT3": ("xilinx", {f"I{i}": 1 for i in range(3)}, {"O": 1}, ("INIT", 8)),
    "LUT6_2": ("xilinx", {f"I{i}": 1 for i in range(6)}, {"O6": 1, "O5": 1}, ("INIT", 64)),
    "CARRY4": ("xilinx", {"CI": 1, "CYINIT": 1, "DI": 4, "S": 4}, {"CO": 4, "O": 4}, None),
    "LUT4": ("ecp5", dict.fromkeys("ABCD", 1), {"Z": 1}, ("INIT", 16)),
    "SB_LUT4": ("ice40", {f"I{i}": 1 for i in range(4)}, {"O": 1}, ("LUT_INIT", 16)),
    "LUT2": ("gowin", {"I0": 1, "I1": 1}, {"F": 1}, ("INIT", 4)),
    "ALU": ("gowin", dict.fromkeys(("I0", "I1", "I3", "CIN"), 1), {"SUM": 1, "COUT": 1}, ("ALU_MODE", 32)),
}


@pytest.mark.parametrize("cell", CELLS)
def test_cells_are_as_in_the_vendors_models(cell: str, tmp_path: Path) -> None:
    """Every input, for a random table; yosys' model is renamed, so that it is read and not replaced."""
    from pyosys import libyosys
    from strategies import all_inputs

    from lgc.ir import interp
    from lgc.verify.formal.rtl import read_flat

    family, inputs, outputs, parameter = CELLS[cell]
    share = Path(libyosys.__file__).parent / "share" / family
    text = "".join(file.read_text() for file in (*share.glob("common_sim.vh"), share / "cells_sim.v"))
    text = text.replace("`ICE40_DEFAULT_ASSIGNMENT_0", "")
    model = re.search(rf"^module {cell}\b.*?^endmodule", text, re.DOTALL | re.MULTILINE)
    assert model is not None
    given = parameter and cell != "ALU"  # whose parameter is a mode
    table = int(np.random.default_rng(1).integers(0, 1 << min(62, parameter[1]))) * 5 if given else 0
    table &= (1 << parameter[1]) - 1 if parameter else 0
    ports = ", ".join([*(f"input [{w - 1}:0] {p}" for p, w in inputs.items()), *(f"output [{w - 1}:0] {p}" for p, w in outputs.items())])  # fmt: skip # noqa: E501
    value = f"#(.{parameter[0]}({parameter[1]}'d{table})) " if parameter else ""
    pins = ", ".join(f".{pin}({pin})" for pin in (*inputs, *outputs))
    top = f"module top({ports}); vendor {value}one({pins}); endmodule\n"
    (tmp_path / "top.v").write_text(model[0].replace(f"module {cell}", "module vendor", 1) + "\n" + top)
    (tmp_path / "work").mkdir()
    design = read_flat(tmp_path / "top.v", "top", tmp_path / "work", 60)
    source = [bit for pin in inputs for bit in design.ports[pin]]
    results = [(pin, place) for pin, width in outputs.items() for place in range(width)]
    theirs = gates(design, source, [design.ports[pin][place] for pin, place in results])
    wires = {pin: tuple(f"{pin}{place}" for place in range(width)) for pin, width in (inputs | outputs).items()}
    found = expand("one", cell, {parameter[0]: f"{table:0{parameter[1]}b}"} if parameter else {}, wires)
    assert found is not None
    mine = FlatDesign({}, tuple(found), {bit: one for one in found for bit in one.outputs})
    ours = gates(mine, [bit for pin in inputs for bit in wires[pin]], [wires[pin][place] for pin, place in results])
    every = all_inputs(len(source))
    assert np.array_equal(interp.evaluate(ours, every), interp.evaluate(theirs, every))
