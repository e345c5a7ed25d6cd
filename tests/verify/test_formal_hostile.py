"""Texts that mean one thing to yosys and another to a simulator, or to a reader of the manifest: never proved."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from proofs import outcome, written
from strategies import random_circuit

from lgc.errors import InputError, NotCheckedError
from lgc.verify.formal.dialect import check_dialect, check_words

pytest.importorskip("pyosys")

GATE = r"(`LGC_GATE votes\[0\] = )([^;]*);"
ZERO = r"assign plain1\[0\+i\] = `LGC_ZERO;"
LUT6 = "module LUT6 #(parameter [63:0] INIT = 0) (output O, input I0, I1, I2, I3, I4, I5);\n"
LUT6 += "  assign O = 1'b0;\nendmodule\n"

# The options of the compilation, and what is changed in the text.
TEXTS: dict[str, tuple[dict[str, Any], tuple[str, str]]] = {
    "the gate and its complement drive a net": ({}, (GATE, r"\1\2; assign votes[0] = ~(\2);")),
    "two constants drive a net": ({}, (ZERO, r"assign plain1[0+i] = `LGC_ZERO; assign plain1[0+i] = 1'b1;")),
    "a gate drives a constant": ({}, (ZERO, r"assign plain1[0+i] = `LGC_ZERO; assign plain1[0+i] = votes[0];")),
    "an input is driven": ({}, (GATE, r"\1\2; assign bits[0] = bits[1];")),
    "a net that nothing drives": ({}, (GATE, r"wire u; \1bits[0] ? (\2) : u;")),
    "an index past the end": ({}, (GATE, r"\1bits[0] ? (\2) : bits[15];")),
    "a latch": ({}, (GATE, r"reg l; always @* if (bits[0]) l = \2; \1l;")),
    "a loop": ({}, (GATE, r"wire l = (\2) | (l & ~l); \1l;")),
    "a module that is not there": ({}, (GATE, r"wire b; other one (bits[0], b); \1(\2) ^ b;")),
    "a lookup table of the file's own": ({"head": "compress", "fabric": "xc7"}, (r"\Z", "\n" + LUT6.replace("\\", ""))),
    "a register of a constant": ({"pipeline": 3}, (r"x_q1 <= x;", "begin c <= 1'b0; x_q1 <= x ^ {10{c}}; end reg c;")),
    "a register that holds its first value": (
        {"pipeline": 3},
        (r"x_q1 <= x;", "begin c <= c; x_q1 <= x ^ {10{c}}; end reg c = 1'b0;"),
    ),
    "a register that a reset clears": ({"pipeline": 3}, (r"x_q1 <= x;", "x_q1 <= rst ? 0 : x;")),
    "a register that waits": ({"pipeline": 3}, (r"x_q1 <= x;", "if (in_valid) x_q1 <= x;")),
    "the clock as data": ({"pipeline": 3}, (r"x_q1 <= x;", "x_q1 <= x ^ {10{clk}};")),
    "scores in the other order": ({}, (r"= result_scores\[i\]", "= result_scores[11 - i]")),
    "the class's bits in the other order": ({}, (r"= result_class\[i\]", "= result_class[1 - i]")),
}  # fmt: skip


@pytest.mark.parametrize("name", TEXTS)
def test_a_changed_text_is_never_proved(name: str, tmp_path: Path) -> None:
    options, change = TEXTS[name]
    certificate, _ = outcome(random_circuit(10, [24, 30], 3, seed=4), tmp_path, change, **options)
    assert certificate.result != "proved", certificate.to_json()


DIALECT = {
    "undefined constant": "assign a = b ? c : 1'bx;",
    "high impedance": "assign a = b ? c : 4'hZ;",
    "comparison with undefined values": "assign a = b === c;",
    "sensitivity list": "always @(b) a = b & c;",
    "another edge": "always @(negedge clk) a <= b;",
    "a clock of two nets": "always @(posedge clk or posedge rst) a <= b;",
    "first values": "initial a = 0;",
    "wildcards": "casez (b) default: a = c; endcase",
    "wired nets": "wand a;",
    "delay": "assign #5 a = b;",
    "system task": "always @* $display(a);",
    "attribute": "(* full_case *) case (a) 1'b1: b = c; endcase",
    "comment to a tool": "// synopsys translate_off",
    "tool": "`ifdef SYNTHESIS",
    "simulator's other side": "`ifndef YOSYS",
    "file": "`include <other.v>",
    "string": 'assign a = "x";',
    "string that hides code": 'assign a = "//"; assign b = "c',
    "pasted name": "`define A(b) in``b",
    "escaped name": "\\$_AND_ one (a, b, c);",
    "name of our own": "\\lgc.add one (a, b, c);",
    "assumption": "assume (a);",
    "driving by force": "always @* force a = b;",
}


GRAMMATICAL = {"sensitivity list"}
"""Of these, what consists of words that lgc writes: yosys is given it, so that a fault in it can be found."""


@pytest.mark.parametrize("name", DIALECT)
def test_what_tools_read_differently_is_refused(name: str, tmp_path: Path) -> None:
    rtl = written(random_circuit(10, [24, 30], 3, seed=4), tmp_path)
    line = rtl.text.count("\n") - 1  # before the top module's end
    text = rtl.text.replace(
        "\nendmodule\n`default_nettype wire", f"\n{DIALECT[name]}\nendmodule\n`default_nettype wire"
    )
    with pytest.raises(NotCheckedError, match=f"^line {line} is not what lgc writes"):
        check_dialect(replace(rtl, text=text))
    if name not in GRAMMATICAL:
        with pytest.raises(NotCheckedError, match=f"^line {line} of the Verilog has "):
            check_words(text)


@pytest.mark.parametrize("head", ["adder", "compress", "carry", "ternary", "ripple", "serial"])
def test_what_lgc_writes_is_in_the_dialect(head: str, tmp_path: Path) -> None:
    circuit = random_circuit(10, [24, 30], 3, seed=4)
    fabrics = {
        "adder": [""],
        "compress": ["", "xc7", "ecp5", "ice40", "gowin"],
        "carry": ["", "xc7"],
        "ternary": ["", "xc7"],
        "ripple": ["ecp5", "ice40", "gowin"],
        "serial": [""],
    }
    for fabric in fabrics[head]:
        for stages in (0,) if head == "serial" else (0, 3, 5):
            options = {"fabric": fabric} if fabric else {}
            rtl = written(
                circuit, tmp_path, head=head, pipeline=stages, copies=stages == 5 and head != "adder", **options
            )
            check_dialect(rtl)
            check_words(rtl.text)


@pytest.mark.parametrize(
    "lie", [{"classes": ("c", "b", "a")}, {"tie": "last"}, {"latency": 1}, {"thresholds": ((0.5,),)}]
)
def test_a_manifest_that_tells_of_another_model_is_refused(lie: dict[str, Any], tmp_path: Path) -> None:
    circuit = random_circuit(8, [12, 12], 3, seed=1)
    with pytest.raises(InputError, match=r"the manifest's \w+ are not the model's"):
        outcome(circuit, tmp_path, lie=lambda manifest: replace(manifest, **lie))
