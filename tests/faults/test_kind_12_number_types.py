"""Kind 12: every type of number is right, or refused in one sentence; none wraps or is rounded across a threshold."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from lgc.driver.data import load_bits
from lgc.driver.samples import About, find_samples
from lgc.errors import LgcError
from lgc.ir import Circuit, Encoder
from lgc.ir.builder import Builder
from lgc.ir.circuit import Head
from lgc.numbers import real_array
from lgc.runtime import Predictor
from lgc.train.data import load_dataset
from lgc.train.samples import BitEncoder, Samples

FEATURES = 3
ENCODER = Encoder(FEATURES, np.array([[-2.5, 3.0], [1.0, 4.0], [0.5, 2.0]]))
VALUES = np.array([[3, 1, 0], [4, 4, 2], [-3, 5, 3], [0, 2, 1]])


def predictor(engine: Any, encoder: Encoder = ENCODER) -> Predictor:
    """Every bit is a class."""
    builder = Builder(encoder.num_bits)
    outputs = [builder.gate("a", 2 + bit, 2 + bit) for bit in range(encoder.num_bits)]
    head = Head.equal_groups(len(outputs), tuple(f"c{bit}" for bit in range(len(outputs))))
    return Predictor(Circuit("bits", encoder, builder.build(outputs), head), engine=engine)


@pytest.fixture(scope="module", params=["c", "numpy"])
def software(request: pytest.FixtureRequest) -> Predictor:
    return predictor(request.param)


SIGNED = ["i1", "<i2", ">i2", "<i4", ">i4", "<i8", ">i8", "<f2", ">f2", "<f4", ">f4", "<f8", ">f8", "g"]
UNSIGNED = ["u1", "<u2", ">u2", "<u4", ">u4", "<u8", ">u8"]


def forms(values: np.ndarray) -> dict[str, Any]:
    wide = np.zeros((len(values), 2 * FEATURES), values.dtype)
    wide[:, ::2] = values
    frozen = values.copy()
    frozen.setflags(write=False)
    return {
        "plain": values, "column-major": np.asfortranarray(values), "strided": wide[:, ::2],
        "reversed": values[::-1][::-1],
        "read-only": frozen, "list": values.tolist(), "image": values.reshape(len(values), FEATURES, 1),
        "masked, none of them": np.ma.masked_array(values, np.zeros(values.shape, bool)),
    }  # fmt: skip


@pytest.mark.parametrize("dtype", SIGNED + UNSIGNED)
def test_every_width_order_and_layout(dtype: str, software: Predictor) -> None:
    values = VALUES if dtype in SIGNED else np.abs(VALUES)
    expected = ENCODER.encode(values.astype(float))
    np.testing.assert_array_equal(expected, (values[:, :, None] > ENCODER.thresholds).reshape(len(values), -1))
    for name, given in forms(values.astype(dtype)).items():
        np.testing.assert_array_equal(software.scores(given), expected, name)


TENSORS = [
    torch.int8,
    torch.int16,
    torch.int32,
    torch.int64,
    torch.float16,
    torch.bfloat16,
    torch.float32,
    torch.float64,
]


@pytest.mark.parametrize("dtype", TENSORS)
def test_tensors(dtype: torch.dtype, software: Predictor) -> None:
    tensor = torch.tensor(VALUES, dtype=dtype)
    if dtype.is_floating_point:
        tensor.requires_grad_()
    np.testing.assert_array_equal(software.scores(tensor), ENCODER.encode(VALUES))
    np.testing.assert_array_equal(software.scores(tensor.t().contiguous().t()), ENCODER.encode(VALUES))


BIG = [
    (np.array([2**53, 2**53 + 1, 2**53 + 2, 2**63 - 1, -(2**53) - 1, -(2**63)]), 2.0**53),
    (np.array([2**53 + 1, 2**63 - 1, 2**63, 2**63 + 1, 2**64 - 1, 0], np.uint64), 2.0**63),
    (np.array([2**64 - 1, 2**64 - 2048, 2**64 - 2049, 1], np.uint64), 2.0**64 - 2048),
    (np.array([1, 1], "g") + np.array([0, np.finfo("g").eps], "g"), 1.0),
    (np.array([0.1, 0.1], "g") - np.array([0, np.finfo("g").eps], "g"), 0.1),
    (np.array(["0.1", "0.3"], "g"), 0.1),
]


@pytest.mark.parametrize(("values", "threshold"), BIG)
def test_numbers_that_no_double_holds_stay_on_their_side(values: np.ndarray, threshold: float) -> None:
    encoder = Encoder(1, np.array([[threshold]]))
    if values.dtype.kind == "f":
        expected = values > np.longdouble(threshold)
    else:
        expected = np.array([Fraction(int(value)) > Fraction(threshold) for value in values])
    for engine in ("c", "numpy"):
        np.testing.assert_array_equal(predictor(engine, encoder).scores(values[:, None])[:, 0], expected)
    samples = Samples.of(real_array(values[:, None]), np.zeros(len(values), np.int64), torch.device("cpu"))
    to_bits = BitEncoder(encoder, 1, torch.device("cpu"))
    np.testing.assert_array_equal(to_bits(samples.x).numpy()[:, 0], expected)


REFUSED: dict[str, tuple[Any, str]] = {
    "complex": (VALUES.astype(complex), "complex128.*X.real"),
    "object": (VALUES.astype(object), "object.*astype"),
    "text": (VALUES.astype(str), "text"),
    "bytes": (VALUES.astype("S2"), "bytes"),
    "dates": (VALUES.astype("M8[s]"), "datetime64"),
    "spans": (VALUES.astype("m8[s]"), "timedelta64"),
    "structure": (np.zeros((4, 3), [("a", int), ("b", float)]), "structure of a, b"),
    "masked": (np.ma.masked_array(VALUES, VALUES == 4), "masked"),
    "ragged": ([[1, 2, 3], [1, 2]], "no array of numbers"),
    "huge": ([[2**70, 1, 2]], "object"),
    "none": (None, "object"),
    "sparse": (torch.eye(3).to_sparse(), "no array"),
    "a number": (np.float64(3), "shape"),
    "one row": (VALUES[0], "shape"),
    "no rows": ([], "shape"),
    "no features": (np.zeros((4, 0)), "shape"),
    "too wide": (np.zeros((4, 4)), "shape"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_number_is_refused_in_a_sentence(name: str, software: Predictor) -> None:
    given, match = REFUSED[name]
    for call in (software.predict, software.scores, ENCODER.encode):
        with pytest.raises(LgcError, match=match):
            call(given)


def test_no_samples_have_no_classes(software: Predictor) -> None:
    for dtype in ("f4", "i8", "u1", "?"):
        assert software.predict(np.zeros((0, FEATURES), dtype)).shape == (0,)


@pytest.mark.parametrize("dtype", [*SIGNED, *UNSIGNED, "?"])
def test_files(dtype: str, tmp_path: Path) -> None:
    values = np.tile(VALUES if dtype in SIGNED else np.abs(VALUES), (5, 1)).astype(dtype)
    path = str(tmp_path / "x.npz")
    np.savez(path, X=np.asfortranarray(values), y=(np.arange(20) % 2).astype("u1" if dtype == "g" else dtype))
    samples = find_samples(path, about=About(classes=("a", "b")))
    np.testing.assert_array_equal(load_bits(samples, ENCODER), ENCODER.encode(values))
    np.testing.assert_array_equal(samples.labels, np.arange(20) % 2)
    assert load_dataset(path).train.dtype in (np.bool_, np.uint8, np.float32, np.float64)


@pytest.mark.parametrize(
    ("y", "match"),
    [
        (np.arange(4) + 0.5, "label of sample 0 is 0.5"),
        (np.array([0, 1, np.nan, 1]), "label of sample 2 is nan"),
        (np.array([0, 1, 2**63, 1], np.uint64), "label of sample 2"),
        (np.arange(4) * 1j, "complex128"),
        (np.arange(4).astype("M8[s]"), "datetime64"),
        (np.arange(5), "4 whole numbers"),
        (np.zeros((4, 2), int), "4 whole numbers"),
    ],
)
@pytest.mark.parametrize("reader", [load_dataset, lambda path: load_bits(find_samples(path), ENCODER)])
def test_labels(reader: Any, y: np.ndarray, match: str, tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", X=VALUES, y=y)
    with pytest.raises(LgcError, match=match):
        reader(str(tmp_path / "x.npz"))
