"""Kind 2: of comments only those that lgc writes are proved, whatever else a tool might take for its own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from proofs import outcome, written
from strategies import random_circuit

from lgc.errors import NotCheckedError
from lgc.verify.formal.dialect import check_dialect

pytest.importorskip("pyosys")
CIRCUIT = random_circuit(10, [24, 30], 3, seed=4)

COMMENTS = [
    "// synthesis off", "//synthesis on", "// Synthesis Translate_Off", "// synopsys translate_off",
    "// pragma protect",
    "// cadence translate_off", "// ambit synthesis off", "// rtl_synthesis off", "/* synthesis syn_keep=1 */",
    "// verilator lint_off WIDTH", "/*verilator public*/", "// verilator public_flat", "//$ translate off",
    "// exemplar translate_off", "// SYNOPSYS full_case", "// layer2", "// anything at all", "/**/", "//",
]  # fmt: skip


def test_a_gate_behind_a_pragma_is_not_proved(tmp_path: Path) -> None:
    """yosys reads both complements, and a tool that obeys the pragma one of them."""
    gate = r"(`LGC_GATE votes\[0\] = )([^;]*);"
    hidden = r"\1~(\2)\n// synthesis off\n ^ 1'b1\n// synthesis on\n;"
    certificate, _ = outcome(CIRCUIT, tmp_path, (gate, hidden))
    assert certificate.result == "not proved"
    assert "is not what lgc writes" in certificate.open[0].note


@pytest.mark.parametrize("comment", COMMENTS)
def test_a_comment_that_lgc_does_not_write_is_not_proved(comment: str, tmp_path: Path) -> None:
    rtl = written(CIRCUIT, tmp_path)
    for place in ("\nendmodule\n", ";  // layer1[3]", "  `LGC_END\n"):
        front, _, back = rtl.text.partition(place)
        text = f"{front}{place[:1].strip()}{comment}\n{place[len(place[:1].strip()) :].lstrip()}{back}"
        with pytest.raises(NotCheckedError, match=r"^line \d+ is not what lgc writes"):
            check_dialect(replace(rtl, text=text))


@pytest.mark.parametrize(
    "name", ["// layer1 [3]", "// layer1[3] off", "// Synthesis[3]", "// `x[3]", "// layer1[3]\\", "// é[3]"]
)
def test_a_neurons_name_is_one_word_or_quoted(name: str, tmp_path: Path) -> None:
    rtl = written(CIRCUIT, tmp_path)
    assert "// layer1[3]" in rtl.text
    with pytest.raises(NotCheckedError):
        check_dialect(replace(rtl, text=rtl.text.replace("// layer1[3]", name, 1)))


def test_names_of_layers_that_look_like_directives_are_proved_as_ever(tmp_path: Path) -> None:
    """The writer quotes them, so that no tool takes them for its own."""
    origins = CIRCUIT.netlist.origins
    named = replace(CIRCUIT.netlist, origins=replace(origins, names=("synthesis off", "verilator lint_off")))
    rtl = written(CIRCUIT.with_netlist(named), tmp_path)
    assert '// "synthesis off"[' in rtl.text
    check_dialect(rtl)
