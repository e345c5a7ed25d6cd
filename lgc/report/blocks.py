"""What a report is made of. All text is plain: whoever writes HTML or Markdown escapes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

State = Literal["good", "bad", "open"]
"""Shown to be right, shown to be wrong, and not shown."""


@dataclass(frozen=True)
class Text:
    """A paragraph."""

    text: str


@dataclass(frozen=True)
class PlainLine:
    """A line as a terminal shows it."""

    text: str


@dataclass(frozen=True)
class Listing:
    """Rows of texts.

    Attributes:
        headings: of the columns; a column whose heading ends in ``>`` is aligned to the right.
        title: what it is.
        folded: whether it is shown only when somebody opens it, where that can be.
    """

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    title: str = ""
    folded: bool = False

    @property
    def names(self) -> list[str]:
        """The headings for people."""
        return [heading.removesuffix(">") for heading in self.headings]

    @property
    def right(self) -> list[bool]:
        """Which columns are aligned to the right."""
        return [heading.endswith(">") for heading in self.headings]


@dataclass(frozen=True)
class Figure:
    """A picture.

    Attributes:
        svg: its text, safe as it is: :mod:`lgc.report.svg` escapes what it is given.
        caption: what it shows, also for those who cannot see it.
        table: the same numbers, for those who cannot see it, and for Markdown.
    """

    svg: str
    caption: str
    table: Listing | None = None


@dataclass(frozen=True)
class Status:
    """A sentence about something that was, or was not, checked."""

    state: State
    text: str


@dataclass(frozen=True)
class Code:
    """Lines as they are typed or printed."""

    text: str


@dataclass(frozen=True)
class Card:
    """One number that matters."""

    label: str
    value: str
    note: str = ""
    state: State | None = None


@dataclass(frozen=True)
class Cards:
    """The numbers that matter most, side by side."""

    cards: tuple[Card, ...]


@dataclass(frozen=True)
class Explorer:
    """The network to be looked at.

    Attributes:
        network: what explorer.js reads, JSON values; see :mod:`lgc.report.explore`.
        said: how much of the network is there, as sentences.
    """

    network: Mapping[str, Any]
    said: tuple[str, ...]


Block = Text | PlainLine | Listing | Figure | Status | Code | Cards | Explorer


@dataclass(frozen=True)
class Chapter:
    """A part of a report under a heading.

    Attributes:
        id: for links.
        lead: what it shows, in a sentence.
    """

    id: str
    title: str
    lead: str
    blocks: Sequence[Block]


@dataclass(frozen=True)
class Document:
    """A report.

    Attributes:
        name: of the network.
        made: by what, and of which file, as a sentence.
    """

    name: str
    made: str
    sections: tuple[Chapter, ...] = field(default=())
