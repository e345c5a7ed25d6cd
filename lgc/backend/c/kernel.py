"""The kernel as text: functions of straight-line code, one statement an instruction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from lgc.backend.c.columns import safe
from lgc.backend.c.layout import CodeLayout
from lgc.backend.c.literal import AND, ANDNOT, OR, STORE, Program
from lgc.backend.c.ternary import TERNARY, TernaryProgram, reordered

ARGUMENTS = "const word *restrict x, word *restrict s, word *restrict p, size_t vectors"
"""Inputs, scratch words and planes, and how many words of each to go through."""

_FORMATS = {AND: "{} & {}", ANDNOT: "ANDNOT({}, {})", OR: "{} | {}"}
_IDLE_PASSES = ("ccp", "dominator-opts", "forwprop", "fre", "pta", "ter")
_GCC_OPTIONS = ",".join(["O1", "no-ivopts", *(f"no-tree-{name}" for name in _IDLE_PASSES)])


REACH = 24
"""An input stays in one of 32 registers over as many instructions: longer, and there would be none for results."""


def dense_reach(program: Program) -> int:
    """How long inputs stay in registers where there are many: where any function of three words is an instruction."""
    return REACH if isinstance(program, TernaryProgram) else 0


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
    yield from part_lines(program, layout, range(program.num_inputs), reach=dense_reach(program))
    yield f"static void evaluate({ARGUMENTS})\n{{"
    yield from part_calls(layout, "x, s, p")
    yield "}\n"


def part_calls(layout: CodeLayout, arguments: str) -> Iterator[str]:
    """Calls of the functions of a program, in order."""
    for part in range(len(layout.cuts) - 1):
        yield f"    part{part}({arguments}, vectors);"


def part_lines(
    program: Program, layout: CodeLayout, words: Sequence[int], name: str = "part", first: int = 0, *,
    reach: float = 0,
) -> Iterator[str]:  # fmt: skip
    """The functions of a program.

    Args:
        words: the word of ``x`` that each input is.
        name: of the functions, with a number behind it.
        first: the first of these numbers.
        reach: an input stays in a register if the next instruction that reads it is at most so many further on.
    """
    for part, (lo, hi) in enumerate(pairwise(layout.cuts), first):
        yield f"static void {name}{part}({ARGUMENTS})"
        yield "{"
        yield "    for (; vectors; vectors--, x++, s++, p++) {"
        yield from _statements(program, layout, (lo, hi), _Naming(words, reach))
        yield "    }\n}\n"


def window_lines(
    program: Program, words: Sequence[int], name: str, window: tuple[int, int], steps: tuple[int, int], *, reach: float
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
    yield from _statements(program, CodeLayout.whole(program), (0, len(program)), _Naming(words, reach, joins=True))
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
    reach: float
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
    slot, registers = layout.slot[lo:hi].tolist(), _Registers(program, layout, part, naming)
    for index in range(lo, hi):
        yield from registers.loads(index)
        if program.opcode[index] == STORE:
            plane = _plane(program.left[index], registers.name)
            yield f"        {naming.plane.format(program.right[index])} = {plane};"
        else:
            note = f" /* {safe(program.notes[index])} */" if index in program.notes else ""
            yield f"        const word v{index - lo} = {_expression(program, index, registers)};{note}"
            if slot[index - lo] >= 0:
                yield f"        s[{slot[index - lo]}*V] = v{index - lo};"
        registers.free(index)


class _Registers:
    """Where the operands of a function's instructions are: in a register by a name, or in memory.

    An input gets a name where it is read again within the reach of :class:`_Naming`.
    """

    def __init__(self, program: Program, layout: CodeLayout, part: tuple[int, int], naming: _Naming) -> None:
        self._program, self._layout, self._naming = program, layout, naming
        self._lo, hi = part
        self._named: dict[int, str] = {}
        self._names: Counter[int] = Counter()
        self._next: dict[tuple[int, int], int] = {}
        later: dict[int, int] = {}
        for index in range(hi - 1, self._lo - 1, -1):
            for value in set(program.operands(index)):
                if value in later:
                    self._next[index, value] = later[value]
                later[value] = index

    def loads(self, index: int) -> Iterator[str]:
        """Statements that give names to inputs, in front of an instruction."""
        for value in self._program.operands(index):
            if 0 <= value < len(self._naming.words) and value not in self._named and self._is_near(index, value):
                text, number = self.name(value), self._names[value]
                self._names[value] += 1
                self._named[value] = f"i{value}_{number}" if number else f"i{value}"
                yield f"        word {self._named[value]} = {text};"
                yield f"        HOLD({self._named[value]});"

    def free(self, index: int) -> None:
        """Behind an instruction: what is not read again soon leaves its register."""
        for value in self._program.operands(index):
            if value in self._named and not self._is_near(index, value):
                del self._named[value]

    def name(self, value: int) -> str:
        """The text that stands for a value."""
        if value in self._named:
            return self._named[value]
        first, words = self._program.num_inputs, self._naming.words
        if value < first:
            count = len(words)
            joined = self._naming.plane
            return self._naming.input.format(words[value]) if value < count else joined.format(value - count)
        index = value - first
        return f"v{index - self._lo}" if index >= self._lo else f"s[{self._layout.slot[index]}*V]"

    def cost(self, index: int, value: int) -> int:
        """What it takes to write over an operand: nothing for a register's last use, a load, or a copy."""
        first = self._program.num_inputs
        if value in self._named:
            return 2 if self._is_near(index, value) else 0
        if value - first >= self._lo or len(self._naming.words) <= value < first:
            return 2 if (index, value) in self._next else 0
        return 1

    def _is_near(self, index: int, value: int) -> bool:
        following = self._next.get((index, value))
        return following is not None and following - index <= self._naming.reach


def _expression(program: Program, index: int, registers: _Registers) -> str:
    opcode, values = program.opcode[index], program.operands(index)
    if opcode < TERNARY:
        return _FORMATS.get(opcode, "{} ^ {}").format(*map(registers.name, values))
    costs = [registers.cost(index, value) for value in values]
    # The instruction writes over its last operand.
    last = max(range(3), key=lambda place: (-costs[place], place))
    order = (*(place for place in range(3) if place != last), last)
    table = reordered(opcode - TERNARY, order)
    return f"TERNARY({', '.join(registers.name(values[place]) for place in order)}, {table:#04x})"


def _plane(literal: int, read: Callable[[int], str]) -> str:
    if literal < 0:
        return "~(word){0}" if literal & 1 else "(word){0}"
    return ("~" if literal & 1 else "") + read(literal >> 1)
