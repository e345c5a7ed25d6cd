"""Tables as text: CSV, TSV and their relatives, with a header or without, read once in bounded memory.

The cells go straight into one array, which grows as rows come. So 10 million rows take eight bytes a cell, and an
eighth more while they are read.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lgc.data.columns import UNNAMED, Gatherer, RawColumn, check_names, number_in
from lgc.data.textfile import RowFile
from lgc.errors import InputError

Row = tuple[int, list[str]]

_MOST_COLUMNS = 1 << 16
_MOST_CELLS = 1 << 31
_CHUNK = 512  # rows
_LOOKED_AT = 200  # rows that tell whether the first one has names
LABEL_NAMES = ("label", "class", "target", "y")
"""Of the column of the labels, where nobody says which it is."""

_LEAST_NUMBERED = 3  # columns whose names are 0, 1, 2


@dataclass(frozen=True, eq=False)
class Gathered:
    """What was read.

    Attributes:
        features: float64 (n, F), of which the columns' values are views.
        columns: F of them.
        others: columns that are no features, by index.
        gatherers: of all columns that were read, by index.
        notes: what people should know of how it was read.
    """

    features: NDArray[np.float64]
    columns: tuple[RawColumn, ...]
    others: dict[int, RawColumn]
    gatherers: dict[int, Gatherer]
    notes: tuple[str, ...] = ()


Plan = Callable[[Sequence[str]], dict[int, Gatherer]]
"""From the names of all columns to those that are read."""


def read_delimited(
    path: Path,
    plan: Plan,
    *,
    header: bool | None = None,
    delimiter: str | None = None,
    expected: Collection[str] = (),
) -> Gathered:
    """The columns of a CSV or TSV file.

    Args:
        header: whether the first row has the names; None finds out.
        delimiter: see :class:`RowFile`.
        expected: names of some columns: a row that has one of them has names.

    Raises:
        InputError: unreadable, ragged, empty, two columns of one name, or a column that is no feature; with the line
            and the column.
    """
    try:
        file = RowFile(path, "tab" if delimiter is None and ".tsv" in path.suffixes[-2:] else delimiter)
        rows = file.rows()
        first = list(islice(rows, _CHUNK))
        if not first:
            raise InputError("the file has no rows", hint="It must have a row for each sample")
        names, has_names, note = _names(first, header, expected)
        data = chain(first[has_names:], rows)
        del first
        found = _gather(_chunks(data, len(names)), plan(names))
        return Gathered(*found, (note,) if note else ())
    except InputError as error:
        raise error.at(str(path)) from None


def _names(first: Sequence[Row], header: bool | None, expected: Collection[str]) -> tuple[list[str], bool, str]:
    """The names of the columns, whether the first row has them, and a note if that is a guess worth telling.

    Raises:
        InputError: too many columns, or two of one name.
    """
    cells = [cell.strip() for cell in first[0][1]]
    if len(cells) > _MOST_COLUMNS:
        raise InputError(f"the first row has {len(cells):,} cells, more than {_MOST_COLUMNS:,}")
    if header is None:
        has_names = any(cell in expected and number_in(cell) is None for cell in cells) or _looks_like_names(
            cells, [row for _, row in first[1:]]
        )
    else:
        has_names = header
    if not has_names:
        shown = ", ".join(cells[:4])[:60] + (", ..." if len(cells) > 4 else "")
        note = f"The first row is a sample: {shown}. If it has the names of columns, give --header."
        return [f"column {index}" for index in range(1, len(cells) + 1)], False, note if header is None else ""
    cells[0] = cells[0].removeprefix("#").strip()  # numpy.savetxt
    names = [name or UNNAMED.format(index) for index, name in enumerate(cells)]
    check_names(names, "Rename one of them; or give --no-header if the first row is a sample")
    note = ""
    if header is None and _number_by_place(cells):
        note = f"The first row has names: {', '.join(cells[:4])}. If it is a sample, give --no-header."
    return names, True, note


def _looks_like_names(cells: Sequence[str], rows: Sequence[list[str]]) -> bool:
    """Whether one stands above numbers and is none; of a table of words, whether half of them never come again."""
    columns = list(zip(*(row for row in rows[:_LOOKED_AT] if len(row) == len(cells)), strict=True))
    above = [cell for cell, column in zip(cells, columns, strict=False) if cell and _are_numbers(column)]
    if any(number_in(cell) is None for cell in above):
        return True
    if any(cell.lower() in LABEL_NAMES for cell in cells) and any(map(_are_numbers, columns)):
        return True
    if above or any(cell and number_in(cell) is not None for cell in cells):
        return _number_by_place(cells)
    again = [cell in {one.strip() for one in column} for cell, column in zip(cells, columns, strict=False)]
    return 2 * sum(again) <= len(cells)


def _are_numbers(column: Sequence[str]) -> bool:
    found = [number_in(cell) for cell in column]
    return None not in found and any(one == one for one in found)


def _number_by_place(cells: Sequence[str]) -> bool:
    """Whether they are 0, 1, 2, as pandas names columns; the last one may be another, the first one may be empty."""
    numbers = cells[1:] if cells and not cells[0] else cells
    counted = [str(index) for index in range(len(numbers))]
    most = max(_LEAST_NUMBERED, len(numbers) - 1)
    return list(numbers[:most]) == counted[:most] if len(numbers) >= _LEAST_NUMBERED else False


def _chunks(rows: Iterable[Row], width: int) -> Iterator[tuple[list[int], list[tuple[str, ...]]]]:
    """Line numbers, and cells by column, of some thousand rows at a time.

    Raises:
        InputError: a row has another number of cells.
    """
    rows = iter(rows)
    while chunk := list(islice(rows, _CHUNK)):
        lines, cells = zip(*chunk, strict=True)
        if set(map(len, cells)) != {width}:
            line, count = next((line, len(row)) for line, row in chunk if len(row) != width)
            raise InputError(
                f"line {line} has {count} cells, but the first row has {width}",
                hint="Every row must have the same number; a text with the delimiter in it takes quotation marks",
            )
        yield list(lines), list(zip(*cells, strict=True))


class _Growing:
    """A table of float64 that takes rows; it holds an eighth more than it has."""

    def __init__(self, columns: int) -> None:
        self.array = np.empty((0, columns))
        self.rows = 0

    def more(self, rows: int) -> None:
        """Room for so many more."""
        self.rows += rows
        if self.rows > len(self.array):
            # In place where the system can: a copy would take the memory twice.
            self.array.resize((self.rows + (self.rows >> 3), self.array.shape[1]), refcheck=False)

    def done(self) -> NDArray[np.float64]:
        self.array.resize((self.rows, self.array.shape[1]), refcheck=False)
        return self.array


def _gather(
    chunks: Iterable[tuple[list[int], list[tuple[str, ...]]]], gatherers: dict[int, Gatherer]
) -> tuple[NDArray[np.float64], tuple[RawColumn, ...], dict[int, RawColumn], dict[int, Gatherer]]:
    of_features = [index for index, one in gatherers.items() if one.feature]
    places = {index: (place, True) for place, index in enumerate(of_features)}
    rest = [index for index, one in gatherers.items() if not one.feature]
    places |= {index: (place, False) for place, index in enumerate(rest)}
    features, others, start = _Growing(len(of_features)), _Growing(len(rest)), 0
    for lines, cells in chunks:
        stop = start + len(lines)
        if stop * len(gatherers) > _MOST_CELLS:
            raise InputError(f"the table has more than {_MOST_CELLS:,} cells")
        features.more(len(lines))
        others.more(len(lines))
        for index, one in gatherers.items():
            place, is_feature = places[index]
            values = (features if is_feature else others).array[:, place]
            one.take(cells[index], lines, values[start:stop], values[:start])
        start = stop
    if not start:
        raise InputError("the file has a row of names and no rows below it", hint="It needs a row for each sample")
    done = {True: features.done(), False: others.done()}
    columns = {index: one.finished(done[one.feature][:, places[index][0]]) for index, one in gatherers.items()}
    return (
        done[True],
        tuple(columns[index] for index in of_features),
        {index: columns[index] for index in rest},
        gatherers,
    )
