"""Faults in the carry cells of ECP5, iCE40 and Gowin, each with inputs of its own: table bits, pins, the carry in."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from lgc.verify.mutate.cells import other_entry
from lgc.verify.mutate.functions import function
from lgc.verify.mutate.text import Edit

_CELL = re.compile(
    r"^  (?P<statement>(?P<type>CCU2C|SB_CARRY|ALU) (?:#\((?P<parameters>[^;]*?)\) )?"
    r"(?P<name>\w+) \((?P<pins>\.[^;]*)\);)$",
    re.M,
)
_PIN = re.compile(r"\.(\w+)\(([^()]*)\)")
_TABLE = re.compile(r"\.INIT(\d)\(16'h([0-9a-f]{4})\)")
_OUTPUTS = {"S0", "S1", "COUT", "CO", "SUM"}
_CARRY_IN = {"CCU2C": "CIN", "SB_CARRY": "CI", "ALU": "CIN"}
_CONSTANTS = {"1'b0": 0, "1'b1": 1}
_GENERATE = 0xF  # the entries of a table that a carry is made of, over A and B


@dataclass(frozen=True)
class CarryCell:
    """An instance of a carry cell.

    Attributes:
        start, end: of the statement in the text.
        tables: of a CCU2C its two INITs; others have none.
        pins: what is connected to each, in order; nothing to some outputs.
    """

    kind: str
    statement: str
    start: int
    end: int
    name: str
    tables: tuple[int, ...]
    pins: tuple[tuple[str, str], ...]

    @property
    def inputs(self) -> list[int]:
        """Places of the pins that read a net."""
        return [place for place, (pin, net) in enumerate(self.pins) if pin not in _OUTPUTS and net not in _CONSTANTS]

    @property
    def outputs(self) -> tuple[tuple[str, int], ...]:
        """The pins that are driven, and their widths."""
        return tuple((pin, 1) for pin, net in self.pins if pin in _OUTPUTS and net)

    def functions(self) -> tuple[object, ...]:
        """What the outputs compute, equal for two spellings of it."""
        pins = dict(self.pins)
        if not self.tables:
            return tuple(sorted((pins["I0"], pins["I1"], pins[_CARRY_IN[self.kind]])))  # symmetric in all three
        found: list[object] = [pins["CIN"]]
        for half, table in enumerate(self.tables):
            nets = [pins[f"{letter}{half}"] for letter in "ABCD"]
            found += [function(table, nets), function(table & _GENERATE, nets[:2])]
        return tuple(found)

    def text(self) -> str:
        """The statement."""
        pins = ", ".join(f".{pin}({net})" for pin, net in self.pins)
        head = self.statement[: self.statement.index(f" {self.name} (")]
        head = _TABLE.sub(lambda match: f".INIT{match[1]}(16'h{self.tables[int(match[1])]:04x})", head)
        return f"{head} {self.name} ({pins});"

    def fault(self, widths: dict[str, int], rng: random.Random) -> tuple[str, str, Edit] | None:
        """A fault as (kind, what is changed, edit); None if the draw changes nothing.

        Args:
            widths: entries of each vector.
        """
        changed = rng.choice((self._table_bit, self._rewired, self._swapped, self._carried))(widths, rng)
        if changed.functions() == self.functions():
            return None
        new = changed.text()
        return "carry chain", new, Edit(self.start, self.end, new, outputs=self.outputs)

    def _table_bit(self, widths: dict[str, int], rng: random.Random) -> CarryCell:
        """One entry; where no pin can address it, the function stays, and so there is no fault."""
        del widths
        if not self.tables:
            return self
        tables = list(self.tables)
        tables[rng.randrange(2)] ^= 1 << rng.randrange(16)
        return replace(self, tables=tuple(tables))

    def _rewired(self, widths: dict[str, int], rng: random.Random) -> CarryCell:
        if not self.inputs:
            return self
        place = rng.choice(self.inputs)
        return self._with(place, other_entry(self.pins[place][1], widths, rng))

    def _swapped(self, widths: dict[str, int], rng: random.Random) -> CarryCell:
        del widths
        if len(self.inputs) < 2:
            return self
        first, second = rng.sample(self.inputs, 2)
        return self._with(first, self.pins[second][1])._with(second, self.pins[first][1])

    def _carried(self, widths: dict[str, int], rng: random.Random) -> CarryCell:
        """The carry enters wrong."""
        del widths, rng
        place = next(place for place, (pin, _) in enumerate(self.pins) if pin == _CARRY_IN[self.kind])
        net = self.pins[place][1]
        return self._with(place, f"1'b{1 - _CONSTANTS[net]}" if net in _CONSTANTS else f"~{net}")

    def _with(self, place: int, net: str) -> CarryCell:
        pins = list(self.pins)
        pins[place] = (pins[place][0], net)
        return replace(self, pins=tuple(pins))


def find_carry_cells(text: str) -> Iterator[CarryCell]:
    """All of them in a text."""
    for match in _CELL.finditer(text):
        pins = tuple((one[1], one[2]) for one in _PIN.finditer(match["pins"]))
        tables = tuple(int(one[2], 16) for one in _TABLE.finditer(match["parameters"] or ""))
        yield CarryCell(match["type"], match["statement"], *match.span("statement"), match["name"], tables, pins)
