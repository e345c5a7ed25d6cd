"""The parts of verify that need no simulator: vectors, reading back, triage's premise, JUnit, tools."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import all_inputs, circuits, random_circuit

from lgc.backend.base import write
from lgc.backend.verilog import Verilog
from lgc.backend.verilog.rtl import read_rtl
from lgc.errors import InputError, MissingToolError
from lgc.frontend.reference import InterpreterReference
from lgc.ir import Circuit, interp
from lgc.ir.naming import labels
from lgc.passes import optimize
from lgc.tools import verilator as toolchain
from lgc.verify.report import Report, SetResult
from lgc.verify.reports.junit import junit_xml
from lgc.verify.subject import check_provenance
from lgc.verify.vectors import directed_vectors, random_vectors


@given(circuits(), st.sampled_from(["O0", "O1", "O2"]))
def test_a_gate_that_names_a_neuron_has_its_value(circuit: Circuit, level: str) -> None:
    """What triage rests on: passes keep the value of a net that keeps its origin."""
    bits = all_inputs(circuit.netlist.num_inputs)
    optimised = optimize(circuit, level).netlist
    model = InterpreterReference(circuit).neurons(bits)
    # A strategy's circuit may give one origin to several nodes; only those of one node say which value it has.
    handles, counts = np.unique(circuit.netlist.origin, return_counts=True)
    single = set(handles[counts == 1].tolist()) - {-1}
    values = interp.unpack(interp.evaluate_nets(optimised, interp.pack(bits)), len(bits))
    names = labels(optimised.origins.names)
    for node, handle in enumerate(optimised.origin.tolist()):
        if handle in single:
            layer, neuron = int(optimised.origins.layer[handle]), int(optimised.origins.neuron[handle])
            np.testing.assert_array_equal(values[:, optimised.first_node + node], model[names[layer]][:, neuron])


def test_every_neuron_is_found_in_the_text(tmp_path: Path) -> None:
    circuit = random_circuit(10, [12, 8, 6], seed=3)
    write(Verilog(), circuit, tmp_path / "net.v")
    rtl = read_rtl(tmp_path / "net.v")
    assert rtl.is_untouched
    gates = {(gate.layer, gate.neuron) for gate in rtl.gates()}
    assert gates == {(f"layer{k}", n) for k, width in ((1, 12), (2, 8), (3, 6)) for n in range(width)}
    text = (tmp_path / "net.v").read_text().split("\n")
    for gate in rtl.gates():
        assert f"{gate.vector}[{gate.index}] = {gate.expression};" in text[gate.line - 1]


def test_stages_are_as_wide_as_the_vectors_though_the_last_entries_name_no_neuron(tmp_path: Path) -> None:
    """Copies of inputs and constants at the end of the votes: a narrower read would lose the vector."""
    circuit = random_circuit(4, [4], num_classes=1, seed=3)
    outputs = [*circuit.netlist.outputs.tolist(), 2, 3, 1, 1, 1, 1, 1]
    from lgc.ir import Head, Netlist

    old = circuit.netlist
    netlist = Netlist(
        old.num_inputs, old.fanin, old.arity, old.table, np.array(outputs, np.int32), old.origin, old.origins
    )
    circuit = Circuit("net", circuit.encoder, netlist, Head.equal_groups(len(outputs), ("a",)))
    write(Verilog(), circuit, tmp_path / "net.v")
    assert read_rtl(tmp_path / "net.v").vectors()["votes"] == ("net_votes", len(outputs))


def test_a_lone_carriage_return_is_an_edit(tmp_path: Path) -> None:
    """Read as text with universal newlines it would look untouched."""
    write(Verilog(), random_circuit(4, [4], seed=1), tmp_path / "net.v")
    data = (tmp_path / "net.v").read_bytes()
    (tmp_path / "net.v").write_bytes(data.replace(b"]\n", b"]\r", 1))
    rtl = read_rtl(tmp_path / "net.v")
    assert not rtl.is_untouched
    with pytest.raises(InputError, match="changed after lgc wrote it"):
        check_provenance(rtl, "none")


# --- vectors


def test_random_vectors_are_the_seeds_and_of_every_density() -> None:
    first, second = random_vectors(50, 400, 7).bits, random_vectors(50, 400, 7).bits
    np.testing.assert_array_equal(first, second)
    assert (random_vectors(50, 400, 8).bits != first).any()
    shares = first.mean(axis=1)
    assert shares.min() < 0.1 and shares.max() > 0.9


@settings(max_examples=30)
@given(circuits())
def test_directed_vectors_fit_any_circuit(circuit: Circuit) -> None:
    num_inputs = circuit.netlist.num_inputs
    found = directed_vectors(circuit, np.zeros((0, num_inputs), np.bool_), seed=0)
    assert found.bits.shape[1] == num_inputs and found.labels is not None and len(found.labels) == len(found.bits)
    assert not found.bits[0].any() and found.bits[1].all()


def test_directed_vectors_reach_each_class_and_ties() -> None:
    circuit = random_circuit(16, [60, 40], num_classes=4, seed=2)
    found = directed_vectors(circuit, np.zeros((0, 16), np.bool_), seed=0)
    scores = interp.scores(circuit, found.bits)
    assert set(circuit.head.classify(scores).tolist()) == {0, 1, 2, 3}
    assert ((scores == scores.max(axis=1, keepdims=True)).sum(axis=1) > 1).any()
    assert found.labels is not None
    for index in range(4):
        at = found.labels.index(f"class class{index} at its largest score found")
        assert scores[at, index] >= np.median(scores[:, index])


# --- the report


@given(st.text(), st.text())
def test_junit_is_xml_whatever_the_names(name: str, explanation: str) -> None:
    report = Report("torch", 1, ("scores",))
    report.sets += [SetResult("data", 5, 2, 0.1), SetResult("random", 5, 1, 0.1)]
    suite = ET.fromstring(junit_xml(report, name, explanation).encode("utf-8"))[0]
    assert suite.attrib["failures"] == "2" and suite.attrib["tests"] == "2"


# --- tools


def fake_verilator(folder: Path, version: str) -> None:
    (folder / "include").mkdir()
    (folder / "include" / "verilated.h").touch()
    program = folder / "verilator"
    program.write_text(f'#!/bin/sh\ncase "$1" in --version) echo "{version}";; *) echo "{folder}";; esac\n')
    program.chmod(0o755)


def test_a_verilator_on_path_comes_first_if_new_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_verilator(tmp_path, "Verilator 5.040 2025-08-30")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert toolchain.find_verilator().command == (str(tmp_path / "verilator"),)


def test_an_old_verilator_is_passed_over_and_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_verilator(tmp_path, "Verilator 4.038 2020-07-11")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(toolchain, "_in_wheel", lambda: None)
    with pytest.raises(MissingToolError, match=r"4\.038 .* is too old"):
        toolchain.find_verilator()
