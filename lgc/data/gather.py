"""Columns that are in memory already, of any type, as the columns of a table."""

from __future__ import annotations

import numbers
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgc.data.columns import Gatherer, RawColumn, word_of
from lgc.data.delimited import Gathered
from lgc.data.judge import quoted
from lgc.data.text import Roles, Sorted, TableOptions, sort_columns
from lgc.errors import InputError

Array = NDArray[Any]

_CHUNK = 1 << 14
_TIMES = {"M": "dates or times", "m": "spans of time"}


def sorted_columns(
    names: Sequence[str], columns: Sequence[Array], options: TableOptions, *, labelled: bool = False
) -> Sorted:
    """Features, labels and groups of columns (n,) each.

    Numbers and truth values are numbers; text and objects are read as the cells of a text file are.

    Args:
        columns: of equal length; NaN, None and the like where a value is missing.
        labelled: whether the labels lie elsewhere.

    Raises:
        InputError: two columns of one name, no samples, or a column that is no feature.
    """
    roles = Roles.of(names, options, labelled=labelled)
    if not len(columns[0]):
        raise InputError("the table has no rows", hint="It needs a row for each sample")
    found = gathered(columns, roles.gatherers(names, options, "row"), count=len(columns[0]))
    return sort_columns(found, roles, options)


def gathered(columns: Sequence[Array], gatherers: dict[int, Gatherer], *, count: int) -> Gathered:
    """Those columns that have a gatherer.

    Args:
        count: rows.

    Raises:
        InputError: a column holds what is neither number nor word, or is refused as a feature.
    """
    features = np.empty((count, sum(one.feature for one in gatherers.values())))
    kept: list[RawColumn] = []
    others: dict[int, RawColumn] = {}
    for index, one in gatherers.items():
        into = features[:, len(kept)] if one.feature else np.empty(count)
        if len(columns[index]) != count:
            raise InputError(f"the column '{one.name[:60]}' has {len(columns[index])} rows, but the first has {count}")
        _take(one, columns[index], into)
        if one.feature:
            kept.append(one.finished(into))
        else:
            others[index] = one.finished(into)
    return Gathered(features, tuple(kept), others, gatherers)


def _take(one: Gatherer, values: Array, into: NDArray[np.float64]) -> None:
    """One column; rows are counted from 0, as Python does.

    Raises:
        InputError: it holds what is neither number nor text.
    """
    kind = values.dtype.kind
    if kind in _TIMES or kind in "cV" or values.ndim != 1:
        what = _TIMES.get(kind, f"values of type {values.dtype}" if values.ndim == 1 else "arrays")
        raise InputError(
            f"the column '{one.name[:60]}' holds {what}, not numbers or words",
            hint=f"Leave it out: --drop {quoted(one.name)} (drop=[...] in Python); or give numbers, for a date the "
            "days since another one",
        )
    as_numbers = kind in "uif" or (kind == "b" and one.feature)
    for start in range(0, len(values), _CHUNK):
        block = values[start : start + _CHUNK]
        places = range(start, start + len(block))
        if as_numbers and not one.category:
            one.take_numbers(block, places, into[start : start + len(block)])
        else:
            cells = [_cell(value, one, place) for value, place in zip(block.tolist(), places, strict=True)]
            one.take(cells, places, into[start : start + len(block)], into[:start])


def _cell(value: Any, one: Gatherer, place: int) -> str:
    """A value as the cell of a text file."""
    if isinstance(value, str):
        return value
    if value is None or (not isinstance(value, bool) and value != value) or type(value).__name__ == "NAType":
        return ""
    if isinstance(value, bool | np.bool_):
        return str(bool(value))
    if isinstance(value, numbers.Real):
        return word_of(float(value)) if one.category else repr(float(value))
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    try:
        return repr(float(value))  # decimal.Decimal
    except (TypeError, ValueError):
        pass
    raise InputError(
        f"row {place}: the column '{one.name[:60]}' holds a {type(value).__name__}, not a number or a word",
        hint=f"Leave it out: --drop {quoted(one.name)} (drop=[...] in Python); or give numbers, for a date the days "
        "since another one",
    )
