"""Kind 3: what a condition hides from one tool is not proved; lgc's own two preambles stand byte for byte."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from proofs import outcome, written
from strategies import random_circuit

from lgc.errors import NotCheckedError
from lgc.verify.formal.dialect import check_dialect

pytest.importorskip("pyosys")
CIRCUIT = random_circuit(10, [24, 30], 3, seed=4)
GATE = r"(    `LGC_GATE votes\[0\] = )([^;]*);"


def flipped(match: re.Match[str]) -> str:
    """Another digit."""
    return match[1] + ("a" if match[2] == "5" else "5")


# The options, and what is changed in the text.
TEXTS: dict[str, tuple[dict[str, Any], tuple[str, Any]]] = {
    "but in Verilator": ({}, (GATE, r"`ifndef VERILATOR\n\1\2;\n`else\n\1~(\2);\n`endif\n")),
    "in Icarus": ({}, (GATE, r"`ifdef __ICARUS__\n\1~(\2);\n`else\n\1\2;\n`endif\n")),
    "in no tool of that name": ({}, (GATE, r"`ifdef SYNTHESIS\n\1~(\2);\n`else\n\1\2;\n`endif\n")),
    "by a macro that is named like lgc's": ({}, (GATE, r"`ifdef LGC_MORE\n\1~(\2);\n`else\n\1\2;\n`endif\n")),
    "in lanes": ({}, (GATE, r"`ifdef LGC_LANES\n\1~(\2);\n`else\n\1\2;\n`endif\n")),
    "a chain of conditions": ({}, (GATE, r"`ifdef NONE\n\1~(\2);\n`elsif VERILATOR\n\1~(\2);\n`else\n\1\2;\n`endif\n")),
    "a macro anew": ({}, (GATE, r"`define LGC_GATE assign\n\1\2;")),
    "a macro gone": ({}, (GATE, r"\1\2;\n`undef LGC_ZERO")),
    "a macro of the preamble, in lanes": ({}, (r"`define LGC_ZERO \{`LGC_LANES\{1'b0\}\}", "`define LGC_ZERO '1")),
    "a macro of the preamble, in hardware": ({}, (r"`define LGC_ONE 1'b1", "`define LGC_ONE 1'h1")),
    "the preamble's condition": ({}, (r"`ifdef LGC_LANES\n`define LGC_NETS", "`ifdef VERILATOR\n`define LGC_NETS")),
    "the models' condition": ({"head": "compress", "fabric": "xc7"}, (r"`ifdef VERILATOR\n", "`ifdef VERILATOR_\n")),
    "a model for simulators": ({"head": "compress", "fabric": "xc7"}, (r"O = INIT\[\{I0\}\]", "O = !INIT[{I0}]")),
    "a gate line for lanes alone": (
        {"head": "compress", "fabric": "xc7"},
        (r"(`ifdef LGC_LANES.*?`LGC_GATE popcount_\d+\[\d+\] = lut\d\(\d+'h)(\w)", flipped),
    ),
    "a chain's line for lanes alone": (
        {"head": "carry", "fabric": "xc7"},
        (r"(`LGC_GATE popcount_\w+_sum\[\d+\] = \w+\[\d+\]) \^ ", r"\1 ^ ~"),
    ),
    "a leaf for lanes alone": ({}, (r"a \^ b \^ carry", "a ^ b | carry")),
    "a scale of time": ({}, (GATE, r"`timescale 1ns/1ps\n\1\2;")),
    "implicit nets": ({}, (r"`default_nettype none", "`default_nettype wire")),
    "all settings undone": ({}, (GATE, r"`resetall\n\1\2;")),
    "a file": ({}, (GATE, r'\1\2;\n`include "other.v"')),
}  # fmt: skip


@pytest.mark.parametrize("name", TEXTS)
def test_a_text_that_differs_between_tools_is_not_accepted(name: str, tmp_path: Path) -> None:
    options, change = TEXTS[name]
    rtl = written(CIRCUIT, tmp_path, change, **options)
    with pytest.raises(NotCheckedError, match=r"^line \d+ is not what lgc writes"):
        check_dialect(rtl)


@pytest.mark.parametrize("name", ["but in Verilator", "a gate line for lanes alone", "a leaf for lanes alone"])
def test_it_is_not_proved(name: str, tmp_path: Path) -> None:
    options, change = TEXTS[name]
    certificate, _ = outcome(CIRCUIT, tmp_path, change, **options)
    assert certificate.result == "not proved", certificate.to_json()


def test_every_line_of_the_preambles_is_held(tmp_path: Path) -> None:
    rtl = written(CIRCUIT, tmp_path, head="compress", fabric="xc7")
    lines = rtl.text.split("\n")
    for number in [number for number, line in enumerate(lines) if re.match("`(if|el|end|def|undef)", line)]:
        for changed in (
            lines[:number] + lines[number + 1 :],
            [*lines[:number], lines[number] + " ", *lines[number + 1 :]],
        ):
            with pytest.raises(NotCheckedError):
                check_dialect(replace(rtl, text="\n".join(changed)))
