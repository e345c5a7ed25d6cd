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
_SOME_CLASSES = 20  # from which nearly as many classes as samples are none
_MOST_MEASURED = 100  # labels such as 0.37
_BLOCK = 1 << 14


def numbered(labels: Array, where: str) -> tuple[NDArray[np.int64], tuple[Label, ...]]:
    """Classes, int64 (n,), and the label of each: in ascending order, of words in that of the alphabet.

    Raises:
        InputError: a label that is missing, one class only, or so many classes that they are none.
    """
    _refuse_missing(labels, where)
    classes, found = _factors(labels)
    if len(found) < 2:
        what = f"all {len(labels):,} samples have the label {found[0]!r}" if found else "there are no samples"
        raise InputError(
            f"{what}: there is nothing to learn",
            where=where,
            hint="The labels must be of two classes or more; --label names their column",
        )
    measured = sum(isinstance(one, float) and not one.is_integer() for one in found)
    rare = len(found) > _SOME_CLASSES and len(found) > len(labels) / 2
    if len(found) > _MOST_CLASSES or rare or measured > _MOST_MEASURED:
        raise InputError(
            f"{len(labels):,} samples have {len(found):,} different labels, such as {found[0]!r} and {found[-1]!r}: "
            "these are no classes",
            where=where,
            hint="Name the column of the classes with --label, or put numbers into a few ranges",
        )
    return classes, found


def _factors(labels: Array) -> tuple[NDArray[np.int64], tuple[Label, ...]]:
    """Indices of the different labels, and these in ascending order; without sorting millions of texts."""
    if labels.dtype.kind != "U":
        present, inverse = np.unique(labels, return_inverse=True)
        return inverse.reshape(-1).astype(np.int64), tuple(present.tolist())
    index: dict[str, int] = {}
    codes = np.empty(len(labels), np.int64)
    for start in range(0, len(labels), _BLOCK):
        words = labels[start : start + _BLOCK].tolist()
        codes[start : start + len(words)] = [index.setdefault(word, len(index)) for word in words]
    found = sorted(index)
    order = {word: place for place, word in enumerate(found)}
    return np.array([order[word] for word in index], np.int64)[codes], tuple(found)


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
            f"the label of sample {bad[0]} is missing, and of {len(bad):,} of {len(labels):,} samples in all",
            where=where,
            hint="Give --missing drop to leave these samples out, or give them a class",
        )


def indices(labels: Array, known: Sequence[Label], where: str, names: Sequence[str] = ()) -> NDArray[np.int64]:
    """Labels as indices of known ones. Numbers are compared as numbers; if words meet numbers, as text.

    Args:
        names: other names of the known labels, in their order; they are understood too.

    Raises:
        InputError: the first label that is not known, with its sample.
    """
    table: dict[Any, int] = dict(zip(known, range(len(known)), strict=True))
    texts = dict(zip(names, range(len(known)), strict=False))
    texts |= dict(zip(class_names(known), range(len(known)), strict=True))
    places, present = _factors(labels)
    found = [table.get(one, texts.get(class_names([one])[0], -1)) for one in present]
    numbers = np.array(found, np.int64)[places]
    bad = np.flatnonzero(numbers < 0)
    if len(bad):
        shown = ", ".join(class_names(known)[:10]) + (", ..." if len(known) > 10 else "")
        raise InputError(
            f"the label of sample {bad[0]} is {labels[bad[0]]!s:.60}, which was not seen in training",
            where=where,
            hint=f"The classes are {shown}",
        )
    return numbers
