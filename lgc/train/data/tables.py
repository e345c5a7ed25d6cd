"""From a table to a data set: labels become classes, some samples are held out, columns get their codes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgc.data import Loading, Table, describe_columns, name_of, read_table
from lgc.data.describe import images
from lgc.data.known import known_columns
from lgc.data.labels import Label, are_plain, class_names, indices, numbered
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
    found = table.need_labels("training")
    rows = trainable(table.rows, table.where)
    y, labels = numbered(found, table.where)
    given = loading.test is not None or table.test is not None
    rest, held = (np.arange(len(rows)), np.empty(0, np.int64)) if given else _held_out(table, y, loading)
    inputs = _inputs(table, rows[rest], loading)
    kept = _aligned(rows[rest], table, inputs)
    notes, test_rows, test_y = table.notes, _aligned(rows[held], table, inputs), y[held]
    if table.dropped:
        notes = (f"{table.dropped:,} samples were left out because a value is missing.", *notes)
    if given:
        test_rows, test_y, note = _given(table, loading, inputs, labels)
        notes = (*notes, *note)
    names = _class_names(table, labels)
    record = _record(table, loading, given=given)
    record |= {"test": len(test_rows), "test_digest": rows_digest(test_rows, _labels_of(labels, test_y))}
    record |= {"train_digest": rows_digest(kept, _labels_of(labels, y[rest]))}
    return Dataset(
        name, _features(inputs, kept), y[rest], _features(inputs, test_rows), test_y, names, table.shape, inputs=inputs,
        labels=None if are_plain(labels) else labels, split=record, notes=notes,
        groups=None if table.groups is None else table.groups[rest],
    )  # fmt: skip


def _given(
    table: Table, loading: Loading, inputs: Inputs, labels: tuple[Label, ...]
) -> tuple[Array, NDArray[np.int64], tuple[str, ...]]:
    """The test samples that a file has, in the order of the columns; their classes; and notes."""
    test = table.test
    if loading.test is not None:
        test = read_table(loading.test, replace(loading.table, model=inputs))
    assert test is not None
    y = indices(test.need_labels("testing"), labels, test.where, table.class_names)
    try:
        rows, strangers = known_columns(test.rows, test.columns, inputs)
    except InputError as error:
        raise error.at(test.where) from None
    text = strangers.sentence()
    return rows, y, (f"In the test samples {text}.",) if text else ()


def _record(table: Table, loading: Loading, *, given: bool) -> dict[str, Any]:
    """How the samples were read and held out, for the checkpoint."""
    reading = loading.table.stored()
    if table.label is not None:
        reading["label"] = table.label
    held = {"given": True} if given else {"part": loading.test_part, "seed": loading.split_seed}
    return {**held, **({"reading": reading} if reading else {})}


def _class_names(table: Table, labels: tuple[Label, ...]) -> tuple[str, ...]:
    """The names that the data have for the labels 0, 1 and so on; else the labels themselves."""
    count = len(table.class_names)
    if all(type(one) is int and 0 <= one < count for one in labels):
        return tuple(table.class_names[int(one)] for one in labels)
    return class_names(labels)


def _labels_of(labels: tuple[Label, ...], classes: NDArray[np.int64]) -> Array:
    return np.array(class_names(labels))[classes]


def _aligned(rows: Array, table: Table, inputs: Inputs) -> Array:
    """Samples whose words are those of training."""
    return known_columns(rows, table.columns, inputs)[0] if any(one.words for one in table.columns) else rows


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
        return Inputs(tuple(Column(one.name, "bit") for one in table.raw))
    if rows.dtype == np.uint8 and len(table.shape) > 1:
        pixels = images(table.shape, 255)
        return Inputs(tuple(replace(one, scale=1.0) for one in pixels.columns))
    try:
        return describe_columns(table.raw, rows, loading.feature_bits)
    except InputError as error:
        raise error.at(table.where) from None


def _features(inputs: Inputs, rows: Array) -> Array:
    """What the model reads, in the narrowest type that holds it."""
    kept = all(one.kind == "bit" or (one.scale, one.offset) == (1.0, 0.0) for one in inputs.columns)
    if rows.dtype == np.bool_ or (rows.dtype == np.uint8 and (inputs.pixels is not None or kept)):
        return np.ascontiguousarray(rows)
    features = inputs.features(rows)
    codes = all(column.bits or column.kind != "number" for column in inputs.columns)
    return np.ascontiguousarray(features, np.float32) if codes else features


def file_dataset(source: str, loading: Loading) -> Dataset:
    """The data set in what :func:`lgc.data.read_table` reads."""
    return table_dataset(name_of(source), read_table(source, loading.table), loading)
