"""Gates of more operands than a lookup table has, as tables and multiplexers that are written by name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from proofs import outcome, written
from strategies import random_circuit, random_inputs

from lgc.backend.manifest import read_manifest
from lgc.errors import NotCheckedError
from lgc.ir import Circuit, interp
from lgc.sim.verilator import VerilatorSimulator
from lgc.verify.formal.dialect import check_dialect

GOWIN = {"head": "ripple", "fabric": "gowin"}
TABLES = {5: 2, 6: 4}
"""By operands, the tables of four that such a gate is made of."""


def layers(arity: int) -> Circuit:
    """Two layers, so that a net between them is read as well."""
    return random_circuit(14, [20, 24], 3, arity=arity, seed=arity)


@pytest.mark.parametrize("arity", TABLES)
def test_a_wide_gate_is_tables_and_multiplexers_and_is_proved(arity: int, tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    text = written(layers(arity), tmp_path / "one", **GOWIN).text
    wide = {size: len(re.findall(rf"= lut{size}\(", text)) for size in TABLES}
    assert wide[arity] > 10
    cells = {kind: len(re.findall(rf"^  {kind} \w+ \(", text, re.M)) for kind in ("MUX2_LUT5", "MUX2_LUT6")}
    assert cells == {"MUX2_LUT5": wide[5] + 2 * wide[6], "MUX2_LUT6": wide[6]}
    assert len(re.findall(r"^  LUT4 .* \w+_c\d+ \(", text, re.M)) == sum(TABLES[size] * wide[size] for size in TABLES)
    assert text.count("module MUX2_LUT5") == 1
    certificate, _ = outcome(layers(arity), tmp_path, pipeline=3, **GOWIN)
    assert certificate.result == "proved", certificate.to_json()


@pytest.mark.parametrize("fabric", ["ecp5", "ice40"])
def test_other_fabrics_leave_wide_gates_to_synthesis(fabric: str, tmp_path: Path) -> None:
    text = written(layers(6), tmp_path, head="ripple", fabric=fabric).text
    assert re.search(r"= lut6\(", text)
    assert not re.search(r"_c\d+ \(|MUX2", text)


LIES = {
    "a table": (r"(LUT4 #\(\.INIT\(16'h)(?!0)\w(\w+\)\) layer1_0_c0)", r"\g<1>0\2"),
    "a half": (r"(MUX2_LUT5 \w+ \([^;]*?)\.I0\((\w+)\), \.I1\((\w+)\)", r"\1.I0(\3), .I1(\2)"),
    "a half twice": (r"(MUX2_LUT5 \w+ \([^;]*?)\.I0\((\w+)\), \.I1\((\w+)\)", r"\1.I0(\2), .I1(\2)"),
    "what chooses": (r"(MUX2_LUT6 [^;]*?\.S0\(bits\[)\d+", r"\g<1>13"),
    "a wire that is not there": (r"  wire layer1_0_f0;\n", ""),
    "another wire": (r"(layer1_0_c0 \(\.F\(layer1_0_f)0", r"\g<1>1"),
}


@pytest.mark.parametrize("name", LIES)
def test_cells_that_are_not_what_the_gate_line_says_are_refused(name: str, tmp_path: Path) -> None:
    rtl = written(layers(6), tmp_path, LIES[name], **GOWIN)
    with pytest.raises(NotCheckedError, match=r"layer1|multiplexer"):
        check_dialect(rtl)


@pytest.mark.slow
@pytest.mark.sim
def test_the_models_of_the_multiplexers_are_right(tmp_path: Path) -> None:
    circuit = layers(6)
    rtl = written(circuit, tmp_path, level="O0", **GOWIN)
    simulator = VerilatorSimulator(read_manifest(tmp_path / "net.json"), tmp_path, 1, timeout=600)
    simulator.build(rtl.path)
    bits = random_inputs(14, 200, seed=6)
    assert (simulator.run(bits).scores == interp.scores(circuit, bits)).all()
