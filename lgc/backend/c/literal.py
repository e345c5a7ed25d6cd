"""Straight-line code over machine words, built with free complements.

A *literal* is an integer: ``2 * value + complemented``. Values 0..I-1 are the inputs, value I+k is the
result of instruction k; the literals -2 and -1 are the constants 0 and 1, so that ``literal ^ 1``
complements any of them. No instruction is ever a NOT: AND, AND-NOT, OR and XOR over values, with the
complement carried in the literal, express every two-input gate in one instruction.
"""

from __future__ import annotations

from dataclasses import dataclass, field

FALSE = -2
TRUE = -1

AND, ANDNOT, OR, XOR, STORE = range(5)
NONE = -1
"""In place of an operand that an instruction does not have."""


@dataclass
class Program:
    """A growing instruction list.

    Attributes:
        num_inputs: I.
        opcode, left, right, third: one entry an instruction. ``left`` and ``right`` are values; a STORE has a literal
            in ``left`` and the number of the output plane in ``right``. ``third`` is :data:`NONE` but in
            :class:`lgc.backend.c.ternary.TernaryProgram`.
        notes: instruction to a comment for the reader, where there is one.
    """

    num_inputs: int
    opcode: list[int] = field(default_factory=list)
    left: list[int] = field(default_factory=list)
    right: list[int] = field(default_factory=list)
    third: list[int] = field(default_factory=list)
    notes: dict[int, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.opcode)

    def operands(self, index: int) -> tuple[int, ...]:
        """The values that an instruction reads; a constant that is stored is negative."""
        if self.opcode[index] == STORE:
            return (self.left[index] >> 1,)
        two = self.left[index], self.right[index]
        return two if self.third[index] == NONE else (*two, self.third[index])

    def append(self, opcode: int, left: int, right: int, third: int = NONE) -> int:
        """Add an instruction; returns the value that is its result."""
        self.opcode.append(opcode)
        self.left.append(left)
        self.right.append(right)
        self.third.append(third)
        return self.num_inputs + len(self.opcode) - 1

    def store(self, literal: int, plane: int) -> None:
        """Write a literal to an output plane."""
        self.append(STORE, literal, plane)

    def conj(self, a: int, b: int) -> int:
        """The literal of a AND b."""
        if a < 0 or b < 0:
            if FALSE in (a, b):
                return FALSE
            return b if a == TRUE else a
        if a >> 1 == b >> 1:
            return a if a == b else FALSE
        if a & b & 1:  # ~a & ~b = ~(a | b)
            return 2 * self.append(OR, a >> 1, b >> 1) + 1
        if a & 1:
            a, b = b, a
        return 2 * self.append(ANDNOT if b & 1 else AND, a >> 1, b >> 1)

    def disj(self, a: int, b: int) -> int:
        """The literal of a OR b."""
        return self.conj(a ^ 1, b ^ 1) ^ 1

    def parity(self, a: int, b: int) -> int:
        """The literal of a XOR b."""
        if a < 0:
            a, b = b, a
        if b < 0:  # with 1 (-1) it is a complement, with 0 (-2) nothing
            return a ^ (b & 1)
        flip = (a ^ b) & 1
        if a >> 1 == b >> 1:
            return FALSE ^ flip
        return 2 * self.append(XOR, a >> 1, b >> 1) + flip

    def mux(self, select: int, low: int, high: int) -> int:
        """The literal of ``select ? high : low``."""
        if low < 0:  # s & h, or ~s | h
            return self.conj(select, high) if low == FALSE else self.disj(select ^ 1, high)
        if high < 0:
            return self.conj(select ^ 1, low) if high == FALSE else self.disj(select, low)
        if low >> 1 == high >> 1:
            return low if low == high else self.parity(select, low)
        return self.parity(low, self.conj(select, self.parity(low, high)))

    def full_adder(self, a: int, b: int, c: int) -> tuple[int, int]:
        """Literals (sum, carry) of three bits, in five instructions."""
        x = self.parity(a, b)
        y = self.parity(a, c)
        return self.parity(x, c), self.parity(a, self.conj(x, y))

    def gate(self, table: int, a: int, b: int) -> int:
        """The literal of a two-input function: LSB-first table, a is address bit 0."""
        ones = table.bit_count()
        if ones == 1:
            address = table.bit_length() - 1
            return self.conj(a ^ (address & 1 ^ 1), b ^ (address >> 1 ^ 1))
        if ones == 3:
            return self.gate(table ^ 15, a, b) ^ 1
        return (
            {0: FALSE, 3: b ^ 1, 5: a ^ 1, 10: a, 12: b, 15: TRUE}[table]
            if table not in (6, 9)
            else (self.parity(a, b) ^ (table == 9))
        )

    def pruned(self) -> Program:
        """The same program without instructions whose results no STORE needs."""
        first, count = self.num_inputs, len(self)
        needed = bytearray(count)
        for index in range(count - 1, -1, -1):
            if self.opcode[index] != STORE and not needed[index]:
                continue
            needed[index] = 1
            for value in self.operands(index):
                if value >= first:
                    needed[value - first] = 1
        return self if all(needed) else self._keep(needed)

    def _keep(self, needed: bytearray) -> Program:
        result = type(self)(self.num_inputs)
        place = list(range(self.num_inputs))
        for index, wanted in enumerate(needed):
            place.append(result.num_inputs + len(result))
            if not wanted:
                continue
            opcode, left, right = self.opcode[index], self.left[index], self.right[index]
            if opcode == STORE:
                result.store(2 * place[left >> 1] + (left & 1) if left >= 0 else left, right)
                continue
            if index in self.notes:
                result.notes[len(result)] = self.notes[index]
            third = self.third[index]
            # Not the subclass's, which computes nothing twice: two equal instructions may stand here on purpose.
            Program.append(result, opcode, place[left], place[right], NONE if third == NONE else place[third])
        return result
