"""Pixels as people have them, bytes or scaled, as the codes or features of a model of images."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgc.errors import InputError
from lgc.ir import Column

Array = NDArray[Any]

_ROWS = 1 << 12


def pixel_codes(x: Array, pixel: Column) -> tuple[Array | None, str]:
    """Pixels (n, C) as whole numbers from 0 to the largest code; None if they are the model's features already.

    Bytes are told from scaled numbers by their values. Whole numbers are bytes, numbers from 0 to 1 are scaled. Where
    all are 0 or 1 they count as scaled, with a warning: a picture of such bytes would be black.

    Args:
        x: from :func:`lgc.numbers.real_array`, finite.
        pixel: what each column is.

    Returns:
        The codes, uint8 where they have at most 8 bits, else float64; and a note where there is doubt, else "".

    Raises:
        InputError: they are neither.
    """
    kind: Any = np.uint8 if pixel.bits <= 8 else np.float64
    if not x.size:
        return x.astype(kind), ""
    white = kind(round(pixel.high))
    if x.dtype == np.bool_:
        return np.asarray(x * white), ""
    low, high = float(x.min()), float(x.max())
    if not (low >= 0 and high <= pixel.top and _whole(x)):
        return _scaled(x, low, high, pixel), ""
    if high == 1 and pixel.high > 1:
        return np.asarray(x.astype(kind) * white), _ambiguous(x, pixel)
    return np.asarray(x, kind), _outside(x, high, pixel) if high > pixel.high else ""


def _scaled(x: Array, low: float, high: float, pixel: Column) -> Array | None:
    """Numbers that are not all whole, or out of the codes' range."""
    if pixel.scale == 1 and not pixel.offset and low >= 0 and high <= 1:
        codes = x.astype(np.float64) * pixel.high
        return np.asarray(np.rint(codes), np.uint8 if pixel.bits <= 8 else np.float64)
    first, last = ((k - pixel.offset) / pixel.scale for k in (0, max(pixel.high, 1)))
    slack = 1e-6 * (last - first)
    if pixel.scale != 1 and first - slack <= low and high <= last + slack:
        return None
    scaled = f", or scaled to {first:g} to {last:g}" if pixel.scale != 1 else ", or scaled to 0 to 1"
    raise InputError(
        f"the pixels lie between {low:g} and {high:g}, but the model was trained on whole numbers from "
        f"{pixel.low:g} to {pixel.high:g}{scaled}: these look unscaled, or scaled otherwise",
        hint=f"Give bytes as they are in the image, or divide them by {pixel.high:g}",
    )


def _whole(x: Array) -> bool:
    if x.dtype.kind != "f":
        return True
    blocks = (x[start : start + _ROWS] for start in range(0, len(x), _ROWS))
    return all(bool((block == np.floor(block)).all()) for block in blocks)


def _ambiguous(x: Array, pixel: Column) -> str:
    return (
        f"all {x.size:,} pixels are 0 or 1, and {np.count_nonzero(x):,} are 1: they count as scaled to 0 to 1, where 1 "
        f"is white, for the model was trained on whole numbers to {pixel.high:g}. Give X * {pixel.high:g} to leave no "
        "doubt"
    )


def _outside(x: Array, high: float, pixel: Column) -> str:
    count = int(np.count_nonzero(x > pixel.high))
    return (
        f"{count:,} of {x.size:,} pixels lie outside of the range that training saw: they reach {high:g}, and training "
        f"{pixel.high:g}"
    )
