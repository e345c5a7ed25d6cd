"""Feature codes: features as unsigned integers, the form in which hardware reads them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgc.errors import InputError
from lgc.numbers import check_finite, real_array

MAX_WIDTH = 32
MAX_WORDS = 1 << 16
MAX_COLUMNS = 1 << 22
ROUNDINGS = ("exact", "up", "nearest")
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
            number; k is rounded up, then held between 0 and 2^W - 1. ``nearest``: any real number; k is rounded to the
            nearest, a half upwards, then held; this may lose something, which is measured where it is chosen.
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
        if self.rounding != "exact" or not self.offset or (_is_power_of_two(self.scale) and self.offset.is_integer()):
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
        if self.rounding == "nearest":
            return np.asarray(np.clip(np.floor(x * self.scale + self.offset + 0.5), 0, self.top), np.int64)
        codes = np.clip(np.rint(x * self.scale + self.offset), 0, self.top)
        dtypes = ("float32", "float64") if self.dtype == "any" else (self.dtype,)
        fits = np.any([np.abs(x - self.values(codes, dtype)) <= self.slack for dtype in dtypes], axis=0)
        if not fits.all():
            raise InputError(
                f"the feature {float(x[~fits][0])!r} is not the value of a code: {self.rule()}",
                hint="Compile with the --feature-scale, --feature-offset and --feature-bits of this data",
            )
        return np.asarray(codes, np.int64)

    def rule(self) -> str:
        """The rule as a sentence for people."""
        shift = repr(abs(self.offset)).removesuffix(".0")
        offset = f" {'+' if self.offset > 0 else '-'} {shift}" if self.offset else ""
        code = f"x * {self.scale:.17g}{offset}"
        if self.rounding == "up":
            return f"k = {code} rounded up, held between 0 and {self.top}"
        if self.rounding == "nearest":
            return f"k = floor({code} + 0.5), held between 0 and {self.top}"
        kind = "" if self.dtype == "any" else f" in {self.dtype}"
        return f"k = {code}, a whole number from 0 to {self.top} but for rounding of x{kind}"


@dataclass(frozen=True)
class CategoryCode:
    """How a word becomes an unsigned integer: its index among ``count`` words; any larger code is none of them.

    The model reads ``count`` features for it, of which that of the word is 1 and all others are 0.

    Attributes:
        count: the words, at least 1.
    """

    count: int

    @property
    def width(self) -> int:
        """W: there is a code for "none of them" always."""
        return int(self.count).bit_length()

    @property
    def top(self) -> int:
        """The largest code."""
        return (1 << self.width) - 1

    def problem(self) -> str | None:
        """What makes this no code, or None."""
        if type(self.count) is not int or not 1 <= self.count <= MAX_WORDS:
            return f"a category has {self.count!r} words, not 1 to {MAX_WORDS}"
        return None

    def values(self, codes: NDArray[Any]) -> NDArray[np.float64]:
        """Codes (B,) to features (B, count)."""
        return (np.asarray(codes)[:, None] == np.arange(self.count)).astype(np.float64)

    def codes(self, features: NDArray[Any]) -> NDArray[np.int64]:
        """Features (B, count) to codes (B,).

        Raises:
            InputError: other numbers than 0 and 1, or two words at once.
        """
        x = np.asarray(features)
        if not np.isin(x, (0, 1)).all() or (x.sum(axis=1) > 1).any():
            raise InputError("the features of a category are a 1 for its word and 0 for all others")
        return np.where(x.any(axis=1), x.argmax(axis=1), self.count).astype(np.int64)

    def rule(self) -> str:
        """The rule as a sentence for people."""
        return f"k = the index of the word, 0 to {self.count - 1}; {self.count} for any other word"


ColumnCode = FeatureCode | CategoryCode


@dataclass(frozen=True)
class FeatureCodes:
    """The codes of all columns of a sample, side by side on one port, the first at its low end.

    Attributes:
        columns: C of them; a number is one feature of the model, a category has one for each of its words.
    """

    columns: tuple[ColumnCode, ...]

    @classmethod
    def uniform(cls, code: FeatureCode, count: int) -> FeatureCodes:
        """The same code for all of ``count`` features."""
        return cls((code,) * count)

    def with_columns(self, columns: Mapping[int, ColumnCode]) -> FeatureCodes:
        """The same codes with others for some of the columns."""
        return FeatureCodes(tuple(columns.get(index, column) for index, column in enumerate(self.columns)))

    @cached_property
    def common(self) -> FeatureCode | None:
        """The code of all columns, or None if they differ or are categories."""
        first = self.columns[0]
        return first if isinstance(first, FeatureCode) and self.columns.count(first) == len(self.columns) else None

    @cached_property
    def widths(self) -> NDArray[np.int64]:
        """int64 (C,): bits of each code."""
        return np.array([column.width for column in self.columns], np.int64)

    @cached_property
    def starts(self) -> NDArray[np.int64]:
        """int64 (C,): the port's bit that is the lowest of each code."""
        return np.cumsum(self.widths) - self.widths

    @cached_property
    def counts(self) -> NDArray[np.int64]:
        """int64 (C,): the model's features of each column."""
        return np.array([column.count if isinstance(column, CategoryCode) else 1 for column in self.columns], np.int64)

    @cached_property
    def firsts(self) -> NDArray[np.int64]:
        """int64 (C,): the first of the model's features of each column."""
        return np.cumsum(self.counts) - self.counts

    @property
    def num_features(self) -> int:
        """F, of the model."""
        return int(self.counts.sum())

    @property
    def num_bits(self) -> int:
        """The width of the port."""
        return int(self.widths.sum())

    @cached_property
    def column_of_bits(self) -> NDArray[np.int64]:
        """int64 (bits,): the column that each bit of the port belongs to."""
        return np.repeat(np.arange(len(self.columns)), self.widths)

    @property
    def tops(self) -> NDArray[np.int64]:
        """int64 (C,): the largest code of each column."""
        return (np.int64(1) << self.widths) - 1

    @cached_property
    def groups(self) -> dict[ColumnCode, NDArray[np.int64]]:
        """The columns of each code that occurs."""
        found: dict[ColumnCode, list[int]] = {}
        for index, column in enumerate(self.columns):
            found.setdefault(column, []).append(index)
        return {column: np.array(indices, np.int64) for column, indices in found.items()}

    def problem(self) -> str | None:
        """What makes these no codes, or None."""
        if not self.columns:
            return "there are no columns"
        if len(self.columns) > MAX_COLUMNS:
            return f"there are {len(self.columns)} columns, more than {MAX_COLUMNS}"
        return next((problem for column in dict.fromkeys(self.columns) if (problem := column.problem())), None)

    def values(self, codes: NDArray[Any]) -> NDArray[np.float64]:
        """Codes (B, C) to the model's features (B, F)."""
        result = np.empty((len(codes), self.num_features), np.float64)
        for column, indices in self.groups.items():
            if isinstance(column, FeatureCode):
                result[:, self.firsts[indices]] = column.values(codes[:, indices])
                continue
            for index in indices.tolist():
                first = int(self.firsts[index])
                result[:, first : first + column.count] = column.values(codes[:, index])
        return result

    def codes(self, features: NDArray[Any]) -> NDArray[np.int64]:
        """The model's features (B, F) to codes (B, C).

        Raises:
            InputError: a feature that no code stands for; says which column.
        """
        x = np.asarray(features)
        result = np.empty((len(x), len(self.columns)), np.int64)
        for column, indices in self.groups.items():
            if isinstance(column, FeatureCode):
                result[:, indices] = column.codes(x[:, self.firsts[indices]])
                continue
            for index in indices.tolist():
                first = int(self.firsts[index])
                result[:, index] = column.codes(x[:, first : first + column.count])
        return result

    def bits(self, codes: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Codes (B, C) to port bits (B, bits): bit ``starts[c] + i`` is bit i of code c."""
        places = np.arange(self.num_bits) - np.repeat(self.starts, self.widths)
        return ((codes[:, self.column_of_bits] >> places) & 1).astype(np.bool_)

    def codes_of_bits(self, bits: NDArray[np.bool_]) -> NDArray[np.int64]:
        """The reverse of :meth:`bits`."""
        places = np.arange(self.num_bits) - np.repeat(self.starts, self.widths)
        weighted = bits.astype(np.int64) << places
        return np.asarray(np.add.reduceat(weighted, self.starts, axis=1))

    def rules(self) -> str:
        """The rules as a sentence for people."""
        if self.common is not None:
            return self.common.rule()
        return f"{len(self.columns)} codes of their own, {self.num_bits} bits in all"


def _is_power_of_two(value: float) -> bool:
    return bool(np.frexp(value)[0] == 0.5)
