"""What a result looks like: lines and tables, shown alike by a terminal, a notebook and ``repr``."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lgc.report.blocks import Block


@dataclass(frozen=True)
class Grid:
    """A table.

    Attributes:
        headings: of the columns; a column whose heading ends in ``>`` is aligned to the right.
    """

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    title: str = ""

    @property
    def names(self) -> list[str]:
        """The headings for people."""
        return [heading.removesuffix(">") for heading in self.headings]

    @property
    def right(self) -> list[bool]:
        """Which columns are aligned to the right."""
        return [heading.endswith(">") for heading in self.headings]


Sheet = Sequence[str | Grid]


class Shown(ABC):
    """A result that shows itself: subclasses say what is on the sheet."""

    @abstractmethod
    def sheet(self) -> Sheet:
        """Lines and tables, the most important last, as a terminal shows them."""

    @abstractmethod
    def as_json(self) -> Any:
        """The same for machines: what :mod:`json` takes, without NaN; docs/json.md says what is in it."""

    def details(self) -> Sheet:
        """What is shown before the sheet to people who asked for more."""
        return []

    def to_json(self) -> str:
        """:meth:`as_json` as text."""
        return json_text(self.as_json())

    def __repr__(self) -> str:
        return "\n".join(_plain(self.sheet()))

    def pictures(self) -> Sequence[Block]:
        """What a notebook shows before the sheet: the parts of a report that this result is."""
        return []

    def _repr_html_(self) -> str:
        """For notebooks."""
        from lgc.report.html import notebook_html

        return notebook_html([*self.pictures(), *(_block(one) for one in self.sheet())])


def _block(one: str | Grid) -> Block:
    from lgc.report.blocks import Listing, PlainLine

    return PlainLine(one) if isinstance(one, str) else Listing(one.headings, one.rows, one.title)


def json_text(document: Any) -> str:
    """What :mod:`json` takes, as the text of a file."""
    return json.dumps(document, indent=2) + "\n"


def write_json(path: Path, document: Any) -> None:
    """Write such a file.

    Raises:
        OutputError: it cannot be written.
    """
    from lgc.files import write_text

    write_text(path, json_text(document))


def _plain(sheet: Sheet) -> Iterator[str]:
    for one in sheet:
        if isinstance(one, str):
            yield one
            continue
        columns = list(zip_longest(*([one.names, *one.rows]), fillvalue=""))
        widths = [max(map(len, column)) for column in columns]
        if one.title:
            yield one.title
        for row in (one.names, *one.rows):
            cells = (
                cell.rjust(width) if right else cell.ljust(width)
                for cell, width, right in zip(row, widths, one.right, strict=True)
            )
            yield "  ".join(cells).rstrip()
