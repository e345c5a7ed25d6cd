"""CSV and TSV files as tables: which column has the labels, and what becomes of values that are missing."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgc.data.delimited import RawColumn, read_delimited
from lgc.errors import InputError

Array = NDArray[Any]

MISSING_RULES = ("refuse", "drop")
_LABEL_NAMES = ("label", "class", "target", "y")


@dataclass(frozen=True)
class TableOptions:
    """How to read a table of text.

    Attributes:
        label: the column of the labels: its name, or its number, from 1, or from -1 backwards. None takes a column
            of the name label, class, target or y; then a table without one has no labels.
        header: whether the first row has names; None finds out.
        missing: ``refuse`` a table in which a number is missing, or ``drop`` such samples. A word that is missing is
            none of the column's words, and so is one that training did not see.
        drop: columns to leave out, by name or number.
        groups: the column whose equal values keep samples together when some are held out; it is no feature.
    """

    label: str | None = None
    header: bool | None = None
    missing: str = "refuse"
    drop: tuple[str, ...] = ()
    groups: str | None = None


@dataclass(frozen=True, eq=False)
class TextTable:
    """What a file of text holds.

    Attributes:
        columns: without those of labels and groups, and those that are dropped.
        labels: (n,) text, int64 or float64; None if there are none.
        groups: (n,), or None.
        dropped: samples left out because a number was missing.
    """

    columns: tuple[RawColumn, ...]
    labels: Array | None
    groups: Array | None
    dropped: int = 0


def read_text(path: Path, options: TableOptions) -> TextTable:
    """The table in a CSV or TSV file.

    Raises:
        InputError: see :func:`lgc.data.delimited.read_delimited`; or there is no such column, or a number is missing.
    """
    columns = read_delimited(path, header=options.header)
    try:
        label = _label_column(columns, options.label)
        groups = None if options.groups is None else find_column(columns, options.groups, "--group")
        left_out = {find_column(columns, one, "--drop") for one in options.drop} | {label, groups}
        kept = [one for index, one in enumerate(columns) if index not in left_out]
        if not kept:
            raise InputError("no column is left for features")
        whole = _whole_rows(kept, options.missing)
    except InputError as error:
        raise error.at(str(path)) from None
    rows = slice(None) if whole.all() else np.flatnonzero(whole)
    return TextTable(
        tuple(RawColumn(one.name, one.values[rows], one.words) for one in kept),
        None if label is None else _cells(columns[label])[rows],
        None if groups is None else _cells(columns[groups])[rows],
        int((~whole).sum()),
    )


def _label_column(columns: Sequence[RawColumn], asked: str | None) -> int | None:
    if asked is not None:
        return find_column(columns, asked, "--label")
    found = [index for index, one in enumerate(columns) if one.name.lower() in _LABEL_NAMES]
    return found[0] if len(found) == 1 else None


def find_column(columns: Sequence[RawColumn], asked: str, flag: str) -> int:
    """The index of a column that is asked for by its name or number.

    Raises:
        InputError: there is none.
    """
    names = [one.name for one in columns]
    if asked in names:
        return names.index(asked)
    number = int(asked) if asked.removeprefix("-").isdecimal() else 0
    if 1 <= number <= len(names) or -len(names) <= number <= -1:
        return number - 1 if number > 0 else len(names) + number
    close = difflib.get_close_matches(asked, names, n=1)
    shown = ", ".join(names[:12]) + (", ..." if len(names) > 12 else "")
    hint = f"Did you mean {flag} '{close[0]}'?" if close else f"Its columns are {shown}; {flag} also takes a number"
    raise InputError(f"there is no column '{asked[:60]}' for {flag}", hint=hint)


def _whole_rows(columns: Sequence[RawColumn], rule: str) -> NDArray[np.bool_]:
    """Of each row, whether no number in it is missing."""
    whole = np.ones(len(columns[0].values), np.bool_)
    for one in columns:
        if one.words:
            continue
        bad = np.flatnonzero(np.isnan(one.values))
        if len(bad) and rule == "refuse":
            raise InputError(
                f"the column '{one.name[:60]}' has no number in sample {bad[0] + 1}, and in {len(bad):,} of "
                f"{len(whole):,} samples in all",
                hint=f"Give --missing drop to leave these samples out, or --drop '{one.name[:60]}' the column",
            )
        whole[bad] = False
    if not whole.any():
        raise InputError("a number is missing in every sample", hint="Leave out columns that are mostly empty: --drop")
    return whole


def _cells(column: RawColumn) -> Array:
    """A column as labels: words, whole numbers, or numbers."""
    if column.words:
        missing = len(column.words)
        words = np.array([*column.words, ""], dtype=str)
        return words[np.where(column.values < 0, missing, column.values).astype(np.int64)]
    x = column.values
    whole = np.isfinite(x).all() and (x == np.floor(x)).all() and np.abs(x).max(initial=0) < 2**53
    return x.astype(np.int64) if whole else x
