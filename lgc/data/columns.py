"""Columns of a table while they are read, cell by cell: numbers, or words where the cells are none."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgc.data.judge import MOST_WORDS, Seen, judge_words, refuse_endless, refuse_many, refuse_mixture, refuse_word
from lgc.errors import InputError

Array = NDArray[Any]
Numbers = NDArray[np.float64]

MISSING = frozenset(["", "?", "-", ".", "na", "n/a", "#n/a", "<na>", "nan", "-nan", "null", "none"])
"""What stands for a value that is not known, in lower case."""

UNNAMED = "Unnamed: {}"
"""The name of a column without one, by its index from 0, as pandas has it."""

_BLANK = frozenset(["", "?", "<na>", "nan"])  # the same of a label: classes may be called none
_LONGEST_WORD = 200
_FEW = 10  # words among which numbers may be
_TRUTH = {"false": 0.0, "true": 1.0}
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_ENDLESS = re.compile(r"[+-]?inf(inity)?", re.IGNORECASE)
_BLOCK = 1 << 16


@dataclass(frozen=True, eq=False)
class RawColumn:
    """One column of a table.

    Attributes:
        name: from the header, or ``column 1`` and so on.
        values: float64 (n,): the numbers, NaN where one is missing; of a column of words the index of each, and -1
            where it is missing.
        words: in ascending order, numbers first; empty for a column of numbers.
    """

    name: str
    values: Numbers
    words: tuple[str, ...] = ()


def number_in(cell: str, missing: frozenset[str] = MISSING) -> float | None:
    """The number that a cell holds, NaN if it is missing; None if it holds something else.

    What Python alone takes for a number is none: 1_000, or digits of other scripts.
    """
    text = cell.strip()
    if text.lower() in missing:
        return math.nan
    if _NUMBER.fullmatch(text) is not None:
        return float(text)
    return math.inf if _ENDLESS.fullmatch(text) is not None else None


def word_of(value: float) -> str:
    """A number as a word: 3 for 3.0 and 03, so that a category is the same in files of every kind."""
    return f"{value + 0.0:.15g}"


@dataclass(eq=False)
class Gatherer:
    """A column while it is read.

    Attributes:
        name: see :class:`RawColumn`.
        place: what a row is called in messages: ``line`` or ``row``.
        na: texts that stand for a missing value, beside :data:`MISSING`, in lower case.
        category: whether its numbers are words.
        feature: whether it is one; labels and groups may hold anything.
        judged: whether a feature's words are refused where they are no good categories.
        missing: how many cells are missing, and ``first_missing`` where the first of them is.
        note: what people should know of it, as a sentence.
    """

    name: str
    place: str = "line"
    na: frozenset[str] = frozenset()
    category: bool = False
    feature: bool = True
    judged: bool = True
    missing: int = 0
    first_missing: int = 0
    note: str = ""
    _words: dict[str, int] | None = None  # and their codes, as they appear; None while there are numbers only
    _codes: dict[str, int] = field(default_factory=dict)  # of cells as they are written
    _odd: tuple[int, str] = (0, "")  # the first cell that is no number, and where it is

    def __post_init__(self) -> None:
        self._words = {} if self.category else None
        self._gaps = self.na | (MISSING if self.feature else _BLANK)
        numbers = (number_in(one) for one in self.na)
        self._gap_numbers = np.array([one for one in numbers if one is not None], np.float64)

    def take(self, cells: Sequence[str], places: Sequence[int], into: Numbers, before: Numbers) -> None:
        """Read some more cells.

        Args:
            places: of each cell, for messages.
            into: float64 (cells,), where their values go.
            before: float64, those that were read so far; they change where numbers turn out to be words.

        Raises:
            InputError: what the column holds is no feature.
        """
        if self._words is None and self._take_numbers(cells, places, into):
            return
        if self._words is None:
            self._words = {}
            self._turn(before)
        into[:] = self._take_words(cells, places)

    def _take_numbers(self, cells: Sequence[str], places: Sequence[int], into: Numbers) -> bool:
        """Whether all cells are numbers or missing."""
        text = "".join(cells)
        try:
            if "_" in text or not text.isascii():
                raise ValueError
            into[:] = np.fromiter(map(float, cells), np.float64, len(cells))
        except ValueError:
            found = [number_in(cell, self._gaps) for cell in cells]
            if None in found:
                index = found.index(None)
                self._odd = (places[index], cells[index].strip())
                return False
            into[:] = found
        self._count_gaps(cells, places, into)
        return True

    def take_numbers(self, values: Array, places: Sequence[int], into: Numbers) -> None:
        """The same of cells that are numbers already.

        Raises:
            InputError: one is infinite.
        """
        into[:] = values
        self._count_gaps(values, places, into)

    def _count_gaps(self, cells: Sequence[Any] | Array, places: Sequence[int], values: Numbers) -> None:
        if len(self._gap_numbers):
            values[np.isin(values, self._gap_numbers)] = math.nan
        if np.isfinite(values).all():
            return
        endless = np.flatnonzero(np.isinf(values))
        if len(endless):
            index = int(endless[0])
            refuse_endless(self.name, f"{self.place} {places[index]}", str(cells[index]).strip())
        gaps = np.flatnonzero(np.isnan(values))
        self._miss(len(gaps), places[int(gaps[0])])

    def _miss(self, count: int, place: int) -> None:
        self.first_missing = place if not self.missing else self.first_missing
        self.missing += count

    def _turn(self, before: Numbers) -> None:
        """Make words of the numbers that were read so far.

        Raises:
            InputError: they are too many.
        """
        assert self._words is not None
        present, inverse = np.unique(before, return_inverse=True)
        if self._is_judged and np.isfinite(present).sum() > _FEW:
            refuse_mixture(self._seen(0), f"{present[0]:g}")
        codes = np.array([-1.0 if math.isnan(one) else self._coded(word_of(one)) for one in present.tolist()])
        if len(before):
            before[:] = codes[inverse.reshape(-1)]

    def _take_words(self, cells: Sequence[str], places: Sequence[int]) -> list[int]:
        found = list(map(self._codes.get, cells))
        if None in found:
            found = [self._code(cell, place) for cell, place in zip(cells, places, strict=True)]
        codes = [code for code in found if code is not None]
        if gaps := codes.count(-1):
            self._miss(gaps, places[codes.index(-1)])
        return codes

    def _code(self, cell: str, place: int) -> int:
        code = self._codes.get(cell)
        if code is None:
            number = number_in(cell, self._gaps)
            if number is None or math.isinf(number):
                word = self._checked(" ".join(cell.split()), place)
                self._odd = self._odd if self._odd[1] else (place, word)
                code = self._coded(word)
            else:
                code = -1 if math.isnan(number) else self._coded(word_of(number))
            self._codes[cell] = code
        return code

    def _coded(self, word: str) -> int:
        assert self._words is not None
        if word.lower() in self._gaps:  # a number among the texts that stand for a missing value
            return -1
        code = self._words.setdefault(word, len(self._words))
        if self.feature and self.judged and code >= MOST_WORDS:
            refuse_many(self._seen(0))
        return code

    def _checked(self, word: str, place: int) -> str:
        if len(word) > _LONGEST_WORD or not word.isprintable():
            refuse_word(self.name, f"{self.place} {place}", word)
        return word

    @property
    def _is_judged(self) -> bool:
        return self.feature and self.judged

    def _seen(self, count: int) -> Seen:
        place, cell = self._odd
        return Seen(self.name, tuple(self._words or ()), f"{self.place} {place}", cell, count, self.category)

    def finished(self, values: Numbers) -> RawColumn:
        """The column, when all cells are read; its words become sorted ones, and true and false numbers.

        Args:
            values: float64 (n,), all that :meth:`take` has filled; they change in place.

        Raises:
            InputError: its words are no categories.
        """
        if self._words is None:
            return RawColumn(self.name, values)
        words, place = list(self._words), self._words
        if self.feature and not self.category and {word.lower() for word in words} <= set(_TRUTH):
            table, words = [_TRUTH[word.lower()] for word in words] + [math.nan], []
        else:
            if self._is_judged:
                self.note = judge_words(self._seen(len(values)), _FEW)
            words.sort(key=_order)
            index = {word: float(code) for code, word in enumerate(words)}
            table = [index[word] for word in place] + [-1.0]
        _replace(values, np.array(table))
        return RawColumn(self.name, values, tuple(words))


def _order(word: str) -> tuple[bool, float, str]:
    number = number_in(word, frozenset())
    return (number is None, number or 0.0, word)


def _replace(codes: Numbers, table: Numbers) -> None:
    """Each code by its entry; -1 takes the last."""
    for start in range(0, len(codes), _BLOCK):
        block = codes[start : start + _BLOCK]
        block[:] = table[block.astype(np.int64)]


def check_names(names: Sequence[str], hint: str = "Rename one of them") -> None:
    """Refuse two columns of one name.

    Raises:
        InputError: so it is.
    """
    first: dict[str, int] = {}
    for place, name in enumerate(names, 1):
        if first.setdefault(name, place) != place:
            raise InputError(f"the columns {first[name]} and {place} have the same name, '{name[:60]}'", hint=hint)
