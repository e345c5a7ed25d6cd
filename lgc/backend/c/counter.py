"""Counting ones without leaving the bit-sliced form: carry-save addition with free complements.

A full adder takes five instructions a bit. Two at once take eight for two bits if the bits come and go as pairs
(x, x ^ y), which every carry does: the MDFA block of Demenkov, Kojevnikov, Kulikov and Yaroslavtsev (2010). With one
more XOR to pair two gates, a bit costs four and a half instructions.
"""

from __future__ import annotations

from dataclasses import dataclass

from lgc.backend.c.literal import FALSE, TRUE, Program

Pair = tuple[int, int]
"""Literals (x, x ^ y) of two bits x and y of one weight."""


def half_adder(program: Program, a: int, b: int) -> tuple[int, int]:
    """Literals (sum, carry) of two bits."""
    return program.parity(a, b), program.conj(a, b)


def double_full_adder(program: Program, z: int, first: Pair, second: Pair) -> tuple[int, Pair]:
    """The sum bit of z and two pairs, and their two carries as a pair; eight instructions.

    With u = p | (x1 ^ z), "not all equal", and m = z ^ p, the first sum: the first carry is u ^ m, and the second
    likewise q | (x2 ^ m) ^ (m ^ q). Since (q | v) ^ q = v & ~q, their XOR is u ^ ((x2 ^ m) & ~q).
    """
    (x1, p), (x2, q) = first, second
    unequal = program.disj(p, program.parity(x1, z))
    middle = program.parity(z, p)
    carry = program.parity(unequal, middle)
    late = program.conj(program.parity(x2, middle), q ^ 1)
    return program.parity(middle, q), (carry, program.parity(unequal, late))


@dataclass
class _Column:
    """What waits at one weight: a sum bit, and at most one single bit and one pair."""

    total: int = FALSE
    single: int | None = None
    pair: Pair | None = None


class Counter:
    """Adds bits one by one.

    Four bits of a weight are added at once, so that a gate's output lives in a register from the instruction
    that makes it to the one that counts it.
    """

    def __init__(self, program: Program) -> None:
        self._program = program
        self._columns: list[_Column] = []
        self.constant = 0

    def add(self, literal: int, times: int = 1) -> None:
        """Count a literal ``times`` times."""
        if literal < 0:
            self.constant += times * (literal == TRUE)
            return
        for weight in range(times.bit_length()):
            if times >> weight & 1:
                self._add_single(literal, weight)

    def _add_single(self, literal: int, weight: int) -> None:
        column = self._column(weight)
        if column.single is None:
            column.single = literal
            return
        pair = (column.single, self._program.parity(column.single, literal))
        column.single = None
        self._add_pair(pair, weight)

    def _add_pair(self, pair: Pair, weight: int) -> None:
        while True:
            column = self._column(weight)
            if column.pair is None:
                column.pair = pair
                return
            column.total, pair = double_full_adder(self._program, column.total, column.pair, pair)
            column.pair = None
            weight += 1

    def _column(self, weight: int) -> _Column:
        while len(self._columns) <= weight:
            self._columns.append(_Column())
        return self._columns[weight]

    def finish(self, planes: int) -> list[int]:
        """The count plus ``constant``, modulo 2**planes: one literal a bit, the lowest first."""
        result = []
        carries: list[int] = []
        for weight in range(planes):
            bits = self._waiting(weight) + carries
            ones = (self.constant >> weight & 1) + bits.count(TRUE)
            total, carries = self._sum([bit for bit in bits if bit >= 0], bool(ones & 1))
            carries += [TRUE] * (ones // 2)
            result.append(total)
        return result

    def _waiting(self, weight: int) -> list[int]:
        """All bits of a column."""
        if weight >= len(self._columns):
            return []
        column = self._columns[weight]
        bits = [column.total] + ([] if column.single is None else [column.single])
        if column.pair is not None:
            bits += [column.pair[0], self._program.parity(*column.pair)]
        return bits

    def _sum(self, bits: list[int], one: bool) -> tuple[int, list[int]]:
        """One column's sum bit, and its carries."""
        program, carries = self._program, list[int]()
        while len(bits) >= 3:
            total, carry = program.full_adder(bits.pop(), bits.pop(), bits.pop(0))
            bits.append(total)
            carries.append(carry)
        if len(bits) == 2 and one:  # a + b + 1: the sum is the complement, the carry is a | b
            return program.parity(*bits) ^ 1, [*carries, program.disj(*bits)]
        if len(bits) == 2:
            total, carry = half_adder(program, *bits)
            return total, [*carries, carry]
        if not bits:
            return (TRUE if one else FALSE), carries
        return (bits[0] ^ 1, [*carries, bits[0]]) if one else (bits[0], carries)
