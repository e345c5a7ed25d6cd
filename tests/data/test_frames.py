"""Samples in memory: frames of pandas and polars, arrays of any type, tensors, lists."""

from __future__ import annotations

import datetime
import decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lgc.data import Table, TableOptions, as_table, label_array, read_table
from lgc.data.describe import describe_columns
from lgc.data.known import known_columns
from lgc.data.raw import known
from lgc.data.split import rows_digest
from lgc.errors import InputError

WORDS = ["b", "a", None, "b"]
NUMBERS = [1.5, -2.0, 3.25, 0.0]


def shown(table: Table) -> list[tuple[str, tuple[str, ...], list[float]]]:
    return [(one.name, one.words, table.samples[:, i].tolist()) for i, one in enumerate(table.columns)]


EXPECTED = [
    ("x", (), NUMBERS),
    ("n", (), [1, 2, 3, 4]),
    ("flag", (), [1, 0, 1, 1]),
    ("word", ("a", "b"), [1, 0, -1, 1]),
]


def columns() -> dict[str, Any]:
    return {"x": NUMBERS, "n": [1, 2, 3, 4], "flag": [True, False, True, True], "word": WORDS}


def pandas_frames() -> list[Any]:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(columns())
    nullable = frame.convert_dtypes()
    categorical = frame.astype({"word": "category", "n": "uint8", "x": "float32"})
    objects = frame.astype(object)
    return [frame, nullable, categorical, objects, frame.set_index(np.array([9, 9, 1, 4]))]


def polars_frames() -> list[Any]:
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame(columns())
    return [frame, frame.with_columns(polars.col("word").cast(polars.Categorical), polars.col("n").cast(polars.UInt8))]


@pytest.mark.parametrize("kind", [pandas_frames, polars_frames, lambda: [columns()]])
def test_every_frame_is_the_same_table(kind: Any) -> None:
    for frame in kind():
        assert shown(as_table(frame)) == EXPECTED


@pytest.mark.parametrize("kind", [pandas_frames, polars_frames])
def test_a_frame_and_the_file_written_of_it_are_one(kind: Any, tmp_path: Path) -> None:
    frame = kind()[0]
    path = tmp_path / "t.csv"
    frame.write_csv(path) if hasattr(frame, "write_csv") else frame.to_csv(path, index=False)
    from_file, in_memory = read_table(path), as_table(frame)
    assert shown(from_file) == shown(in_memory)
    assert rows_digest(from_file.rows, np.arange(4)) == rows_digest(in_memory.rows, np.arange(4))


@pytest.mark.parametrize("kind", [pandas_frames, polars_frames])
def test_a_column_of_a_frame_has_the_labels(kind: Any) -> None:
    table = as_table(kind()[0], options=TableOptions(label="n", drop=("word",), groups="flag"))
    assert [one.name for one in table.columns] == ["x"]
    assert table.labels is not None
    assert table.labels.tolist() == [1, 2, 3, 4]
    assert table.groups is not None
    assert table.groups.tolist() == ["True", "False", "True", "True"]


def test_pandas_columns_of_other_types() -> None:
    pandas = pytest.importorskip("pandas")
    gaps = pandas.DataFrame(
        {"a": pandas.array([1, None, 3], "Int64"), "b": pandas.array([True, None, False], "boolean")}
    )
    with pytest.raises(InputError, match="row 1 has no number in the column 'a', and 1 of 3"):
        as_table(gaps)
    table = as_table(gaps, options=TableOptions(missing="drop"))
    assert (table.samples.tolist(), table.dropped) == ([[1, 1], [3, 0]], 1)
    times = {
        "datetime64": pandas.to_datetime(["2024-01-05", "2024-01-06"]),
        "with a zone": pandas.to_datetime(["2024-01-05", "2024-01-06"]).tz_localize("UTC"),
        "period": pandas.period_range("2024-01", periods=2, freq="M"),
        "span": pandas.to_timedelta([1, 2], "h"),
        "objects": [datetime.date(2024, 1, 5), datetime.date(2024, 1, 6)],
        "text": ["2024-01-05", "2024-01-06"],
    }
    for name, values in times.items():
        with pytest.raises(InputError, match=rf"'{name}' holds (a )?(date|span|dates)"):
            as_table(pandas.DataFrame({name: values}))
    double = pandas.DataFrame([[1, 2]], columns=["a", "a"])
    with pytest.raises(InputError, match="the columns 1 and 2 have the same name, 'a'"):
        as_table(double)
    with pytest.raises(InputError, match=r"X is a Series of one column.*X.to_frame\(\)"):
        as_table(gaps["a"])
    nested = pandas.DataFrame([[1, 2]], columns=pandas.MultiIndex.from_tuples([("a", "b"), ("a", 1)]))
    assert [one.name for one in as_table(nested).columns] == ["a b", "a 1"]
    sparse = pandas.DataFrame({"a": pandas.arrays.SparseArray([0, 0, 1])})
    assert as_table(sparse).samples.tolist() == [[0], [0], [1]]


def test_polars_columns_of_other_types() -> None:
    polars = pytest.importorskip("polars")
    gaps = polars.DataFrame({"a": [1, None, 3], "b": [decimal.Decimal("1.5"), None, decimal.Decimal(2)]})
    assert as_table(gaps, options=TableOptions(missing="drop")).samples.tolist() == [[1, 1.5], [3, 2]]
    with pytest.raises(InputError, match="'d' holds dates"):
        as_table(polars.DataFrame({"d": [datetime.date(2024, 1, 5)]}))
    with pytest.raises(InputError, match="'d' holds a list"):
        as_table(polars.DataFrame({"d": [[1, 2], [3]]}))
    with pytest.raises(InputError, match=r"not computed yet.*X.collect\(\)"):
        as_table(gaps.lazy())


@pytest.mark.parametrize("package", ["pandas", "polars"])
def test_labels_of_frames(package: str) -> None:
    module = pytest.importorskip(package)
    for values in (["x", "y", "x"], [1.5, 2.0, 1.5], [True, False, True], [3, 4, 5]):
        series = module.Series(values)
        assert label_array(series).tolist() == values
        assert label_array(module.DataFrame({"y": series})).tolist() == values
    assert label_array(module.Series(["x", None])).tolist() == ["x", ""]
    if package == "pandas":
        assert label_array(module.Series(["x", "y"], dtype="category")).tolist() == ["x", "y"]
    with pytest.raises(InputError, match="y has 2 columns"):
        label_array(module.DataFrame({"a": [1], "b": [2]}))


@pytest.mark.parametrize("package", ["pandas", "polars"])
def test_a_model_reads_its_columns_of_a_frame_and_no_others(package: str) -> None:
    module = pytest.importorskip(package)
    trained = as_table({"x": NUMBERS, "word": ["a", "b", "a", "b"], "grade": ["1", "2", "2", "1"]},
                       options=TableOptions(category=("grade",)))  # fmt: skip
    inputs = describe_columns(trained.raw, trained.samples, bits=0)
    frame = module.DataFrame(
        {
            "free text": [f"2024-01-0{i}" for i in range(1, 4)],
            "grade": [2, 1, 3],
            "word": ["b", "zz", "a"],
            "x": [1, 2, 3],
        }
    )
    found = known(frame, inputs)
    np.testing.assert_array_equal(found.values, [[1, 0, 1, 0, 1], [2, 0, 0, 1, 0], [3, 1, 0, 0, 0]])
    assert found.notes == ("2 words were not seen in training, and count as none",)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.array([[1, 2], [3, 4]], np.int16), [[1, 2], [3, 4]]),
        (np.array([[1, "a"], [2, "b"]], object), [[1, 0], [2, 1]]),
        (np.array([["1", "a"], ["2.5", "b"]]), [[1, 0], [2.5, 1]]),
        ([[1, "a"], [2, "b"]], [[1, 0], [2, 1]]),
        ([[1, 2.5], [3, 4]], [[1, 2.5], [3, 4]]),
        ([(1, True), (0, False)], [[1, 1], [0, 0]]),
        (np.array([(1, 2.5, "a"), (3, 4, "b")], [("p", "i4"), ("q", "f8"), ("r", "U5")]), [[1, 2.5, 0], [3, 4, 1]]),
        (np.array([[b"a"], [b"b"]]), [[0], [1]]),
        (np.ones((2, 3, 4), np.uint8), np.ones((2, 3, 4)).tolist()),
    ],
)
def test_arrays_and_lists(values: Any, expected: list[Any]) -> None:
    table = as_table(values, ["no", "yes"])
    assert table.samples.tolist() == expected
    assert table.labels is not None
    assert table.labels.tolist() == ["no", "yes"]


def test_an_array_of_numbers_keeps_its_type() -> None:
    for kind in (np.bool_, np.uint8, np.float32, np.float64):
        assert as_table(np.ones((2, 3), kind)).samples.dtype == kind


def test_tensors() -> None:
    torch = pytest.importorskip("torch")
    table = as_table(torch.ones(2, 3, requires_grad=True), torch.tensor([3, 4]))
    assert table.samples.tolist() == [[1, 1, 1], [1, 1, 1]]
    assert table.labels is not None
    assert table.labels.tolist() == [3, 4]


@pytest.mark.parametrize(
    ("x", "y", "match"),
    [
        ([[1, 2], [3]], None, "row 1 has 1 values, but row 0 has 2"),
        ([[1, 2], 3], None, "row 1 has 1 values"),
        ([1, 2, 3], None, r"X is int64 \(3,\). It must be numbers of shape \(samples, features"),
        ([[1, 2]], [1, 2], r"y is int64 \(2,\). It must be 1 numbers or words"),
        ([[1, 2]], [[1, 2]], r"y is int64 \(1, 2\)"),
        ([[1, 1j]], None, "are of type complex128, not numbers"),
        ([[1, np.nan]], None, "feature 1 of sample 0 is nan"),
        ([[1, np.inf]], None, "feature 1 of sample 0 is inf"),
        ([[1, {}], [1, "a"]], None, "row 0: the column 'feature 1' holds a dict, not a number or a word"),
        ([["a", None], ["b", 1]], None, "row 0 has no number in the column 'feature 1'"),
        ({"a": [1, 2], "b": [1]}, None, "the column 'b' has 1 rows, but the first has 2"),
        ({"a": np.array(["2024-01-05"], "M8[D]")}, None, "the column 'a' holds dates or times"),
        ({"a": [1j]}, None, "the column 'a' holds values of type complex128"),
        ({}, None, "no columns"),
        (np.zeros((0, 3), object), None, "the table has no rows"),
    ],
)
def test_what_is_no_table(x: Any, y: Any, match: str) -> None:
    with pytest.raises(InputError, match=match) as found:
        as_table(x, y, where="my data")
    assert found.value.where == "my data"


def test_a_sparse_matrix_is_refused_with_the_way() -> None:
    sparse = pytest.importorskip("scipy.sparse")
    with pytest.raises(InputError, match=r"a sparse matrix of shape \(2, 3\) is no table. Give X.toarray\(\)"):
        as_table(sparse.csr_matrix(np.ones((2, 3))))


def test_missing_values_of_arrays() -> None:
    x = np.array([[1, np.nan], [2, 3], [4, 5]])
    table = as_table(x, np.array([1, 2, np.nan]), TableOptions(missing="drop"))
    assert (table.samples.tolist(), table.dropped) == ([[2, 3]], 2)
    assert table.labels is not None
    assert table.labels.tolist() == [2]
    words = as_table([["a", 1], ["b", 2], ["c", None]], ["p", None, "q"], TableOptions(missing="drop"))
    assert (words.samples.tolist(), words.dropped) == ([[0, 1]], 2)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1, 2], [1, 2]),
        ([1.0, 2.0], [1, 2]),
        ([0.5, 2.0], [0.5, 2.0]),
        ([True, False], [True, False]),
        (["a", "b"], ["a", "b"]),
        (["a", 1], ["a", "1"]),
        (np.array(["a", None], object), ["a", ""]),
        (np.array([1, 2.5], object), [1, 2.5]),
        (np.array([True, False], object), [True, False]),
    ],
)
def test_labels_of_any_type(values: Any, expected: list[Any]) -> None:
    labels = as_table([[1], [2]], values).labels
    assert labels is not None
    assert labels.tolist() == expected


def test_columns_are_found_by_name_and_words_by_text() -> None:
    trained = as_table({"x": [1.0, 2, 3], "w": ["a", "b", "c"]})
    inputs = describe_columns(trained.raw, trained.samples, bits=0)
    other = as_table({"w": ["c", "q", None], "more": [7, 7, 7], "x": [3.0, 2, 1]})
    rows, strangers = known_columns(other.rows, other.columns, inputs)
    np.testing.assert_array_equal(rows, [[3, 2], [2, 3], [1, -1]])
    assert strangers.words == 1
