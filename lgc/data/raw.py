"""Samples as people have them, in a frame or an array, as a model with known columns reads them."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgc.data.describe import Raw
from lgc.data.frames import frame_columns, is_frame, mixed_columns
from lgc.data.known import known_columns
from lgc.data.pixels import pixel_codes
from lgc.errors import InputError, LgcWarning
from lgc.ir import Inputs
from lgc.numbers import check_finite, real_array

Array = NDArray[Any]

_COUNT, _FAR = 2.0, 16.0


@dataclass(frozen=True, eq=False)
class Known:
    """Samples that a model can read as they are.

    Attributes:
        values: (n, F), the model's features; or (n, C), uint8, the bytes of pixels.
        are_bytes: whether they are the latter.
        notes: what people should know of them, as sentences without their full stop.
    """

    values: Array
    are_bytes: bool = False
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.values)

    def warn(self, stacklevel: int) -> None:
        """One warning with all notes, if there are any."""
        if self.notes:
            warnings.warn("; ".join(self.notes), LgcWarning, stacklevel=stacklevel)


def known(samples: Any, inputs: Inputs, columns: Sequence[Raw] = ()) -> Known:
    """Samples in the units of their columns.

    Args:
        samples: a frame, whose columns are found by their names; or an array (n, C) or (n, ...) of the columns in
            order: words, or their indices, for categories.
        columns: what is known of an array's columns, of which words are indices then; empty if nothing is.

    Raises:
        InputError: they have other columns, something is no number or not finite, or they look unscaled.
    """
    if is_frame(samples):
        rows, columns = frame_columns(samples, inputs)
    else:
        rows, columns = _array(samples, inputs, columns)
    if inputs.pixels is not None:
        return _pixels(rows, columns, inputs)
    _refuse_unscaled(rows, inputs)
    rows, strangers = known_columns(rows, columns, inputs)
    _refuse_missing(rows, inputs)
    text = strangers.sentence()
    return Known(inputs.features(rows) if inputs.changes else rows, notes=(text,) if text else ())


def _array(samples: Any, inputs: Inputs, columns: Sequence[Raw]) -> tuple[Array, Sequence[Raw]]:
    kind = getattr(samples, "dtype", None)
    if getattr(kind, "kind", "") in "OUS" and np.ndim(samples) == 2:
        return mixed_columns(np.asarray(samples), [f"\0{index}" for index in range(np.shape(samples)[1])], inputs)
    rows = real_array(samples, "the samples")
    rows = rows.reshape(len(rows), -1) if rows.ndim > 1 and rows.size else rows
    if rows.ndim != 2:
        raise InputError(
            f"the samples have shape {rows.shape}, but the model reads {len(inputs.columns)} columns",
            hint="Give an array of shape (samples, columns)",
        )
    return rows, columns


def _pixels(rows: Array, columns: Sequence[Raw], inputs: Inputs) -> Known:
    assert inputs.pixels is not None
    if columns or rows.shape[1] != len(inputs.columns):
        # By name and in order; and all that the two have in common is told there.
        rows, _ = known_columns(rows, columns, inputs)
    check_finite(rows)
    codes, note = pixel_codes(rows, inputs.pixels)
    notes = (note,) if note else ()
    if codes is None:
        return Known(rows.astype(np.float32), notes=notes)
    if codes.dtype == np.uint8:
        return Known(codes, True, notes)
    return Known(inputs.features(codes), notes=notes)


def _refuse_missing(rows: Array, inputs: Inputs) -> None:
    """Say which column has no finite number, and where."""
    if rows.dtype.kind != "f" or np.isfinite(rows.sum()):
        return
    bad = np.argwhere(~np.isfinite(rows))
    if len(bad):
        row, column = (int(index) for index in bad[0])
        raise InputError(
            f"the column '{inputs.columns[column].name[:60]}' of sample {row} is {rows[row, column]}",
            hint="Fill in what is missing before, or leave the sample out: the model has no value for it",
        )


def _refuse_unscaled(rows: Array, inputs: Inputs) -> None:
    """Where training saw numbers from 0 to 1 only, whole numbers above 1 are bytes or counts, and so are large ones."""
    numbers = [index for index, one in enumerate(inputs.columns) if one.kind == "number"]
    if not numbers or rows.shape[1] != len(inputs.columns) or not rows.size:
        return
    if not all(inputs.columns[index].low >= 0 and inputs.columns[index].high <= 1 for index in numbers):
        return
    x = rows if len(numbers) == len(inputs.columns) else rows[:, numbers]
    low, high = float(x.min()), float(x.max())
    if low >= 0 and (high >= _FAR or (high >= _COUNT and bool((x == np.floor(x)).all()))) and np.isfinite(high):
        raise InputError(
            f"the numbers reach {high:g}, but training saw none above 1: they look unscaled",
            hint="Give them in the units of the training data, for example X / 255",
        )
