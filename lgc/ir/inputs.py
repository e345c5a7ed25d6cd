"""What a model's input is: the columns of a sample as people have them, and how they become the model's features."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgc.errors import InputError
from lgc.ir.features import MAX_COLUMNS, MAX_WIDTH, MAX_WORDS, CategoryCode, ColumnCode, FeatureCode, FeatureCodes

KINDS = ("number", "pixel", "category", "bit")
METADATA = "inputs"
"""The key under which a circuit's metadata has them, as JSON."""
LABELS = "labels"
"""The same for the labels of the classes."""

Label = str | int | float | bool

_LONGEST_NAME = 200
_ROWS = 1 << 12
_BYTE_BITS, _SINGLE_BITS = 8, 24
"""Whole numbers of so many bits are exact as bytes, and as float32."""


@dataclass(frozen=True)
class Column:
    """One column of a sample, in the unit in which people have it.

    Attributes:
        name: for people; never used as an identifier.
        kind: ``number``: any real number. With ``bits`` the model reads its code, the nearest whole number to
            ``x * scale + offset``, held between 0 and 2^bits - 1; without, the number itself.
            ``pixel``: a whole number k of ``bits`` bits; the model reads ``(k - offset) / scale`` as float32.
            ``category``: one of ``words``, given as its index; the model reads a feature for each word.
            ``bit``: 0 or 1.
        low, high: the smallest and the largest value that training saw, in the column's unit.
        scale, offset: see ``kind``.
        bits: the width of the code, 0 if there is none.
        words: of a category, in the order of their codes.
    """

    name: str
    kind: str = "number"
    low: float = 0.0
    high: float = 1.0
    scale: float = 1.0
    offset: float = 0.0
    bits: int = 0
    words: tuple[str, ...] = ()

    @property
    def num_features(self) -> int:
        """How many of the model's features it makes."""
        return len(self.words) if self.kind == "category" else 1

    @property
    def top(self) -> int:
        """The largest code, where there is one."""
        return (1 << self.bits) - 1

    def problem(self) -> str | None:
        """What makes this no column, or None."""
        if not isinstance(self.name, str) or len(self.name) > _LONGEST_NAME:
            return f"the name {str(self.name)[:40]!r} is no text of at most {_LONGEST_NAME} characters"
        if self.kind not in KINDS:
            return f"the kind is {str(self.kind)[:40]!r}, not one of {', '.join(KINDS)}"
        numbers = (self.low, self.high, self.scale, self.offset)
        if not all(type(one) in (int, float) and abs(one) <= sys.float_info.max for one in numbers):
            return "the range, the scale or the offset is no finite number"
        if self.scale <= 0 or self.low > self.high:
            return f"the scale is {self.scale:g} and the range is {self.low:g} to {self.high:g}"
        if type(self.bits) is not int or not 0 <= self.bits <= MAX_WIDTH or (self.kind == "pixel" and not self.bits):
            return f"the code has {self.bits!r} bits"
        if not all(isinstance(word, str) for word in self.words) or len(set(self.words)) != len(self.words):
            return "the words are no different texts"
        if (self.kind == "category") != bool(self.words) or len(self.words) > MAX_WORDS:
            return f"a {self.kind} has {len(self.words)} words"
        return None

    def codes(self, x: NDArray[Any]) -> NDArray[np.int64]:
        """Values of a number with a code (any shape) to their codes."""
        scaled = np.floor(np.asarray(x, np.float64) * self.scale + self.offset + 0.5)
        return np.clip(scaled, 0, self.top).astype(np.int64)

    def code(self) -> ColumnCode | None:
        """The code of the column in hardware that loses nothing; None where the model reads numbers as they are."""
        if self.kind == "category":
            return CategoryCode(len(self.words))
        if self.kind == "bit":
            return FeatureCode(1)
        if self.kind == "pixel":
            return FeatureCode(self.bits, self.scale, self.offset, dtype="float32")
        return FeatureCode(self.bits, dtype="any" if self.bits <= _SINGLE_BITS else "float64") if self.bits else None

    def formula(self) -> str:
        """How a value x becomes the code k, for people."""
        if self.kind == "category":
            return CategoryCode(len(self.words)).rule()
        if self.kind != "number" or not self.bits:
            return "k = x"
        sign = "+" if self.offset >= 0 else "-"
        code = f"x * {self.scale!r} {sign} {abs(self.offset)!r}"
        return f"k = floor({code} + 0.5), held between 0 and {self.top}"


@dataclass(frozen=True)
class Inputs:
    """All columns of a sample, in order.

    Attributes:
        columns: C of them.
    """

    columns: tuple[Column, ...]

    @cached_property
    def firsts(self) -> NDArray[np.int64]:
        """int64 (C + 1,): the first of the model's features of each column, and their number."""
        return np.cumsum([0, *(column.num_features for column in self.columns)])

    @property
    def num_features(self) -> int:
        """F, of the model."""
        return int(self.firsts[-1])

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names."""
        return tuple(column.name for column in self.columns)

    @cached_property
    def feature_names(self) -> tuple[str, ...]:
        """Of each of the model's features: the column's name, and of a category ``name = word``."""
        found: list[str] = []
        for column in self.columns:
            found += [f"{column.name} = {word}" for word in column.words] if column.words else [column.name]
        return tuple(found)

    @cached_property
    def pixels(self) -> Column | None:
        """What all columns are, apart from their names, if that is pixels of one kind; else None."""
        first = self.columns[0]
        plain = (first.kind, first.low, first.high, first.scale, first.offset, first.bits)
        same = all((c.kind, c.low, c.high, c.scale, c.offset, c.bits) == plain for c in self.columns)
        return first if first.kind == "pixel" and same else None

    @cached_property
    def changes(self) -> bool:
        """Whether the model's features are other numbers than the columns' values."""
        return any(c.kind in ("pixel", "category") or c.bits for c in self.columns)

    @cached_property
    def dtype(self) -> np.dtype[Any]:
        """The narrowest of uint8, float32 and float64 that holds all features of the model."""
        kinds = {column.kind for column in self.columns}
        widths = [column.bits for column in self.columns if column.kind == "number"]
        if not all(widths) or max(widths, default=0) > _SINGLE_BITS:
            return np.dtype(np.float64)
        return np.dtype(np.float32 if "pixel" in kinds or max(widths, default=0) > _BYTE_BITS else np.uint8)

    def codes(self) -> FeatureCodes | None:
        """The codes of all columns in hardware, if none of them loses anything; else None."""
        found = [code for column in self.columns if (code := column.code()) is not None]
        return FeatureCodes(tuple(found)) if len(found) == len(self.columns) else None

    def features(self, x: NDArray[Any]) -> NDArray[Any]:
        """Samples (B, C), in the columns' units, to the model's features (B, F), of the type :attr:`dtype`.

        Raises:
            InputError: they have another width, or pixels and bits are no whole numbers of their range.
        """
        if x.ndim != 2 or x.shape[1] != len(self.columns):
            raise InputError(f"the samples have shape {x.shape}, but the model reads {len(self.columns)} columns")
        if self.pixels is not None:
            return self._pixels(x, self.pixels)
        result = np.empty((len(x), self.num_features), self.dtype)
        for kind, places in self.places.items():
            if kind in ("plain", "code"):
                self._numbers(x, places, result, coded=kind == "code")
                continue
            for place in places:
                first, column = int(self.firsts[place]), self.columns[place]
                if kind == "category":
                    found: NDArray[Any] = CategoryCode(column.num_features).values(x[:, place])
                else:
                    found = self._pixels(x[:, place], column)[:, None]
                result[:, first : first + column.num_features] = found
        return result

    @cached_property
    def places(self) -> dict[str, list[int]]:
        """Indices of the columns by what becomes of them: ``plain``, ``code``, ``pixel`` or ``category``."""
        found: dict[str, list[int]] = {}
        for place, column in enumerate(self.columns):
            kind = "code" if column.kind == "number" and column.bits else column.kind
            found.setdefault("plain" if kind in ("number", "bit") else kind, []).append(place)
        return found

    def _numbers(self, x: NDArray[Any], places: list[int], result: NDArray[Any], *, coded: bool) -> None:
        """Fill in numbers, all columns at a time and some thousand samples."""
        columns = [self.columns[place] for place in places]
        scale, offset, top = (
            np.array([getattr(column, name) for column in columns], np.float64) for name in ("scale", "offset", "top")
        )
        for start in range(0, len(x), _ROWS):
            values = x[start : start + _ROWS, places].astype(np.float64)
            if coded:
                values = np.clip(np.floor(values * scale + offset + 0.5), 0, top)
            result[start : start + _ROWS, self.firsts[places]] = values

    @staticmethod
    def _pixels(x: NDArray[Any], column: Column) -> NDArray[np.float32]:
        outside = (x < 0) | (x > column.top) | (x != np.floor(x))
        if outside.any():
            value = np.asarray(x)[outside][0]
            raise InputError(f"the pixel {value} is no whole number from 0 to {column.top}")
        if column.offset or column.bits > _SINGLE_BITS or column.scale != float(np.float32(column.scale)):
            return FeatureCode(column.bits, column.scale, column.offset, dtype="float32").values(x).astype(np.float32)
        # The same number, without arrays of float64: there may be millions of pixels.
        return np.asarray(x.astype(np.float32) / np.float32(column.scale), np.float32)

    def to_json(self) -> list[dict[str, Any]]:
        """Plain lists and dictionaries; neighbours that differ in their names only are one entry."""
        found: list[dict[str, Any]] = []
        for column in self.columns:
            fields = {key: value for key, value in vars(column).items() if key in Column.__dataclass_fields__}
            name = fields.pop("name")
            fields["words"] = list(fields["words"])
            if found and {**found[-1], "names": None} == {**fields, "names": None}:
                found[-1]["names"].append(name)
            else:
                found.append({**fields, "names": [name]})
        return found

    def to_text(self) -> str:
        """The same as one line of JSON."""
        return json.dumps(self.to_json(), separators=(",", ":"))

    @classmethod
    def from_json(cls, value: object) -> Inputs:
        """The reverse of :meth:`to_json`.

        Raises:
            InputError: it is no such thing.
        """
        columns: list[Column] = []
        for entry in value if isinstance(value, list) else ():
            columns += _columns(entry)
            if len(columns) > MAX_COLUMNS:
                raise InputError(f"the description of the input has more than {MAX_COLUMNS} columns")
        if not columns:
            raise InputError("the description of the input has no columns")
        return cls(tuple(columns))


def _columns(entry: object) -> list[Column]:
    """The columns of one entry of the JSON."""
    if not isinstance(entry, Mapping) or not isinstance(entry.get("names"), list):
        raise InputError("the description of the input has an entry without names")
    fields = {key: value for key, value in entry.items() if key in Column.__dataclass_fields__ and key != "name"}
    words = fields.get("words", [])
    fields["words"] = tuple(words) if isinstance(words, list) else (None,)
    for key in ("low", "high", "scale", "offset"):
        if type(fields.get(key)) is int and abs(fields[key]) < 1 << 53:
            fields[key] = float(fields[key])
    first = Column("", **fields)
    for name in entry["names"]:
        if problem := Column(name, **{**fields, "words": first.words}).problem():
            raise InputError(f"the description of the input: column {str(name)[:40]!r}: {problem}")
    return [Column(name, **fields) for name in entry["names"]]


def inputs_of(metadata: Mapping[str, str]) -> Inputs | None:
    """The inputs that a circuit's metadata describes; None if it has none.

    Raises:
        InputError: what is there describes no inputs.
    """
    text = metadata.get(METADATA)
    return None if text is None else Inputs.from_json(_json(text, "the description of the input"))


def labels_of(metadata: Mapping[str, str], count: int) -> tuple[Label, ...]:
    """The labels of ``count`` classes as the data had them; the numbers from 0 if a circuit's metadata says nothing.

    Raises:
        InputError: what is there are no such labels.
    """
    text = metadata.get(LABELS)
    if text is None:
        return tuple(range(count))
    found = _json(text, "the labels")
    if not isinstance(found, list) or not all(isinstance(one, str | int | float) for one in found):
        raise InputError("the labels are no list of texts and numbers")
    if len(found) != count:
        raise InputError(f"there are {len(found)} labels and {count} classes")
    return tuple(found)


def _json(text: str, what: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise InputError(f"{what} is no JSON") from None
