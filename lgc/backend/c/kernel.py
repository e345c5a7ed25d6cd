"""The kernel as text: functions of straight-line code, one statement an instruction."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise

from lgc.backend.c.columns import safe
from lgc.backend.c.layout import CodeLayout
from lgc.backend.c.literal import AND, ANDNOT, OR, STORE, Program
from lgc.backend.c.ternary import TERNARY

_FORMATS = {AND: "{} & {}", ANDNOT: "{} & ~{}", OR: "{} | {}"}
_IDLE_PASSES = ("ccp", "dominator-opts", "forwprop", "fre", "pta", "ter")
_GCC_OPTIONS = ",".join(["O1", "no-ivopts", *(f"no-tree-{name}" for name in _IDLE_PASSES)])


def kernel_lines(program: Program, layout: CodeLayout) -> Iterator[str]:
    """The kernel: functions of straight-line code, and one that calls them in order.

    Straight-line code of distinct values leaves an optimiser little to find. Without the passes that look for it, gcc
    takes less than half the time of -O2, and the code is as fast.
    """
    yield "#if defined(__GNUC__) && !defined(__clang__)\n#pragma GCC push_options"
    yield f'#pragma GCC optimize("{_GCC_OPTIONS}")\n#endif\n'
    for part, (lo, hi) in enumerate(pairwise(layout.cuts)):
        yield f"static void part{part}(const word *restrict x, word *restrict s, word *restrict p, size_t vectors)"
        yield "{"
        yield "    for (; vectors; vectors--, x++, s++, p++) {"
        yield from _statements(program, layout, lo, hi)
        yield "    }\n}\n"
    yield "static void evaluate(const word *restrict x, word *restrict s, word *restrict p, size_t vectors)\n{"
    for part in range(len(layout.cuts) - 1):
        yield f"    part{part}(x, s, p, vectors);"
    yield "}\n"
    yield "#if defined(__GNUC__) && !defined(__clang__)\n#pragma GCC pop_options\n#endif\n"


def _statements(program: Program, layout: CodeLayout, lo: int, hi: int) -> Iterator[str]:
    first, slot = program.num_inputs, layout.slot[lo:hi].tolist()

    def read(value: int) -> str:
        if value < first:
            return f"x[{value}*V]"
        index = value - first
        return f"v{index - lo}" if index >= lo else f"s[{layout.slot[index]}*V]"

    for index in range(lo, hi):
        if program.opcode[index] == STORE:
            yield f"        p[{program.right[index]}*V] = {_plane(program.left[index], read)};"
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
