"""Prose is for strangers: short sentences, no fragments of a laboratory journal, pages that say what they are for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = sorted(
    path
    for path in [ROOT / "README.md", *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/**/*.md")]
    if path.name != "cli.md"  # generated from the help, which has its own tests
)
LONGEST = 36
"""Words of a sentence, or of a part that ends with a colon or a semicolon; code counts as one word."""

BANNED = (r"\bobviously\b", r"\bof course\b", r"\bbasically\b", r"\btrivially?\b", r"\bN\.B\.", r"\bTODO\b",
          r"\bFIXME\b", r"\bwe\b", r"\betc\.", r"\bi\.e\.", r"\be\.g\.", r"\bvia\b", r"\bw/o\b")  # fmt: skip
"""What a page need not say: it talks down to the reader, abbreviates, or is a note to its author."""


def prose(text: str) -> Iterator[str]:
    """Paragraphs and items of a page, without code, tables and headings."""
    text = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    for block in re.split(r"\n\s*\n", text):
        item: list[str] = []
        for line in block.splitlines():
            if line.startswith(("    ", "|", "#", "<", "!", ":::")):
                continue
            if re.match(r"\s*(?:[-*]|\d+\.) ", line) and item:
                yield " ".join(item)
                item = []
            item.append(line.strip())
        if item:
            yield " ".join(item)


def sentences(paragraph: str) -> list[str]:
    """Its sentences; code is one word, a link its text."""
    plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", re.sub(r"`[^`]*`", "CODE", paragraph))
    return re.split(r"(?<=[.!?:;])\s+", plain)


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_sentences_are_short(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    found = [one for paragraph in prose(text) for one in sentences(paragraph) if len(one.split()) > LONGEST]
    assert not found, f"more than {LONGEST} words: {found}"


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_banned_words(page: Path) -> None:
    text = " ".join(
        sentence for paragraph in prose(page.read_text(encoding="utf-8")) for sentence in sentences(paragraph)
    )
    assert not {word for word in BANNED if re.search(word, text, flags=re.IGNORECASE)}


@pytest.mark.parametrize("page", [*ROOT.glob("docs/*.md"), ROOT / "README.md"], ids=lambda path: path.name)
def test_a_page_opens_with_words(page: Path) -> None:
    """After the heading, within the first screen, stands a sentence and not only commands or a table."""
    _, _, rest = page.read_text(encoding="utf-8").partition("\n")
    first = next(prose("\n".join(rest.splitlines()[:25])))
    assert len(first.split()) >= 5


def test_long_sentences_and_banned_words_are_found() -> None:
    long = "word " * (LONGEST + 1) + "end."
    assert [len(one.split()) for one in sentences(f"Short one. {long}")] == [2, LONGEST + 2]
    assert list(prose("# Heading\n\nOne.\n\n    code\n\n- item\n- second\n  line\n\n| a |")) == [
        "One.",
        "- item",
        "- second line",
    ]
    assert re.search(BANNED[0], "Obviously", flags=re.IGNORECASE)
