"""The writer and the readers of our Verilog agree: what one of them writes, the others find."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import circuits, random_circuit

import lgc
from lgc.backend.base import to_bytes
from lgc.backend.verilog import Verilog
from lgc.backend.verilog import grammar as written
from lgc.backend.verilog.textnet import parse_gate, read_text
from lgc.ir import Circuit

words = st.from_regex(r"[a-z]\w{0,8}", fullmatch=True)
places = st.integers(0, 10**6)


@given(words, places, st.sampled_from(["a[0] & ~b[3]", "`LGC_ZERO", "lut3(8'he8, c[1], b[0], a[0])"]), words, places)
def test_a_gate_line_reads_back(vector: str, index: int, expression: str, layer: str, neuron: int) -> None:
    for name in ("", written.reference(layer, neuron)):
        line = written.gate_line(written.reference(vector, index), expression, name)
        for text in (f"    {line}", f"  `LGC_BLOCK {line} `LGC_END" if not name else line, f"{line}\r"):
            match = written.GATE_LINE.match(text)
            assert match is not None
            gate = written.GateText.of(match)
            assert (gate.vector, gate.index, gate.expression, gate.neuron) == (vector, index, expression, name)
            assert gate.place() == ((layer, neuron) if name else None)
            assert text[gate.start : gate.end] == expression


@given(words, st.integers(1, 10**6))
def test_vectors_and_modules_read_back(name: str, size: int) -> None:
    match = written.NETS.fullmatch(written.nets(name, size))
    assert match is not None and (match[1], int(match[2])) == (name, size)
    line = written.MODULE_LINE.match(written.module_line(name))
    assert line is not None and line[1] == name


@given(st.integers(3, 6).flatmap(lambda arity: st.tuples(st.just(arity), st.integers(0, (1 << (1 << arity)) - 1))))
def test_a_table_reads_back(function: tuple[int, int]) -> None:
    arity, table = function
    operands = [written.reference("x", index) for index in range(arity)]
    assert parse_gate(written.lut_call(table, operands)) == (table, tuple(operands))


@given(circuits())
def test_every_gate_of_a_circuit_is_read(circuit: Circuit) -> None:
    """As many lines as there are nodes and votes, and the header's marks."""
    text = to_bytes(Verilog(top="net"), circuit).decode()
    header, body = written.split_header(text)
    assert written.marked(header, written.CIRCUIT_MARK) == circuit.digest()
    assert written.marked(header, "// nothing: ") is None
    assert body.startswith("`default_nettype none")
    if circuit.netlist.num_outputs:
        read_text(text, circuit.netlist.num_inputs)


def test_no_reader_has_a_form_of_its_own() -> None:
    """The marks of a gate line, a vector and a digest are spelled out in the grammar, its writers' templates aside."""
    source = Path(lgc.__file__).parent
    for path in sorted(source.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        own = path == source / "backend" / "verilog" / "grammar.py"
        patterns = re.findall(r"re\.compile\(\s*[rf]*\"[^\n]*LGC_GATE", text)
        assert bool(patterns) == own, path
        assert ('-sha256: "' in text or '-digest: "' in text) == own, path


@pytest.mark.parametrize("head", ["compress", "carry"])
def test_mapped_text_is_read_as_well(head: str) -> None:
    circuit = random_circuit(20, [90], 3, seed=2)
    text = to_bytes(Verilog(top="net", head=head, effort=0), circuit).decode()
    lines = [written.GateText.of(match) for match in written.GATE_LINE.finditer(text)]
    assert len(lines) > 60
    assert {"votes"} <= {line.vector for line in lines}
