"""A report as Markdown, for the summary of a CI run: the same numbers, as tables in place of pictures."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from lgc.report.blocks import Block, Cards, Code, Document, Explorer, Figure, Listing, Status, Text

_MARKS = {"good": "✅", "bad": "❌", "open": "⚠️"}
_SPECIAL = re.compile(r"([\\`*_\[\]|~#$@])")


def markdown_of(document: Document) -> str:
    """The whole report."""
    lines = [f"# {escaped(document.name)}", "", escaped(document.made), ""]
    for section in document.sections:
        lines += [f"## {escaped(section.title)}", ""]
        for block in section.blocks:
            lines += [*_lines(block), ""]
    return "\n".join(lines).rstrip() + "\n"


def escaped(text: object) -> str:
    """Anybody's text on one line, of which Markdown and HTML make nothing but text."""
    plain = "".join(char if char.isprintable() else " " for char in str(text))
    return _SPECIAL.sub(r"\\\1", html.escape(plain, quote=False))


def _lines(block: Block) -> Iterator[str]:
    if isinstance(block, Text):
        yield escaped(block.text)
    elif isinstance(block, Status):
        yield f"{_MARKS[block.state]} {escaped(block.text)}"
    elif isinstance(block, Code):
        yield from ("    " + "".join(c if c.isprintable() else " " for c in line) for line in block.text.split("\n"))
    elif isinstance(block, Cards):
        rows = tuple((card.label, _marked(card.value, card.state), card.note) for card in block.cards)
        yield from _table(Listing(("what", "value", ""), rows))
    elif isinstance(block, Listing):
        yield from _folded(block)
    elif isinstance(block, Figure):
        yield escaped(block.caption)
        if block.table is not None:
            yield ""
            yield from _folded(block.table)
    elif isinstance(block, Explorer):
        yield escaped("The network can be explored in the HTML report. " + " ".join(block.said))


def _marked(value: str, state: str | None) -> str:
    return f"{_MARKS[state]} {value}" if state else value


def _folded(table: Listing) -> Iterator[str]:
    """A table; one that is folded is behind a title that opens it, as GitHub shows it."""
    if not table.rows:
        return
    if not table.folded:
        if table.title:
            yield f"**{escaped(table.title)}**"
            yield ""
        yield from _table(table)
        return
    yield f"<details><summary>{escaped(table.title)}</summary>"
    yield ""
    yield from _table(table)
    yield ""
    yield "</details>"


def _table(table: Listing) -> Iterator[str]:
    yield "| " + " | ".join(escaped(name) for name in table.names) + " |"
    yield "|" + "|".join("---:" if right else "---" for right in table.right) + "|"
    for row in table.rows:
        yield "| " + " | ".join(escaped(cell) for cell in row) + " |"
