"""Faults in the cells of a fabric: table bits, pins, and the wiring of carry chains."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, replace

from lgc.verify.mutate.functions import function
from lgc.verify.mutate.text import Edit

_CELL = re.compile(
    r"^  (?P<statement>(?P<type>[A-Z][A-Z0-9_]*) (?:#\(\.\w+\((?P<size>\d+)'h(?P<init>[0-9a-f]+)\)\) )?"
    r"(?P<name>\w+) \((?P<pins>\.[^;]*)\);)$",
    re.M,
)
_PIN = re.compile(r"\.(\w+)\(([^()]*)\)")
_OUTPUTS = {"O", "O5", "O6", "Z", "F", "CO"}
_CONSTANTS = {"1'b0": 0, "1'b1": 1}
_CHAIN = "CARRY4"


@dataclass(frozen=True)
class PlacedCell:
    """An instance of a cell.

    Attributes:
        start, end: of the statement in the text.
        table: its INIT, or None of a carry chain.
        pins: name and what is connected, in order; of a chain's data and selection a list in braces.
    """

    statement: str
    start: int
    end: int
    name: str
    size: int
    table: int | None
    pins: tuple[tuple[str, str], ...]

    @property
    def inputs(self) -> tuple[tuple[str, str], ...]:
        """The pins that are read, the least significant of a table's address first."""
        return tuple(pin for pin in self.pins if pin[0] not in _OUTPUTS)

    @property
    def outputs(self) -> tuple[tuple[str, int], ...]:
        """The pins that are driven, and their widths."""
        return tuple((pin, 4 if self.table is None else 1) for pin, _ in self.pins if pin in _OUTPUTS)

    def functions(self) -> tuple[object, ...]:
        """What the outputs compute, equal for two spellings of it; a chain's is its pins."""
        if self.table is None:
            return self.inputs
        nets = [net for _, net in self.inputs]
        found: list[object] = [function(self.table, nets)]
        if len(self.outputs) == 2:  # the second output is that of the lower half
            found.append(function(self.table & ((1 << self.size // 2) - 1), nets[:-1]))
        return tuple(found)

    def text(self) -> str:
        """The statement."""
        old = self.statement
        pins = ", ".join(f".{pin}({net})" for pin, net in self.pins)
        head = old[: old.index(f" {self.name} (")]
        if self.table is not None:
            head = re.sub(r"'h[0-9a-f]+", f"'h{self.table:0{max(1, self.size // 4)}x}", head, count=1)
        return f"{head} {self.name} ({pins});"


def find_cells(text: str) -> list[PlacedCell]:
    """All cells of a text."""
    found = []
    for match in _CELL.finditer(text):
        pins = tuple((one[1], one[2]) for one in _PIN.finditer(match["pins"]))
        if any(pin in _OUTPUTS for pin, _ in pins) and (match["init"] or match["type"] == _CHAIN):
            table = None if match["init"] is None else int(match["init"], 16)
            place = match.span("statement")
            found.append(PlacedCell(match["statement"], *place, match["name"], int(match["size"] or 0), table, pins))
    return found


def cell_fault(cell: PlacedCell, widths: dict[str, int], rng: random.Random) -> tuple[str, str, Edit] | None:
    """A fault of a cell, as (kind, what is changed, edit); None if the draw changes nothing.

    Args:
        widths: entries of each vector.
    """
    if cell.table is None:
        kind, changed = "carry chain", _chain_fault(cell, widths, rng)
    else:
        kind, draw = rng.choice(list(_DRAWS.items()))
        changed = draw(cell, widths, rng)
    if changed.functions() == cell.functions():
        return None
    new = changed.text()
    return kind, new, Edit(cell.start, cell.end, new, outputs=cell.outputs)


def _table_bit(cell: PlacedCell, widths: dict[str, int], rng: random.Random) -> PlacedCell:
    """One bit that the connected pins can address."""
    del widths
    assert cell.table is not None
    address = rng.randrange(cell.size)
    for place, (_, net) in enumerate(cell.inputs):
        if net in _CONSTANTS and not (len(cell.outputs) == 2 and place == len(cell.inputs) - 1):
            address = address & ~(1 << place) | _CONSTANTS[net] << place
    return replace(cell, table=cell.table ^ 1 << address)


def _stuck(cell: PlacedCell, widths: dict[str, int], rng: random.Random) -> PlacedCell:
    del widths
    return replace(cell, table=rng.randrange(2) * ((1 << cell.size) - 1))


def _swapped(cell: PlacedCell, widths: dict[str, int], rng: random.Random) -> PlacedCell:
    del widths
    places = _connected(cell)
    if len(places) < 2:
        return cell
    first, second = rng.sample(places, 2)
    pins = list(cell.pins)
    pins[first], pins[second] = (pins[first][0], pins[second][1]), (pins[second][0], pins[first][1])
    return replace(cell, pins=tuple(pins))


def _rewired(cell: PlacedCell, widths: dict[str, int], rng: random.Random) -> PlacedCell:
    places = _connected(cell)
    if not places:
        return cell
    place = rng.choice(places)
    pins = list(cell.pins)
    pins[place] = (pins[place][0], other_entry(pins[place][1], widths, rng))
    return replace(cell, pins=tuple(pins))


_DRAWS = {"table bit": _table_bit, "stuck-at": _stuck, "swapped inputs": _swapped, "re-wired input": _rewired}


def _connected(cell: PlacedCell) -> list[int]:
    return [place for place, (pin, net) in enumerate(cell.pins) if pin not in _OUTPUTS and net not in _CONSTANTS]


def _chain_fault(cell: PlacedCell, widths: dict[str, int], rng: random.Random) -> PlacedCell:
    """At one position selection and data change places, or one of them is another net; or the carry enters wrong."""
    pins = dict(cell.pins)
    lists = {pin: pins[pin].strip("{}").split(", ") for pin in ("DI", "S")}
    used = [place for place in range(4) if lists["S"][place] not in _CONSTANTS or lists["DI"][place] not in _CONSTANTS]
    what = rng.choice(("swap", "other", "carry"))
    if what == "carry" or not used:
        pin = "CYINIT" if pins["CI"] in _CONSTANTS else "CI"
        pins[pin] = f"~{pins[pin]}" if pins[pin] not in _CONSTANTS else f"1'b{1 - _CONSTANTS[pins[pin]]}"
    elif what == "swap":
        place = rng.choice(used)
        lists["DI"][place], lists["S"][place] = lists["S"][place], lists["DI"][place]
    else:
        pin, place = rng.choice(("DI", "S")), rng.choice(used)
        lists[pin][place] = other_entry(lists[pin][place], widths, rng)
    if what != "carry":
        pins |= {pin: "{" + ", ".join(nets) + "}" for pin, nets in lists.items()}
    return replace(cell, pins=tuple((pin, pins[pin]) for pin, _ in cell.pins))


def other_entry(net: str, widths: dict[str, int], rng: random.Random, driven: str = "") -> str:
    """Another entry of the same vector, half of the time its neighbour: the classic slip.

    Args:
        driven: the entry that the reader drives. Of its own vector it reads what stands before: else there is a loop.
    """
    name, _, rest = net.partition("[")
    if not rest or name not in widths:
        return net
    vector, _, place = driven.partition("[")
    width = int(place[:-1]) if vector == name else widths[name]
    index = (int(rest[:-1]) + rng.choice((1, -1))) % width if rng.randrange(2) else rng.randrange(width)
    return f"{name}[{index}]"
