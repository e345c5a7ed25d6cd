"""Feature codes: features as unsigned integers, the form in which hardware reads them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgc.errors import InputError
from lgc.numbers import check_finite, real_array

MAX_WIDTH = 32
ROUNDINGS = ("exact", "up")
DTYPES = ("any", "float32", "float64")

# Features with an offset went through a subtraction and a division of unknown order: this much of the largest
# feature is left to their rounding.
_SLACK = 2.0**-20


@dataclass(frozen=True)
class FeatureCode:
    """How a feature x becomes an unsigned integer k of ``width`` bits: ``k = x * scale + offset``.

    Attributes:
        width: W, 1 to 32 bits.
        scale: codes per unit of x, positive.
        offset: the code of x = 0.
        rounding: ``exact``: features are the values of codes, ``(k - offset) / scale``, and no others. ``up``: any real
            number; k is rounded up, then held between 0 and 2^W - 1.
        dtype: the type that features are rounded to: ``float32``, ``float64``, or ``any`` if both give the same bits.
    """

    width: int
    scale: float = 1.0
    offset: float = 0.0
    rounding: str = "exact"
    dtype: str = "any"

    def __post_init__(self) -> None:
        object.__setattr__(self, "scale", float(self.scale))
        object.__setattr__(self, "offset", float(self.offset) + 0.0)  # no -0.0: equal codes look equal

    @property
    def top(self) -> int:
        """The largest code."""
        return (1 << self.width) - 1

    @property
    def slack(self) -> float:
        """How far a feature may be from the value of its code."""
        if self.rounding == "up" or not self.offset or (_is_power_of_two(self.scale) and self.offset.is_integer()):
            return 0.0
        return _SLACK * max(abs(self.offset), abs(self.top - self.offset)) / self.scale

    def problem(self) -> str | None:
        """What makes this no code, or None."""
        if type(self.width) is not int or not 1 <= self.width <= MAX_WIDTH:
            return f"the width is {self.width!r}, not 1 to {MAX_WIDTH} bits"
        if not 0 < self.scale < np.inf:
            return f"the scale is {self.scale!r}, not a positive number"
        if not np.isfinite(self.offset):
            return f"the offset is {self.offset!r}, not a number"
        if self.rounding not in ROUNDINGS or self.dtype not in DTYPES:
            return f"the rounding is {self.rounding!r} and the type {self.dtype!r}"
        if self.rounding == "up" and not (_is_power_of_two(self.scale) and self.offset.is_integer()):
            return "rounding up takes a scale that is a power of two and a whole offset"
        return None

    def values(self, codes: NDArray[Any], dtype: str | None = None) -> NDArray[np.float64]:
        """The features that codes stand for, correctly rounded to ``dtype`` (by default the code's own), as float64."""
        exact: NDArray[np.float64] = (np.asarray(codes, np.float64) - self.offset) / self.scale
        # A quotient rounded to 53 bits and then to 24 is the one rounded to 24 at once.
        return exact.astype(np.float32).astype(np.float64) if (dtype or self.dtype) == "float32" else exact

    def codes(self, features: NDArray[Any]) -> NDArray[np.int64]:
        """The codes of features, int64 of the same shape.

        Raises:
            InputError: a feature is no number, or with ``exact`` not the value of a code.
        """
        x = real_array(features).astype(np.float64)
        check_finite(x)
        if self.rounding == "up":
            # The product is exact; the offset, a whole number, comes after the rounding.
            return np.asarray(np.clip(np.ceil(x * self.scale) + self.offset, 0, self.top), np.int64)
        codes = np.clip(np.rint(x * self.scale + self.offset), 0, self.top)
        dtypes = ("float32", "float64") if self.dtype == "any" else (self.dtype,)
        fits = np.any([np.abs(x - self.values(codes, dtype)) <= self.slack for dtype in dtypes], axis=0)
        if not fits.all():
            raise InputError(
                f"the feature {float(x[~fits][0])!r} is not the value of a code: {self.rule()}",
                hint="Compile with the --feature-scale, --feature-offset and --feature-bits of this data",
            )
        return np.asarray(codes, np.int64)

    def bits(self, codes: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Codes (B, F) to port bits (B, F*W): bit f*W + i is bit i of code f."""
        spread = (codes[:, :, None] >> np.arange(self.width)) & 1
        return spread.astype(np.bool_).reshape(len(codes), -1)

    def codes_of_bits(self, bits: NDArray[np.bool_]) -> NDArray[np.int64]:
        """The reverse of :meth:`bits`."""
        weights = np.int64(1) << np.arange(self.width, dtype=np.int64)
        return np.asarray((bits.reshape(len(bits), -1, self.width) * weights).sum(axis=2))

    def rule(self) -> str:
        """The rule as a sentence for people."""
        offset = f" {'+' if self.offset > 0 else '-'} {abs(self.offset):g}" if self.offset else ""
        code = f"x * {self.scale:.17g}{offset}"
        if self.rounding == "up":
            return f"k = {code} rounded up, held between 0 and {self.top}"
        kind = "" if self.dtype == "any" else f" in {self.dtype}"
        return f"k = {code}, a whole number from 0 to {self.top} but for rounding of x{kind}"


def _is_power_of_two(value: float) -> bool:
    return bool(np.frexp(value)[0] == 0.5)
