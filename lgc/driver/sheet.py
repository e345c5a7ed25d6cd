"""What a result looks like: lines and tables, shown alike by a terminal, a notebook and ``repr``."""

from __future__ import annotations

import html
import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any


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

    def _repr_html_(self) -> str:
        """For notebooks."""
        return "".join(_html(one) for one in self.sheet())


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


def _html(one: str | Grid) -> str:
    if isinstance(one, str):
        return f"<div>{html.escape(one)}</div>"
    aligned = [' style="text-align: right"' if right else ' style="text-align: left"' for right in one.right]
    rows = [
        "".join(f"<{tag}{style}>{html.escape(cell)}</{tag}>" for cell, style in zip(row, aligned, strict=True))
        for tag, row in (("th", one.names), *(("td", row) for row in one.rows))
    ]
    caption = f"<caption>{html.escape(one.title)}</caption>" if one.title else ""
    return f"<table>{caption}{''.join(f'<tr>{row}</tr>' for row in rows)}</table>"
