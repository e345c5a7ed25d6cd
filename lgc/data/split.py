"""Which samples are for what: drawn by a seed of their own, the same share of every class."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgc.errors import InputError

Array = NDArray[Any]
Rows = NDArray[np.int64]

HELD_OUT = 0.2
"""The part of the samples that is kept for the test, where the data does not say which."""


def split(labels: NDArray[np.int64], part: float, seed: int, groups: Array | None = None) -> tuple[Rows, Rows]:
    """The rows that stay and those that are held out, each in ascending order.

    Args:
        labels: int64 (n,), classes.
        part: of every class; a class of one sample stays.
        seed: decides which.
        groups: (n,), samples of equal ones stay together; None if each sample is on its own. Then the part is of the
            groups, and of a class no more than about so much.

    Raises:
        InputError: too few samples or groups to hold some out.
    """
    if groups is not None:
        return _by_groups(groups, part, seed)
    rng = np.random.default_rng(seed)
    out: list[Rows] = []
    counts = _counts(labels, part)
    for label, count in counts.items():
        of_class = np.flatnonzero(labels == label)
        out.append(rng.permutation(of_class)[:count])
    held = np.sort(np.concatenate(out))
    if not 0 < len(held) < len(labels):
        raise InputError(f"{len(labels)} samples are too few to hold some out")
    return np.setdiff1d(np.arange(len(labels)), held), held


def _counts(labels: NDArray[np.int64], part: float) -> dict[int, int]:
    """How many of each class are held out: so many in all, and of each its share but for rounding."""
    present, sizes = np.unique(labels, return_counts=True)
    exact = sizes * part
    counts = np.minimum(np.floor(exact), sizes - 1).astype(np.int64)
    missing = round(part * len(labels)) - int(counts.sum())
    order = np.argsort(-(exact - counts), kind="stable")
    for index in order[: max(0, missing)].tolist():
        counts[index] += counts[index] + 1 < sizes[index]
    return dict(zip(present.tolist(), counts.tolist(), strict=True))


def _by_groups(groups: Array, part: float, seed: int) -> tuple[Rows, Rows]:
    names, inverse = np.unique(groups, return_inverse=True)
    count = max(1, round(part * len(names)))
    if count >= len(names):
        raise InputError(f"{len(names)} groups are too few to hold some out")
    chosen = np.random.default_rng(seed).permutation(len(names))[:count]
    held = np.isin(inverse.reshape(-1), chosen)
    return np.flatnonzero(~held), np.flatnonzero(held)


def folds(labels: NDArray[np.int64], count: int, seed: int) -> list[tuple[Rows, Rows]]:
    """K pairs of the rows to train on and those to test on; each sample is in one test, each class in all alike.

    Raises:
        InputError: fewer samples than folds.
    """
    if not 2 <= count <= len(labels):
        raise InputError(f"{len(labels)} samples do not make {count} folds")
    order = np.random.default_rng(seed).permutation(len(labels))
    order = order[np.argsort(labels[order], kind="stable")]  # by class, within a class as drawn
    place = np.empty(len(labels), np.int64)
    place[order] = np.arange(len(labels)) % count
    return [(np.flatnonzero(place != fold), np.flatnonzero(place == fold)) for fold in range(count)]


def rows_digest(rows: Array, labels: Array) -> str:
    """SHA-256 of samples, in the units of the data, and their labels: two sets of rows are the same if this is."""
    sha = hashlib.sha256(np.array(rows.shape, "<i8").tobytes())
    for start in range(0, len(rows), 4096):
        sha.update(np.ascontiguousarray(rows[start : start + 4096], "<f8").tobytes())
    sha.update("\n".join(map(str, labels.tolist())).encode("utf-8", "surrogatepass"))
    return sha.hexdigest()
