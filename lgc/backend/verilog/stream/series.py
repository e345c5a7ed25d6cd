"""Dense tables in series: some of them a clock, from memories of what they read and of what they make of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from lgc.backend.verilog.stream.design import Streamed
from lgc.backend.verilog.stream.parts import SERIES, filled
from lgc.backend.verilog.stream.result import Ending
from lgc.backend.verilog.stream.schedule import Times, outputs_of_frames, spacing
from lgc.backend.verilog.stream.window import bits
from lgc.errors import OptionError
from lgc.ir import CONST1, FIRST_INPUT, Circuit, Head

_SMALLEST_WORD = 8
_BEHIND = 9
"""Clocks from the last word written to the result, besides one a row."""
_APART = 3
"""Clocks from a map's last word to that of the next, besides one a row: then no row reads what is written."""


@dataclass(frozen=True)
class MapWords:
    """How a feature map goes into memory.

    Attributes:
        size: bits of a word, a power of two.
        parts: words an output.
        waiting: outputs that wait at once, at most.
        lag: clocks from an output to its last word, at most.
    """

    size: int
    parts: int
    waiting: int
    lag: int

    def drained(self, frames: Times) -> list[list[int]]:
        """The clock of the last word of each output of each frame."""
        free, found = 0, []
        for frame in frames:
            ends = []
            for came in frame:
                free = max(free, came) + self.parts
                ends.append(free)
            found.append(ends)
        return found


def _words(streamed: Streamed, size: int) -> MapWords:
    """Words of a size, and what waits for them.

    Without padding an output comes as many clocks behind another as pixels lie between them, or later: then frames
    without a gap are the worst case. With padding idle clocks may stand in for pixels, and what waits is bounded by a
    whole map.
    """
    positions = streamed.positions
    plain = MapWords(size, -(-streamed.slides[-1].outputs // size), positions, 0)
    if any(slide.tail for slide in streamed.slides):
        return MapWords(size, plain.parts, positions, positions * plain.parts)
    came = outputs_of_frames(streamed)
    flat = np.array(came).reshape(-1)
    ends = np.array(plain.drained(came)).reshape(-1)
    waiting = (ends[None, :] >= flat[:, None]).sum(axis=1) - np.arange(len(flat))[::-1]
    return MapWords(size, plain.parts, int(waiting.max()) + 1, int((ends - flat).max()))


@dataclass(frozen=True, eq=False)
class Rows:
    """Dense tables in the order in which they are looked up, ``lanes`` a row, class by class.

    Attributes:
        lanes: tables a row.
        arity: operands of each.
        wires: int64 (rows, lanes, arity), bits of the feature map as the circuit's inputs number them.
        tables: uint64 (rows, lanes), LSB-first.
        ends: bool (rows,), whether a row is the last one of its class.
    """

    lanes: int
    arity: int
    wires: NDArray[np.int64]
    tables: NDArray[np.uint64]
    ends: NDArray[np.bool_]

    @property
    def count(self) -> int:
        """Rows."""
        return len(self.ends)


def rows_of(circuit: Circuit, lanes: int) -> Rows:
    """The votes of a circuit of one level as rows; a class is filled up with tables that are 0.

    Raises:
        OptionError: a table reads another.
    """
    wires, tables = _looked_up(circuit)
    offsets = circuit.head.offsets.tolist()
    picked, ends = [], []
    for start, stop in pairwise(offsets):
        votes = [*range(start, stop)] or [-1]
        votes += [-1] * (-len(votes) % lanes)
        picked += votes
        ends += [False] * (len(votes) // lanes - 1) + [True]
    index = np.array(picked).reshape(-1, lanes)
    zero = index < 0
    tables = np.where(zero, np.uint64(0), tables[index])
    return Rows(lanes, wires.shape[1], np.where(zero[..., None], 0, wires[index]), tables, np.array(ends))


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


@dataclass(frozen=True, eq=False)
class SeriesEnding(Ending):
    """The feature map goes into memory, and dense tables are looked up some a clock.

    Attributes:
        lanes: tables a clock.
    """

    part: ClassVar[str] = "dense"
    lanes: int = 1

    @property
    def circuit(self) -> Circuit:
        """See :class:`Ending`."""
        assert self.streamed.dense is not None
        return self.streamed.dense

    @cached_property
    def rows(self) -> Rows:
        """What is looked up, in order."""
        return rows_of(self.circuit, self.lanes)

    @cached_property
    def words(self) -> MapWords:
        """The smallest words that bring a map into memory in time.

        Raises:
            OptionError: a frame has too few clocks.
        """
        if (found := self._fitting(self.rows.count)) is not None:
            return found
        sizes = self.circuit.head.sizes
        wanted = range(self.lanes + 1, int(sizes.max(initial=1)) + 1)
        least = next((n for n in wanted if self._fitting(int(np.maximum(-(-sizes // n), 1).sum()))), 0)
        raise OptionError(
            f"{self.lanes} tables a clock are {self.rows.count:,} clocks an image, and a frame of "
            f"{self.streamed.pixels:,} pixels has not so many",
            hint=f"--tables-per-clock {least} fits" if least else "Leave out --tables-per-clock",
        )

    def _fitting(self, rows: int) -> MapWords | None:
        between, size = spacing(self.streamed), _SMALLEST_WORD
        while True:
            words = _words(self.streamed, size)
            if rows + _APART <= between + words.parts - words.lag and self.streamed.positions * words.parts <= between:
                return words
            if size >= self.streamed.slides[-1].outputs:
                return None
            size *= 2

    def validate(self) -> None:
        """See :class:`Ending`."""
        _ = self.words

    def results(self, outputs: Times) -> list[int]:
        """See :class:`Ending`."""
        return [ends[-1] + self.rows.count + _BEHIND for ends in self.words.drained(outputs)]

    def entry(self) -> dict[str, object]:
        """See :class:`Ending`."""
        return {
            "module": f"{self.top}_{self.part}", "interval": self.rows.count, "outputs": self.verilog.outputs,
            "tables_per_clock": self.lanes,
        }  # fmt: skip

    def modules(self) -> Iterator[str]:
        """See :class:`Ending`."""
        rows, words, shape, head = self.rows, self.words, self.shape, self.circuit.head
        outputs, positions = self.streamed.slides[-1].outputs, self.streamed.positions
        count = positions * words.parts
        place, low, total = bits(count), bits(words.size), shape.num_classes * shape.score
        spare = words.parts * words.size - outputs
        log, part = max(1, (words.waiting - 1).bit_length()), bits(words.parts)
        oldest = f"queue[head[{log - 1}:0]]"
        yield filled(
            SERIES, top=self.top, outputs=outputs, classes=shape.num_classes, score=shape.score, index=shape.index,
            lanes=rows.lanes, arity=rows.arity, table=1 << rows.arity, word=words.size, parts=words.parts, place=place,
            part=part, log=log, low=low, address=place + low, wires=rows.lanes * rows.arity * (place + low),
            oldest=f"{{{spare}'d0, {oldest}}}" if spare else oldest, last_part=f"{part}'d{words.parts - 1}",
            last_place=f"{place}'d{count - 1}", row=bits(rows.count), last_row=f"{bits(rows.count)}'d{rows.count - 1}",
            wire_rows=self._wire_rows(place + low), table_rows=self._table_rows(), biases=_biases(head, shape.score),
            middle=f"{shape.score}'d{1 << (shape.score - 1) if shape.signed else 0}",
            above=">=" if head.tie == "last" else ">", votes=_sum(rows.lanes, shape.score),
            all=_all(total, shape.score, wanted=self.verilog.outputs != "class"),
        )  # fmt: skip

    def _wire_rows(self, address: int) -> str:
        """What the memory of wires holds: addresses, those of lane 0 and operand 0 lowest."""
        kernel, position = np.divmod(self.rows.wires, self.streamed.positions)
        size, parts = self.words.size, self.words.parts
        where = (position * parts + kernel // size) * size + kernel % size
        return _rom("wires", where.reshape(self.rows.count, -1).tolist(), address)

    def _table_rows(self) -> str:
        """What the memory of tables holds; above them whether the row is the last one of its class, and of all."""
        rows = self.rows
        flags = rows.ends * 1
        flags[-1] = 3
        width = 1 << rows.arity
        words = [[*tables, flag] for tables, flag in zip(rows.tables.tolist(), flags.tolist(), strict=True)]
        return _rom("tables", words, width, rows.lanes * width + 2)

    def instances(self, data: str, valid: str) -> Iterator[str]:
        """See :class:`Ending`."""
        yield f"  {self.top}_dense dense (.clk(clk), .rst(rst), .in_valid({valid}), .in_data({data}),"
        yield "    .out_valid(finished), .scores(scores), .class_id(class_id));"


def _rom(name: str, rows: Sequence[Sequence[int]], width: int, total: int = 0) -> str:
    """The lines of a case that is a memory: each row its numbers side by side, the first one lowest."""
    total, count = total or width * len(rows[0]), bits(len(rows))
    lines = [
        f"      {count}'d{row}: {name} <= {total}'h{sum(one << (width * i) for i, one in enumerate(numbers)):x};"
        for row, numbers in enumerate(rows)
    ]
    return "\n".join([*lines, f"      default: {name} <= {total}'d0;"])


def _biases(head: Head, score: int) -> str:
    return ", ".join(f"{score}'d{bias % (1 << score)}" for bias in reversed(head.bias.tolist()))


def _sum(lanes: int, score: int) -> str:
    """The votes of a row, added."""
    pad = f"{score - 1}'d0, " if score > 1 else ""
    return " + ".join(f"{{{pad}hits[{lane}]}}" for lane in range(lanes))


def _all(total: int, score: int, *, wanted: bool) -> str:
    """All scores, each shifted in once it is known."""
    if not wanted:
        return f"  assign scores = {total}'d0;"
    shifted = f"{{sum, all[{total - 1}:{score}]}}" if total > score else "sum"
    return f"  reg [{total - 1}:0] all;\n  always @(posedge clk) if (scored) all <= {shifted};\n  assign scores = all;"
