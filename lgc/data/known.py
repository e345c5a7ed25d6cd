"""Samples from anywhere as the columns that a model knows: by name, in its order, with its words."""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgc.data.columns import word_of
from lgc.data.describe import Raw
from lgc.errors import InputError, LgcWarning
from lgc.ir import Column, Inputs

Array = NDArray[Any]

_DEFAULT = re.compile(r"(column|feature|pixel|\0) ?[\d, ]+")
"""Names that nobody gave: such columns are taken in order."""

_SLACK = 0.1  # of the range of training, beside it: who lies there is outside, and not elsewhere
_ROUNDING = 1e-6
_SOME_ROWS = 8  # fewer may all be unusual
_MANY_ROWS = 50
_NARROW = 1 / 16  # of the range of training: values that all lie in so small a part of it look scaled


@dataclass(frozen=True)
class Strangers:
    """What was seen that training had not.

    Attributes:
        words: cells whose word is none of the model's.
        outside: values outside of the range that training saw.
        example: one of these, as a sentence.
        scaled: a column whose values lie in a small part of its range, where most columns do; as a sentence.
    """

    words: int = 0
    outside: int = 0
    example: str = ""
    scaled: str = ""

    def sentence(self) -> str:
        """For people; empty if there is nothing to tell."""
        parts = []
        if self.outside:
            parts.append(
                f"{self.outside:,} {'value lies' if self.outside == 1 else 'values lie'} outside of the range that "
                f"training saw, for example {self.example}"
            )
        if self.scaled:
            parts.append(
                "the values of most columns lie in a small part of the range that training saw, for example "
                f"{self.scaled}: are they in the units of the training data?"
            )
        if self.words:
            what = "word was" if self.words == 1 else "words were"
            parts.append(f"{self.words:,} {what} not seen in training, and count as none")
        return "; ".join(parts)


def known_columns(rows: Array, columns: Sequence[Raw], inputs: Inputs) -> tuple[Array, Strangers]:
    """Samples (n, C) in the model's order of columns and of words, and what in them is strange.

    Args:
        rows: as they were read, words as indices.
        columns: what is known of them; empty if nothing is, and then they are in the model's order.

    Raises:
        InputError: a column is missing, or has words where the model reads numbers; or the values look unscaled.
    """
    if columns:
        rows = _in_order(rows, columns, inputs)
    if rows.ndim != 2 or rows.shape[1] != len(inputs.columns):
        raise InputError(
            f"the samples have {rows.shape[-1]} columns, but the model reads {len(inputs.columns)}",
            hint=f"They are {_listed(inputs.names)}",
        )
    return rows, _strange(rows, inputs)


def warn_of(strangers: Strangers) -> None:
    """One warning, with the numbers, if there is something to tell."""
    if text := strangers.sentence():
        warnings.warn(text, LgcWarning, stacklevel=3)


def _in_order(rows: Array, columns: Sequence[Raw], inputs: Inputs) -> Array:
    index = {one.name: place for place, one in enumerate(columns)}
    named = any(one.name in index for one in inputs.columns)
    missing = [one.name for one in inputs.columns if one.name not in index] if named else []
    if missing:
        raise InputError(
            f"the column '{missing[0][:60]}' is missing, which the model reads",
            hint=f"The data have {_listed([one.name for one in columns])}",
        )
    nameless = all(_DEFAULT.fullmatch(one.name) for one in columns) or all(map(_DEFAULT.fullmatch, inputs.names))
    if not named and (len(columns) != len(inputs.columns) or not nameless):
        raise InputError(
            f"none of the {len(columns)} columns has a name that the model knows",
            hint=f"It reads {_listed(inputs.names)}",
        )
    result = np.empty((len(rows), len(inputs.columns)), np.float64)
    for place, column in enumerate(inputs.columns):
        source = index[column.name] if named else place
        result[:, place] = _values(rows[:, source], columns[source], column)
    return result


def _values(x: Array, raw: Raw, column: Column) -> Array:
    """One column; words as indices of the model's, which are one more where it has none of them, and -1 for no word."""
    if not raw.words and not column.words:
        return x
    if not column.words:
        raise InputError(f"the column '{column.name[:60]}' holds words such as '{raw.words[0][:40]}', not numbers")
    if raw.words:
        words, place = list(raw.words), x.astype(np.int64)
    else:  # numbers, of which the model has the names
        present, inverse = np.unique(x, return_inverse=True)
        words = ["" if math.isnan(value) else word_of(value) for value in present.tolist()]
        place = inverse.reshape(-1)
    known = {word: code for code, word in enumerate(column.words)} | {"": -1}
    codes = [known.get(word, len(column.words)) for word in words] + [-1]
    return np.array(codes, np.float64)[place]


def _strange(rows: Array, inputs: Inputs) -> Strangers:
    words, outside, example = 0, 0, ""
    elsewhere, narrow, numbers = [], [], 0
    for place, column in enumerate(inputs.columns):
        x = rows[:, place]
        if column.kind == "category":
            words += int((x >= len(column.words)).sum())
        if column.kind != "number" or not len(x) or column.low == column.high:
            continue
        numbers += 1
        bad, found = _outside(x, column)
        outside += bad
        example = example or found
        where = _place(x, column)
        elsewhere += [place] if where == "elsewhere" else []
        narrow += [place] if where == "narrow" else []
    if len(rows) >= _SOME_ROWS and 2 * len(elsewhere) > numbers:
        _refuse_unscaled(rows, inputs.columns, elsewhere, numbers)
    scaled = ""
    if len(rows) >= _MANY_ROWS and 2 * len(narrow) > numbers and numbers > 1:
        scaled = _told(rows, inputs.columns, narrow[0])
    return Strangers(words, outside, example, scaled)


def _outside(x: Array, column: Column) -> tuple[int, str]:
    """How many values lie outside of the range of training, and the first of them."""
    slack = _ROUNDING * max(abs(column.low), abs(column.high))
    bad = (x < column.low - slack) | (x > column.high + slack)
    count = int(np.count_nonzero(bad))
    if not count:
        return 0, ""
    return count, f"{float(x[bad][0]):g} in '{column.name[:60]}', where it saw {column.low:g} to {column.high:g}"


def _place(x: Array, column: Column) -> str:
    """Whether most values lie elsewhere than those of training, or all in a small part of its range."""
    span = column.high - column.low
    away = (x < column.low - _SLACK * span) | (x > column.high + _SLACK * span)
    if 2 * np.count_nonzero(away) > len(x):
        return "elsewhere"
    low, high = float(x.min()), float(x.max())
    return "narrow" if low < high and high - low < _NARROW * span else ""


def _told(rows: Array, columns: Sequence[Column], place: int) -> str:
    x, column = rows[:, place], columns[place]
    return (
        f"{float(x.min()):g} to {float(x.max()):g} in '{column.name[:60]}', where it saw {column.low:g} to "
        f"{column.high:g}"
    )


def _refuse_unscaled(rows: Array, columns: Sequence[Column], elsewhere: Sequence[int], numbers: int) -> None:
    raise InputError(
        f"{len(elsewhere)} of {numbers} columns have most of their values outside of the range that training saw, for "
        f"example {_told(rows, columns, elsewhere[0])}: they look unscaled, or scaled otherwise",
        hint="Give them in the units of the training data",
    )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(name[:40] for name in names[:10]) + (f", ... ({len(names)} in all)" if len(names) > 10 else "")
