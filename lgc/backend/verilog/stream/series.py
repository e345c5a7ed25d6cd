"""Dense tables in series: some of them a clock, from memories of what they read and of what they make of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from lgc.backend.verilog.stream.design import Streamed
from lgc.backend.verilog.stream.lookups import FAR, HELD, LOOKUP, MAP, NEAR, SERIES
from lgc.backend.verilog.stream.near import Lookup, later_lookup, with_near
from lgc.backend.verilog.stream.parts import filled
from lgc.backend.verilog.stream.result import Ending
from lgc.backend.verilog.stream.rows import Rows, lookups_of
from lgc.backend.verilog.stream.schedule import Times, outputs_of_frames, spacing
from lgc.backend.verilog.stream.window import bits
from lgc.errors import OptionError
from lgc.ir import Circuit, Head

_SMALLEST_WORD = 8
_LOOKED_UP = 6
"""Clocks from the last word that a layer reads to its last hits, besides one a row."""
_SUMMED = 3
"""Clocks for the first word, and from the last hits to the result."""
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
    def rows(self) -> list[Rows]:
        """What is looked up in each layer, in order."""
        return lookups_of(self.streamed.chain, self.lanes)

    @cached_property
    def words(self) -> MapWords:
        """The smallest words that bring a map into memory in time.

        Raises:
            OptionError: a frame has too few clocks.
        """
        rows, sizes = max(one.count for one in self.rows), [_SMALLEST_WORD]
        while sizes[-1] < self.streamed.slides[-1].outputs:
            sizes.append(2 * sizes[-1])
        fitting = [(words, self._most_rows(words)) for words in (_words(self.streamed, size) for size in sizes)]
        for words, most in fitting:
            if rows <= most:
                return words
        most = max(most for _, most in fitting)
        wanted = range(self.lanes + 1, max(circuit.netlist.num_outputs for circuit in self.streamed.chain) + 1)
        least = next((n for n in wanted if self._count(n) <= most), 0)
        raise OptionError(
            f"{self.lanes} tables a clock are {rows:,} clocks an image, and a frame of {self.streamed.pixels:,} beats "
            "has not so many",
            hint=f"--tables-per-clock {least} fits" if least else "Leave out --tables-per-clock",
        )

    def _most_rows(self, words: MapWords) -> int:
        """Rows for which there are clocks between two maps that come in such words."""
        between = spacing(self.streamed)
        fits = self.streamed.positions * words.parts <= between
        return between + words.parts - words.lag - _APART if fits else 0

    def _count(self, lanes: int) -> int:
        """Rows of the largest layer with so many lanes."""
        sizes = self.circuit.head.sizes
        read = [len(np.unique(rows.wires)) for rows in self.rows[1:]]
        return max(int(np.maximum(-(-sizes // lanes), 1).sum()), *(-(-one // lanes) for one in read), 0)

    def validate(self) -> None:
        """See :class:`Ending`."""
        _ = self.words

    def results(self, outputs: Times) -> list[int]:
        """See :class:`Ending`."""
        clocks = sum(one.count + _LOOKED_UP for one in self.rows) + _SUMMED
        return [ends[-1] + clocks for ends in self.words.drained(outputs)]

    def entry(self) -> dict[str, object]:
        """See :class:`Ending`."""
        return {
            "module": f"{self.top}_{self.part}", "interval": max(one.count for one in self.rows),
            "outputs": self.verilog.outputs, "tables_per_clock": self.lanes,
        }  # fmt: skip

    @cached_property
    def lookups(self) -> list[Lookup]:
        """The layers, each with where what it reads lies."""
        words, positions, rows, chain = self.words, self.streamed.positions, self.rows, self.streamed.chain
        many = self.streamed.slides[-1].together
        window, one = np.divmod(np.arange(chain[0].netlist.num_inputs), many)
        kernel, position = np.divmod(window, positions)
        output = kernel * many + one
        places = (position * words.parts + output // words.size) * words.size + output % words.size
        found = [with_near(Lookup("lookup1", rows[0], words.size, positions * words.parts, places))]
        for number, (circuit, mine) in enumerate(zip(chain, rows[1:], strict=False), 2):
            width = circuit.netlist.num_outputs
            found.append(with_near(later_lookup(f"lookup{number}", found[-1].rows, mine, width)))
        return found

    def modules(self) -> Iterator[str]:
        """See :class:`Ending`."""
        words, outputs = self.words, self.streamed.slides[-1].outputs
        spare = words.parts * words.size - outputs
        log, part = max(1, (words.waiting - 1).bit_length()), bits(words.parts)
        oldest = f"queue[head[{log - 1}:0]]"
        yield filled(
            MAP, top=self.top, outputs=outputs, word=words.size, parts=words.parts, log=log, part=part,
            oldest=f"{{{spare}'d0, {oldest}}}" if spare else oldest, last_part=f"{part}'d{words.parts - 1}",
        )  # fmt: skip
        for one in self.lookups:
            yield self._lookup(one, last=one is self.lookups[-1])
        yield self._sum()

    def _lookup(self, one: Lookup, *, last: bool) -> str:
        """The module of a layer; that of the last one marks the last row of a class, and of all."""
        rows, place, low, spot = one.rows, bits(one.words), bits(one.size), bits(one.near_words)
        address, table, near = place + low, 1 << one.rows.arity, bool(one.near)
        marks, above = rows.lanes * table, rows.lanes * one.far * address
        few = sum(1 << (lane * one.words + int(word)) for lane, words in enumerate(one.near) for word in words)
        text = (
            LOOKUP.replace("@far@", FAR * (one.far > 0)).replace("@near@", NEAR * near).replace("@held@", HELD * near)
        )
        return filled(
            text, top=self.top, name=one.name, lanes=rows.lanes, arity=rows.arity, table=table, word=one.size,
            words=one.words, place=place, low=low, address=address, far=one.far, spot=spot, near=spot + low,
            above=above, wires=above + rows.lanes * (spot + low) * near, few=f"{rows.lanes * one.words}'h{few:x}",
            but=", with few words for the first one" * near, last_place=f"{place}'d{one.words - 1}",
            row=bits(rows.count), tables=marks + 2 * last, last_row=f"{bits(rows.count)}'d{rows.count - 1}",
            wire_rows=_wire_rows(one, address), table_rows=_table_rows(rows, marked=last),
            mark_port="  output reg  [1:0] marks,  // of hits: the last ones of all, and of their class\n" * last,
            mark_note="  // above them: the marks" * last, mark=f"    marks <= looked[{marks} +: 2];\n" * last,
        )  # fmt: skip

    def _sum(self) -> str:
        """The module around the layers: it adds the last one's hits."""
        shape, head, outputs = self.shape, self.circuit.head, self.streamed.slides[-1].outputs
        return filled(
            SERIES, top=self.top, lanes=self.lanes, outputs=outputs, classes=shape.num_classes, score=shape.score,
            index=shape.index, layers="\n".join(self._instances()), biases=_biases(head, shape.score),
            middle=f"{shape.score}'d{1 << (shape.score - 1) if shape.signed else 0}",
            above=">=" if head.tie == "last" else ">", votes=_sum(self.lanes, shape.score),
            all=_all(shape.num_classes * shape.score, shape.score, wanted=self.verilog.outputs != "class"),
        )  # fmt: skip

    def _instances(self) -> Iterator[str]:
        first, lanes = self.lookups[0], self.lanes
        yield "  wire write0;"
        yield f"  wire [{first.size - 1}:0] hits0;"
        yield f"  {self.top}_map map (.clk(clk), .rst(rst), .in_valid(in_valid), .in_data(in_data), .write(write0),"
        yield "    .word(hits0));"
        yield "  wire [1:0] marks;"
        yield "  wire last = marks[1];"
        yield "  wire ends = marks[0];"
        for n, one in enumerate(self.lookups, 1):
            marks = ", .marks(marks)" if one is self.lookups[-1] else ""
            spare = one.size - lanes if n > 1 else 0
            word = f"{{{spare}'d0, hits{n - 1}}}" if spare else f"hits{n - 1}"
            yield f"  wire write{n};"
            yield f"  wire [{lanes - 1}:0] hits{n};"
            yield f"  {self.top}_{one.name} {one.name} (.clk(clk), .rst(rst), .write(write{n - 1}), .word({word}),"
            yield f"    .out_valid(write{n}), .hits(hits{n}){marks});"
        yield f"  wire counts = write{len(self.lookups)};"
        yield f"  wire [{lanes - 1}:0] hits = hits{len(self.lookups)};"

    def instances(self, data: str, valid: str) -> Iterator[str]:
        """See :class:`Ending`."""
        yield f"  {self.top}_dense dense (.clk(clk), .rst(rst), .in_valid({valid}), .in_data({data}),"
        yield "    .out_valid(finished), .scores(scores), .class_id(class_id));"


def _wire_rows(one: Lookup, address: int) -> str:
    """What a layer's memory of wires holds: addresses, lane 0 and operand 0 lowest, those in few words above all."""
    far, near = (found.reshape(one.rows.count, -1) for found in one.addresses())
    widths = [address] * far.shape[1] + [bits(one.near_words) + bits(one.size)] * near.shape[1]
    return _rom("wires", np.concatenate([far, near], axis=1).tolist(), widths)


def _table_rows(rows: Rows, *, marked: bool) -> str:
    """What its memory of tables holds; above them, if wanted, the marks."""
    widths, words = [1 << rows.arity] * rows.lanes, rows.tables.tolist()
    if marked:
        flags = rows.ends * 1
        flags[-1] = 3
        words = [[*tables, flag] for tables, flag in zip(words, flags.tolist(), strict=True)]
        widths = [*widths, 2]
    return _rom("tables", words, widths)


def _rom(name: str, rows: Sequence[Sequence[int]], widths: Sequence[int]) -> str:
    """The lines of a case that is a memory: each row its numbers side by side, the first one lowest."""
    total, count = sum(widths), bits(len(rows))
    starts = [sum(widths[:i]) for i in range(len(widths))]
    lines = [
        f"      {count}'d{row}: {name} <= {total}'h{sum(one << at for one, at in zip(numbers, starts, strict=True)):x};"
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
