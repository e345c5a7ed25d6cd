"""Cutting straight-line code into functions, and finding places for the values that cross a cut."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from lgc.backend.c.literal import STORE, Program

I64 = NDArray[np.int64]


@dataclass(frozen=True)
class CodeLayout:
    """Where everything goes.

    Attributes:
        cuts: part p is the instructions ``cuts[p]`` to ``cuts[p+1]``.
        slot: int64 (number of instructions,): the scratch word that keeps a result for later parts, or -1.
        num_slots: scratch words.
    """

    cuts: list[int]
    slot: I64
    num_slots: int

    @staticmethod
    def whole(program: Program) -> CodeLayout:
        """All in one part, so that nothing crosses a cut."""
        return CodeLayout([0, len(program)], np.full(len(program), -1), 0)


def make_layout(program: Program, part_size: int) -> CodeLayout:
    """Parts of about ``part_size`` instructions, cut where few values are alive."""
    last_use = _last_uses(program)
    cuts = _cuts(last_use, part_size)
    part_of = np.searchsorted(np.array(cuts), np.arange(len(program) + 1), side="right") - 1
    slot, num_slots = _assign(cuts, part_of, last_use)
    return CodeLayout(cuts, slot, num_slots)


def _last_uses(program: Program) -> I64:
    """int64 (N,): the last instruction that reads each result, or the result's own number."""
    count = len(program)
    index = np.arange(count, dtype=np.int64)
    last = index.copy()
    opcode = np.array(program.opcode, np.int64)
    stores = opcode == STORE
    left = np.array(program.left, np.int64)
    left = np.where(stores, left >> 1, left) - program.num_inputs
    right = np.where(stores, -1, np.array(program.right, np.int64) - program.num_inputs)
    third = np.array(program.third, np.int64) - program.num_inputs
    for operand in (left, right, third):
        used = operand >= 0
        np.maximum.at(last, operand[used], index[used])
    return last


def _cuts(last_use: I64, part_size: int) -> list[int]:
    """Positions of the cuts, from 0 to N."""
    count = len(last_use)
    changes = np.zeros(count + 1, np.int64)
    crossing = np.flatnonzero(last_use > np.arange(count))
    # A value is alive at the cuts after its own instruction and up to its last use.
    np.add.at(changes, crossing + 1, 1)
    np.add.at(changes, last_use[crossing] + 1, -1)
    alive = np.cumsum(changes)
    cuts = [0]
    while count - cuts[-1] > part_size * 5 // 4:
        lo = cuts[-1] + part_size * 3 // 4
        hi = cuts[-1] + part_size * 5 // 4
        cuts.append(lo + int(np.argmin(alive[lo:hi])))
    return [*cuts, count]


def _assign(cuts: list[int], part_of: I64, last_use: I64) -> tuple[I64, int]:
    """Scratch words by linear scan; a word is free again in the part after its last reader."""
    slot = np.full(len(last_use), -1, np.int64)
    expiring: list[list[int]] = [[] for _ in cuts]
    free: list[int] = []
    num_slots = 0
    for part, (lo, hi) in enumerate(pairwise(cuts)):
        for value in np.flatnonzero(part_of[last_use[lo:hi]] > part) + lo:
            if not free:
                free.append(num_slots)
                num_slots += 1
            slot[value] = free.pop()
            expiring[part_of[last_use[value]]].append(int(slot[value]))
        free.extend(reversed(expiring[part]))
    return slot, num_slots
