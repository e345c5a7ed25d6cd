"""Frames of pandas, polars and their relatives as columns; none of these packages is imported here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgc.data.delimited import MOST_WORDS
from lgc.data.describe import Raw
from lgc.errors import InputError

Array = NDArray[Any]


def is_frame(values: Any) -> bool:
    """Whether something is a table with named columns, as those of pandas, polars and pyarrow are."""
    return hasattr(values, "columns") and hasattr(values, "shape") and hasattr(values, "__getitem__")


def frame_columns(frame: Any) -> tuple[NDArray[np.float64], tuple[Raw, ...]]:
    """The cells (n, C) of a frame and its columns: numbers, NaN where one is missing; words as indices, -1 so.

    Raises:
        InputError: two columns of one name, or cells that are neither numbers nor words.
    """
    names = [str(name) for name in frame.columns]
    doubles = sorted({name for name in names if names.count(name) > 1})
    if doubles:
        raise InputError(f"two columns have the name '{doubles[0][:60]}'", hint="Rename one of them")
    return _stacked(names, [_cells(frame[name]) for name in frame.columns])


def mixed_columns(array: Array, names: Sequence[str]) -> tuple[NDArray[np.float64], tuple[Raw, ...]]:
    """The same of an array (n, C) of Python objects or text.

    Args:
        names: C of them.
    """
    return _stacked(list(names), list(array.T))


def _stacked(names: list[str], columns: list[Array]) -> tuple[NDArray[np.float64], tuple[Raw, ...]]:
    found = [_column(name, cells) for name, cells in zip(names, columns, strict=True)]
    if not found:
        raise InputError("the table has no columns")
    return np.stack([values for values, _ in found], axis=1), tuple(raw for _, raw in found)


def _cells(series: Any) -> Array:
    for method in ("to_numpy", "to_list"):
        if hasattr(series, method):
            return np.asarray(getattr(series, method)())
    return np.asarray(series)


def _column(name: str, cells: Array) -> tuple[NDArray[np.float64], Raw]:
    if cells.dtype.kind in "biuf":
        return cells.astype(np.float64), Raw(name)
    if cells.dtype.kind not in "OUST":
        raise InputError(
            f"the column '{name[:60]}' holds values of type {cells.dtype}, which are neither numbers nor words",
            hint="Write numbers, for a date the days since another; or leave the column out",
        )
    values = [None if _is_missing(one) else one for one in cells.tolist()]
    known = [one for one in values if one is not None]
    if known and all(isinstance(one, int | float | np.number | np.bool_) for one in known):
        return np.array([np.nan if one is None else float(one) for one in values]), Raw(name)
    return _words(name, values)


def _words(name: str, values: list[Any]) -> tuple[NDArray[np.float64], Raw]:
    index: dict[str, int] = {}
    codes = np.empty(len(values))
    for place, one in enumerate(values):
        if one is not None and not isinstance(one, str | bytes | int | float):
            raise InputError(f"the column '{name[:60]}' holds a {type(one).__name__}, which is no number and no word")
        text = one.decode("utf-8", "replace") if isinstance(one, bytes) else str(one)
        codes[place] = -1 if one is None else index.setdefault(text.strip(), len(index))
    if len(index) > MOST_WORDS:
        raise InputError(
            f"the column '{name[:60]}' holds more than {MOST_WORDS} different texts: that is no category",
            hint="Leave the column out",
        )
    return codes, Raw(name, tuple(index) or ("",))


def _is_missing(value: Any) -> bool:
    """None, NaN, and the values of pandas that stand for them."""
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, float) and value != value
