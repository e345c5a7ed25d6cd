"""Columns of a sample in hardware: codes by the manifest's rows, codes of real numbers, names in emitted text."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from strategies import known_circuits, random_circuit

from lgc.backend.amaranth import Amaranth
from lgc.backend.base import to_bytes, write
from lgc.backend.columns import column_rows
from lgc.backend.manifest import read_manifest
from lgc.backend.verilog import Verilog
from lgc.errors import InputError
from lgc.ir import CategoryCode, Circuit, Column, Encoder, FeatureCode, FeatureCodes, Head, Inputs, interp
from lgc.ir.inputs import METADATA
from lgc.mapping.encoder import codes_of, fixed_point, levels, lower_encoder
from lgc.mapping.quantise import is_lossless, quantised, read_thresholds


def code_of(row: Mapping[str, Any], value: float) -> int:
    """The code of a value as an integrator has it from the manifest alone; a category's value is its word's index."""
    if row["rounding"] == "index":
        return int(value) if value < len(row["words"]) else len(row["words"])
    if row["rounding"] == "up":
        code = math.ceil(value * row["scale"]) + row["offset"]
    else:
        code = math.floor(value * row["scale"] + row["offset"] + 0.5)
    return int(min(max(code, 0), 2 ** row["bits"] - 1))


def bits_by_rows(rows: list[dict[str, Any]], raw: NDArray[np.float64]) -> NDArray[np.bool_]:
    width = rows[-1]["at"] + rows[-1]["bits"]
    words = [sum(code_of(row, value) << row["at"] for row, value in zip(rows, sample, strict=True)) for sample in raw]
    return np.array([[word >> bit & 1 for bit in range(width)] for word in words], np.bool_)


def raw_rows(inputs: Inputs, count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Raw samples: numbers inside and outside of the range, edges of codes, words that are none."""
    found = []
    for column in inputs.columns:
        if column.kind == "category":
            found.append(rng.integers(0, len(column.words) + 2, count).astype(np.float64))
        elif column.kind == "bit":
            found.append(rng.integers(0, 2, count).astype(np.float64))
        elif column.kind == "pixel":
            found.append(rng.integers(0, column.top + 1, count).astype(np.float64))
        else:
            edge = (rng.integers(-2, column.top + 3, count) - 0.5 - column.offset) / column.scale
            anywhere = rng.uniform(column.low - 1, column.high + 1, count)
            found.append(np.where(rng.random(count) < 0.5, edge, anywhere))
    return np.stack(found, axis=1)


@given(known_circuits(), st.integers(0, 99))
def test_codes_by_the_manifests_formula_give_what_raw_rows_give(circuit: Circuit, seed: int) -> None:
    """The manifest's fields alone, computed here, against the model on raw rows."""
    inputs = circuit.inputs
    assert inputs is not None
    if inputs.codes() is None:
        return
    lowered = lower_encoder(circuit, codes_of(circuit))
    rows = json.loads(json.dumps(column_rows(lowered)))
    raw = raw_rows(inputs, 40, np.random.default_rng(seed))
    expected = interp.scores(circuit, circuit.encoder.encode(inputs.features(raw)))
    np.testing.assert_array_equal(interp.scores(lowered, bits_by_rows(rows, raw)), expected)


real = st.one_of(st.floats(-1e6, 1e6), st.floats(-2, 2), st.integers(-300, 300).map(float), st.just(1e300))


@given(st.lists(real, min_size=1, max_size=6, unique=True).map(sorted), st.integers(1, 12))
def test_comparators_of_rounded_codes_decide_as_the_values_of_codes_do(values: list[float], width: int) -> None:
    thresholds = np.array(values)
    code = quantised(thresholds, width)
    assert code.problem() is None and code.width == width
    every = np.arange(code.top + 1)
    above = code.values(every)[:, None] > thresholds
    np.testing.assert_array_equal(every[:, None] > levels(thresholds[None], code), above)
    # The ends are exact: at the lowest threshold nothing is above it, at the highest all but itself is.
    assert code.codes(thresholds[:1])[0] <= levels(thresholds[None], code)[0, 0]
    assert code.codes(thresholds[-1:])[0] <= levels(thresholds[None], code)[0, -1] < code.top or width == 1


@given(
    st.lists(st.integers(-4000, 4000), min_size=1, max_size=4, unique=True).map(sorted),
    st.integers(0, 4),
    st.integers(4, 16),
    st.lists(st.floats(-3000, 3000), max_size=20),
)
def test_what_is_called_lossless_is(places: list[int], shift: int, width: int, values: list[float]) -> None:
    thresholds = np.array(places) / 2.0**shift
    code = quantised(thresholds, width)
    if not is_lossless(code, thresholds):
        # No code of this width that is rounded up has these thresholds among its values.
        assert fixed_point(thresholds, width, anywhere=True) is None
        return
    near = np.concatenate([thresholds, np.nextafter(thresholds, np.inf), np.nextafter(thresholds, -np.inf)])
    x = np.array([*near.tolist(), *values, 1e300, -1e300])
    above = code.codes(x)[:, None] > levels(thresholds[None], code)
    np.testing.assert_array_equal(above, x[:, None] > thresholds)


def test_codes_span_the_thresholds_that_are_read_and_nothing_else() -> None:
    """A range of a billion with thresholds at 40.1 to 1000.7 keeps them apart with eight bits."""
    thresholds = np.array([40.1, 300.3, 1000.7])
    code = quantised(thresholds, 8, Column("bytes", "number", 0.0, 1.4e9))
    assert levels(thresholds[None], code).tolist() == [[0, 69, 254]]
    assert quantised(np.empty(0), 5, Column("idle", "number", 2.0, 9.0)).codes(np.array([2.0, 9.0])).tolist() == [0, 30]


def table(columns: tuple[Column, ...], rows: list[list[float]], name: str = "t", classes: str = "ab") -> Circuit:
    """A circuit of columns behind thresholds, each feature's row of the same number."""
    encoder = Encoder(len(rows), np.array(rows))
    inner = random_circuit(encoder.num_bits, [12, 12], len(classes), seed=3)
    head = Head.equal_groups(12, tuple(classes))
    return Circuit(name, encoder, inner.netlist, head, {METADATA: Inputs(columns).to_text()})


def test_a_threshold_on_a_power_of_two_costs_a_wire_and_words_are_shared() -> None:
    def gates(columns: tuple[Column, ...], rows: list[list[float]]) -> int:
        circuit = table(columns, rows)
        return lower_encoder(circuit, codes_of(circuit)).netlist.num_nodes - circuit.netlist.num_nodes

    number = Column("n", "number", 0.0, 255.0, 1.0, 0.0, 8)
    assert gates((number,), [[127.5, 127.0]]) == 0  # the top bit
    assert gates((Column("b", "bit"),), [[0.5, 0.25]]) == 0
    words = Column("w", "category", words=("x", "y", "z"))
    assert gates((words,), [[0.5]] * 3) <= 3  # two bits: one gate a word
    assert gates((number,), [[300.0, -1.0]]) == 0  # never, and always


def test_columns_that_nobody_reads_have_their_bits_on_the_port_and_no_logic() -> None:
    number = Column("n", "number", 0.0, 255.0, 1.0, 0.0, 8)
    circuit = table((number, replace(number, name="constant", low=7.0, high=7.0)), [[3.5, 9.5], [7.5, 7.5]])
    first = circuit.with_netlist(circuit.netlist.with_outputs(np.full(12, 3)))  # bits of the first column only
    lowered = lower_encoder(first, codes_of(first))
    rows = column_rows(lowered)
    assert [(row["at"], row["bits"]) for row in rows] == [(0, 8), (8, 8)] and lowered.netlist.num_inputs == 16
    read = lowered.netlist.live()[2:18]
    assert read[:8].any() and not read[8:].any()
    assert [len(one) for one in read_thresholds(first)] == [1, 0]


def test_codes_that_say_something_else_than_the_model_are_refused() -> None:
    columns = (Column("n", "number", 0.0, 255.0, 1.0, 0.0, 8), Column("w", "category", words=("x", "y")))
    circuit = table(columns, [[3.5], [0.5], [0.5]])
    good = codes_of(circuit)
    for bad, message in (
        (good.with_columns({0: FeatureCode(9)}), "column 'n'"),
        (good.with_columns({1: CategoryCode(3)}), "features, but the model reads 3"),
        (FeatureCodes.uniform(FeatureCode(8), 3), "3 columns"),
    ):
        with pytest.raises(InputError, match=message):
            lower_encoder(circuit, bad)
    bits = Circuit("bits", Encoder(2), random_circuit(2, [12, 12], 2, seed=1).netlist, circuit.head)
    with pytest.raises(InputError, match="feature 0"):
        lower_encoder(bits, FeatureCode(8))


def test_a_model_of_words_and_bits_needs_no_thresholds() -> None:
    inputs = Inputs((Column("w", "category", words=("x", "y")), Column("b", "bit")))
    inner = random_circuit(3, [12, 12], 2, seed=4)
    circuit = Circuit("bits", Encoder(3), inner.netlist, inner.head, {METADATA: inputs.to_text()})
    lowered = lower_encoder(circuit, codes_of(circuit))
    raw = np.array([[word, bit] for word in range(4) for bit in range(2)], np.float64)
    expected = interp.scores(circuit, circuit.encoder.encode(inputs.features(raw)))
    np.testing.assert_array_equal(interp.scores(lowered, bits_by_rows(list(column_rows(lowered)), raw)), expected)


HOSTILE = ("*/ end", '`include "x"', "\nmodule evil;", "x\\", '""" + exit()', "é\u2028", "// verilator lint_off", "")


def test_names_are_text_of_comments_and_of_json_and_nothing_else(tmp_path: Path) -> None:
    columns = tuple(Column(name, "number", 0.0, 3.0, 1.0, 0.0, 2) for name in HOSTILE)
    words = Column("w", "category", words=HOSTILE)
    circuit = table((*columns, words), [[0.5]] * (len(HOSTILE) * 2))
    lowered = lower_encoder(circuit, codes_of(circuit))
    plain = replace(lowered, metadata={key: text for key, text in lowered.metadata.items() if key != METADATA})
    for format_, mark in ((Verilog(top="t"), "//"), (Amaranth(class_name="T"), "#")):
        texts = [to_bytes(format_, one).decode("ascii").split("\n") for one in (lowered, plain)]
        notes = [[line for line in text if line.startswith((f"{mark} features[", f"{mark} classes"))] for text in texts]
        assert [len(one) for one in notes] == [len(HOSTILE) + 2] * 2
        assert not any(letter in "".join(notes[0]) for letter in "`\\")
        mine, theirs = (
            [line for line in text if line not in note and not re.search(r"[0-9a-f]{64}", line)]
            for text, note in zip(texts, notes, strict=True)
        )
        assert mine == theirs
    write(Verilog(), lowered, tmp_path / "t.v")
    rows = read_manifest(tmp_path / "t.json").columns
    assert [row["name"] for row in rows] == [*HOSTILE, "w"] and tuple(rows[-1]["words"]) == HOSTILE


def test_notes_of_many_columns_are_bounded() -> None:
    columns = tuple(Column(f"{index} {'x' * 190}", "number", 0.0, 3.0, 1.0, 0.0, 2) for index in range(100))
    lowered = lower_encoder(table(columns, [[0.5]] * 100), FeatureCode(2))
    notes = [line for line in to_bytes(Verilog(), lowered).decode().split("\n") if line.startswith("// features[")]
    assert len(notes) == 64 and max(map(len, notes)) <= 203
    assert re.search(r"// and 36 columns more", to_bytes(Verilog(), lowered).decode())
