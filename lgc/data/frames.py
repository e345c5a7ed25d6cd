"""Samples that Python has: frames of pandas and polars, arrays of any type, tensors, lists; with or without a model.

Neither pandas nor polars is imported: who hands us a frame has imported it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgc.data.arrays import array_labels, array_table, labelled, sorted_table
from lgc.data.columns import word_of
from lgc.data.describe import Raw
from lgc.data.gather import gathered, sorted_columns
from lgc.data.table import Table
from lgc.data.text import Roles, TableOptions
from lgc.errors import InputError
from lgc.ir import Inputs

Array = NDArray[Any]

_FRAMES = ("pandas", "polars")


def as_table(X: Any, y: Any = None, options: TableOptions | None = None, *, where: str = "X") -> Table:
    """The table of samples that are in memory.

    Args:
        X: (n, ...): a frame of pandas or polars, a mapping of columns, an array of numbers, text, objects or
            structures, a tensor, or lists.
        y: (n,) labels of any kind; None takes the column that the options name, or none.
        options: as for text; what concerns files alone does not matter.
        where: what messages call it.

    Raises:
        InputError: X is a sparse matrix or no table, or what :func:`read_table` would refuse.
    """
    options = options or TableOptions()
    try:
        columns = _columns(X)
        if not isinstance(columns, tuple):
            return array_table(where, columns, None if y is None else label_array(y), options)
        names, arrays = columns
        labels = None if y is None else array_labels(label_array(y), len(arrays[0]), "y")
        found = sorted_columns(names, arrays, options, labelled=labels is not None)
        return labelled(sorted_table(where, found), labels, found.kept, options)
    except InputError as error:
        raise error.at(where) from None


def label_array(y: Any) -> Array:
    """Labels as an array of numbers, truth values or text; "" where one of text is missing.

    Raises:
        InputError: they are something else.
    """
    if _package(y) in _FRAMES and hasattr(y, "columns"):  # a frame of one column
        if len(y.columns) != 1:
            raise InputError(f"y has {len(y.columns)} columns, not 1", hint="Give the column of the labels")
        y = y[y.columns[0]]
    array = _values(y) if _package(y) in _FRAMES else _dense(y)
    if array.dtype.kind != "O":
        return array
    cells = ["" if _is_missing(value) else value for value in array.reshape(-1).tolist()]
    present = [cell for cell in cells if not (isinstance(cell, str) and cell == "")]
    if all(isinstance(cell, bool | np.bool_) for cell in present) and len(present) == len(cells):
        return np.array(cells, np.bool_)
    if all(isinstance(cell, int | float | np.number) and not isinstance(cell, bool) for cell in present):
        return np.array([np.nan if isinstance(cell, str) else cell for cell in cells], np.float64)
    return np.array([cell if isinstance(cell, str) else _word(cell) for cell in cells], str)


def is_frame(values: Any) -> bool:
    """Whether something is a table with named columns, as those of pandas and polars are."""
    return hasattr(values, "columns") and hasattr(values, "shape") and hasattr(values, "__getitem__")


def frame_columns(frame: Any, inputs: Inputs | None = None) -> tuple[NDArray[np.float64], tuple[Raw, ...]]:
    """The cells (n, C) of a frame and its columns: numbers, NaN where one is missing; words as indices, -1 so.

    Args:
        inputs: the columns that a model reads: others are left out, and whatever they hold does not matter.

    Raises:
        InputError: two columns of one name, or cells that are neither numbers nor words.
    """
    names, arrays = _of_frame(frame)
    return _known(names, arrays, inputs)


def mixed_columns(
    array: Array, names: Sequence[str], inputs: Inputs | None = None
) -> tuple[NDArray[np.float64], tuple[Raw, ...]]:
    """The same of an array (n, C) of Python objects or text.

    Args:
        names: C of them.
    """
    return _known(list(names), list(array.T), inputs)


def _known(names: list[str], arrays: list[Array], inputs: Inputs | None) -> tuple[NDArray[np.float64], tuple[Raw, ...]]:
    roles = Roles.of(names, TableOptions(model=inputs), labelled=True)
    found = gathered(arrays, roles.gatherers(names, TableOptions(), "row", judged=False), count=len(arrays[0]))
    return found.features, tuple(Raw(one.name, one.words) for one in found.columns)


def _word(value: Any) -> str:
    return word_of(value) if isinstance(value, int | float) and not isinstance(value, bool) else str(value)


def _is_missing(value: Any) -> bool:
    return (
        value is None or type(value).__name__ in ("NAType", "NaTType") or (isinstance(value, float) and value != value)
    )


def _package(x: Any) -> str:
    return type(x).__module__.partition(".")[0]


def _is_tensor(x: Any) -> bool:
    return hasattr(x, "detach")


def _dense(x: Any) -> Array:
    """An array of whatever numpy can read; objects where lists are of several types.

    Raises:
        InputError: lists of several lengths, or a matrix that is sparse.
    """
    if hasattr(x, "toarray") and hasattr(x, "nnz"):
        raise InputError(
            f"a sparse matrix of shape {x.shape} is no table", hint="Give X.toarray(), if the memory is there"
        )
    if _is_tensor(x):
        return np.asarray(x.detach().cpu())
    if not isinstance(x, list | tuple):
        return np.asarray(x)
    try:
        array = np.asarray(x)
    except ValueError:
        lengths = [len(row) if isinstance(row, Sequence) else 1 for row in x]
        bad = next((index for index, length in enumerate(lengths) if length != lengths[0]), 0)
        raise InputError(
            f"row {bad} has {lengths[bad]} values, but row 0 has {lengths[0]}",
            hint="Every row must have the same number",
        ) from None
    return np.asarray(x, object) if array.dtype.kind in "USO" else array


def _columns(x: Any) -> tuple[list[str], list[Array]] | Any:
    """Names and values of the columns of what has some; an array of numbers, or a tensor, where there are none."""
    if _package(x) in _FRAMES:
        return _of_frame(x)
    if isinstance(x, Mapping):
        return [str(name) for name in x], [_dense(column) for column in x.values()]
    if _is_tensor(x):
        return x
    array = _dense(x)
    if array.dtype.names is not None:
        return list(array.dtype.names), [array[name] for name in array.dtype.names]
    if array.dtype.kind in "USO" and array.ndim == 2:
        return [f"feature {index}" for index in range(array.shape[1])], list(array.T)
    return array


def _of_frame(frame: Any) -> tuple[list[str], list[Array]]:
    if not hasattr(frame, "columns"):
        raise InputError(f"X is a {type(frame).__name__} of one column", hint="Give a frame: X.to_frame()")
    if len(frame.columns) == 0:
        raise InputError("the frame has no columns")
    if _package(frame) == "polars":
        if not hasattr(frame, "height"):
            raise InputError("X is a frame that is not computed yet", hint="Give X.collect()")
        return list(frame.columns), [_values(frame[name]) for name in frame.columns]
    names = [" ".join(map(str, name)) if isinstance(name, tuple) else str(name) for name in frame.columns]
    return names, [_values(frame.iloc[:, index]) for index in range(len(names))]


def _values(series: Any) -> Array:
    """A column of pandas or polars as an array; NaN or None where a value is missing."""
    if _package(series) == "polars":
        if series.dtype.is_temporal():
            return np.empty(len(series), "M8[s]")
        if series.dtype.is_numeric() and not series.dtype.is_decimal():
            return np.asarray(series.to_numpy())
        return series.to_numpy() if not series.null_count() and str(series.dtype) == "Boolean" else _objects(series)
    kind = getattr(series.dtype, "kind", "O")
    if kind in "Mm" or "datetime" in str(series.dtype) or "period" in str(series.dtype):
        return np.empty(len(series), "M8[s]")
    if str(series.dtype) == "category" or kind == "O":
        return np.asarray(series.astype(object), object)
    if kind in "uif" and bool(series.isna().any()):
        return np.asarray(series.to_numpy(np.float64, na_value=np.nan))
    if kind == "b" and bool(series.isna().any()):
        return np.asarray(series.astype(object), object)
    return np.asarray(series.to_numpy(series.dtype.numpy_dtype if hasattr(series.dtype, "numpy_dtype") else None))


def _objects(series: Any) -> Array:
    values = np.empty(len(series), object)
    values[:] = series.to_list()
    return values
