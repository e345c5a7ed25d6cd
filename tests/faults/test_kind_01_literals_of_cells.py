"""Kind 1: a literal that lgc interprets itself has exactly the width of its table, or nothing is proved of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from proofs import outcome, written
from strategies import random_circuit

from lgc.errors import NotCheckedError
from lgc.verify.formal.cells import expand
from lgc.verify.formal.dialect import check_dialect

pytest.importorskip("pyosys")
CIRCUIT = random_circuit(10, [24, 30], 3, seed=4)
XC7: dict[str, Any] = {"head": "carry", "fabric": "xc7"}

# What is changed in the text, whose value stays or is what a reader that widens by zeros takes it for.
TEXTS: dict[str, tuple[dict[str, Any], tuple[str, Any]]] = {
    "signed": (XC7, (r"(LUT6_2 #\(\.INIT\()64'h", r"\g<1>64'sh")),
    "narrower and signed": (XC7, (r"(LUT3 #\(\.INIT\()8'h\w(\w)", r"\g<1>4'sh\2")),
    "wider": (XC7, (r"(LUT2 #\(\.INIT\()4'h", r"\g<1>8'h0")),
    "decimal": (XC7, (r"(LUT2 #\(\.INIT\()4'h[0-9a-f]", r"\g<1>4'd6")),
    "without a width": (XC7, (r"(LUT2 #\(\.INIT\()4'h", r"\g<1>'h")),
    "digits in capitals": (XC7, (r"(LUT6_2 #\(\.INIT\(64'h[0-9]*)([a-f])", lambda match: match[1] + match[2].upper())),
    "digits in groups": (XC7, (r"(LUT6_2 #\(\.INIT\(64'h....)", r"\1_")),
    "left out": (XC7, (r"LUT2 #\(\.INIT\(4'h.\)\)", "LUT2 #()")),
    "given by place": (XC7, (r"LUT2 #\(\.INIT\((4'h.)\)\)", r"LUT2 #(\1)")),
    "of another parameter too": (XC7, (r"(LUT2 #\(\.INIT\(4'h.\))", r"\1, .MORE(1'b0)")),
    "padded fabric": ({"head": "compress", "fabric": "ice40"}, (r"(LUT_INIT\(16'h)(....)", r"LUT_INIT(16'sh\2")),
    "bias": ({}, (r"\.BIAS\(4'd", ".BIAS(4'sd")),
    "narrower bias": ({}, (r"\.BIAS\(4'd", ".BIAS(3'd")),
    "start of a serial counter": ({"head": "serial"}, (r"word = 4'd3", "word = 3'sd3")),
}


@pytest.mark.parametrize("name", TEXTS)
def test_another_literal_is_not_accepted(name: str, tmp_path: Path) -> None:
    options, change = TEXTS[name]
    with pytest.raises(NotCheckedError, match=r"^line \d+ is not what lgc writes"):
        check_dialect(written(CIRCUIT, tmp_path, change, **options))


@pytest.mark.parametrize("name", ["narrower and signed", "wider", "bias"])
def test_it_is_not_proved(name: str, tmp_path: Path) -> None:
    options, change = TEXTS[name]
    certificate, _ = outcome(CIRCUIT, tmp_path, change, **options)
    assert certificate.result != "proved", certificate.to_json()


CELLS = {
    "narrower": ("LUT5", {"INIT": "1000100110101011"}),
    "wider": ("LUT2", {"INIT": "00110"}),
    "undefined": ("LUT2", {"INIT": "0x10"}),
    "none": ("LUT2", {}),
    "of ice40": ("SB_LUT4", {"LUT_INIT": "1001"}),
    "of two outputs": ("LUT6_2", {"INIT": "1" * 32}),
    "beside another": ("LUT2", {"INIT": "0110", "IS_INVERTED": "1"}),
}


@pytest.mark.parametrize("name", CELLS)
def test_a_cell_is_known_with_a_table_of_its_width_alone(name: str) -> None:
    kind, parameters = CELLS[name]
    pins = {f"I{place}": (place + 2,) for place in range(6)} | {"O": (9,), "O5": (10,), "O6": (11,)}
    arity = {"LUT5": 5, "LUT2": 2, "SB_LUT4": 4, "LUT6_2": 6}[kind]
    outputs = ("O5", "O6") if arity == 6 else ("O",)
    mine = {pin: pins[pin] for pin in (*(f"I{place}" for place in range(arity)), *outputs)}
    with pytest.raises(NotCheckedError, match="no number of exactly"):
        expand("one", kind, parameters, mine)


@pytest.mark.parametrize("change", [{"I1": ()}, {"I1": (3, 4)}, {"EXTRA": (5,)}])
def test_a_cell_has_its_pins_and_no_others(change: dict[str, tuple[int, ...]]) -> None:
    pins = {"I0": (2,), "I1": (3,), "O": (4,)}
    assert expand("one", "LUT2", {"INIT": "0110"}, pins)
    with pytest.raises(NotCheckedError, match="has not the pins"):
        expand("one", "LUT2", {"INIT": "0110"}, pins | change)
