"""The kernel as text: functions of straight-line code, one statement an instruction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from lgc.backend.c.columns import safe
from lgc.backend.c.layout import CodeLayout
from lgc.backend.c.literal import AND, ANDNOT, OR, STORE, Program
from lgc.backend.c.ternary import TERNARY

ARGUMENTS = "const word *restrict x, word *restrict s, word *restrict p, size_t vectors"
"""Inputs, scratch words and planes, and how many words of each to go through."""

_FORMATS = {AND: "{} & {}", ANDNOT: "{} & ~{}", OR: "{} | {}"}
_IDLE_PASSES = ("ccp", "dominator-opts", "forwprop", "fre", "pta", "ter")
_GCC_OPTIONS = ",".join(["O1", "no-ivopts", *(f"no-tree-{name}" for name in _IDLE_PASSES)])


@dataclass(frozen=True)
class Access:
    """How the functions of a program read and write.

    Attributes:
        store: how a plane is written: ``=``, or ``|=`` into what it is already.
        holds: whether an input is read once in a function, and has a name there.
    """

    store: str = "="
    holds: bool = False


_PLAIN = Access()


def kernel_lines(program: Program, layout: CodeLayout) -> Iterator[str]:
    """The kernel: functions of straight-line code, and one that calls them in order."""
    yield from quickly(_whole(program, layout))


def quickly(lines: Iterable[str]) -> Iterator[str]:
    """Straight-line code with the options that gcc needs for it.

    Straight-line code of distinct values leaves an optimiser little to find. Without the passes that look for it, gcc
    takes less than half the time of -O2, and the code is as fast.
    """
    yield "#if defined(__GNUC__) && !defined(__clang__)\n#pragma GCC push_options"
    yield f'#pragma GCC optimize("{_GCC_OPTIONS}")\n#endif\n'
    yield from lines
    yield "#if defined(__GNUC__) && !defined(__clang__)\n#pragma GCC pop_options\n#endif\n"


def _whole(program: Program, layout: CodeLayout) -> Iterator[str]:
    yield from part_lines(program, layout, range(program.num_inputs))
    yield f"static void evaluate({ARGUMENTS})\n{{"
    yield from part_calls(layout, "x, s, p")
    yield "}\n"


def part_calls(layout: CodeLayout, arguments: str) -> Iterator[str]:
    """Calls of the functions of a program, in order."""
    for part in range(len(layout.cuts) - 1):
        yield f"    part{part}({arguments}, vectors);"


def part_lines(
    program: Program, layout: CodeLayout, words: Sequence[int], name: str = "part", first: int = 0,
    access: Access = _PLAIN,
) -> Iterator[str]:  # fmt: skip
    """The functions of a program.

    Args:
        words: the word of ``x`` that each input is.
        name: of the functions, with a number behind it.
        first: the first of these numbers.
        access: how they read and write.
    """
    for part, (lo, hi) in enumerate(pairwise(layout.cuts), first):
        yield f"static void {name}{part}({ARGUMENTS})"
        yield "{"
        yield "    for (; vectors; vectors--, x++, s++, p++) {"
        yield from _statements(program, layout, (lo, hi), words, access)
        yield "    }\n}\n"


def _statements(
    program: Program, layout: CodeLayout, part: tuple[int, int], words: Sequence[int], access: Access
) -> Iterator[str]:
    lo, hi = part
    first, slot = program.num_inputs, layout.slot[lo:hi].tolist()
    held: set[int] = set()

    def read(value: int) -> str:
        if value < first:
            return f"i{value}" if value in held else f"x[{words[value]}*V]"
        index = value - first
        return f"v{index - lo}" if index >= lo else f"s[{layout.slot[index]}*V]"

    for index in range(lo, hi):
        for value in program.operands(index) if access.holds else ():
            if 0 <= value < first and value not in held:
                yield f"        const word i{value} = {read(value)};"
                held.add(value)
        if program.opcode[index] == STORE:
            yield f"        p[{program.right[index]}*V] {access.store} {_plane(program.left[index], read)};"
            continue
        expression = _expression(program, index, read)
        note = f" /* {safe(program.notes[index])} */" if index in program.notes else ""
        yield f"        const word v{index - lo} = {expression};{note}"
        if slot[index - lo] >= 0:
            yield f"        s[{slot[index - lo]}*V] = v{index - lo};"


def _expression(program: Program, index: int, read: Callable[[int], str]) -> str:
    opcode, operands = program.opcode[index], [read(value) for value in program.operands(index)]
    if opcode >= TERNARY:
        return f"TERNARY({', '.join(operands)}, {opcode - TERNARY:#04x})"
    return _FORMATS.get(opcode, "{} ^ {}").format(*operands)


def _plane(literal: int, read: Callable[[int], str]) -> str:
    if literal < 0:
        return "~(word){0}" if literal & 1 else "(word){0}"
    return ("~" if literal & 1 else "") + read(literal >> 1)
