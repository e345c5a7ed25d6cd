"""A table: samples, their labels if they have any, and test samples if a file sets some apart."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgc.bounds import VARIABLE
from lgc.data.describe import Raw
from lgc.data.npz import SAMPLES, read_npy, read_npz
from lgc.data.text import TableOptions, read_text
from lgc.errors import InputError
from lgc.numbers import check_finite, real_array

Array = NDArray[Any]

_NAMES = ("X", "y", "X_test", "y_test", "n_bits")
_ALIASES = {"X": ("x", "x_train", "X_train", "data", "images", "features"), "y": ("Y", "y_train", "Y_train", "labels")}


@dataclass(frozen=True, eq=False)
class Table:
    """Samples in a file.

    Attributes:
        where: the file, for messages.
        samples: (n, ...), bool, uint8, float32 or float64, finite; bool (n, bits) where they are packed in the file.
        labels: (n,) whole numbers, bool or text; None if there are none.
        packed: whether the samples are bits that the network reads, and no features.
        test: samples that the file sets apart for testing.
        columns: what is known of the columns of the samples; empty if nothing is. The samples of words are indices.
        groups: (n,), of samples that belong together; None if each is on its own.
        dropped: how many samples were left out because a number is missing.
    """

    where: str
    samples: Array
    labels: Array | None = None
    packed: bool = False
    test: Table | None = None
    columns: tuple[Raw, ...] = ()
    groups: Array | None = None
    dropped: int = 0

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one sample."""
        return self.samples.shape[1:]

    @property
    def rows(self) -> Array:
        """The samples as (n, F)."""
        return self.samples.reshape(len(self.samples), int(np.prod(self.shape, dtype=np.int64)))

    def need_labels(self, verb: str) -> Array:
        """The labels.

        Raises:
            InputError: there are none.
        """
        if self.labels is None:
            raise InputError(
                f"the data has no labels y, which {verb} needs",
                where=self.where,
                hint="Save them beside the samples: numpy.savez('data.npz', X=X, y=y)",
            )
        return self.labels


def is_data_file(source: str) -> bool:
    """Whether a name is that of a file which :func:`read_table` reads."""
    return Path(source).suffix.lower() in READERS


def read_table(path: Path | str, options: TableOptions | None = None) -> Table:
    """The table in a file; its suffix picks the reader.

    Args:
        options: how to read text.

    Raises:
        InputError: unreadable, or the arrays do not fit each other.
    """
    path = Path(path)
    try:
        return READERS[path.suffix.lower()](path, options or TableOptions())
    except InputError as error:
        raise error.at(str(path)) from None


def read_npz_table(path: Path, _options: TableOptions | None = None) -> Table:
    """The table in an `.npz` file: ``X`` and perhaps ``y``; ``X_test`` and ``y_test``; ``n_bits`` if X is packed bits.

    Bits are packed into bytes, uint8 (n, ceil(n_bits/8)), least significant first.

    Raises:
        InputError: unreadable, or the arrays do not fit each other.
    """
    arrays, names = read_npz(path, _NAMES)
    if "X" not in arrays or ("X_test" in arrays) != ("y_test" in arrays):
        raise InputError(
            f"the file holds the arrays {', '.join(names[:12]) or 'none'}, but no {_missing(arrays)}",
            hint=f"It needs X, for labelled samples y, and may have X_test and y_test together{_renaming(names)}",
        )
    bits = _number_of_bits(arrays["n_bits"]) if "n_bits" in arrays else None
    table = _table(str(path), arrays["X"], arrays.get("y"), bits, "X")
    if "X_test" not in arrays:
        return table
    test = _table(str(path), arrays["X_test"], arrays["y_test"], bits, "X_test")
    if test.shape != table.shape:
        raise InputError(f"X and X_test differ in their features: {table.shape} and {test.shape}")
    return replace(table, test=test)


def _missing(arrays: dict[str, Array]) -> str:
    if "X" not in arrays:
        return "X"
    return "y_test" if "X_test" in arrays else "X_test"


def _renaming(names: Sequence[str]) -> str:
    """The call that renames what a file holds under other names."""
    found = {ours: next((name for name in theirs if name in names), ours) for ours, theirs in _ALIASES.items()}
    found |= {f"{ours}_test": f"{ours.lower()}_test" for ours in _ALIASES if f"{ours.lower()}_test" in names}
    if not all(name in names for name in found.values()) or all(ours == theirs for ours, theirs in found.items()):
        return ""
    pairs = ", ".join(f"{ours}=f['{theirs}']" for ours, theirs in found.items())
    return f". In Python: with numpy.load('FILE') as f: numpy.savez('data.npz', {pairs})"


def _number_of_bits(declared: Array) -> int:
    if declared.size != 1 or declared.dtype.kind not in "ui" or int(declared.reshape(())) < 1:
        raise InputError(f"n_bits is {declared.dtype} {declared.shape}, expected one whole number above 0")
    return int(declared.reshape(()))


def _from_npy(path: Path, _options: TableOptions) -> Table:
    """Samples without labels."""
    return _table(str(path), read_npy(path), None, None, "the array")


def _table(where: str, x: Array, y: Array | None, bits: int | None, name: str) -> Table:
    _check_room(where, x, bits)
    samples = real_array(x, f"the numbers of {name}") if bits is None else _unpacked(x, bits, name)
    if samples.ndim < 2:
        raise InputError(
            f"{name} is {x.dtype} {x.shape}",
            hint="It must be numbers of shape (samples, features...)",
        )
    check_finite(samples)
    return Table(where, samples, None if y is None else _labels(y, len(samples), name), bits is not None)


def _check_room(where: str, x: Array, bits: int | None) -> None:
    """Refuse numbers that would take far more memory than their file, as the types that lgc computes with.

    Raises:
        InputError: so it is.
    """
    each = 8 if bits is not None or x.dtype.itemsize > 2 else 4
    wide = bits is not None or x.dtype not in (np.bool_, np.uint8, np.float32, np.float64)
    most = SAMPLES.of(Path(where).stat().st_size)
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


def _labels(y: Array, count: int, name: str) -> Array:
    """Words, truth values, whole numbers as int64, or float64.

    Raises:
        InputError: another number of them, or another type.
    """
    what = name.replace("X", "y")
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


def class_indices(labels: Array, classes: Sequence[str], where: str) -> NDArray[np.int64]:
    """Labels as indices of classes: numbers are indices already, words are names.

    Raises:
        InputError: the first label that is no class.
    """
    if labels.dtype.kind != "U":
        bad = np.flatnonzero((labels < 0) | (labels >= len(classes)) | (labels != np.floor(labels)))
        if len(bad):
            raise InputError(
                f"the label of sample {bad[0]} is {labels[bad[0]]}, but there are {len(classes)} classes",
                where=where,
                hint=f"Labels are 0 to {len(classes) - 1}, or names of classes",
            )
        return labels.astype(np.int64)
    index = {name: number for number, name in enumerate(classes)}
    words, inverse = np.unique(labels, return_inverse=True)
    unknown = [str(word) for word in words if str(word) not in index]
    if unknown:
        raise InputError(
            f"the label '{unknown[0][:40]}' is no class of the model",
            where=where,
            hint=f"Its classes are {', '.join(classes[:10])}{', ...' if len(classes) > 10 else ''}",
        )
    return np.array([index[str(word)] for word in words], np.int64)[inverse.reshape(-1)]


def _from_text(path: Path, options: TableOptions) -> Table:
    """A row a sample; see :class:`TableOptions`."""
    found = read_text(path, options)
    samples = np.stack([one.values for one in found.columns], axis=1)
    columns = tuple(Raw(one.name, one.words) for one in found.columns)
    check_finite(samples)
    labels = found.labels
    return Table(str(path), samples, labels, columns=columns, groups=found.groups, dropped=found.dropped)


READERS: dict[str, Callable[[Path, TableOptions], Table]] = {
    ".npz": read_npz_table,
    ".npy": _from_npy,
    ".csv": _from_text,
    ".tsv": _from_text,
}
"""Who reads files of which suffix."""
