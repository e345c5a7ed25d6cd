"""Raw rows mean one thing: every way from what people have to a class gives the same scores."""

from __future__ import annotations

import ctypes
import json
import os
import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cbuild import Loaded
from hypothesis import HealthCheck, given, note, settings
from numpy.typing import NDArray
from strategies import known_circuits, raw_rows

from lgc.backend.base import to_bytes
from lgc.backend.c import C99
from lgc.backend.verilog import Verilog
from lgc.errors import LgcWarning, OptionError
from lgc.ir import Circuit, interp, parse_text, to_text
from lgc.mapping.encoder import check_codes, lower_encoder
from lgc.passes import optimize
from lgc.runtime import Predictor

EXAMPLES = int(os.environ.get("LGC_EXAMPLES", "4"))
Scores = NDArray[np.int64]


def plainly(circuit: Circuit, rows: NDArray[np.float64]) -> Scores:
    """By docs/checkpoint.md, one value at a time in Python's own numbers."""
    inputs = circuit.inputs
    assert inputs is not None
    samples = []
    for row in rows.tolist():
        features: list[float] = []
        for x, column in zip(row, inputs.columns, strict=True):
            if column.kind == "category":
                features += [float(x == index) for index in range(len(column.words))]
            elif column.kind == "pixel":
                features.append(float(np.float32((x - column.offset) / column.scale)))
            elif column.kind == "number" and column.bits:
                code = int(np.floor(x * column.scale + column.offset + 0.5))
                features.append(float(min(max(code, 0), column.top)))
            else:
                features.append(x)
        samples.append(features)
    return interp.scores(circuit, circuit.encoder.bits_of(np.array(samples, np.float64)))


def by_predictor(circuit: Circuit, rows: NDArray[np.float64], engine: Any) -> Scores:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LgcWarning)  # of values outside of the range, which these rows have
        return Predictor(circuit, engine=engine).scores(rows)


def by_emitted_c(circuit: Circuit, rows: NDArray[np.float64], folder: Path) -> Scores:
    """Raw doubles through the file's own function, or as they are where it has none."""
    library = Loaded(circuit, folder, target=C99(prefix="t"))
    if circuit.inputs is None or not circuit.inputs.changes:
        return library("f64", rows)[0].astype(np.int64)
    features = np.zeros((len(rows), circuit.encoder.num_features))
    library._library.t_encode(
        rows.ctypes.data_as(ctypes.c_void_p), ctypes.c_size_t(len(rows)), features.ctypes.data_as(ctypes.c_void_p)
    )
    return library("f64", features)[0].astype(np.int64)


def by_onnx(circuit: Circuit, rows: NDArray[np.float64]) -> Scores:
    runtime = pytest.importorskip("onnxruntime")
    from lgc.backend.onnx import Onnx, input_of

    session = runtime.InferenceSession(to_bytes(Onnx(), circuit), providers=["CPUExecutionProvider"])
    scores: Scores = session.run(["scores"], {input_of(circuit)[0]: rows})[0]
    return scores


def by_ports(circuit: Circuit, rows: NDArray[np.float64]) -> Scores | None:
    """Codes by the manifest's columns alone to the bits of the port; None where hardware would lose something."""
    assert circuit.inputs is not None
    codes = circuit.inputs.codes()
    try:
        lowered = None if codes is None else optimize(lower_encoder(circuit, check_codes(circuit.encoder, codes)))
    except OptionError:  # a threshold so near to a code that rounding decides
        lowered = None
    if lowered is None:
        return None
    target = Verilog(top="net", head="adder")
    (manifest,) = (text for suffix, text in target.companions(lowered).items() if suffix == ".json")
    return interp.scores(lowered, port_bits(json.loads(manifest), rows))


def port_bits(manifest: dict[str, Any], rows: NDArray[np.float64]) -> NDArray[np.bool_]:
    """What a script of somebody else does with the manifest."""
    ports = {port["name"]: port["width"] for port in manifest["ports"]}
    bits = np.zeros((len(rows), ports["features"]), np.bool_)
    for place, column in enumerate(manifest["columns"]):
        top = (1 << column["bits"]) - 1
        for index, x in enumerate(rows[:, place].tolist()):
            code = int(np.floor(x * column.get("scale", 1.0) + column.get("offset", 0.0) + 0.5))
            code = min(max(code, 0), top)
            for bit in range(column["bits"]):
                bits[index, column["at"] + bit] = code >> bit & 1
    return bits


def compare_all(circuit: Circuit, folder: Path) -> None:
    assert circuit.inputs is not None
    rows = raw_rows(circuit.inputs, 70)
    note(circuit.inputs.to_text())
    expected = plainly(circuit, rows)
    optimised = optimize(circuit)
    seen = {
        "numpy": by_predictor(circuit, rows, "numpy"),
        "C": by_predictor(circuit, rows, "c"),
        "the text": by_predictor(parse_text(to_text(optimised)), rows, "numpy"),
        "emitted C": by_emitted_c(optimised, rows, folder),
        "ONNX": by_onnx(optimised, rows),
        "ports": by_ports(circuit, rows),
    }
    for name, scores in seen.items():
        if scores is not None:
            np.testing.assert_array_equal(scores, expected, err_msg=name)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(known_circuits())
def test_raw_rows_have_the_same_scores_everywhere(circuit: Circuit) -> None:
    with tempfile.TemporaryDirectory() as folder:
        compare_all(circuit, Path(folder))


@pytest.mark.slow
@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(known_circuits())
def test_many_raw_rows_have_the_same_scores_everywhere(circuit: Circuit) -> None:
    with tempfile.TemporaryDirectory() as folder:
        compare_all(circuit, Path(folder))
