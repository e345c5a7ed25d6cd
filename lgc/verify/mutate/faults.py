"""The faults: what each one changes in the text."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from lgc.backend.verilog.gates import expression
from lgc.backend.verilog.grammar import GATE_LINE, NETS
from lgc.backend.verilog.textnet import TextNetlist, parse_gate, read_text
from lgc.errors import NotCheckedError
from lgc.verify.mutate.cells import PlacedCell, cell_fault, find_cells, other_entry
from lgc.verify.mutate.chains import CarryCell, find_carry_cells
from lgc.verify.mutate.functions import function
from lgc.verify.mutate.sites import head_faults
from lgc.verify.mutate.text import Edit, hardware_text

_HEAD_SHARE = 4  # at most a quarter of the faults is in the head and the registers: the rest is in the gates
_TRIES = 20
_OPERAND = re.compile(r"\w+\[\d+\]")
_OPERATOR = re.compile(r" ([&|^]) ")


@dataclass(frozen=True)
class GateChange:
    """The same fault in :class:`TextNetlist`: node ``node`` with another table and other operands (nets)."""

    node: int
    table: int
    nets: tuple[int, ...]


@dataclass(frozen=True)
class Fault:
    """One mutant of the text.

    Attributes:
        kind: ``gate function``, ``stuck-at`` and so on: what the report counts by.
        where: for people.
        edits: what changes in the text.
        change: the same in the netlist, for faults of gates and votes.
    """

    kind: str
    where: str
    edits: tuple[Edit, ...]
    change: GateChange | None = None

    @property
    def clocked(self) -> bool:
        """Whether it is one of registers, which may show on some sequence of inputs only."""
        return self.kind in ("register removed", "reset", "out_valid")


@dataclass(frozen=True)
class Line:
    """A gate line of the text; ``table`` is None where it is no single gate but a part of a carry chain."""

    number: int
    name: str
    start: int
    end: int
    table: int | None
    operands: tuple[str, ...]
    label: str


@dataclass(frozen=True, eq=False)
class Places:
    """Where faults can be: in what hardware is made of, not in what only simulation with lanes reads.

    Attributes:
        hardware: the text with blanks for the rest.
        lines: gate lines, in order; cells: those of a fabric; chains: carry cells that have their own inputs.
        netlist: what the lines say, or None where they do not say all: cells, and carry chains.
        widths: entries of each vector.
    """

    hardware: str
    lines: tuple[Line, ...]
    cells: tuple[PlacedCell, ...]
    chains: tuple[CarryCell, ...]
    netlist: TextNetlist | None
    widths: dict[str, int]


def find_places(text: str, num_inputs: int) -> Places:
    """All places for faults in an emitted file."""
    hardware = hardware_text(text)
    lines = tuple(_line(number, match) for number, match in enumerate(GATE_LINE.finditer(hardware)))
    try:
        netlist = read_text(hardware, num_inputs)
    except NotCheckedError:
        netlist = None
    widths = {match[1]: int(match[2]) for match in NETS.finditer(hardware)}
    return Places(hardware, lines, tuple(find_cells(hardware)), tuple(find_carry_cells(hardware)), netlist, widths)


def _line(number: int, match: re.Match[str]) -> Line:
    table, operands = None, tuple(_OPERAND.findall(match[3]))
    with suppress(NotCheckedError):
        table, operands = parse_gate(match[3])
    name = f"{match[1]}[{match[2]}]"
    label = name + (f" ({match[4]})" if match[4] else "")
    return Line(number, name, match.start(3), match.end(3), table, operands, label)


def sample_faults(places: Places, count: int, seed: int) -> list[Fault]:
    """Up to ``count`` different faults, the same for the same seed: head and registers first, then gates and cells.

    No fault is a gate's own function spelled otherwise; one may still never show at an output.
    """
    rng = random.Random(seed)
    head = [Fault(kind, where, edits) for kind, where, edits in head_faults(places.hardware)]
    chosen = spread_faults(head, max(count // _HEAD_SHARE, min(count, 8)), rng)
    seen = {fault.edits for fault in chosen}
    spots: Sequence[Line | PlacedCell | CarryCell] = (*places.lines, *places.cells, *places.chains)
    misses = 0
    while len(chosen) < count and spots and misses < _TRIES * count:
        fault = _fault(spots[rng.randrange(len(spots))], places, rng)
        if fault is None or fault.edits in seen:
            misses += 1
            continue
        seen.add(fault.edits)
        chosen.append(fault)
    return chosen


def spread_faults(faults: Sequence[Fault], count: int, rng: random.Random) -> list[Fault]:
    """Up to ``count`` faults, of every kind as many as of any other, as far as they reach."""
    kinds: dict[str, list[Fault]] = {}
    for fault in faults:
        kinds.setdefault(fault.kind, []).append(fault)
    for group in kinds.values():
        rng.shuffle(group)
    chosen: list[Fault] = []
    while len(chosen) < min(count, len(faults)):
        for group in kinds.values():
            if group and len(chosen) < count:
                chosen.append(group.pop())
    return chosen


def _fault(spot: Line | PlacedCell | CarryCell, places: Places, rng: random.Random) -> Fault | None:
    if not isinstance(spot, Line):
        drawn = spot.fault(places.widths, rng) if isinstance(spot, CarryCell) else cell_fault(spot, places.widths, rng)
        return Fault(drawn[0], drawn[1], (drawn[2],)) if drawn else None
    if spot.table is None:
        return _chain_fault(spot, places, rng)
    return _gate_fault(spot, spot.table, places, rng)


def _gate_fault(line: Line, table: int, places: Places, rng: random.Random) -> Fault | None:
    kind = rng.choice(("gate function", "swapped inputs", "re-wired input", "stuck-at"))
    new_table, operands = table, line.operands
    if kind == "gate function":
        new_table = _other_table(table, len(operands), rng)
    elif kind == "stuck-at":
        new_table, operands = rng.randrange(2), ()
    elif kind == "swapped inputs":
        operands = _swapped(operands, rng)
    else:
        operands = _rewired(operands, places.widths, rng, line.name)
    if function(table, line.operands) == function(new_table, operands):
        return None
    new = expression(len(operands), new_table, list(operands))
    change = None
    if places.netlist is not None:
        change = GateChange(line.number, new_table, tuple(places.netlist.net(name) for name in operands))
    return Fault(kind, f"{line.label} = {new}", (Edit(line.start, line.end, new),), change)


def _chain_fault(line: Line, places: Places, rng: random.Random) -> Fault | None:
    """In a carry chain that is written as an expression: another operator, or another operand at one place."""
    old = places.hardware[line.start : line.end]
    pattern = rng.choice((_OPERATOR, _OPERAND))
    match = rng.choice(list(pattern.finditer(old)))
    if pattern is _OPERATOR:
        new = {" & ": " | ", " | ": " & ", " ^ ": " | "}[match[0]]
    else:
        new = other_entry(match[0], places.widths, rng)
    if new == match[0]:
        return None
    text = old[: match.start()] + new + old[match.end() :]
    return Fault("carry chain", f"{line.label} = {text}", (Edit(line.start, line.end, text),))


def _other_table(table: int, arity: int, rng: random.Random) -> int:
    """Up to two operands any other function that is no constant; of a wider one, one entry of the table flips."""
    size = 1 << arity
    if arity > 2:
        return table ^ 1 << rng.randrange(size)
    full = (1 << size) - 1
    others = [other for other in range(full + 1) if other != table and (size == 1 or other not in (0, full))]
    return rng.choice(others)


def _swapped(operands: tuple[str, ...], rng: random.Random) -> tuple[str, ...]:
    changed = list(operands)
    if len(changed) > 1:
        first, second = rng.sample(range(len(changed)), 2)
        changed[first], changed[second] = changed[second], changed[first]
    return tuple(changed)


def _rewired(operands: tuple[str, ...], widths: dict[str, int], rng: random.Random, name: str) -> tuple[str, ...]:
    changed = list(operands)
    if changed:
        place = rng.randrange(len(changed))
        changed[place] = other_entry(changed[place], widths, rng, name)
    return tuple(changed)
