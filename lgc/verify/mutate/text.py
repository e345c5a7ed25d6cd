"""Faults as edits of the text: one for real, or all of them behind a number that chooses one.

A build of a simulator takes seconds and a thousand mutants would take an hour. So one build holds them all: every
expression that some fault changes becomes a choice by ``lgc_mutant``, an input of the top module that the driver
sets. Of a cell, whose parameters cannot be chosen so, every version is there, and the choice is between their
outputs. Number 0 is the text as lgc wrote it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

SELECT = "lgc_mutant"
_DIRECTIVE = re.compile(r"^`(ifdef|ifndef|else|endif)\b *(\w*).*$", re.M)
_INSTANCE = re.compile(r"(\w+) \((?=\.)")


@dataclass(frozen=True)
class Edit:
    """Text [start, end) becomes ``new``.

    Attributes:
        choice: what it becomes when it must hold both, ``$CHOSEN$`` standing for whether the fault is chosen; without,
            the text is an expression and becomes a conditional one.
        outputs: of an edit that is a whole cell, its output pins and their widths.
    """

    start: int
    end: int
    new: str
    choice: str | None = None
    outputs: tuple[tuple[str, int], ...] = ()


def hardware_text(text: str) -> str:
    """The text with blanks, place for place, for what only simulation with lanes reads: faults there are none."""
    pieces: list[str] = []
    inside: list[bool | None] = []  # per open condition: whether this branch is for lanes; None if it is about others
    lanes = done = 0  # open conditions whose branch is for lanes; how far the text is done
    for match in _DIRECTIVE.finditer(text):
        piece = text[done : match.start()]
        pieces.append(re.sub(r"[^\n]", " ", piece) if lanes else piece)
        pieces.append(match[0])
        done = match.end()
        if match[1] in ("ifdef", "ifndef"):
            inside.append((match[1] == "ifdef") if match[2] == "LGC_LANES" else None)
            lanes += bool(inside[-1])
        elif inside:
            before = inside.pop()
            lanes -= bool(before)
            if match[1] == "else":
                inside.append(None if before is None else not before)
                lanes += bool(inside[-1])
    return "".join([*pieces, text[done:]])


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
    if entries[0][1].outputs:
        return _cells(old, top, entries)
    result = f"({old})"
    for condition, edit in chosen:
        result = f"({condition} ? ({edit.new}) : {result})"
    return result


def _cells(old: str, top: str, entries: list[tuple[int, Edit]]) -> str:
    """All versions of a cell side by side, and for each output a choice."""
    match = _INSTANCE.search(old)
    assert match, "a cell is an instance"
    name, outputs, lines = match[1], entries[0][1].outputs, []
    for number, statement in [(0, old), *((number, edit.new) for number, edit in entries)]:
        version = f"{name}_m{number}"
        statement = _INSTANCE.sub(f"{version} (", statement, count=1)
        for pin, width in outputs:
            lines.append(f"wire [{width - 1}:0] {version}_{pin};")
            statement = re.sub(rf"\.{pin}\([^()]*\)", f".{pin}({version}_{pin})", statement, count=1)
        lines.append(statement)
    for pin, _ in outputs:
        target = re.search(rf"\.{pin}\(([^()]*)\)", old)
        assert target, "an output is connected"
        value = f"{name}_m0_{pin}"
        for number, _edit in entries:
            value = f"({top}.{SELECT} == {number} ? {name}_m{number}_{pin} : {value})"
        lines.append(f"assign {target[1]} = {value};")
    return "\n  ".join(lines)


def _declare(text: str, top: str) -> str:
    """The choice as the last port of the top module."""
    opening = re.compile(rf"^module {re.escape(top)} \($.*?(?=^\);$)", re.M | re.S)
    match = opening.search(text)
    assert match, "the emitted top module"
    return f"{match[0].rstrip()},\n  input wire [31:0] {SELECT}\n".join((text[: match.start()], text[match.end() :]))
