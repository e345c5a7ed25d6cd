"""Raw rows mean one thing: every way from what people have to a class gives the same scores."""

from __future__ import annotations

import ctypes
import json
import os
import tempfile
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cbuild import Loaded
from hypothesis import HealthCheck, given, note, settings
from numpy.typing import NDArray
from strategies import PIXELS, known_circuits, random_circuit, raw_rows

import lgc
from lgc.backend.base import to_bytes
from lgc.backend.c import C99
from lgc.backend.c.columns import byte_values
from lgc.backend.verilog import Verilog
from lgc.errors import InputError, LgcWarning, OptionError
from lgc.ir import Circuit, Column, Encoder, Inputs, interp, parse_text, to_text
from lgc.ir.inputs import METADATA
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
@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(known_circuits())
def test_many_raw_rows_have_the_same_scores_everywhere(circuit: Circuit) -> None:
    with tempfile.TemporaryDirectory() as folder:
        compare_all(circuit, Path(folder))


# --- what people give


GREY = Inputs((Column("grey", "pixel", 0.0, 255.0, 255.0, 0.0, 8),) * 16)
BYTES = np.random.default_rng(0).integers(0, 256, (60, 16), dtype=np.uint8)


def of_pixels(column: Column = GREY.columns[0], middle: float = 0.3) -> Circuit:
    circuit = random_circuit(16, [30], 3, seed=2)
    encoder = Encoder(16, np.full((16, 1), middle))
    return Circuit("grey", encoder, circuit.netlist, circuit.head, {METADATA: Inputs((column,) * 16).to_text()})


@pytest.mark.parametrize("engine", ["numpy", "c"])
def test_bytes_and_scaled_pixels_are_the_same(engine: Any) -> None:
    predictor = Predictor(of_pixels(), engine=engine)
    expected = predictor.scores(BYTES)
    np.testing.assert_array_equal(expected, plainly(predictor.circuit, BYTES.astype(np.float64)))
    forms = [BYTES.reshape(60, 4, 4), BYTES.astype(np.int64), BYTES.astype(np.float32), BYTES.astype(float)]
    forms += [BYTES / 255, (BYTES / 255).astype(np.float32), BYTES.astype(np.float32) / np.float32(255)]
    for form in forms:
        np.testing.assert_array_equal(predictor.scores(form), expected)
    bits = BYTES > 0.3 * 255
    np.testing.assert_array_equal(predictor.scores(bits), expected)
    np.testing.assert_array_equal(predictor.scores(np.packbits(bits, axis=1, bitorder="little")), expected)


def test_thresholds_on_the_values_of_bytes_are_those_of_training() -> None:
    """float32 and float64 of k / 255 lie on two sides of some thresholds; training saw float32."""
    for k in (0, *range(2, 256)):  # ones alone are white
        value = float(np.float32(k) / np.float32(255))
        circuit = of_pixels(middle=value)
        rows = np.full((1, 16), k, np.uint8)
        expected = plainly(circuit, rows.astype(float))
        for form in (rows, rows.astype(float), rows / 255):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", LgcWarning)
                np.testing.assert_array_equal(Predictor(circuit, engine="numpy").scores(form), expected)
    low, high = byte_values(GREY, 255)[[77, 78]]
    assert low == float(np.float32(77) / np.float32(255)) and high > low


def test_zeros_and_ones_are_black_and_white_with_a_warning() -> None:
    predictor = Predictor(of_pixels(), engine="numpy")
    ones = (BYTES > 99).astype(np.uint8)
    with pytest.warns(LgcWarning, match=r"all 960 pixels are 0 or 1, and \d+ are 1.*X \* 255") as told:
        seen = predictor.scores(ones)
    assert len(told) == 1
    np.testing.assert_array_equal(seen, predictor.scores(ones * 255))
    black = np.zeros((3, 16), np.uint8)
    np.testing.assert_array_equal(predictor.scores(black), predictor.scores(black.astype(float)))  # and no warning


def test_code_of_pixels_is_not_that_of_the_same_gates_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One cache, two meanings of a byte."""
    monkeypatch.setenv("LGC_CACHE", str(tmp_path))
    pixels, ones = of_pixels(), (BYTES > 99).astype(np.uint8)
    plain = replace(pixels, metadata={})
    assert plain.digest() == pixels.digest()
    for circuit in (plain, pixels):
        rows = BYTES if circuit is pixels else ones
        np.testing.assert_array_equal(
            Predictor(circuit, engine="c").scores(rows), Predictor(circuit, engine="numpy").scores(rows)
        )


@pytest.mark.parametrize("bad", [BYTES / 100, BYTES - 3.0, BYTES + 0.5, BYTES.astype(int) * 257])
def test_pixels_scaled_otherwise_are_refused(bad: NDArray[Any]) -> None:
    with pytest.raises(InputError, match=r"pixels lie between .*whole numbers from 0 to 255.*divide them by 255"):
        Predictor(of_pixels(), engine="numpy").predict(bad)


def test_pixels_of_a_narrower_range() -> None:
    """Digits: 0 to 16. Bytes to 255 are refused, a few above 16 draw a warning."""
    circuit = of_pixels(PIXELS[1])
    predictor, rows = Predictor(circuit, engine="numpy"), BYTES % 17
    np.testing.assert_array_equal(predictor.scores(rows), predictor.scores(rows / 16))
    with pytest.raises(InputError, match="look unscaled"):
        predictor.predict(BYTES)
    rows[0, 0] = 20
    with pytest.warns(LgcWarning, match="1 of 960 pixels lie outside.*reach 20, and training 16"):
        predictor.predict(rows)


def test_scaled_pixels_of_a_model_of_bytes() -> None:
    circuit = of_pixels(PIXELS[2], middle=77.0)
    predictor = Predictor(circuit, engine="numpy")
    np.testing.assert_array_equal(predictor.scores(BYTES), predictor.scores(BYTES / 255))


TABLE = Inputs(
    (
        Column("size", "number", 0.0, 25.5, 10.0, 0.0, 8),
        Column("colour", "category", words=("red", "green", "blue")),
        Column("old", "bit"),
    )
)


def of_table(**metadata: str) -> Circuit:
    circuit = random_circuit(10, [30], 3, seed=4)
    encoder = Encoder(5, np.array([[40.5, 120.5], [0.5, 0.5], [0.5, 0.5], [0.5, 0.5], [0.5, 0.5]]))
    said = {METADATA: TABLE.to_text(), **metadata}
    return Circuit("table", encoder, circuit.netlist, circuit.head, said)


def test_words_are_words_and_numbers_are_in_their_units() -> None:
    predictor = Predictor(of_table(), engine="numpy")
    rows = np.array([[4.0, 0, 1], [4.1, 2, 0], [20.0, 1, 1], [0.0, 3, 0]])
    expected = plainly(predictor.circuit, rows)
    np.testing.assert_array_equal(predictor.scores(rows[:3]), expected[:3])
    words = np.array([[4.0, "red", 1], [4.1, "blue", 0], [20.0, "green", 1]], object)
    np.testing.assert_array_equal(predictor.scores(words), expected[:3])
    for form in (words.astype(str), words.tolist(), rows[:3].tolist()):
        np.testing.assert_array_equal(predictor.scores(form), expected[:3])
    with pytest.raises(InputError):
        predictor.predict([[4.0, "red", 1], [4.0]])
    with pytest.warns(LgcWarning, match="1 word was not seen in training"):
        unknown = predictor.scores(np.array([[0.0, "pink", 0], [0.0, "red", 0]], object))
    np.testing.assert_array_equal(unknown[:1], expected[3:])
    with pytest.raises(InputError, match="2 columns, but the model reads 3"):
        predictor.predict(rows[:, :2])
    with pytest.raises(InputError, match="'size' of sample 1 is nan"):
        predictor.predict(np.where(np.arange(12).reshape(4, 3) == 3, np.nan, rows))


def test_frames_are_taken_by_name() -> None:
    pandas = pytest.importorskip("pandas")
    predictor = Predictor(of_table(), engine="numpy")
    frame = pandas.DataFrame({"old": [1, 0], "note": ["x", "y"], "colour": ["red", "blue"], "size": [4.0, 4.1]})
    np.testing.assert_array_equal(
        predictor.scores(frame), plainly(predictor.circuit, np.array([[4, 0, 1], [4.1, 2, 0]]))
    )
    with pytest.raises(InputError, match="'size' is missing"):
        predictor.predict(frame.drop(columns="size"))


def test_values_outside_of_training_draw_one_warning() -> None:
    predictor = Predictor(of_table(), engine="numpy")
    rows = np.tile([4.0, 0, 1], (20, 1))
    rows[3, 0] = 31.0
    with pytest.warns(LgcWarning, match="1 value lies outside .* 31 in 'size', where it saw 0 to 25.5") as told:
        predictor.predict(rows)
    assert len(told) == 1 and told[0].filename == __file__
    with pytest.raises(InputError, match="look unscaled"):
        predictor.predict(np.tile([4000.0, 0, 1], (20, 1)))


def test_labels_come_back_as_the_data_had_them() -> None:
    rows = np.array([[4.0, 0, 1], [20.0, 1, 1], [12.5, 2, 0]])
    for labels in (["no", "yes", "perhaps"], [1.5, 2.5, -1], ["no", 2, True]):
        predictor = Predictor(of_table(labels=json.dumps(labels)), engine="numpy")
        assert predictor.labels == tuple(labels)
        assert predictor.predict_labels(rows).tolist() == [labels[index] for index in predictor.predict(rows)]
    assert Predictor(of_table(), engine="numpy").predict_labels(rows).dtype == np.int64
    with pytest.raises(InputError, match="2 labels and 3 classes"):
        Predictor(of_table(labels='["a", "b"]'), engine="numpy").predict_labels(rows)


def test_a_description_of_other_features_is_refused() -> None:
    circuit = of_table()
    with pytest.raises(InputError, match="makes 5 features, but the circuit reads 10"):
        Predictor(replace(circuit, encoder=Encoder(10)))


def test_bytes_of_mnist_have_the_accuracy_of_the_table() -> None:
    """98.52 % from bytes, from scaled pixels and from images."""
    if not os.environ.get("LGC_DATA"):
        pytest.skip("LGC_DATA names no folder with mnist")
    from lgc.train import load_dataset

    data = load_dataset("mnist")
    predictor = lgc.load(Path(__file__).parents[2] / "examples" / "mnist" / "mnist-8k.pt", engine="numpy")
    classes = predictor.predict(data.test)
    assert (classes == data.test_y).sum() == 9852
    for x in (data.test[:2000].reshape(-1, 28, 28), data.test[:2000] / 255):
        np.testing.assert_array_equal(predictor.predict(x), classes[:2000])
