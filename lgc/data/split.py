"""Which samples are for what: drawn by a seed of their own, the same share of every class."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgc.data.labels import class_names
from lgc.errors import InputError

Array = NDArray[Any]
Rows = NDArray[np.int64]

_BLOCK = 4096

HELD_OUT = 0.2
"""The part of the samples that is kept for the test, where the data does not say which."""


def split(labels: NDArray[np.int64], part: float, seed: int, groups: Array | None = None) -> tuple[Rows, Rows]:
    """The rows that stay and those that are held out, each in ascending order.

    Args:
        labels: int64 (n,), classes.
        part: of every class, to within one sample; a class of one sample stays.
        seed: decides which.
        groups: (n,), samples of equal ones stay together; None if each sample is on its own. Then the part is met as
            nearly as whole groups can.

    Raises:
        InputError: too few samples or groups to hold some out.
    """
    if groups is not None:
        held = _groups_held(labels, part, seed, groups)
        return np.flatnonzero(~held), np.flatnonzero(held)
    rng = np.random.default_rng(seed)
    held = np.zeros(len(labels), np.bool_)
    order = np.argsort(labels, kind="stable")  # by class, each in ascending order
    start = 0
    for size, count in zip(*_counts(labels, part), strict=True):
        held[rng.permutation(order[start : start + size])[:count]] = True
        start += size
    if not held.any() or held.all():
        raise InputError(
            f"{len(labels)} samples are too few to hold some out", hint="Give more samples, or a file of others: --test"
        )
    return np.flatnonzero(~held), np.flatnonzero(held)


def _counts(labels: NDArray[np.int64], part: float) -> tuple[list[int], list[int]]:
    """The size of each class, and how many of it are held out: so many in all, and its share but for rounding."""
    sizes = np.unique(labels, return_counts=True)[1]
    exact = sizes * part
    counts = np.minimum(np.floor(exact), sizes - 1).astype(np.int64)
    missing = round(part * len(labels)) - int(counts.sum())
    for index in np.argsort(-(exact - counts), kind="stable")[: max(0, missing)].tolist():
        counts[index] += counts[index] + 1 < sizes[index] and counts[index] < exact[index]
    return sizes.tolist(), counts.tolist()


def _groups_held(labels: NDArray[np.int64], part: float, seed: int, groups: Array) -> NDArray[np.bool_]:
    """Groups are drawn one after the other; each is held out if that brings every class nearer to its part."""
    number, classes = _numbers(groups), _numbers(labels)
    counts = _table(number, classes)
    wanted, held = part * counts.sum(axis=0), np.zeros(counts.shape[1])
    chosen = np.zeros(len(counts), np.bool_)
    left = counts.sum(axis=0)
    order = np.random.default_rng(seed).permutation(len(counts)).tolist()
    for group in order:
        more = counts[group]
        # A class must not leave the training with it.
        if ((wanted - held - more) ** 2).sum() < ((wanted - held) ** 2).sum() and (left - more > 0).all():
            chosen[group] = True
            held = held + more
            left = left - more
    if not chosen.any():
        raise InputError(
            f"{len(counts)} groups are too few, or too large, to hold some out",
            hint="Give more of them, or a file of other samples: --test",
        )
    return chosen[number]


def _numbers(values: Array) -> NDArray[np.int64]:
    return np.unique(values, return_inverse=True)[1].reshape(-1).astype(np.int64)


def _table(groups: NDArray[np.int64], classes: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many samples of each class (columns) each group (rows) has."""
    rows, columns = int(groups.max(initial=0)) + 1, int(classes.max(initial=0)) + 1
    return np.bincount(groups * columns + classes, minlength=rows * columns).reshape(rows, columns)


def folds(labels: NDArray[np.int64], count: int, seed: int, groups: Array | None = None) -> list[tuple[Rows, Rows]]:
    """K pairs of the rows to train on and those to test on; each sample is in one test, each class in all alike.

    Args:
        groups: see :func:`split`.

    Raises:
        InputError: fewer samples, or groups, than folds.
    """
    rng = np.random.default_rng(seed)
    units = len(labels) if groups is None else len(np.unique(groups))
    if not 2 <= count <= units:
        raise InputError(f"{units} {'samples' if groups is None else 'groups'} do not make {count} folds")
    if groups is not None:
        place = _folds_of_groups(_numbers(groups), _numbers(labels), count, rng)
    else:
        order = rng.permutation(len(labels))
        order = order[np.argsort(labels[order], kind="stable")]  # by class, within a class as drawn
        place = np.empty(len(labels), np.int64)
        place[order] = np.arange(len(labels)) % count
    return [(np.flatnonzero(place != fold), np.flatnonzero(place == fold)) for fold in range(count)]


def _folds_of_groups(
    groups: NDArray[np.int64], classes: NDArray[np.int64], count: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """The fold of each sample: the largest groups first, each to where its classes are fewest."""
    counts = _table(groups, classes)
    drawn = rng.permutation(len(counts))
    filled, place = np.zeros((count, counts.shape[1])), np.empty(len(counts), np.int64)
    share = np.maximum(counts.sum(axis=0), 1)
    for index, group in enumerate(drawn[np.argsort(-counts.sum(axis=1)[drawn], kind="stable")].tolist()):
        after = ((filled + counts[group]) / share) ** 2 - (filled / share) ** 2
        # Each fold gets one of the first groups, so that none stays empty.
        fold = index if index < count else int(after.sum(axis=1).argmin())
        place[group] = fold
        filled[fold] += counts[group]
    return place[groups]


def rows_digest(rows: Array, labels: Array) -> str:
    """SHA-256 of samples, in the units and the order of a model's columns, and their labels.

    Two sets of rows are the same if this is, in whatever file they lie: numbers count as float32, labels as text.

    Args:
        rows: (n, C), of categories the index of the word.
        labels: (n,), the labels or their names.
    """
    sha = hashlib.sha256(np.array(rows.shape, "<i8").tobytes())
    for start in range(0, len(rows), _BLOCK):
        with np.errstate(over="ignore"):
            block = np.asarray(rows[start : start + _BLOCK], "<f4") + np.float32(0)  # no -0.0
        sha.update(np.ascontiguousarray(block).tobytes())
        names = class_names(labels[start : start + _BLOCK].tolist())
        sha.update("\n".join([*names, ""]).encode("utf-8", "surrogatepass"))
    return sha.hexdigest()
