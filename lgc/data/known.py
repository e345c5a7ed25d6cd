"""Samples from anywhere as the columns that a model knows: by name, in its order, with its words."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgc.data.describe import Raw
from lgc.errors import InputError, LgcWarning
from lgc.ir import Column, Inputs

Array = NDArray[Any]

_FAR = 1.0  # ranges of training beyond its range: where half of the samples lie there, their unit is another
_SLACK = 1e-6


@dataclass(frozen=True)
class Strangers:
    """What was seen that training had not.

    Attributes:
        words: cells whose word is none of the model's.
        outside: values outside of the range that training saw.
        example: one of these, as a sentence.
    """

    words: int = 0
    outside: int = 0
    example: str = ""

    def sentence(self) -> str:
        """For people; empty if there is nothing to tell."""
        parts = []
        if self.outside:
            parts.append(
                f"{self.outside:,} values lie outside of the range that training saw, for example {self.example}"
            )
        if self.words:
            parts.append(f"{self.words:,} words were not seen in training, and count as none")
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
    if not named and len(columns) != len(inputs.columns):
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
    """One column; words as indices of the model's, which are one more where there is none."""
    if not raw.words and not column.words:
        return x
    if not column.words:
        raise InputError(f"the column '{column.name[:60]}' holds words such as '{raw.words[0][:40]}', not numbers")
    # Words that are all numbers, such as 1 and 2, are read as numbers.
    words = list(raw.words) if raw.words else [f"{value:.15g}" for value in np.unique(x)]
    place = x if raw.words else np.searchsorted(np.unique(x), x)
    known = {word: code for code, word in enumerate(column.words)}
    codes = np.array([*(known.get(word, len(known)) for word in words), len(known)], np.float64)
    return np.asarray(codes[np.where(place < 0, len(words), place).astype(np.int64)])


def _strange(rows: Array, inputs: Inputs) -> Strangers:
    words = outside = 0
    example, far = "", 0
    numbers = 0
    for place, column in enumerate(inputs.columns):
        x = rows[:, place]
        if column.kind == "category":
            words += int((x >= len(column.words)).sum())
        if column.kind != "number" or not len(x):
            continue
        numbers += 1
        span = column.high - column.low
        slack = _SLACK * max(abs(column.low), abs(column.high), span)
        bad = (x < column.low - slack) | (x > column.high + slack)
        if not bad.any():
            continue
        outside += int(bad.sum())
        example = example or f"{float(x[bad][0]):g} in '{column.name}', {column.low:g} to {column.high:g}"
        middle = float(np.median(x))
        far += not column.low - _FAR * span <= middle <= column.high + _FAR * span
    if numbers and far > numbers / 2:
        raise InputError(
            f"{far} of {numbers} columns have most of their values far from the range of training, for example "
            f"{example}: they look unscaled",
            hint="Give them in the units of the training data",
        )
    return Strangers(words, outside, example)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(name[:40] for name in names[:10]) + (f", ... ({len(names)} in all)" if len(names) > 10 else "")
