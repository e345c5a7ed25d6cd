"""Faults as edits of the text: one for real, or all of them behind a number that chooses one.

A build of a simulator takes seconds and a thousand mutants would take an hour. So one build holds them all: every
expression that some fault changes becomes a choice by ``lgc_mutant``, a variable of the top module that the
testbench sets. Number 0 is the text as lgc wrote it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

SELECT = "lgc_mutant"


@dataclass(frozen=True)
class Edit:
    """Text [start, end) becomes ``new``.

    Attributes:
        choice: what it becomes when it must hold both, ``$CHOSEN$`` standing for whether the fault is chosen; without,
            the text is an expression and becomes a conditional one.
    """

    start: int
    end: int
    new: str
    choice: str | None = None


def apply(text: str, edits: Sequence[Edit]) -> str:
    """The text with one fault."""
    for edit in sorted(edits, key=lambda edit: -edit.start):
        text = text[: edit.start] + edit.new + text[edit.end :]
    return text


def choose(text: str, top: str, faults: Sequence[Sequence[Edit]]) -> str:
    """The text with all faults: fault k is there while ``lgc_mutant`` is k + 1."""
    places: dict[tuple[int, int], list[tuple[int, Edit]]] = {}
    for number, edits in enumerate(faults, 1):
        for edit in edits:
            places.setdefault((edit.start, edit.end), []).append((number, edit))
    pieces, done = [], len(text)
    for (start, end), entries in sorted(places.items(), reverse=True):
        assert end <= done, "two faults at places that overlap and differ"
        pieces += [text[end:done], _choice(text[start:end], top, entries)]
        done = start
    pieces.append(text[:done])
    return _declare("".join(reversed(pieces)), top)


def _choice(old: str, top: str, entries: list[tuple[int, Edit]]) -> str:
    chosen = [(f"{top}.{SELECT} == {number}", edit) for number, edit in entries]
    if entries[0][1].choice is not None:
        assert len(entries) == 1, "such a place has one fault"
        return entries[0][1].choice.replace("$CHOSEN$", chosen[0][0])
    result = f"({old})"
    for condition, edit in chosen:
        result = f"({condition} ? ({edit.new}) : {result})"
    return result


def _declare(text: str, top: str) -> str:
    """The variable, in the top module behind its ports."""
    opening = re.compile(rf"^module {re.escape(top)} \($.*?^\);$", re.M | re.S)
    match = opening.search(text)
    assert match, "the emitted top module"
    return f"{text[: match.end()]}\n  reg [31:0] {SELECT} = 0;{text[match.end() :]}"
