"""Tables of arrays: `.npz` and `.npy` files, and what numpy has in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgc.bounds import VARIABLE
from lgc.data.columns import check_names
from lgc.data.describe import Raw
from lgc.data.gather import sorted_columns
from lgc.data.npz import SAMPLES, read_npy, read_npz
from lgc.data.table import Table
from lgc.data.text import Sorted, TableOptions
from lgc.errors import InputError
from lgc.files import is_file
from lgc.numbers import check_finite, real_array

Array = NDArray[Any]

_ALIASES = {
    "X": ("x", "X_train", "x_train", "data", "images", "features"),
    "y": ("Y", "y_train", "Y_train", "target", "labels"),
    "X_test": ("x_test",),
    "y_test": ("Y_test",),
    "n_bits": (),
    "feature_names": (),
    "target_names": ("class_names", "classes"),
}
"""What the arrays of a file are, and their other names."""


def read_npz_table(path: Path, options: TableOptions | None = None) -> Table:
    """The table in an `.npz` file: ``X`` and perhaps ``y``; ``X_test`` and ``y_test``; ``n_bits`` if X is packed bits.

    The names that others give them are understood too, such as data and target. ``feature_names`` and
    ``target_names`` name columns and classes. Bits are packed into bytes, uint8 (n, ceil(n_bits/8)), least
    significant first.

    Raises:
        InputError: unreadable, or the arrays do not fit each other.
    """
    options = options or TableOptions()
    _, names = read_npz(path, ())
    places = _places(names)
    if "X" not in places or ("X_test" in places) != ("y_test" in places):
        missing = "X" if "X" not in places else "y_test" if "X_test" in places else "X_test"
        raise InputError(
            f"the file holds the arrays {', '.join(names[:12]) or 'none'}, but no {missing}",
            hint="It needs X, for labelled samples y, and may have X_test and y_test together",
        )
    read, _ = read_npz(path, set(places.values()))
    arrays = {ours: read[theirs] for ours, theirs in places.items()}
    bits = _number_of_bits(arrays["n_bits"]) if "n_bits" in arrays else None
    names_of = {name: _texts(arrays[name], name) for name in ("feature_names", "target_names") if name in arrays}
    columns, classes = names_of.get("feature_names", ()), names_of.get("target_names", ())
    table = array_table(str(path), arrays["X"], arrays.get("y"), options, columns=columns, bits=bits)
    if "X_test" in arrays:
        test = array_table(
            str(path), arrays["X_test"], arrays["y_test"], options, columns=columns, bits=bits, name="X_test"
        )
        if test.shape != table.shape:
            raise InputError(f"X and X_test differ in their features: {table.shape} and {test.shape}")
        table = replace(table, test=test)
    return replace(table, class_names=classes, size=path.stat().st_size)


def _places(names: Sequence[str]) -> dict[str, str]:
    """The names that a file has for what we look for.

    Raises:
        InputError: it has two.
    """
    found: dict[str, str] = {}
    for ours, theirs in _ALIASES.items():
        there = [ours] if ours in names else [name for name in theirs if name in names]
        if len(there) > 1:
            raise InputError(
                f"the arrays {there[0]} and {there[1]} could both be {ours}", hint=f"Call the one that is meant {ours}"
            )
        if there:
            found[ours] = there[0]
    return found


def _texts(names: Array, what: str) -> tuple[str, ...]:
    if names.ndim != 1 or names.dtype.kind not in "US":
        raise InputError(f"{what} is {names.dtype} {names.shape}", hint="It must be a list of texts")
    return tuple(str(name)[:200] for name in (names if names.dtype.kind == "U" else np.char.decode(names)).tolist())


def _number_of_bits(declared: Array) -> int:
    if declared.size != 1 or declared.dtype.kind not in "ui" or int(declared.reshape(())) < 1:
        raise InputError(f"n_bits is {declared.dtype} {declared.shape}, expected one whole number above 0")
    return int(declared.reshape(()))


def read_npy_table(path: Path, options: TableOptions) -> Table:
    """The table in an `.npy` file: samples without labels, unless the options name a column of them."""
    table = array_table(str(path), read_npy(path), None, options, name="the array")
    return replace(table, size=path.stat().st_size)


def array_table(
    where: str,
    x: Array,
    y: Array | None,
    options: TableOptions,
    *,
    columns: Sequence[str] = (),
    bits: int | None = None,
    name: str = "X",
) -> Table:
    """The table of an array of samples (n, ...).

    Args:
        y: (n,), or None.
        columns: their names, if they have some.
        bits: see :func:`read_npz_table`.
        name: of the array, for messages.

    Raises:
        InputError: it holds no numbers, they are not finite, or the labels or the names do not fit.
    """
    samples = _samples(where, x, columns, bits, name)
    y_name = name.replace("X", "y")
    labels = None if y is None else array_labels(y, len(samples), y_name)
    if labels is not None and options.label is not None:
        raise InputError(f"the labels are in {y_name}", hint="Leave out --label")
    if bits is None and (options.drop or options.groups or options.category or options.label):
        if samples.ndim != 2:
            raise InputError(f"the samples have the shape {samples.shape[1:]}, and no columns to choose from")
        names = list(columns) or [f"feature {index}" for index in range(samples.shape[1])]
        found = sorted_columns(names, list(samples.T), options, labelled=labels is not None)
        return labelled(sorted_table(where, found), labels, found.kept, options)
    table = Table(where, samples, None, bits is not None, columns=tuple(map(Raw, columns)))
    kept: NDArray[np.bool_] = np.ones(len(samples), np.bool_)
    if options.missing == "drop" and samples.dtype.kind == "f":
        kept = np.logical_not(np.isnan(table.rows).any(axis=1))
        table = replace(table.subset(kept), dropped=int((~kept).sum()))
    check_finite(table.samples)
    return labelled(table, labels, kept, options)


def _samples(where: str, x: Array, columns: Sequence[str], bits: int | None, name: str) -> Array:
    """The samples as numbers that lgc computes with."""
    _check_room(where, x, bits)
    samples = real_array(x, f"the numbers of {name}") if bits is None else _unpacked(x, bits, name)
    if samples.ndim < 2:
        raise InputError(f"{name} is {x.dtype} {x.shape}", hint="It must be numbers of shape (samples, features...)")
    if columns and len(columns) != int(np.prod(samples.shape[1:])):
        raise InputError(f"feature_names has {len(columns)} names, but {name} has the shape {samples.shape}")
    check_names(columns)
    return samples


def labelled(table: Table, labels: Array | None, kept: NDArray[np.bool_], options: TableOptions) -> Table:
    """A table with labels that lay beside its columns.

    Args:
        labels: of all samples, or None.
        kept: bool, of all samples, which are in the table.
    """
    if labels is None:
        return table
    labels = labels[kept]
    table = replace(table, labels=labels)
    if options.missing == "drop" and labels.dtype.kind in "fU":
        there = ~np.isnan(labels) if labels.dtype.kind == "f" else labels != ""
        if not there.all():
            table = replace(table.subset(there), dropped=table.dropped + int((~there).sum()))
            table = replace(table, labels=array_labels(labels[there], len(table.samples), "y"))
    return table


def sorted_table(where: str, found: Sorted) -> Table:
    """A table of columns."""
    return Table(
        where, found.samples, found.labels, columns=tuple(Raw(one.name, one.words) for one in found.columns),
        groups=found.groups, label=found.label, dropped=int((~found.kept).sum()), notes=found.notes,
    )  # fmt: skip


def _check_room(where: str, x: Array, bits: int | None) -> None:
    """Refuse numbers that would take far more memory than their file, as the types that lgc computes with.

    Raises:
        InputError: so it is.
    """
    each = 8 if bits is not None or x.dtype.itemsize > 2 else 4
    wide = bits is not None or x.dtype not in (np.bool_, np.uint8, np.float32, np.float64)
    path = Path(where)
    most = SAMPLES.of(path.stat().st_size) if is_file(path) else x.nbytes * 8
    if wide and x.size * each > most:
        what = "bits" if bits is not None else f"numbers of type {str(x.dtype)[:40]}"
        raise InputError(
            f"its {what} would take {x.size * each >> 20} MB, which is much for their file",
            hint=f"Store them as uint8 or float32; or if the file is to be trusted, set {VARIABLE}=4",
        )


def _unpacked(x: Array, bits: int, name: str) -> NDArray[np.bool_]:
    row = -(-bits // 8)
    if x.dtype != np.uint8 or x.ndim != 2 or x.shape[1] != row:
        raise InputError(
            f"{name} is {x.dtype} {x.shape}, expected uint8 with {row} bytes a sample, as n_bits is {bits}"
        )
    return np.unpackbits(x, axis=1, count=bits, bitorder="little").view(np.bool_)


def array_labels(y: Array, count: int, what: str) -> Array:
    """Words, truth values, whole numbers as int64, or float64.

    Raises:
        InputError: another number of them, or another type.
    """
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.shape != (count,) or y.dtype.kind not in "USbuif":
        raise InputError(f"{what} is {y.dtype} {y.shape}", hint=f"It must be {count} numbers or words, one a sample")
    if y.dtype.kind in "US":
        return y.astype(str) if y.dtype.kind == "U" else np.char.decode(y, "utf-8", "replace")
    if y.dtype.kind == "b":
        return y
    whole = y.astype(np.float64) if y.dtype.kind in "uf" else y  # 2^31 is no float16, and 2^63 no int64
    if whole.dtype.kind == "i":
        return whole.astype(np.int64)
    with np.errstate(invalid="ignore"):
        fits = (np.floor(whole) == whole) & (np.abs(whole) < 2**53)
    return whole.astype(np.int64) if fits.all() else whole
