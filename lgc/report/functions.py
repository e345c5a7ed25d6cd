"""Which functions the gates are: the sixteen of two inputs by name, wider tables by their symmetry."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lgc.ir import BY_TABLE, Netlist

FAMILIES = {
    "and": "c1", "andnot": "c1", "notand": "c1", "nor": "c1",
    "or": "c2", "ornot": "c2", "notor": "c2", "nand": "c2",
    "xor": "c3", "xnor": "c3",
    "a": "c5", "b": "c5", "nota": "c5", "notb": "c5", "zero": "c5", "one": "c5",
}  # fmt: skip
"""The colour of each gate of two inputs: true for one, for three, and for two different or equal addresses; the rest
reads one input or none."""

MEANING = {
    "c1": "1 in one of four",
    "c2": "1 in three of four",
    "c3": "equal or not",
    "c5": "0 or 1 input",
    "c4": "lookup table",
}

SYMMETRIES = (
    ("constant", "gives the same for every input"),
    ("one input", "follows one input, plain or inverted"),
    ("parity", "changes with every input that it reads"),
    ("symmetric", "only counts how many of its inputs are 1"),
    ("symmetric but for inverted inputs", "counts, once some inputs are inverted"),
    ("monotone", "no input ever works both ways, and the inputs count differently"),
    ("other", "none of these"),
)
"""Kinds of tables, the first that fits counts, and what each means."""


@dataclass(frozen=True)
class Functions:
    """How many gates are which function.

    Attributes:
        gates: of gates of two inputs by name, the most frequent first.
        tables: of wider tables: by kind of symmetry, in the order of :data:`SYMMETRIES`.
        read: of wider tables: how many of them depend on how many inputs.
        arities: how many gates have how many operands.
    """

    gates: dict[str, int]
    tables: dict[str, int]
    read: dict[int, int]
    arities: dict[int, int]


def count_functions(netlist: Netlist) -> Functions:
    """Count them, all nodes of the netlist."""
    gates: Counter[str] = Counter()
    tables, read = dict.fromkeys((name for name, _ in SYMMETRIES), 0), Counter[int]()
    arities = {
        int(arity): int(count) for arity, count in zip(*np.unique(netlist.arity, return_counts=True), strict=True)
    }
    for table, count in zip(*np.unique(netlist.table[netlist.arity == 2], return_counts=True), strict=True):
        gates[BY_TABLE[int(table)].name] += int(count)
    for arity in (one for one in arities if one != 2):
        rows = _unpacked(netlist.table[netlist.arity == arity], arity)
        kinds, depends = _kinds(rows)
        for index, name in enumerate(tables):
            tables[name] += int((kinds == index).sum())
        read.update(depends.tolist())
    return Functions(dict(gates.most_common()), tables, dict(sorted(read.items())), arities)


def _unpacked(tables: NDArray[np.uint64], arity: int) -> NDArray[np.bool_]:
    """Tables (N,) as bool (N, 2, ..., 2); the axis behind the first is the highest operand."""
    places = np.arange(1 << arity, dtype=np.uint64)
    return ((tables[:, None] >> places) & np.uint64(1)).astype(np.bool_).reshape(len(tables), *(2,) * arity)


def _kinds(rows: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The index of each table's symmetry, int64 (N,), and how many inputs it depends on."""
    count, arity = len(rows), rows.ndim - 1
    # Signs of the change by each input: it can raise the output, and it can lower it.
    halves = [(np.take(rows, 0, axis=1 + i), np.take(rows, 1, axis=1 + i)) for i in range(arity)]
    flat = [(low.reshape(count, -1), high.reshape(count, -1)) for low, high in halves]
    raises = np.array([(~low & high).any(axis=1) for low, high in flat], np.bool_).reshape(arity, count)
    lowers = np.array([(low & ~high).any(axis=1) for low, high in flat], np.bool_).reshape(arity, count)
    toggles = np.array([(low ^ high).all(axis=1) for low, high in flat], np.bool_).reshape(arity, count)
    depends, unate = raises | lowers, ~(raises & lowers).any(axis=0)
    number = depends.sum(axis=0)
    upright = _inverted(rows, lowers & ~raises)
    conditions = [
        number == 0, number == 1, (toggles == depends).all(axis=0), _is_symmetric(rows, depends),
        _is_symmetric(upright, depends), unate,
    ]  # fmt: skip
    return np.select(conditions, range(len(conditions)), len(SYMMETRIES) - 1), number


def _inverted(rows: NDArray[np.bool_], which: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Tables with some inputs inverted, bool (arity, N)."""
    for axis, inverts in enumerate(which, 1):
        rows = np.where(inverts.reshape(-1, *(1,) * (rows.ndim - 1)), np.flip(rows, axis), rows)
    return rows


def _is_symmetric(rows: NDArray[np.bool_], depends: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Whether swapping any two inputs that a table depends on changes nothing, bool (N,)."""
    found = np.ones(len(rows), np.bool_)
    for first in range(len(depends)):
        for second in range(first):
            swapped = np.swapaxes(rows, 1 + first, 1 + second)
            same = (swapped == rows).reshape(len(rows), -1).all(axis=1)
            found &= same | ~(depends[first] & depends[second])
    return found
