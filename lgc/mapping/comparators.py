"""Comparisons of codes with constants as gates of two inputs, which share what they have in common."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lgc.ir import CONST0, CONST1, FIRST_INPUT, FeatureCode, FeatureCodes

_AND, _OR = 0b1000, 0b1110
_EITHER = {(0, 0): 0b0001, (1, 0): 0b0010, (0, 1): 0b0100, (1, 1): 0b1000}
"""The gate that is 1 for these values of its operands alone."""

Levels = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Comparators:
    """Gates of two inputs.

    Attributes:
        fanin: int32 (E, 2).
        table: uint64 (E,).
        bit: int32 (E,), the first encoded bit that each gate is for.
        nets: int64 (bits,), the net of each encoded bit; 0 for bits that nobody reads.
    """

    fanin: NDArray[np.int32]
    table: NDArray[np.uint64]
    bit: NDArray[np.int32]
    nets: NDArray[np.int64]


@dataclass(eq=False)
class _Gates:
    """Gates as they are made, the next one's net, and the nets of encoded bits."""

    next_net: int
    nets: NDArray[np.int64]
    fanin: list[NDArray[np.int32]] = field(default_factory=list)
    table: list[NDArray[np.uint64]] = field(default_factory=list)
    bit: list[NDArray[np.int32]] = field(default_factory=list)

    def add(self, operands: NDArray[np.int64], table: NDArray[np.uint64], bit: NDArray[np.int64]) -> NDArray[np.int64]:
        """The nets of new gates, one a row."""
        self.fanin.append(operands.astype(np.int32))
        self.table.append(table.astype(np.uint64))
        self.bit.append(bit.astype(np.int32))
        made = self.next_net + np.arange(len(bit))
        self.next_net += len(bit)
        return made


def comparators(wanted: Levels, read: NDArray[np.int64], per_feature: int, codes: FeatureCodes) -> Comparators:
    """The gates for those of the encoded bits that are read.

    Args:
        wanted: int64 (bits,), the level of each encoded bit.
        per_feature: encoded bits of a feature.
    """
    column = np.repeat(np.repeat(np.arange(len(codes.columns)), codes.counts), per_feature)
    is_number = np.array([isinstance(one, FeatureCode) for one in codes.columns])[column]
    top = np.where(is_number, codes.tops[column], 1)
    gates = _Gates(FIRST_INPUT + codes.num_bits, np.zeros(len(wanted), np.int64))
    gates.nets[read[wanted[read] < 0]] = CONST1
    real = read[(wanted[read] >= 0) & (wanted[read] < top[read])]
    _above(gates, real[is_number[real]], wanted, column, codes)
    _equal(gates, real[~is_number[real]], per_feature, column, codes)
    none = np.zeros((0, 2), np.int32)
    return Comparators(
        np.concatenate([none, *gates.fanin]),
        np.concatenate([np.zeros(0, np.uint64), *gates.table]),
        np.concatenate([np.zeros(0, np.int32), *gates.bit]),
        gates.nets,
    )


def _above(
    gates: _Gates, real: NDArray[np.int64], wanted: Levels, column: NDArray[np.int64], codes: FeatureCodes
) -> None:
    """Comparators ``k > level`` as chains from the low bits up.

    With i bits, ``k > v`` is ``k[i-1] & (rest > rest of v)`` if the top bit of v is 1, else ``k[i-1] | ...``; a rest of
    ones is never exceeded, so low ones of v cost nothing. Equal (column, i, v) are one gate.
    """
    width = codes.widths[column[real]]
    most = int(width.max(initial=0))
    # Downwards: keys[i] are the (column << i | v) needed of i bits, each with the first bit that needs it.
    keys: list[NDArray[np.int64]] = [np.zeros(0, np.int64)] * (most + 2)
    owner = list(keys)
    for i in range(most, 0, -1):
        rest, ones = _rest(keys[i + 1], i + 1)
        whole = real[width == i]
        needed = np.concatenate([rest[~ones], (column[whole] << i) | wanted[whole]])
        keys[i], first = np.unique(needed, return_index=True)
        owner[i] = np.concatenate([owner[i + 1][~ones], whole])[first]
    # Upwards: gates, those of fewer bits first.
    below = np.zeros(0, np.int64)
    for i in range(1, most + 1):
        of, value = keys[i] >> i, keys[i] & ((1 << i) - 1)
        rest, ones = _rest(keys[i], i)
        mine = FIRST_INPUT + codes.starts[of] + i - 1
        some = np.flatnonzero(~ones)
        operands = np.stack([mine[some], below[np.searchsorted(keys[i - 1], rest[some])]], axis=1)
        table = np.where(value[some] >> (i - 1) & 1, _AND, _OR)
        mine[some] = gates.add(np.sort(operands, axis=1), table, owner[i][some])
        below = mine
        whole = real[width == i]
        gates.nets[whole] = below[np.searchsorted(keys[i], (column[whole] << i) | wanted[whole])]


def _rest(keys: NDArray[np.int64], i: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """The keys without their top bit of i, and whether what remains is all ones."""
    mask = (1 << (i - 1)) - 1
    low = keys & mask
    return (keys >> i << (i - 1)) | low, low == mask


def _equal(
    gates: _Gates, real: NDArray[np.int64], per_feature: int, column: NDArray[np.int64], codes: FeatureCodes
) -> None:
    """Comparators ``k == word`` as chains from the low bits up; equal (column, low bits) are one gate."""
    made: dict[tuple[int, int, int], int] = {}
    for bit in real.tolist():
        place = int(column[bit])
        word = bit // per_feature - int(codes.firsts[place])
        first, width = FIRST_INPUT + int(codes.starts[place]), int(codes.widths[place])
        net, known = first, word & 1  # what is known of the low bits is that this net has this value
        for i in range(1, max(2, width)):
            low = word & ((1 << (i + 1)) - 1)
            if (place, i, low) not in made:
                other, value = (first + i, word >> i & 1) if i < width else (CONST0, 0)
                pair = sorted([(net, known), (other, value)])
                table = _EITHER[pair[0][1], pair[1][1]]
                operands = np.array([[pair[0][0], pair[1][0]]])
                made[place, i, low] = int(gates.add(operands, np.array([table]), np.array([bit]))[0])
            net, known = made[place, i, low], 1
        gates.nets[bit] = net
