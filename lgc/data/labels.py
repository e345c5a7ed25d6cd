"""Labels of any kind: words, numbers from anywhere, truth values. What people call a class is what they get back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgc.errors import InputError

Array = NDArray[Any]
Label = str | int | float | bool

_MOST_CLASSES = 10_000


def numbered(labels: Array, where: str) -> tuple[NDArray[np.int64], tuple[Label, ...]]:
    """Classes, int64 (n,), and the label of each: in ascending order, of words in that of the alphabet.

    Raises:
        InputError: a label that is missing, one class only, or nearly as many classes as samples.
    """
    _refuse_missing(labels, where)
    present, inverse = np.unique(labels, return_inverse=True)
    found = present.tolist()
    if len(found) < 2:
        raise InputError(
            f"all {len(labels)} samples have the label {found[0]!r}: there is nothing to learn", where=where
        )
    if len(found) > _MOST_CLASSES or (len(found) > 20 and len(found) > len(labels) / 2):
        raise InputError(
            f"{len(labels)} samples have {len(found)} different labels, for example {found[0]!r} and {found[-1]!r}: "
            "these are no classes",
            where=where,
            hint="Name the column of the classes with --label, or put numbers into a few ranges",
        )
    return inverse.reshape(-1).astype(np.int64), tuple(found)


def class_names(labels: Sequence[Label]) -> tuple[str, ...]:
    """The names of classes: words themselves, numbers as people write them."""
    return tuple(f"{one:.15g}" if isinstance(one, float) else str(one) for one in labels)


def are_plain(labels: Sequence[Label]) -> bool:
    """Whether they are the numbers 0, 1, 2 and so on, which need no table."""
    return all(type(one) is int and one == index for index, one in enumerate(labels))


def _refuse_missing(labels: Array, where: str) -> None:
    kind = labels.dtype.kind
    bad = np.flatnonzero(np.isnan(labels) if kind == "f" else (labels == "") if kind == "U" else np.zeros(0, bool))
    if len(bad):
        raise InputError(
            f"the label of sample {bad[0]} is missing, and of {len(bad)} samples in all",
            where=where,
            hint="Leave these samples out, or give them a class",
        )


def indices(labels: Array, known: Sequence[Label], where: str) -> NDArray[np.int64]:
    """Labels as indices of known ones. Numbers are compared as numbers; if words meet numbers, as text.

    Raises:
        InputError: the first label that is not known, with its sample.
    """
    table: dict[Any, int] = dict(zip(known, range(len(known)), strict=True))
    names = dict(zip(class_names(known), range(len(known)), strict=True))
    present, inverse = np.unique(labels, return_inverse=True)
    found = [table.get(one, names.get(class_names([one])[0], -1)) for one in present.tolist()]
    numbers = np.array(found, np.int64)[inverse.reshape(-1)]
    bad = np.flatnonzero(numbers < 0)
    if len(bad):
        shown = ", ".join(class_names(known)[:10]) + (", ..." if len(known) > 10 else "")
        raise InputError(
            f"the label of sample {bad[0]} is {labels[bad[0]]!s:.60}, which was not seen in training",
            where=where,
            hint=f"The classes are {shown}",
        )
    return numbers
