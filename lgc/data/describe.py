"""What the columns of a table are, and the codes that numbers become before anything is learned from them.

Codes come first so that every threshold lies between two of them: the circuit then computes exactly what was trained,
for every value that a column can have.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgc.errors import InputError
from lgc.ir import Column, Inputs

Array = NDArray[Any]
Numbers = NDArray[np.float64]

_WIDTHS = (8, 10, 12, 14, 16)
_QUANTILES = 63
_KEPT = 0.9  # of the different quantiles that must stay different
_TAILS = (0.001, 0.01, 0.03)  # parts of the samples at either end that may lie outside of the codes
_DIGITS = 3  # behind the point, of numbers that are taken as they are written
_CLOSE = 2.0**-40  # of a number to what it is written as
_CLOSE_SINGLE = 2.0**-22  # the same of float32
_FAR = 2.0**20  # codes from 0 to the first: from so many on, rounding the offset would move values
_LARGEST = 1e300


@dataclass(frozen=True)
class Raw:
    """A column as it was read.

    Attributes:
        name: for people.
        words: of a column of categories, whose values are indices of them; empty for numbers.
    """

    name: str
    words: tuple[str, ...] = ()


def describe_columns(raw: Sequence[Raw], values: Array, bits: int | None = None) -> Inputs:
    """The columns with their codes, made from training samples (n, C).

    - A column of words is a category of those words that occur.
    - Whole numbers, and numbers of up to three digits behind the point, are codes as they are written, where 8 bits
      hold them all; whole numbers also where 16 bits hold all but a thousandth at either end.
    - Two different numbers get one bit.
    - Other numbers get a code over the range that all but a thousandth of the samples at either end lie in, as wide
      as it takes to tell them apart: 8 to 16 bits.

    Values outside of the codes' range become the first or the last code.

    Args:
        bits: of every number's code; None chooses for each, 0 leaves numbers as they are.

    Raises:
        InputError: numbers that are too small or too large to have a code.
    """
    return Inputs(tuple(_column(one, values[:, index], bits) for index, one in enumerate(raw)))


def _column(raw: Raw, x: Array, bits: int | None) -> Column:
    if raw.words:
        present = np.unique(x[x >= 0]).astype(np.int64).tolist()
        words = tuple(raw.words[index] for index in present) or raw.words[:1]
        return Column(raw.name, "category", words=words, low=0.0, high=float(len(words) - 1))
    close = _CLOSE_SINGLE if x.dtype == np.float32 else _CLOSE
    x = np.asarray(x, np.float64) + 0.0  # no -0.0
    low, high = float(x.min()), float(x.max())
    if bits == 0:
        return Column(raw.name, "number", low, high)
    if max(abs(low), abs(high)) > _LARGEST or 0 < high - low < 1 / _LARGEST:
        raise InputError(
            f"the column '{raw.name[:60]}' has numbers from {low:g} to {high:g}, beyond what codes are made of",
            hint="Scale the column to numbers of ordinary size; or give --feature-bits 0 for no codes",
        )
    scale, offset, width = _code(x, bits, close)
    return Column(raw.name, "number", low, high, scale, offset, width)


def _code(x: Numbers, bits: int | None, close: float) -> tuple[float, float, int]:
    """Scale, offset and width of a code."""
    low, high = float(x.min()), float(x.max())
    if low == high:  # a constant tells nothing
        return 1.0, 0.0 - low, 1
    found = next(_as_written(x, bits, close), None) or _of_two(x, low, high)
    if found is not None:
        return found
    marks = np.unique(np.quantile(x, np.linspace(0, 1, _QUANTILES), method="lower"))
    best, most = (1.0, 0.0, 1), -1
    for tail, width in _choices(bits):
        scale, offset = _over(x, tail, low, high, width)
        codes = np.clip(np.floor(marks * scale + offset + 0.5), 0, (1 << width) - 1)
        different = len(np.unique(codes))
        if different > most:
            best, most = (scale, offset, width), different
        if different >= _KEPT * len(marks):
            break
    return best


def _choices(bits: int | None) -> Iterator[tuple[float, int]]:
    """Tails and widths, to be tried in order."""
    for width in (bits,) if bits else _WIDTHS:
        yield _TAILS[0], width
    for tail in _TAILS[1:]:
        yield tail, bits or _WIDTHS[-1]


def _as_written(x: Numbers, bits: int | None, close: float) -> Iterator[tuple[float, float, int]]:
    """Codes that keep the digits that all numbers are written with."""
    low, high = float(x.min()), float(x.max())
    for digits in range(_DIGITS + 1):
        scale = 10.0**digits
        if (high - low) * scale >= 2 ** _WIDTHS[-1] * 2**16 or max(abs(low), abs(high)) * scale >= 2.0**52:
            return
        whole = np.rint(x * scale)
        if not (np.abs(x * scale - whole) <= close * np.maximum(np.abs(whole), 1)).all():
            continue
        first, last = float(whole.min()), float(whole.max())
        width = int(last - first).bit_length()
        if width <= (_WIDTHS[0] if bits is None else bits):
            yield scale, 0.0 - first, width
        elif digits == 0 and bits is None:
            yield from _whole(whole)
        return


def _whole(x: Numbers) -> Iterator[tuple[float, float, int]]:
    """A code of whole numbers of which a few lie far out, if 16 bits hold the others."""
    for tail in (0.0, _TAILS[0]):
        first, last = (float(one) for one in np.quantile(x, (tail, 1 - tail), method="nearest"))
        width = int(last - first).bit_length()
        if first < last and width <= _WIDTHS[-1] and (tail or _evenly(x, last - first)):
            yield 1.0, 0.0 - first, max(width, _WIDTHS[0])
            return


def _evenly(x: Numbers, span: float) -> bool:
    """Whether the numbers fill their range: no long tail that would cost bits for nothing."""
    low, high = np.quantile(x, (_TAILS[0], 1 - _TAILS[0]))
    return bool(span <= 4 * (high - low))


def _of_two(x: Numbers, low: float, high: float) -> tuple[float, float, int] | None:
    """One bit for two different numbers."""
    if not ((x == low) | (x == high)).all():
        return None
    scale, offset = _linear(low, high, 1)
    return scale, offset, 1


def _over(x: Numbers, tail: float, low: float, high: float, width: int) -> tuple[float, float]:
    first, last = (float(one) for one in np.quantile(x, (tail, 1 - tail)))
    return _linear(first, last, width) if first < last else _linear(low, high, width)


def _linear(low: float, high: float, width: int) -> tuple[float, float]:
    """Scale and offset that take a range to all codes; numbers that people can type, where that costs nothing."""
    exact = ((1 << width) - 1) / (high - low)
    scale = float(f"{exact:.6g}")
    if abs(low) * scale < _FAR:
        return scale, round(-low * scale, 3) + 0.0
    # Far from 0 the product would be rounded, and values that differ get one code: powers of two lose nothing.
    scale = 2.0 ** math.floor(math.log2(exact))
    return scale, 0.0 - math.floor(low * scale)


def images(shape: tuple[int, ...], scale: int) -> Inputs:
    """Pixels of ``shape``, bytes that the model reads over ``scale``."""
    bits = int(scale).bit_length()
    names = (", ".join(map(str, index)) for index in np.ndindex(*_plane(shape)))
    return Inputs(tuple(Column(f"pixel {name}", "pixel", 0.0, float(scale), float(scale), 0.0, bits) for name in names))


def _plane(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape without an only channel: pixel 12, 7 rather than 0, 12, 7."""
    return shape[1:] if len(shape) == 3 and shape[0] == 1 else shape
