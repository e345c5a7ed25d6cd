"""From a table to a data set: labels become classes, some samples are held out, columns get their codes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgc.data import Loading, Raw, Table, describe, read_table
from lgc.data.describe import images
from lgc.data.known import known_columns
from lgc.data.labels import are_plain, class_names, indices, numbered
from lgc.data.split import rows_digest, split
from lgc.errors import InputError
from lgc.ir import Column, Inputs
from lgc.train.data.dataset import Dataset, trainable

Array = NDArray[Any]


def table_dataset(name: str, table: Table, loading: Loading) -> Dataset:
    """A data set to train on. What becomes of a column is decided by the training samples alone.

    Raises:
        InputError: no labels, labels that are no classes, too few samples, or test samples of another kind.
    """
    where = table.where
    found = table.need_labels("training")
    rows = trainable(table.rows, where)
    y, labels = numbered(found, where)
    test = read_table(loading.test, loading.table) if loading.test is not None else table.test
    if test is not None:
        rest = np.arange(len(rows))
        test_rows, test_y = test.rows, indices(test.need_labels("testing"), labels, test.where)
    else:
        rest, held = _held_out(table, y, loading)
        test_rows, test_y = rows[held], y[held]
    inputs = _inputs(table, rows[rest], loading)
    kept = rows[rest]
    notes: tuple[str, ...] = ()
    if test is not None:
        test_rows, strangers = known_columns(test_rows, test.columns, inputs)
        notes = (f"In the test samples {text}.",) if (text := strangers.sentence()) else ()
    if table.dropped:
        notes = (f"{table.dropped:,} samples were left out because a number is missing.", *notes)
    record = {
        "test": len(test_rows),
        "test_digest": rows_digest(test_rows, np.array(class_names([labels[one] for one in test_y.tolist()]))),
        **({"given": True} if test is not None else {"part": loading.test_part, "seed": loading.split_seed}),
    }
    return Dataset(
        name, _features(inputs, kept), y[rest], _features(inputs, test_rows), test_y, class_names(labels), table.shape,
        inputs=inputs, labels=None if are_plain(labels) else labels, split=record, notes=notes,
    )  # fmt: skip


def held_out(table: Table, labels: NDArray[np.int64], seed: int) -> tuple[Array, Array]:
    """The rows to train on and those held out, as :func:`table_dataset` splits them."""
    return _held_out(table, labels, Loading(split_seed=seed))


def _held_out(table: Table, y: NDArray[np.int64], loading: Loading) -> tuple[Array, Array]:
    if not loading.test_part:
        return np.arange(len(y)), np.empty(0, np.int64)
    try:
        return split(y, loading.test_part, loading.split_seed, table.groups)
    except InputError as error:
        raise error.at(table.where) from None


def _inputs(table: Table, rows: Array, loading: Loading) -> Inputs:
    """What the columns are: bits and bytes of images are what they are, all else gets codes."""
    if rows.dtype == np.bool_:
        names = [one.name for one in _named(table, rows)]
        return Inputs(tuple(Column(name, "bit") for name in names))
    if rows.dtype == np.uint8 and len(table.shape) > 1:
        pixels = images(table.shape, 255)
        return Inputs(tuple(replace(one, scale=1.0) for one in pixels.columns))
    return describe(_named(table, rows), rows, loading.feature_bits)


def _named(table: Table, rows: Array) -> tuple[Raw, ...]:
    return table.columns or tuple(Raw(f"feature {index}") for index in range(rows.shape[1]))


def _features(inputs: Inputs, rows: Array) -> Array:
    """What the model reads, in the narrowest type that holds it."""
    if rows.dtype in (np.bool_, np.uint8):
        return np.ascontiguousarray(rows)
    features = inputs.features(rows)
    codes = all(column.bits or column.kind != "number" for column in inputs.columns)
    return np.ascontiguousarray(features, np.float32) if codes else features


def file_dataset(path: Path, loading: Loading) -> Dataset:
    """The data set in a file that :func:`lgc.data.read_table` reads."""
    return table_dataset(path.stem, read_table(path, loading.table), loading)
