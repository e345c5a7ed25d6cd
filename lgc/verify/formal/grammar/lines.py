"""A text taken line by line, by patterns that are written as the writer writes the lines.

In a pattern ``@count@`` stands for a decimal number and ``@Name@``, with a capital, for a name. What is given for a
hole, or known of the whole text, must stand there; a hole that occurs twice is twice the same.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

from lgc.backend.verilog.grammar import loop_parts
from lgc.errors import NotCheckedError

NUMBER = r"(?:0|[1-9][0-9]{0,8})"
NAME = r"[A-Za-z][A-Za-z0-9_]*"
PRINTED = r"[ -\[\]-_a-~]*"
"""What a comment may say: printable ASCII without the backquote and the backslash."""

_HOLE = re.compile(r"@([A-Za-z]\w*)@")
_SHOWN = 60


class Departure(NotCheckedError):
    """A line that lgc does not write; ``line`` is its number, from 1."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(f"line {line} is not what lgc writes: {message}")
        self.line = line


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> re.Pattern[str]:
    """A line's pattern as a regular expression."""
    pieces, seen = _HOLE.split(pattern), set[str]()
    text = [re.escape(pieces[0])]
    for name, literal in zip(pieces[1::2], pieces[2::2], strict=True):
        kind = NAME if name[0].isupper() else NUMBER
        text.append(f"(?P={name})" if name in seen else f"(?P<{name}>{kind})")
        text.append(re.escape(literal))
        seen.add(name)
    return re.compile("".join(text))


class Found(dict[str, str]):
    """What the holes of a pattern were; true even where it has none."""

    def __bool__(self) -> bool:
        return True


class Lines:
    """Lines, and the place up to which they are taken.

    Attributes:
        known: what holes stand for in all of the text.
    """

    def __init__(self, lines: Sequence[str], first: int, known: Mapping[str, object]) -> None:
        self._lines, self._first, self._at = lines, first, 0
        self.known = {name: str(value) for name, value in known.items()}

    @property
    def line(self) -> str:
        """The line that is next; empty at the end."""
        return self._lines[self._at] if self._at < len(self._lines) else ""

    @property
    def ended(self) -> bool:
        """Whether all lines are taken."""
        return self._at >= len(self._lines)

    def maybe(self, pattern: str, **given: object) -> Found | None:
        """Take the lines of a pattern if they are next: what its holes are."""
        found = Found()
        wanted = self.known | {name: str(value) for name, value in given.items()}
        patterns = pattern.split("\n")
        for offset, one in enumerate(patterns):
            at = self._at + offset
            match = _compiled(one).fullmatch(self._lines[at]) if at < len(self._lines) else None
            if match is None:
                return None
            for name, value in match.groupdict().items():
                if wanted.get(name, value) != value or found.setdefault(name, value) != value:
                    return None
        self._at += len(patterns)
        return found

    def take(self, pattern: str, **given: object) -> Found:
        """Take the lines of a pattern.

        Raises:
            Departure: they are not next.
        """
        for one in pattern.split("\n"):
            found = self.maybe(one, **given)
            if found is None:
                raise self.departure(f"'{self._filled(one, given)}' was expected")
            given |= found
        return Found((name, str(value)) for name, value in given.items())

    def literal(self, text: str) -> None:
        """Take lines that stand there byte for byte.

        Raises:
            Departure: they do not.
        """
        for one in text.split("\n"):
            if self.line != one or self.ended:
                raise self.departure(f"'{one.strip()[:_SHOWN]}' was expected")
            self._at += 1

    def match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """Take one line if all of it matches."""
        found = pattern.fullmatch(self.line) if not self.ended else None
        self._at += found is not None
        return found

    def departure(self, message: str, back: int = 0) -> Departure:
        """The error about the next line, or one ``back`` lines before it."""
        at = min(self._at - back, len(self._lines) - 1)
        shown = "the end" if self.ended and not back else f"'{self._lines[at].strip()[:_SHOWN]}'"
        return Departure(f"{shown}; {message}", self._first + at)

    def _filled(self, pattern: str, given: Mapping[str, object]) -> str:
        """A pattern as a message shows it."""
        values = self.known | {name: str(value) for name, value in given.items()}
        return _HOLE.sub(lambda hole: values.get(hole[1], "..."), pattern).strip()[:_SHOWN]


def take_loop(lines: Lines, label: str, body: str, lo: int, hi: int) -> Found:
    """Take a generate loop over ``i`` from ``lo`` up to ``hi``, of one assignment, in its parts."""
    found: Mapping[str, object] = {}
    for name, start, end in loop_parts(label, lo, hi):
        loop = f"    for (i = @lo@; i < @hi@; i = i + 1) begin : {name}\n      {body}\n    end"
        found = lines.take(f"  generate\n{loop}\n  endgenerate", **{**found, "lo": start, "hi": end})
    return Found((name, str(value)) for name, value in found.items())
