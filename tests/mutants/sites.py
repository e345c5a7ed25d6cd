"""A mutant: one small edit of one file of lgc. What all kinds of sources have in common."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Mutant:
    """Characters ``start`` to ``end`` of a file become ``new``.

    Attributes:
        path: of the file, from the root of the repository.
        line: where it is, from 1.
        operator: what kind of change.
        function: the innermost function around it, as ``__qualname__``; empty on a module's own level, and in C.
        again: how many equal changes of equal lines come before it in the file.
    """

    path: str
    line: int
    operator: str
    function: str
    start: int
    end: int
    old: str
    new: str
    text: str
    again: int = 0

    @property
    def key(self) -> str:
        """A name that stays when other lines come and go: of the file, its line's text, and the change."""
        at = self.text.find(self.old.splitlines()[0]) if self.old else 0
        parts = (self.path, self.text.strip(), self.operator, str(at), self.old, self.new, str(self.again))
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:10]

    def apply(self, source: str) -> str:
        """The file's text with the change."""
        assert source[self.start : self.end] == self.old
        return source[: self.start] + self.new + source[self.end :]

    def __str__(self) -> str:
        return f"{self.path}:{self.line} {self.operator} {self.key}"

    def shown(self) -> str:
        """The change in one line, for people."""
        old, new = (" ".join(part.split()) for part in (self.old, self.new))
        return f"`{old[:40]}` -> `{new[:40]}`"


def numbered(mutants: Iterable[Mutant]) -> list[Mutant]:
    """Equal changes of equal lines told apart."""
    seen: dict[str, int] = {}
    result = []
    for one in sorted(mutants, key=lambda mutant: (mutant.start, mutant.operator, mutant.new)):
        number = seen.get(one.key, 0)
        seen[one.key] = number + 1
        result.append(replace(one, again=number))
    return result
