"""Computed lines: what one computes, of which nets."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from lgc.backend.verilog.grammar import GATE, ONE, ZERO
from lgc.ir import BY_TABLE
from lgc.ir.naming import PLAIN_LABEL
from lgc.verify.formal.grammar.lines import NUMBER, PRINTED

REFERENCE = rf"[a-zA-Z][a-zA-Z0-9_]*\[{NUMBER}\]"
_OPERAND = re.compile(rf"{REFERENCE}|{ZERO}|{ONE}")
_LUT = re.compile(r"lut([3-6])\(([0-9]{1,2})'h([0-9a-f]+), ((?:@, ){2,5}@)\)")
_NEURON = rf'(?:{PLAIN_LABEL}|"{PRINTED}"(?:_{NUMBER})?)\[{NUMBER}\]'
LINE = re.compile(rf"    {GATE} ([a-zA-Z][a-zA-Z0-9_]*)\[({NUMBER})\] = ([^;/\"]+);(?:  // {_NEURON})?")
"""Vector, index and expression; the comment names a neuron or is not there."""

_FORMS = {gate.verilog.format(a="@", b="@"): table for table, gate in BY_TABLE.items() if "{a}" in gate.verilog}
_FORMS = {form: table for form, table in _FORMS.items() if form.count("@") == 2}
_STEP = "((@ & @) | (~@ & @))"
MASKS = (
    0xAAAAAAAAAAAAAAAA,
    0xCCCCCCCCCCCCCCCC,
    0xF0F0F0F0F0F0F0F0,
    0xFF00FF00FF00FF00,
    0xFFFF0000FFFF0000,
    0xFFFFFFFF00000000,
)
"""The truth tables of six inputs, over all of their values."""
_ALL = (1 << 64) - 1


@dataclass(frozen=True)
class Computed:
    """A table over operands, operand 0 as address bit 0, or a place of a carry chain, whose ``table`` is -1.

    Attributes:
        text: the expression.
    """

    table: int
    operands: tuple[str, ...]
    text: str = ""


def parse_computed(expression: str, functions: frozenset[int]) -> Computed | None:
    """What an expression computes; None if lgc writes none such.

    Args:
        functions: the arities of the functions ``lut3`` to ``lut6`` that the module has.
    """
    operands = tuple(_OPERAND.findall(expression))
    shape = _OPERAND.sub("@", expression)
    if shape in _FORMS:
        return Computed(_FORMS[shape], operands, expression)
    if shape in ("@", "~@"):
        return Computed(0b01 if shape == "~@" else 0b10, operands)
    if match := _LUT.fullmatch(shape):
        arity, width, digits = int(match[1]), int(match[2]), match[3]
        fits = width == 1 << arity and len(digits) * 4 == width and len(operands) == arity and arity in functions
        return Computed(int(digits, 16), operands[::-1]) if fits else None
    while _STEP in shape:
        shape = shape.replace(_STEP, "@")
    return Computed(-1, operands, expression) if shape in ("@", "@ ^ @") else None


def same_function(first: Computed, second: Computed) -> bool:
    """Whether two tables of together at most six nets compute the same."""
    names = sorted({*first.operands, *second.operands} - {ZERO, ONE})
    if len(names) > len(MASKS):
        return False
    values = dict(zip(names, MASKS, strict=False)) | {ZERO: 0, ONE: _ALL}
    return _evaluate(first, values) == _evaluate(second, values)


def _evaluate(gate: Computed, values: Mapping[str, int]) -> int:
    """The table of a gate over the nets that have values."""
    words = [_ALL if gate.table >> address & 1 else 0 for address in range(1 << len(gate.operands))]
    for operand in gate.operands:
        mask = values[operand]
        words = [(low & ~mask) | (high & mask) for low, high in zip(words[::2], words[1::2], strict=True)]
    return words[0]
