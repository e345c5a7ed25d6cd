"""What the columns of a table are, and the codes that numbers become before anything is learned from them.

Codes come first so that every threshold lies between two of them: the circuit then computes exactly what was trained,
for every value that a column can have.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgc.ir import Column, Inputs

Array = NDArray[Any]

_WIDTHS = (8, 10, 12, 14, 16)
_QUANTILES = 63
_KEPT = 0.9  # of the different quantiles that must stay different
_TAIL = 0.001  # of the samples at either end that may lie outside of the codes
_MOST_WHOLE = 16  # bits


@dataclass(frozen=True)
class Raw:
    """A column as it was read.

    Attributes:
        name: for people.
        words: of a column of categories, whose values are indices of them; empty for numbers.
    """

    name: str
    words: tuple[str, ...] = ()


def describe(raw: Sequence[Raw], values: Array, bits: int | None = None) -> Inputs:
    """The columns with their codes, made from training samples (n, C).

    A column of words is a category, one of 0 and 1 a bit. Whole numbers of a narrow range are their own codes. Other
    numbers get a code over the range that all but a thousandth of the samples at either end lie in, as wide as it
    takes to tell them apart: 8 to 16 bits.

    Args:
        bits: of every number's code; None chooses for each, 0 leaves numbers as they are.
    """
    return Inputs(tuple(_column(one, values[:, index], bits) for index, one in enumerate(raw)))


def _column(raw: Raw, x: Array, bits: int | None) -> Column:
    if raw.words:
        return Column(raw.name, "category", words=raw.words, low=0.0, high=float(len(raw.words) - 1))
    x = np.asarray(x, np.float64)
    low, high = float(x.min()), float(x.max())
    if np.isin(x, (0.0, 1.0)).all():
        return Column(raw.name, "bit", 0.0, 1.0)
    if bits == 0:
        return Column(raw.name, "number", low, high)
    whole = _whole(x, low, high)
    if whole is not None and bits is None:
        return Column(raw.name, "number", low, high, 1.0, -low, whole)
    scale, offset, width = _code(x, bits)
    return Column(raw.name, "number", low, high, scale, offset, width)


def _whole(x: NDArray[np.float64], low: float, high: float) -> int | None:
    """The bits of whole numbers of a narrow range from their smallest; None if they are no such."""
    span = high - low
    if not 0 < span < 2**_MOST_WHOLE or abs(low) > 2.0**52 or not (x == np.floor(x)).all():
        return None
    return int(span).bit_length() if span < 2 ** _WIDTHS[0] or _evenly(x) else None


def _evenly(x: NDArray[np.float64]) -> bool:
    """Whether the numbers fill their range: no long tail that would cost bits for nothing."""
    low, high = np.quantile(x, (_TAIL, 1 - _TAIL))
    return bool(x.max() - x.min() <= 4 * (high - low))


def _code(x: NDArray[np.float64], bits: int | None) -> tuple[float, float, int]:
    """Scale, offset and width of a code."""
    low, high = (float(one) for one in np.quantile(x, (_TAIL, 1 - _TAIL)))
    if low == high:
        low, high = float(x.min()), float(x.max())
    if low == high:  # a constant tells nothing
        return 1.0, -low, bits or _WIDTHS[0]
    marks = np.unique(np.quantile(x, np.linspace(0, 1, _QUANTILES), method="lower"))
    for width in (bits,) if bits else _WIDTHS:
        scale = _rounded(((1 << width) - 1) / (high - low))
        offset = _rounded(-low * scale)
        codes = np.clip(np.floor(marks * scale + offset + 0.5), 0, (1 << width) - 1)
        if len(np.unique(codes)) >= _KEPT * len(marks):
            break
    return scale, offset, width


def _rounded(value: float) -> float:
    """Six digits: a scale that people can type, and that costs nothing."""
    return float(f"{value:.6g}")


def images(shape: tuple[int, ...], scale: int) -> Inputs:
    """Pixels of ``shape``, bytes that the model reads over ``scale``."""
    bits = int(scale).bit_length()
    names = (", ".join(map(str, index)) for index in np.ndindex(*_plane(shape)))
    return Inputs(tuple(Column(f"pixel {name}", "pixel", 0.0, float(scale), float(scale), 0.0, bits) for name in names))


def _plane(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape without an only channel: pixel 12, 7 rather than 0, 12, 7."""
    return shape[1:] if len(shape) == 3 and shape[0] == 1 else shape
