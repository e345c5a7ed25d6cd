"""Lookup tables of up to six operands as two-input instructions."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from lgc.backend.c.literal import FALSE, TRUE, Program
from lgc.ir.tables import cofactors

_EXACT_ARITY = 4


@lru_cache(maxsize=1 << 16)
def _split(table: int, arity: int) -> tuple[int, int]:
    """The cost estimate of a table, and the operand to split on; -1 if none is needed.

    Exact over all orders of splitting up to arity 4, greedy above (the search would be 3^arity tables).
    """
    full = (1 << (1 << arity)) - 1
    if table in (0, full) or arity < 2:
        return 0, -1
    best = (1 << 30, 0)
    for operand in range(arity):
        low, high = cofactors(table, operand, arity)
        half = (1 << (1 << (arity - 1))) - 1
        cost = _join_cost(low, high, half)
        if arity <= _EXACT_ARITY:
            cost += _split(low, arity - 1)[0] + (_split(high, arity - 1)[0] if high not in (low, low ^ half) else 0)
        else:
            cost = 4 * cost + min(low.bit_count(), half.bit_length() - low.bit_count())
            cost += min(high.bit_count(), half.bit_length() - high.bit_count())
        best = min(best, (cost, operand))
    return best


def _join_cost(low: int, high: int, half: int) -> int:
    """Instructions to join two cofactors."""
    if low == high:
        return 0
    return 1 if low ^ high == half or {low, high} & {0, half} else 3


def append_lut(program: Program, table: int, operands: Sequence[int]) -> int:
    """Append the instructions of one node; returns its literal.

    Args:
        table: LSB-first, operand 0 is address bit 0.
        operands: literals.
    """
    if len(operands) == 2:
        return program.gate(table, operands[0], operands[1])
    return _expand(program, table, tuple(operands), {})


def _expand(
    program: Program, table: int, operands: tuple[int, ...], known: dict[tuple[int, tuple[int, ...]], int]
) -> int:
    """Shannon expansion; the depth of the recursion is the arity."""
    full = (1 << (1 << len(operands))) - 1
    if table in (0, full):
        return TRUE if table else FALSE
    if len(operands) == 1:
        return operands[0] ^ (table & 1)
    for form in (table, table ^ full):
        if (form, operands) in known:
            return known[form, operands] ^ (form != table)
    _, operand = _split(table, len(operands))
    low, high = cofactors(table, operand, len(operands))
    rest = operands[:operand] + operands[operand + 1 :]
    low_literal = _expand(program, low, rest, known)
    high_literal = _expand(program, high, rest, known)
    literal = program.mux(operands[operand], low_literal, high_literal)
    known[table, operands] = literal
    return literal
