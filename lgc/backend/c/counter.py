"""Counting ones without leaving the bit-sliced form: carry-save addition with free complements."""

from __future__ import annotations

from lgc.backend.c.literal import FALSE, TRUE, Program


def full_adder(program: Program, a: int, b: int, c: int) -> tuple[int, int]:
    """Literals (sum, carry) of three bits, in five instructions."""
    x = program.parity(a, b)
    y = program.parity(a, c)
    return program.parity(x, c), program.parity(a, program.conj(x, y))


def half_adder(program: Program, a: int, b: int) -> tuple[int, int]:
    """Literals (sum, carry) of two bits."""
    return program.parity(a, b), program.conj(a, b)


class Counter:
    """Adds bits one by one, and keeps at most two of each weight.

    A third bit of a weight makes a full adder at once, so that a gate's output lives in a register from the
    instruction that makes it to the one that counts it.
    """

    def __init__(self, program: Program) -> None:
        self._program = program
        self._columns: list[list[int]] = []
        self.constant = 0

    def add(self, literal: int, times: int = 1) -> None:
        """Count a literal ``times`` times."""
        if literal < 0:
            self.constant += times * (literal == TRUE)
            return
        for weight in range(times.bit_length()):
            if times >> weight & 1:
                self._push(literal, weight)

    def _push(self, literal: int, weight: int) -> None:
        while True:
            column = self._column(weight)
            column.append(literal)
            if len(column) < 3:
                return
            total, literal = full_adder(self._program, column[2], column[1], column[0])
            column[:] = [total]
            weight += 1

    def _column(self, weight: int) -> list[int]:
        while len(self._columns) <= weight:
            self._columns.append([])
        return self._columns[weight]

    def finish(self, planes: int) -> list[int]:
        """The count plus ``constant``, modulo 2**planes: one literal a bit, the lowest first."""
        result = []
        carries: list[int] = []
        for weight in range(planes):
            bits = (self._columns[weight] if weight < len(self._columns) else []) + carries
            ones = (self.constant >> weight & 1) + bits.count(TRUE)
            total, carries = self._sum([bit for bit in bits if bit >= 0], bool(ones & 1))
            carries += [TRUE] * (ones // 2)
            result.append(total)
        return result

    def _sum(self, bits: list[int], one: bool) -> tuple[int, list[int]]:
        """One column's sum bit, and its carries."""
        program, carries = self._program, list[int]()
        while len(bits) >= 3:
            total, carry = full_adder(program, bits.pop(), bits.pop(), bits.pop(0))
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
