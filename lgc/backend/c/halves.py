"""A table of five or six operands by its halves: functions of three operands, and what joins them.

``f(a, b) = join(h1(a), h2(a), g1(b), g2(b))``. Two bits are enough for a half if the matrix of f, with a row for each
value of a and a column for each value of b, has at most four different rows and columns, as that of a threshold has.
Then f takes six instructions, and fewer where one bit is enough. Where f is ORed into a word, that may cost nothing:
``word | u(i, j) | v(k, l)`` is two instructions. This is the decomposition of Ashenhurst (1957) and Curtis (1962).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, reduce
from itertools import combinations, product
from operator import or_

import numpy as np
from numpy.typing import NDArray

from lgc.backend.c.split import small_cost, splits_of

WORD = -1
"""In place of an operand: the word that f is ORed into."""
_SIDE, _CODES = 3, 4
_OR = 0b1110


@dataclass(frozen=True)
class Instruction:
    """A table of up to three, LSB-first, over operands of f, results of instructions before, and the word.

    Attributes:
        reads: an operand's number; ``arity + k`` is the result of instruction k; :data:`WORD`.
    """

    table: int
    reads: tuple[int, ...]


@dataclass(frozen=True)
class Decomposition:
    """How f is made: the last of ``steps`` makes it, or ``word | f``.

    Attributes:
        cost: how many instructions the steps take; one that is an operand, or its complement, takes none.
    """

    steps: tuple[Instruction, ...]
    cost: int


Decompositions = dict[tuple[int, int], Decomposition]
"""Of a table and its arity."""


@dataclass(frozen=True)
class _Side:
    """A half, encoded.

    Attributes:
        bits: the functions of it; a number is an operand as it is.
        classes: of each code, least significant bit first, the row or column that it stands for; of those that stand
            for the same one only the first is ever there.
    """

    bits: tuple[Instruction | int, ...]
    classes: tuple[int, ...]

    @property
    def needed(self) -> tuple[bool, ...]:
        """Of each code, whether the bits ever are that."""
        if any(isinstance(bit, int) for bit in self.bits):  # operands as they are: any of their values
            return (True,) * len(self.classes)
        return tuple(self.classes.index(one) == code for code, one in enumerate(self.classes))


def decompositions_of(tables: Iterable[tuple[int, int]], *, joined: bool = False) -> Decompositions:
    """The cheapest of each pair (table, arity) that has one; an arity other than 5 and 6 has none.

    Args:
        joined: whether f is ORed into a word.
    """
    wanted, found = set(tables), dict[tuple[int, int], _Split]()
    for arity in (5, 6):
        here = sorted(table for table, size in wanted if size == arity)
        for side in combinations(range(arity), _SIDE):
            if here and (arity < 2 * _SIDE or not side[0]):  # else it was the other half before
                for table in _narrow(here, arity, side):
                    splits = [*filter(None, [found.get((table, arity))]), *_splits(table, arity, side, joined)]
                    found[table, arity] = min(splits, key=lambda one: one.cost)
    return {(table, arity): Decomposition(tuple(one.steps(arity)), one.cost) for (table, arity), one in found.items()}


def _matrix(tables: Sequence[int], arity: int, side: Sequence[int]) -> NDArray[np.uint8]:
    """uint8 (N, rows, columns): row a, column b, the first operand of a half being the least significant."""
    bits = np.array(tables, np.uint64)[:, None] >> np.arange(1 << arity, dtype=np.uint64) & np.uint64(1)
    rest = [place for place in range(arity) if place not in side]
    axes = [arity - place for place in (*reversed(side), *reversed(rest))]  # axis 1 is the most significant operand
    shaped = bits.astype(np.uint8).reshape(-1, *[2] * arity).transpose(0, *axes)
    return shaped.reshape(len(tables), 1 << len(side), 1 << len(rest))


def _narrow(tables: Sequence[int], arity: int, side: Sequence[int]) -> list[int]:
    """Those with at most four rows and four columns."""
    matrix = _matrix(tables, arity, side)
    fits = np.ones(len(tables), np.bool_)
    for lines in (matrix, matrix.transpose(0, 2, 1)):
        weights = 1 << np.arange(lines.shape[2])
        numbers = np.sort((lines * weights).sum(axis=2), axis=1)
        fits &= (np.diff(numbers, axis=1) != 0).sum(axis=1) < _CODES
    return np.array(tables, np.uint64)[fits].tolist()


def _splits(table: int, arity: int, side: tuple[int, ...], joined: bool) -> Iterator[_Split]:
    """All for one choice of the half."""
    rest = tuple(place for place in range(arity) if place not in side)
    matrix = _matrix([table], arity, side)[0]
    _, row_at, row_of = np.unique(matrix, axis=0, return_index=True, return_inverse=True)
    _, column_at, column_of = np.unique(matrix, axis=1, return_index=True, return_inverse=True)
    small = matrix[np.ix_(row_at, column_at)].tolist()
    for low, high in product(_sides(row_of.ravel().tolist(), side), _sides(column_of.ravel().tolist(), rest)):
        join = care = 0
        for place, (column, row) in enumerate(product(high.classes, low.classes)):
            join |= small[row][column] << place
        for place, (column, row) in enumerate(product(high.needed, low.needed)):
            care |= (column and row) << place
        yield _Split((*low.bits, *high.bits), join, care, joined)


@dataclass(frozen=True)
class _Split:
    """A table as a function of bits of its halves.

    Attributes:
        join: the table over the bits.
        care: the entries that are ever read.
    """

    bits: tuple[Instruction | int, ...]
    join: int
    care: int
    joined: bool

    @property
    def _pair(self) -> tuple[Half, Half] | None:
        return _pair_of_ors(self.join, self.care) if self.joined and len(self.bits) == 4 else None

    @property
    def cost(self) -> int:
        """Instructions."""
        inner, count = sum(isinstance(bit, Instruction) for bit in self.bits), len(self.bits)
        if self._pair:
            return inner + 2
        return inner + (1 if self.joined and count == 2 else small_cost(self.join, count) + self.joined)

    def steps(self, arity: int) -> list[Instruction]:
        """The functions of the halves, and the join of their bits."""
        steps = [bit for bit in self.bits if isinstance(bit, Instruction)]
        made = iter(range(arity, arity + len(steps)))
        reads = [next(made) if isinstance(bit, Instruction) else bit for bit in self.bits]
        if self.joined and len(reads) == 2:
            return [*steps, Instruction(_or_with(self.join), (WORD, *reads))]
        if pair := self._pair:
            (first, i, j), (second, k, last) = pair
            steps.append(Instruction(_or_with(first), (WORD, reads[i], reads[j])))
            return [*steps, Instruction(_or_with(second), (arity + len(steps) - 1, reads[k], reads[last]))]
        steps += _join_steps(self.join, reads, arity + len(steps))
        return [*steps, Instruction(_OR, (WORD, arity + len(steps) - 1))] if self.joined else steps


def _sides(classes: list[int], operands: tuple[int, ...]) -> Iterator[_Side]:
    """Encodings of a half: ``classes`` says of each value of the operands which row or column it is."""
    count = max(classes) + 1
    if len(operands) < _SIDE and count > 2:
        yield _Side(operands, tuple(classes))
        return
    for codes in _encodings(count):
        width = (len(codes) - 1).bit_length()
        tables = [sum((codes.index(one) >> bit & 1) << at for at, one in enumerate(classes)) for bit in range(width)]
        yield _Side(tuple(Instruction(one, operands) for one in tables), codes)


@cache
def _encodings(count: int) -> tuple[tuple[int, ...], ...]:
    """Of each code a class, so that every class has one; those that differ in complements and names of bits are one.

    The first class has code 0. A code that no class needs stands for any: that makes the join simpler.
    """
    if count <= 2:
        return (tuple(range(count)),)
    every = ((0, *codes) for codes in product(range(count), repeat=_CODES - 1))
    return tuple(codes for codes in every if len(set(codes)) == count and codes[1] <= codes[2])


def _join_steps(join: int, reads: Sequence[int], at: int) -> list[Instruction]:
    """A function of up to four bits; the first step makes value ``at``."""
    if len(reads) < 4:
        return [Instruction(join, tuple(reads))]
    split = splits_of([(join, 4)])[join, 4]
    rest = tuple(one for place, one in enumerate(reads) if place != split.operand)
    last = Instruction(split.join, (at, at + 1, reads[split.operand]))
    return [Instruction(split.first, rest), Instruction(split.second, rest), last]


Half = tuple[int, int, int]
"""A table of two, and the places of its operands."""


@cache
def _pair_of_ors(join: int, care: int) -> tuple[Half, Half] | None:
    """A function of four bits as u(i, j) | v(k, l), if it is one where it is ever read."""
    for j in (1, 2, 3):
        k, last = (place for place in (1, 2, 3) if place != j)
        at = [[i + (n << j) + (o << k) + (p << last) for p in (0, 1) for o in (0, 1)] for n in (0, 1) for i in (0, 1)]
        zeros, ones = (
            [sum((care & bits) >> place & 1 and 1 << entry for entry, place in enumerate(row)) for row in at]
            for bits in (~join, join)
        )
        for u in range(16):
            left = [row for row in range(4) if not u >> row & 1]
            zero, one = (reduce(or_, (rows[row] for row in left), 0) for rows in (zeros, ones))
            if not zero & one and not any(zeros[row] for row in range(4) if row not in left):
                return (u, 0, j), (one, k, last)
    return None


def _or_with(table: int) -> int:
    """``word | table``, of the word and the two operands."""
    return sum((1 if address & 1 else table >> (address >> 1) & 1) << address for address in range(8))
