"""Straight-line code where one instruction is any function of three words, as ``vpternlog`` is of AVX-512.

A complement costs nothing: it goes into the table of the instruction that reads it. A full adder is two instructions,
its sum 0x96 and its carry 0xe8, and a lookup table of six operands is few, see :mod:`lgc.backend.c.split`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from lgc.backend.c.counter import Counter
from lgc.backend.c.halves import WORD, Decomposition
from lgc.backend.c.literal import FALSE, NONE, TRUE, Program
from lgc.backend.c.split import Splits
from lgc.ir.tables import cofactors

TERNARY = 16
"""The opcode of table t is ``TERNARY + t``: LSB-first, ``left`` is address bit 0 and ``third`` bit 2."""

_SUM, _MAJORITY, _CARRY = 0x96, 0xE8, 0x8E
"""The sum and the carry of (a, b, c), and the carry of (a, b, sum): a where a is b, else the sum's complement."""


@dataclass
class TernaryProgram(Program):
    """A growing list of instructions of up to three operands; what was computed once is not computed again."""

    _known: dict[tuple[int, ...], int] = field(default_factory=dict)

    def append(self, opcode: int, left: int, right: int, third: int = NONE) -> int:
        """See :class:`Program`."""
        key = (opcode, left, right, third)
        if key not in self._known:
            self._known[key] = super().append(*key)
        return self._known[key]

    def forget_inputs(self) -> None:
        """Compute functions of inputs again from here on."""
        self._known = {key: value for key, value in self._known.items() if max(key[1:]) >= self.num_inputs}

    def full_adder(self, a: int, b: int, c: int) -> tuple[int, int]:
        """Literals (sum, carry) of three bits, in two instructions.

        Of three distinct values the carry is made of the sum: then the sum may be written over one operand, and the
        carry over another. Made of the operands, one of the two would need a copy.
        """
        total = self.table(_SUM, (a, b, c))
        if min(a, b, c) < 0 or len({a >> 1, b >> 1, c >> 1}) < 3:
            return total, self.table(_MAJORITY, (a, b, c))
        return total, self.table(_CARRY, (b, c, total))

    def table(self, table: int, operands: tuple[int, ...]) -> int:
        """The literal of a function of up to three literals, in at most one instruction.

        Args:
            table: LSB-first, operand 0 is address bit 0.
            operands: any literals, constants and repeated ones too.
        """
        values = sorted({literal >> 1 for literal in operands if literal >= 0})
        places = tuple(values.index(literal >> 1) if literal >= 0 else NONE for literal in operands)
        table, needed = _reduced(table, places, tuple(literal & 1 for literal in operands), len(values))
        used = [values[place] for place in needed]
        if len(used) == 3:
            flip = table & 1
            return 2 * self.append(TERNARY + (table ^ 0xFF * flip), *used) + flip
        if len(used) == 2:
            return self.gate(table, 2 * used[0], 2 * used[1])
        return 2 * used[0] + (table & 1) if used else (TRUE if table else FALSE)

    def lut(self, table: int, operands: Sequence[int], splits: Splits) -> int:
        """The literal of a node of up to six operands: any literals, and a table of as many."""
        if len(operands) <= 3:
            return self.table(table, tuple(operands))
        step = splits[table, len(operands)]
        rest = [*operands[: step.operand], *operands[step.operand + 1 :]]
        first, second = (self.lut(inner, rest, splits) for inner in (step.first, step.second))
        return self.table(step.join, (first, second, operands[step.operand]))

    def decomposed(self, made: Decomposition, operands: Sequence[int], word: int = FALSE) -> int:
        """The literal that a decomposition makes of literals, and of the word that it ORs into."""
        values = [*operands]
        for step in made.steps:
            values.append(self.table(step.table, tuple(word if one == WORD else values[one] for one in step.reads)))
        return values[-1]


@lru_cache(maxsize=1 << 12)
def reordered(table: int, order: tuple[int, ...]) -> int:
    """The same function of three operands that come in another order: first the one that was number ``order[0]``."""
    result = 0
    for address in range(8):
        source = sum((address >> place & 1) << number for place, number in enumerate(order))
        result |= (table >> source & 1) << address
    return result


@lru_cache(maxsize=1 << 16)
def _reduced(table: int, places: tuple[int, ...], flips: tuple[int, ...], count: int) -> tuple[int, tuple[int, ...]]:
    """The same function of ``count`` distinct values without complements, and which of them it depends on.

    Args:
        places: of each operand, which value it is; :data:`NONE` is the constant that its flip says.
    """
    result = 0
    for address in range(1 << count):
        bits = (address >> place & 1 if place >= 0 else 0 for place in places)
        source = sum((bit ^ flip) << k for k, (bit, flip) in enumerate(zip(bits, flips, strict=True)))
        result |= (table >> source & 1) << address
    needed = list(range(count))
    for place in reversed(range(count)):
        low, high = cofactors(result, place, len(needed))
        if low == high:
            result = low
            del needed[place]
    return result, tuple(needed)


class TernaryCounter(Counter):
    """Adds bits one by one: with the sum so far, two of them make a full adder of two instructions."""

    def _add_single(self, literal: int, weight: int) -> None:
        column = self._column(weight)
        if column.single is None:
            column.single = literal
            return
        column.total, carry = self._program.full_adder(column.total, column.single, literal)
        column.single = None
        if carry != FALSE:
            self._add_single(carry, weight + 1)
