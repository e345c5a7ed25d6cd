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
    program: Program, layout: CodeLayout, words: Sequence[int], name: str = "part", first: int = 0, *,
    holds: bool = False,
) -> Iterator[str]:  # fmt: skip
    """The functions of a program.

    Args:
        words: the word of ``x`` that each input is.
        name: of the functions, with a number behind it.
        first: the first of these numbers.
        holds: whether an input is read once in a function, and has a name there.
    """
    for part, (lo, hi) in enumerate(pairwise(layout.cuts), first):
        yield f"static void {name}{part}({ARGUMENTS})"
        yield "{"
        yield "    for (; vectors; vectors--, x++, s++, p++) {"
        yield from _statements(program, layout, (lo, hi), _Naming(words, holds))
        yield "    }\n}\n"


def window_lines(
    program: Program, words: Sequence[int], name: str, window: tuple[int, int], steps: tuple[int, int], *, holds: bool
) -> Iterator[str]:
    """A function that goes through a window of positions, and ORs what it finds at each: the OR stays in registers.

    Args:
        words: as in :func:`part_lines`; the inputs behind these are what the planes are so far.
        window: rows and columns of positions.
        steps: words from a row, and from a column, to the next.
    """
    planes = [program.right[index] for index in range(len(program)) if program.opcode[index] == STORE]
    yield f"static void {name}({ARGUMENTS})"
    yield "{"
    yield "    for (; vectors; vectors--, x++, s++, p++) {"
    yield from (f"        word p{plane} = {{0}};" for plane in planes)
    yield "        size_t row, column;"
    yield f"        for (row = 0; row < {window[0]}u; row++)"
    yield f"        for (column = 0; column < {window[1]}u; column++) {{"
    yield f"        const word *f = x + (row * {steps[0]}u + column * {steps[1]}u) * V;"
    yield from _statements(program, CodeLayout.whole(program), (0, len(program)), _Naming(words, holds, joins=True))
    yield "        }"
    yield from (f"        p[{plane}*V] = p{plane};" for plane in planes)
    yield "    }\n}\n"


@dataclass(frozen=True)
class _Naming:
    """What the functions call inputs and planes; see :func:`part_lines`.

    Attributes:
        joins: whether planes are in registers.
    """

    words: Sequence[int]
    holds: bool
    joins: bool = False

    @property
    def input(self) -> str:
        """Of a word."""
        return "f[{}*V]" if self.joins else "x[{}*V]"

    @property
    def plane(self) -> str:
        """Of a number."""
        return "p{}" if self.joins else "p[{}*V]"


def _statements(program: Program, layout: CodeLayout, part: tuple[int, int], naming: _Naming) -> Iterator[str]:
    lo, hi = part
    first, slot, words = program.num_inputs, layout.slot[lo:hi].tolist(), naming.words
    held: set[int] = set()

    def read(value: int) -> str:
        if value in held:
            return f"i{value}"
        if value < first:
            count = len(words)
            return naming.input.format(words[value]) if value < count else naming.plane.format(value - count)
        index = value - first
        return f"v{index - lo}" if index >= lo else f"s[{layout.slot[index]}*V]"

    for index in range(lo, hi):
        for value in program.operands(index) if naming.holds else ():
            if 0 <= value < len(words) and value not in held:
                yield f"        const word i{value} = {read(value)};"
                held.add(value)
        if program.opcode[index] == STORE:
            yield f"        {naming.plane.format(program.right[index])} = {_plane(program.left[index], read)};"
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
