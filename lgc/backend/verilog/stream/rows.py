"""Dense tables as rows of memories: what is looked up a clock, and where what they read lies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from lgc.errors import OptionError
from lgc.ir import CONST1, FIRST_INPUT, Circuit


@dataclass(frozen=True, eq=False)
class Rows:
    """Dense tables in the order in which they are looked up, ``lanes`` a row, class by class.

    Attributes:
        lanes: tables a row.
        arity: operands of each.
        wires: int64 (rows, lanes, arity), bits of the feature map as the circuit's inputs number them.
        tables: uint64 (rows, lanes), LSB-first.
        outputs: int64 (rows, lanes), which output of the circuit each is; -1 fills up.
        ends: bool (rows,), whether a row is the last one of its class.
    """

    lanes: int
    arity: int
    wires: NDArray[np.int64]
    tables: NDArray[np.uint64]
    outputs: NDArray[np.int64]
    ends: NDArray[np.bool_]

    @property
    def count(self) -> int:
        """Rows."""
        return len(self.ends)


def rows_of(circuit: Circuit, lanes: int, read: NDArray[np.int64] | None = None) -> Rows:
    """The outputs of a circuit of one level as rows; a class is filled up with tables that are 0.

    Args:
        read: the outputs that somebody reads, in no classes; by default all of them, class by class.

    Raises:
        OptionError: a table reads another.
    """
    wires, tables = _looked_up(circuit)
    groups = [range(*ends) for ends in pairwise(circuit.head.offsets.tolist())] if read is None else [read.tolist()]
    picked, ends = [], []
    for group in groups:
        votes = [*group] or [-1]
        votes += [-1] * (-len(votes) % lanes)
        picked += votes
        ends += [False] * (len(votes) // lanes - 1) + [True]
    index = np.array(picked).reshape(-1, lanes)
    zero = index < 0
    tables = np.where(zero, np.uint64(0), tables[index])
    return Rows(lanes, wires.shape[1], np.where(zero[..., None], 0, wires[index]), tables, index, np.array(ends))


def lookups_of(chain: Sequence[Circuit], lanes: int) -> list[Rows]:
    """The rows of layers, of which each reads the one before; an output that the next does not read has none."""
    found = [rows_of(chain[-1], lanes)]
    for circuit in reversed(chain[:-1]):
        found.insert(0, rows_of(circuit, lanes, np.unique(found[0].wires)))
    return found


def _looked_up(circuit: Circuit) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
    """Of each vote what it reads, int64 (votes, arity), and its table; operands that a table lacks are input 0."""
    netlist = circuit.netlist
    if netlist.depth > 1:
        raise OptionError(
            "tables in series are for one dense layer, and here a table reads another",
            hint="Leave out --tables-per-clock: they stand side by side then",
        )
    arity = max(1, int(netlist.arity.max(initial=1)))
    wires = np.zeros((netlist.num_outputs + 1, arity), np.int64)  # one more, so that there is one without votes
    tables = np.zeros(netlist.num_outputs + 1, np.uint64)
    for vote, net in enumerate(netlist.outputs.tolist()):
        node = net - netlist.first_node
        if node >= 0:
            used = int(netlist.arity[node])
            table, operands = int(netlist.table[node]), netlist.fanin[node, :used]
            for place in np.flatnonzero(operands < FIRST_INPUT).tolist():
                table = _fixed(table, used, place, int(operands[place]))
            wires[vote, :used] = np.maximum(operands - FIRST_INPUT, 0)
            tables[vote] = _widened(table, used, arity)
        elif net >= FIRST_INPUT:
            wires[vote, 0] = net - FIRST_INPUT
            tables[vote] = _widened(2, 1, arity)
        else:
            tables[vote] = (1 << (1 << arity)) - 1 if net == CONST1 else 0
    return wires, tables


def _fixed(table: int, arity: int, place: int, value: int) -> int:
    """A table to which an operand does not matter any more, for it is a constant: net 0 or 1."""
    wanted = range(1 << arity)
    return sum((table >> (row & ~(1 << place) | value << place) & 1) << row for row in wanted)


def _widened(table: int, arity: int, wanted: int) -> int:
    """A table with more operands, which do not matter."""
    for size in range(arity, wanted):
        table |= table << (1 << size)
    return table
