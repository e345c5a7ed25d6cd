"""What is no feature: a column is refused with the cell that shows it, and with what to say if it is meant."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import NoReturn

from lgc.errors import InputError

MOST_WORDS = 1000
"""Different words of a column of categories."""

_SOME_WORDS = 50  # from which nearly as many words as rows are no categories
_SHOWN = 60
_DECIMAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_NOTATIONS = (
    (
        re.compile(
            r"\d{1,4}([-/.])\d{1,2}\1\d{1,4}([T ,].*)?|\d{1,2}:\d\d(:\d\d(\.\d+)?)?( ?[aApP][mM])?|\d{1,2}[- ]?"
            r"(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*[- ,]*\d{2,4}.*",
            re.ASCII,
        ),
        "dates or times", "write numbers, for a date the days since another one",
    ),
    (
        re.compile(r"[+-]?\d+(,\d+)+(\.\d+)?|[+-]?\d{1,3}(\.\d{3})+,\d+", re.ASCII),
        "numbers with a comma", "write them as 1234.5, without commas",
    ),
    (re.compile(r"[+-]?0[xXbBoO][0-9a-fA-F]+"), "numbers that are not decimal", "write decimal numbers"),
    (re.compile(r"[+-]?\d+(_\d+)+(\.\d+)?", re.ASCII), "numbers with underscores", "write them without"),
    (
        re.compile(r"[$€£] ?[+-]?[\d.,]*\d|[+-]?[\d.,]*\d ?[%€$£]", re.ASCII),
        "numbers with a unit", "write the numbers alone",
    ),
)  # fmt: skip
"""Numbers as people write them: what looks so, what it is, and the remedy."""


@dataclass(frozen=True)
class Seen:
    """What is known of a column of words.

    Attributes:
        words: different ones.
        where: the first cell that is no number: ``line 7``.
        cell: its text.
        count: of rows; 0 if it is not known yet.
        category: whether people say that it is one.
    """

    name: str
    words: tuple[str, ...]
    where: str
    cell: str
    count: int = 0
    category: bool = False


def judge_words(seen: Seen, few: int) -> str:
    """A note on a column of words, or "".

    Args:
        few: so many words may be numbers in part.

    Raises:
        InputError: they are no categories.
    """
    if seen.category:
        return ""
    numbers = [word for word in seen.words if _DECIMAL.fullmatch(word)]
    if len(seen.words) > few and 0 < len(numbers) < len(seen.words):
        refuse_mixture(seen, numbers[0])
    _refuse_notations(seen)
    if len(seen.words) > max(_SOME_WORDS, seen.count / 2):
        refuse_many(seen)
    if numbers:
        return (
            f"The column '{_short(seen.name)}' has numbers such as {numbers[0]} and words such as "
            f"'{_short(seen.cell)}': all {len(seen.words)} are categories."
        )
    return ""


def refuse_mixture(seen: Seen, number: str) -> NoReturn:
    """Raise the error about numbers among which is a word."""
    raise InputError(
        f"{seen.where}: the column '{_short(seen.name)}' has '{_short(seen.cell)}' among numbers such as {number}",
        hint=f"If that stands for a missing value, give --na {quoted(seen.cell)}; if the numbers are names of "
        f"categories, --category {quoted(seen.name)}; or leave the column out: --drop {quoted(seen.name)}",
    )


def refuse_many(seen: Seen) -> NoReturn:
    """Raise the error about a column of texts of which nearly every one is another."""
    if not seen.category:
        _refuse_notations(seen)
    rows = f" in {seen.count:,} rows" if seen.count else ""
    how_many = f"more than {MOST_WORDS:,}" if len(seen.words) > MOST_WORDS else f"{len(seen.words):,}"
    first = seen.cell or seen.words[0]
    where = f"{seen.where}: " if seen.cell else ""
    kept = "" if len(seen.words) > MOST_WORDS else f"; or keep all with --category {quoted(seen.name)}"
    raise InputError(
        f"{where}the column '{_short(seen.name)}' holds {how_many} different texts{rows}, such as '{_short(first)}': "
        "that is no number and no category",
        hint=f"Leave it out: --drop {quoted(seen.name)}{kept}",
    )


def _refuse_notations(seen: Seen) -> None:
    for pattern, what, remedy in _NOTATIONS:
        if 2 * sum(pattern.fullmatch(word) is not None for word in seen.words) > len(seen.words):
            raise InputError(
                f"{seen.where}: the column '{_short(seen.name)}' holds {what}, such as '{_short(seen.cell)}'",
                hint=f"Leave it out with --drop {quoted(seen.name)}, or {remedy}; if each is a category, "
                f"--category {quoted(seen.name)}",
            )


def refuse_word(name: str, where: str, word: str) -> NoReturn:
    """Raise the error about a text that is no word."""
    bad = next((one for one in word if not one.isprintable()), "")
    what = f"a text with the character {bad!r}" if bad else f"a text of {len(word):,} characters"
    raise InputError(
        f"{where}: the column '{_short(name)}' has {what}, which is no category",
        hint=f"Mend the cell; or if the column says nothing, leave it out: --drop {quoted(name)}",
    )


def refuse_endless(name: str, where: str, cell: str) -> NoReturn:
    """Raise the error about infinity, and numbers so large that they become it."""
    raise InputError(
        f"{where}: the column '{_short(name)}' has the number {_short(cell)}, which lgc cannot compute with",
        hint=f"Give a number below 1e308; or if it stands for a missing value, --na {quoted(cell)}",
    )


def quoted(text: str) -> str:
    """As a shell takes it."""
    return shlex.quote(text[:100])


def _short(text: str) -> str:
    return "".join(one if one.isprintable() else "?" for one in text[:_SHOWN])
