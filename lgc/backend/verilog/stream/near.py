"""Where what dense tables in series read lies: in block memories, and near ones of a few words each.

A memory gives one word a clock, so that each operand of each table needs a copy of what it reads. But a table's
operands may change places, and tables of a class their lane. So the first operand of a lane can be one that lies in few
words, and its copy has only these: it is a memory of lookup tables, in place of a block.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lgc.backend.verilog.stream.rows import Rows

_NEAR_BITS = 2048
"""Of a memory of lookup tables, both halves together."""


@dataclass(frozen=True, eq=False)
class Lookup:
    """A dense layer in series.

    Attributes:
        name: of its module, behind the top's.
        rows: its tables.
        size: bits of a word of what it reads, a power of two.
        words: of what it reads.
        places: int64 (bits it reads,), where in the words each of them lies: ``word * size + bit``; -1 for none.
        near: of each lane the words, ascending, that its first operand reads; empty if it reads all of them.
    """

    name: str
    rows: Rows
    size: int
    words: int
    places: NDArray[np.int64]
    near: tuple[NDArray[np.int64], ...] = ()

    @property
    def far(self) -> int:
        """Operands of a table that read all words."""
        return self.rows.arity - bool(self.near)

    @property
    def near_words(self) -> int:
        """Of the largest memory of few words."""
        return max((len(words) for words in self.near), default=0)

    def addresses(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """What the operands read: int64 (rows, lanes, far), and of the first ones (rows, lanes) in their few words."""
        places = self.places[self.rows.wires]
        if not self.near:
            return places, np.zeros((self.rows.count, 0), np.int64)
        first = places[..., 0]
        found = [np.searchsorted(few, first[:, lane] // self.size) for lane, few in enumerate(self.near)]
        last = np.array([len(few) - 1 for few in self.near])  # what fills up reads any word
        return places[..., 1:], np.minimum(np.stack(found, axis=1), last) * self.size + first % self.size


def with_near(lookup: Lookup) -> Lookup:
    """The same, its tables and operands put where the first ones read few words; as it is if they are not few enough.

    Word by word, that one which most of the tables read that have no lane yet: first for lane 0, last for the last one.
    """
    rows, size = lookup.rows, lookup.size
    words = lookup.places[rows.wires].reshape(-1, rows.arity) // size
    of_class: NDArray[np.int64] = np.repeat(np.cumsum(rows.ends) - rows.ends, rows.lanes)
    left = rows.outputs.reshape(-1) >= 0
    lanes = np.full(len(left), -1)
    near = []
    for lane in range(rows.lanes):
        room, few = np.bincount(of_class[:: rows.lanes]), []
        while (able := left & (room[of_class] > 0)).any():
            few.append(_most_read(words[able], lookup.words))
            taken = _first(able & (words == few[-1]).any(axis=1), of_class, room)
            lanes[taken], left[taken] = lane, False
            room = room - np.bincount(of_class[taken], minlength=len(room))
        near.append(np.array(sorted(few) or [0]))
    found = replace(lookup, near=tuple(near))
    if 2 * found.near_words * size > _NEAR_BITS:
        return lookup
    return replace(found, rows=_placed(rows, words, of_class, lanes, near))


def later_lookup(name: str, before: Rows, rows: Rows, width: int) -> Lookup:
    """A layer that reads another in series, whose rows are its words.

    Args:
        width: outputs of the one before.
    """
    size, places, used = 1 << max(1, (before.lanes - 1).bit_length()), np.full(width, -1), before.outputs >= 0
    where = np.arange(before.count)[:, None] * size + np.arange(before.lanes)
    places[before.outputs[used]] = where[used]
    return Lookup(name, rows, size, before.count, places)


def _most_read(words: NDArray[np.int64], count: int) -> int:
    """The word that most tables read, of those of tables (T, arity)."""
    ordered = np.sort(words, axis=1)
    once = np.ones(words.shape, np.bool_)
    once[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    return int(np.bincount(ordered[once], minlength=count).argmax())


def _first(wanted: NDArray[np.bool_], of_class: NDArray[np.int64], room: NDArray[np.int64]) -> NDArray[np.int64]:
    """The first tables that are wanted, of each class as many as there is room for; classes are ascending."""
    found = np.flatnonzero(wanted)
    classes = of_class[found]
    return found[np.arange(len(found)) - np.searchsorted(classes, classes) < room[classes]]


def _placed(
    rows: Rows,
    words: NDArray[np.int64],
    of_class: NDArray[np.int64],
    lanes: NDArray[np.int64],
    near: list[NDArray[np.int64]],
) -> Rows:
    """Rows whose tables are in those lanes, and whose first operands read those words."""
    order = np.full((rows.count, rows.lanes), -1)
    for lane in range(rows.lanes):
        mine = np.flatnonzero(lanes == lane)
        classes = of_class[mine]
        starts = np.searchsorted(of_class[:: rows.lanes], classes)
        order[starts + np.arange(len(mine)) - np.searchsorted(classes, classes), lane] = mine
    filler = order < 0
    first = np.zeros(len(lanes), np.int64)
    for lane, few in enumerate(near):
        first[lanes == lane] = np.isin(words[lanes == lane], few).argmax(axis=1)
    wires, tables = _swapped(rows.wires.reshape(-1, rows.arity), rows.tables.reshape(-1), first)
    return replace(
        rows, wires=np.where(filler[..., None], 0, wires[order]), tables=np.where(filler, np.uint64(0), tables[order]),
        outputs=np.where(filler, -1, rows.outputs.reshape(-1)[order]),
    )  # fmt: skip


def _swapped(
    wires: NDArray[np.int64], tables: NDArray[np.uint64], first: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
    """Tables (T,) with operand 0 and the operand ``first`` (T,) of each in each other's place."""
    wires, everyone = wires.copy(), np.arange(len(wires))
    wires[everyone, first], wires[everyone, 0] = wires[everyone, 0].copy(), wires[everyone, first].copy()
    row = np.arange(1 << wires.shape[1])
    low, high = row & 1, row >> first[:, None] & 1
    source = row & ~1 & ~(1 << first[:, None]) | high | low << first[:, None]
    bits = tables[:, None] >> source.astype(np.uint64) & np.uint64(1)
    return wires, (bits << row.astype(np.uint64)).sum(axis=1, dtype=np.uint64)
