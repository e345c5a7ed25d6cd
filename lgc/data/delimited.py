"""Tables as text: CSV, TSV and their relatives, with a header or without, read twice in bounded memory.

The first pass finds how many rows there are and what each column holds, the second one reads into arrays of that
size. So 10 million rows take eight bytes a cell, and no more.
"""

from __future__ import annotations

import csv
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgc.errors import InputError

MISSING = frozenset(["", "?", "na", "n/a", "nan", "null", "none", "#n/a", "-nan"])
"""What stands for a value that is not known, in lower case."""

MOST_WORDS = 1000
"""Different words of a column of categories."""

_DELIMITERS = ",;\t|"
_LONGEST_FIELD = 1 << 16
_MOST_COLUMNS = 1 << 16
_MOST_CELLS = 1 << 31
_CHUNK = 4096  # rows


@dataclass(frozen=True, eq=False)
class RawColumn:
    """One column of a table.

    Attributes:
        name: from the header, or ``column 1`` and so on.
        values: float64 (n,): the numbers, NaN where one is missing; of a column of words the index of each, and -1
            where it is missing.
        words: in the order of their first appearance, or of numbers if they are categories; empty for a number.
    """

    name: str
    values: NDArray[np.float64]
    words: tuple[str, ...] = ()


@dataclass(eq=False)
class _Found:
    """What the first pass has seen of a column."""

    numbers: bool = True
    words: Counter[str] = field(default_factory=Counter)
    odd: tuple[int, str] | None = None  # the first cell that is no number, and its line

    def see(self, cells: Sequence[str], lines: Sequence[int]) -> None:
        if self.numbers:
            try:
                for cell in cells:
                    float(cell)
            except ValueError:
                self._see_each(cells, lines)
        if len(self.words) <= MOST_WORDS:
            self.words.update(cells)

    def _see_each(self, cells: Sequence[str], lines: Sequence[int]) -> None:
        for cell, line in zip(cells, lines, strict=True):
            if number_in(cell) is None:
                self.numbers, self.odd = False, (line, cell)
                return


def number_in(cell: str) -> float | None:
    """The number that a cell holds, NaN if it is missing; None if it holds something else."""
    if cell.strip().lower() in MISSING:
        return math.nan
    try:
        return float(cell)
    except ValueError:
        return None


def read_delimited(path: Path, *, header: bool | None = None) -> list[RawColumn]:
    """The columns of a CSV or TSV file.

    Args:
        header: whether the first row has the names; None finds out.

    Raises:
        InputError: unreadable, ragged, empty, two columns of one name, or a column of more words than a category can
            have; with the line and the column.
    """
    try:
        text = _Text(path)
        first = next(text.rows(), None)
        if first is None:
            raise InputError("the file has no rows")
        names = _names(text, first[1], header)
        found, count = _first_pass(text, names)
        _refuse_free_text(names, found, count)
        return _second_pass(text, names, found, count)
    except InputError as error:
        raise error.at(str(path)) from None
    except FileNotFoundError:
        raise InputError("there is no such file", where=str(path)) from None
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", where=str(path)) from None


class _Text:
    """The rows of a file, with their line numbers, any number of times."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.encoding = _encoding(path)
        self.delimiter = "\t" if path.suffix.lower() == ".tsv" else self._delimiter()
        self.has_names = False

    def _delimiter(self) -> str:
        """The one that the first line has most of."""
        with self._open() as stream:
            line = stream.readline(_LONGEST_FIELD * 4)
        return max(_DELIMITERS, key=lambda one: (line.count(one), -_DELIMITERS.index(one)))

    def _open(self) -> Any:
        return self.path.open(encoding=self.encoding, newline="")

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Line number and cells of each row that is not blank.

        Raises:
            InputError: the text is in another encoding, or its quotes do not end.
        """
        csv.field_size_limit(_LONGEST_FIELD)
        with self._open() as stream:
            reader = csv.reader(stream, delimiter=self.delimiter, strict=True, skipinitialspace=True)
            try:
                for row in reader:
                    if row:
                        yield reader.line_num, row
            except UnicodeDecodeError as error:
                raise InputError(
                    f"line {reader.line_num + 1} or one soon after it is no {self.encoding} text ({error.reason})",
                    hint=f"Convert it, for example by `iconv -f latin1 -t utf8 {self.path.name} -o utf8.csv`",
                ) from None
            except csv.Error as error:
                raise InputError(
                    f"line {reader.line_num}: {error}", hint="Quotes come in pairs in a CSV file"
                ) from None

    def data(self, width: int) -> Iterator[tuple[list[int], list[tuple[str, ...]]]]:
        """Line numbers, and cells by column, of some thousand rows at a time, without the header.

        Raises:
            InputError: a row has another number of cells.
        """
        rows = self.rows()
        if self.has_names:
            next(rows)
        while chunk := list(islice(rows, _CHUNK)):
            for line, row in chunk:
                if len(row) != width:
                    raise InputError(
                        f"line {line} has {len(row)} cells, but the first row has {width}",
                        hint="Every row must have the same number; text with the delimiter in it takes quotes",
                    )
            yield [line for line, _ in chunk], list(zip(*(row for _, row in chunk), strict=True))


def _encoding(path: Path) -> str:
    with path.open("rb") as stream:
        head = stream.read(4)
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16"
    return "utf-8-sig"


def _names(text: _Text, first: list[str], header: bool | None) -> list[str]:
    """The columns' names; decides whether the first row has them.

    It does where no cell of it is a number; a table of words only has them, too.
    """
    if len(first) > _MOST_COLUMNS:
        raise InputError(f"the first row has {len(first)} cells, more than {_MOST_COLUMNS}")
    text.has_names = all(_is_name(cell) for cell in first) if header is None else header
    if not text.has_names:
        return [f"column {index}" for index in range(1, len(first) + 1)]
    names = [cell.strip() for cell in first]
    doubles = [name for name, count in Counter(names).items() if count > 1]
    if doubles:
        places = [str(index) for index, name in enumerate(names, 1) if name == doubles[0]]
        raise InputError(
            f"the columns {' and '.join(places[:2])} have the same name, '{doubles[0][:60]}'",
            hint="Rename one of them; or give --no-header if the first row is a sample",
        )
    return names


def _is_name(cell: str) -> bool:
    return number_in(cell) is None or not cell.strip()


def _first_pass(text: _Text, names: Sequence[str]) -> tuple[list[_Found], int]:
    found, count = [_Found() for _ in names], 0
    for lines, columns in text.data(len(names)):
        count += len(lines)
        if count * len(names) > _MOST_CELLS:
            raise InputError(f"the table has more than {_MOST_CELLS:,} cells")
        for one, cells in zip(found, columns, strict=True):
            one.see(cells, lines)
    if not count:
        raise InputError("the file has no rows below its first")
    return found, count


def _refuse_free_text(names: Sequence[str], found: Sequence[_Found], count: int) -> None:
    for name, one in zip(names, found, strict=True):
        if one.numbers or len(one.words) <= MOST_WORDS:
            continue
        assert one.odd is not None
        line, cell = one.odd
        raise InputError(
            f"the column '{name[:60]}' holds more than {MOST_WORDS} different texts in {count:,} rows, for example "
            f"'{cell[:40]}' in line {line}: that is no number and no category",
            hint=f"Leave it out with --drop '{name[:60]}', or write numbers, for a date the days since another",
        )


def _second_pass(text: _Text, names: Sequence[str], found: Sequence[_Found], count: int) -> list[RawColumn]:
    values = [np.empty(count, np.float64) for _ in names]
    known: list[dict[str, int]] = [{} for _ in names]
    start = 0
    for lines, columns in text.data(len(names)):
        stop = start + len(lines)
        for one, target, index, cells in zip(found, values, known, columns, strict=True):
            target[start:stop] = _numbers(cells) if one.numbers else [_word(index, cell) for cell in cells]
        start = stop
    return [RawColumn(name, column, tuple(index)) for name, column, index in zip(names, values, known, strict=True)]


def _numbers(cells: Sequence[str]) -> NDArray[np.float64]:
    try:
        return np.fromiter(map(float, cells), np.float64, len(cells))
    except ValueError:
        return np.array([number_in(cell) for cell in cells], np.float64)


def _word(index: dict[str, int], cell: str) -> int:
    word = cell.strip()
    return -1 if word.lower() in MISSING else index.setdefault(word, len(index))
