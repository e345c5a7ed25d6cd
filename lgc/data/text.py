"""Tables of named columns: which one has the labels, which are features, what becomes of values that are missing."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgc.data.columns import UNNAMED, Gatherer, RawColumn, check_names
from lgc.data.delimited import LABEL_NAMES, Gathered, read_delimited
from lgc.data.judge import quoted
from lgc.errors import InputError
from lgc.ir import Inputs

Array = NDArray[Any]

MISSING_RULES = ("refuse", "drop")
_STORED: Mapping[str, Any] = {
    "label": str, "header": bool, "missing": str, "drop": tuple, "groups": str, "category": tuple, "na": tuple,
    "delimiter": str,
}  # fmt: skip
_BLOCK = 1 << 14
_FEW_ROWS = 20  # which a column may count by chance


@dataclass(frozen=True)
class TableOptions:
    """How to read a table.

    Attributes:
        label: the column of the labels: its name, or its number, from 1, or from -1 backwards. None takes a column
            of the name label, class, target or y; then a table without one has no labels.
        header: whether the first row of text has names; None finds out.
        missing: ``refuse`` a table in which a number or a label is missing, or ``drop`` such samples. A word that is
            missing is none of the column's words, and so is one that training did not see.
        drop: columns to leave out, by name or number.
        groups: the column whose equal values keep samples together when some are held out; it is no feature.
        category: columns of numbers that are names of categories, by name or number.
        na: texts that stand for a missing value, beside those that commonly do.
        delimiter: of text: one character, or tab, comma, semicolon, space, bar; None finds out.
        model: the columns that a model reads: no others are read, if one of them is there by name; and its categories
            are categories. None takes all.
    """

    label: str | None = None
    header: bool | None = None
    missing: str = "refuse"
    drop: tuple[str, ...] = ()
    groups: str | None = None
    category: tuple[str, ...] = ()
    na: tuple[str, ...] = ()
    delimiter: str | None = None
    model: Inputs | None = None

    @property
    def names(self) -> frozenset[str]:
        """Those of columns that they mention."""
        mentioned = {*self.drop, *self.category, *(one for one in (self.label, self.groups) if one is not None)}
        return frozenset(mentioned | set(() if self.model is None else self.model.names))

    def stored(self) -> dict[str, Any]:
        """What differs from the default, as JSON, so that a model can say how its data were read."""
        values = {one.name: getattr(self, one.name) for one in fields(self) if one.name != "model"}
        default = TableOptions()
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in values.items()
            if value != getattr(default, name)
        }

    def after(self, stored: object, model: Inputs | None) -> TableOptions:
        """These options, and for those that are not given, what a model says of how its data were read.

        Args:
            stored: from :meth:`stored`; what is no such thing is passed over.
        """
        found: dict[str, Any] = {"model": model}
        default = TableOptions()
        for name, value in stored.items() if isinstance(stored, Mapping) else ():
            kinds = _STORED.get(name)
            value = tuple(value) if isinstance(value, list) and all(isinstance(one, str) for one in value) else value
            if kinds and isinstance(value, kinds) and getattr(self, name) == getattr(default, name):
                found[name] = value
        return replace(self, **found)


@dataclass(frozen=True, eq=False)
class Sorted:
    """What a table of columns holds.

    Attributes:
        samples: float64 (n, F).
        columns: F of them.
        kept: bool, of all samples, which are left; others lack a number, a label or a group.
        labels: (n,) text, int64 or float64; None if there are none.
        label: the name of their column.
        groups: (n,), or None.
        notes: what people should know of how it was read, as sentences.
    """

    samples: NDArray[np.float64]
    columns: tuple[RawColumn, ...]
    kept: NDArray[np.bool_]
    labels: Array | None = None
    label: str | None = None
    groups: Array | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Roles:
    """What each column is for.

    Attributes:
        label, groups: indices of columns, or None.
        features: the others that are not left out.
        category: which of these hold names of categories.
    """

    label: int | None
    groups: int | None
    features: tuple[int, ...]
    category: frozenset[int]

    @classmethod
    def of(cls, names: Sequence[str], options: TableOptions, *, labelled: bool = False) -> Roles:
        """The roles of columns of these names.

        Args:
            labelled: whether the labels lie elsewhere.

        Raises:
            InputError: there is no such column, two could have the labels, or no feature is left.
        """
        check_names(names)
        wanted = set(() if options.model is None else options.model.names) & set(names)
        label = None if labelled else _label_column(names, options.label, wanted)
        groups = None if options.groups is None else find_column(names, options.groups, "--group")
        left_out = {find_column(names, one, "--drop") for one in options.drop}
        if label is not None and label in left_out:
            if options.label is not None:
                raise InputError(f"the column '{names[label][:60]}' is named by --label and --drop")
            label = None
        features = tuple(
            index
            for index, name in enumerate(names)
            if index not in left_out | {label, groups} and (not wanted or name in wanted)
        )
        if not features:
            raise InputError("no column is left for features", hint=f"The table has {_listed(names)}")
        category = {find_column(names, one, "--category") for one in options.category}
        return cls(label, groups, features, frozenset(category | _categories(names, features, options.model)))

    def gatherers(
        self, names: Sequence[str], options: TableOptions, place: str, *, judged: bool = True
    ) -> dict[int, Gatherer]:
        """What reads each column that is wanted.

        Args:
            place: what a row is called: ``line`` or ``row``.
            judged: whether words that are no good categories are refused.
        """
        na = frozenset(one.strip().lower() for one in options.na)
        found = {
            index: Gatherer(names[index], place, na, category=index in self.category, judged=judged)
            for index in self.features
        }
        others = (index for index in (self.label, self.groups) if index is not None)
        return found | {index: Gatherer(names[index], place, na, feature=False) for index in others}


def _categories(names: Sequence[str], features: Sequence[int], model: Inputs | None) -> set[int]:
    """Columns that are categories to a model: by name, or in its order if it knows none of the names."""
    known = () if model is None else model.columns
    words = {one.name for one in known if one.kind == "category"}
    if known and len(known) == len(features) and not {one.name for one in known} & set(names):
        return {index for index, one in zip(features, known, strict=True) if one.kind == "category"}
    return {index for index in features if names[index] in words}


def read_text_table(path: Path, options: TableOptions) -> Sorted:
    """The table in a CSV or TSV file.

    Raises:
        InputError: see :func:`lgc.data.delimited.read_delimited`; or there is no such column, or a number is missing.
    """
    roles: list[Roles] = []

    def plan(names: Sequence[str]) -> dict[int, Gatherer]:
        roles.append(Roles.of(names, options))
        return roles[0].gatherers(names, options, "line")

    try:
        found = read_delimited(path, plan, header=options.header, delimiter=options.delimiter, expected=options.names)
        return sort_columns(found, roles[0], options)
    except InputError as error:
        raise error.at(str(path)) from None


def sort_columns(found: Gathered, roles: Roles, options: TableOptions) -> Sorted:
    """Features, labels and groups of what was gathered, without samples that are to be left out.

    Raises:
        InputError: a value is missing, and that is not allowed.
    """
    label = None if roles.label is None else found.others[roles.label]
    if label is not None and (label.values < 0 if label.words else np.isnan(label.values)).all():
        label = None  # an empty column
    kept = np.ones(len(found.features), np.bool_)
    for index, one in found.gatherers.items():
        needed = one.feature or (index == roles.label and label is not None) or index == roles.groups
        column = found.others.get(index) or found.columns[roles.features.index(index)]
        if not one.missing or not needed or (one.feature and column.words):
            continue
        if options.missing == "refuse":
            _refuse_missing(one, len(kept), is_label=index == roles.label)
        kept &= ~(column.values < 0) if column.words else ~np.isnan(column.values)
    if not kept.any():
        raise InputError("a value is missing in every sample", hint="Leave out columns that are mostly empty: --drop")
    samples = found.features if kept.all() else _only(found.features, kept)
    columns = tuple(RawColumn(one.name, samples[:, i], one.words) for i, one in enumerate(found.columns))
    samples, columns, notes = _without_index(samples, columns)
    groups = None if roles.groups is None else _cells(found.others[roles.groups])[kept]
    return Sorted(
        samples, columns, kept, None if label is None else _cells(label)[kept], None if label is None else label.name,
        groups, (*found.notes, *(one.note for one in found.gatherers.values() if one.note), *notes),
    )  # fmt: skip


def _label_column(names: Sequence[str], asked: str | None, features: Collection[str]) -> int | None:
    if asked is not None:
        return find_column(names, asked, "--label")
    found = [index for index, name in enumerate(names) if name.lower() in LABEL_NAMES and name not in features]
    if len(found) > 1:
        raise InputError(
            f"the columns '{names[found[0]]}' and '{names[found[1]]}' both look like that of the labels",
            hint=f"Name it: --label {quoted(names[found[0]])}; and leave the other one out: --drop "
            f"{quoted(names[found[1]])}",
        )
    return found[0] if found else None


def find_column(names: Sequence[str], asked: str, flag: str) -> int:
    """The index of a column that is asked for by its name or number.

    Raises:
        InputError: there is none.
    """
    if asked in names:
        return list(names).index(asked)
    number = int(asked) if asked.removeprefix("-").isdecimal() and len(asked) < 9 else 0
    if 1 <= number <= len(names) or -len(names) <= number <= -1:
        return number - 1 if number > 0 else len(names) + number
    close = difflib.get_close_matches(asked, names, n=1)
    same = [name for name in names if name.lower() == asked.lower()] or close
    hint = f"Did you mean {flag} {quoted(same[0])}?" if same else f"It has {_listed(names)}"
    raise InputError(f"there is no column '{asked[:60]}' for {flag}", hint=f"{hint}; {flag} also takes a number"
                     if not same else hint)  # fmt: skip


def _listed(names: Sequence[str]) -> str:
    """Some of the names of columns, for people."""
    if len(names) == 1:
        return f"the column {names[0][:40]}"
    shown = ", ".join(name[:40] for name in names[:12]) + (f", ... ({len(names)} in all)" if len(names) > 12 else "")
    return f"the columns {shown}"


def _refuse_missing(one: Gatherer, count: int, *, is_label: bool) -> None:
    what = "label" if is_label else "number" if one.feature else "group"
    column = "" if not one.feature else f", or --drop {quoted(one.name)} the column"
    raise InputError(
        f"{one.place} {one.first_missing} has no {what} in the column '{one.name[:60]}', and {one.missing:,} of "
        f"{count:,} samples have none",
        hint=f"Fill them in; or give --missing drop to leave these samples out{column}",
    )


def _only(samples: NDArray[np.float64], kept: NDArray[np.bool_]) -> NDArray[np.float64]:
    """The rows that are kept, moved to the front of the same memory."""
    stop = 0
    for start in range(0, len(samples), _BLOCK):
        rows = samples[start : start + _BLOCK][kept[start : start + _BLOCK]]
        samples[stop : stop + len(rows)] = rows
        stop += len(rows)
    return samples[:stop]


def _without_index(
    samples: NDArray[np.float64], columns: tuple[RawColumn, ...]
) -> tuple[NDArray[np.float64], tuple[RawColumn, ...], tuple[str, ...]]:
    """Columns without one that has no name and only counts the rows; and notes on those that count them."""
    first = columns[0]
    if first.name == UNNAMED.format(0) and len(columns) > 1 and not first.words and _numbers_rows(first.values):
        return samples[:, 1:], columns[1:], ("The first column has no name and numbers the rows: it is left out.",)
    counting = [one.name for one in columns if not one.words and _counts(one.values)]
    notes = tuple(
        f"The column '{name[:60]}' counts the rows. If it says nothing of them, leave it out: --drop {quoted(name)}."
        for name in counting
    )
    return samples, columns, notes


def _numbers_rows(x: NDArray[np.float64]) -> bool:
    return bool((x == np.floor(x)).all()) and len(np.unique(x)) == len(x)


def _counts(x: NDArray[np.float64]) -> bool:
    return len(x) > _FEW_ROWS and bool((x[1:] == x[:-1] + 1).all())


def _cells(column: RawColumn) -> Array:
    """A column as labels: words, whole numbers, or numbers."""
    if column.words:
        words = np.array([*column.words, ""], dtype=str)
        return words[np.where(column.values < 0, len(column.words), column.values).astype(np.int64)]
    x = column.values
    whole = np.isfinite(x).all() and (x == np.floor(x)).all() and np.abs(x).max(initial=0) < 2**53
    return x.astype(np.int64) if whole else x
