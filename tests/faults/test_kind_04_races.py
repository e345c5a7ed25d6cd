"""Kind 4: what the order of events decides is not proved: races, states of functions, names across modules."""

from __future__ import annotations

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
CLOCK = r"always @\(posedge clk\) x_q1 <= x;"
LUT = {"head": "compress"}

TEXTS: dict[str, tuple[dict[str, Any], tuple[str, str]]] = {
    "blocking under a clock edge": ({"pipeline": 3}, (CLOCK, "always @(posedge clk) x_q1 = x;")),
    "nonblocking in a combinational block": (
        {},
        (GATE, r"reg c, d; always @* begin d <= bits[1]; c <= d; end \1(\2) ^ c ^ bits[1];"),
    ),
    "a function that reads what is no argument": (
        {},
        (GATE, r"function hid; input a; hid = (\2) ^ a ^ a; endfunction \1hid(bits[3]);"),
    ),
    "a function with a state": (LUT, (r"function automatic `LGC_VECTOR lut3", "function `LGC_VECTOR lut3")),
    "a function's table from outside": (LUT, (r"= table_bits\[\{c\[lane\]", "= bits[{c[lane]")),
    "a name of another module": ({}, (GATE, r"\1(\2) ^ u_layer1.layer1[0] ^ u_layer1.layer1[0];")),
    "a register of two blocks": ({"pipeline": 3}, (CLOCK, r"\g<0>\n  \g<0>")),
    "a register that another block reads at once": (
        {"pipeline": 3},
        (CLOCK, "reg [9:0] t; always @(posedge clk) t = x; always @(posedge clk) x_q1 <= t ^ t ^ x;"),
    ),
    "an incomplete list": ({}, (GATE, r"reg c; always @(bits[1]) c = \2; \1c;")),
    "a list that is complete today": ({}, (GATE, r"reg c; always @(bits or layer1) c = \2; \1c;")),
    "a leaf's block with a list": ({}, (r"always @\* begin", "always @(entries) begin")),
    "a leaf's block, nonblocking": ({}, (r"      second = first;", "      second <= first;")),
    "a block of SystemVerilog": ({"pipeline": 3}, (CLOCK, "always_ff @(posedge clk) x_q1 <= x;")),
    "a first value": ({"pipeline": 3}, (r"reg `LGC_NETS\(x_q1, 10\);", "reg `LGC_NETS(x_q1, 10) = 0;")),
    "the serial counter, blocking": ({"head": "serial"}, (r"place <= 0;", "place = 0;")),
    "the serial start, nonblocking": ({"head": "serial"}, (r"0: word = ", "0: word <= ")),
    "a delay within": ({"pipeline": 3}, (CLOCK, "always @(posedge clk) x_q1 <= #1 x;")),
    "a clock through a gate": ({"pipeline": 3}, (CLOCK, "wire c = clk; always @(posedge c) x_q1 <= x;")),
}  # fmt: skip


@pytest.mark.parametrize("name", TEXTS)
def test_a_race_is_not_accepted(name: str, tmp_path: Path) -> None:
    options, change = TEXTS[name]
    with pytest.raises(NotCheckedError, match=r"^line \d+ is not what lgc writes"):
        check_dialect(written(CIRCUIT, tmp_path, change, **options))


@pytest.mark.parametrize("name", ["blocking under a clock edge", "a first value", "the serial start, nonblocking"])
def test_it_is_not_proved(name: str, tmp_path: Path) -> None:
    options, change = TEXTS[name]
    certificate, _ = outcome(CIRCUIT, tmp_path, change, **options)
    assert certificate.result != "proved", certificate.to_json()
    assert "is not what lgc writes" in certificate.open[0].note
