"""A synthesised netlist, as yosys writes it in JSON: counts, levels, and which stage a cell belongs to."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from lgc.parts.part import Family

STAGES = ("encoder", "gates", "popcount", "argmax", "other")

# Hierarchical names of what `lgc compile` writes, after flattening; yosys's `autoname` gives the cells that it makes
# the name of a net beside them. The first pattern that a name starts with decides.
_STAGES = (
    ("encoder", re.compile(r"(u_)?encoder|features|codes")),
    ("argmax", re.compile(r"(u_)?(head\.)?argmax|class_id|result_class|winner|best")),
    ("popcount", re.compile(r"(u_)?(head|popcount|scores|result_scores|sums|count)|serial")),
    ("gates", re.compile(r"u_|votes|bits|x(_|\[|$)|layer|logic|inputs")),
)


@dataclass(frozen=True)
class Counts:
    """Cells of a netlist.

    Attributes:
        types: cells by type.
        sites: places for lookup tables, those of carry cells included.
        levels: lookup tables in a row on the longest way between registers or ports; a carry chain counts as one.
        stages: lookup tables by stage, by the names that survive; empty where none do.
    """

    types: dict[str, int]
    luts: int
    ffs: int
    carry: int
    bram: int
    sites: int
    levels: int
    stages: dict[str, int]


def count_cells(netlist: Path, top: str, family: Family) -> Counts:
    """Count what is in a netlist."""
    module = json.loads(netlist.read_text(encoding="utf-8"))["modules"][top]
    cells = {name: cell for name, cell in module["cells"].items() if cell["type"] not in ("$scopeinfo", "$print")}
    types = Counter(cell["type"] for cell in cells.values())

    def total(patterns: tuple[str, ...]) -> int:
        return sum(count for type_, count in types.items() if _matches(type_, patterns))

    luts, carry = total(family.lut), total(family.carry)
    by_stage: Counter[str] = Counter()
    for name, cell in cells.items():
        if _matches(cell["type"], family.lut):
            by_stage[stage_of(name)] += 1
    return Counts(
        types=dict(sorted(types.items())),
        luts=luts,
        ffs=total(family.ff),
        carry=carry,
        bram=total(family.bram),
        sites=luts + carry * family.carry_sites,
        levels=_levels(cells, family),
        stages={name: by_stage[name] for name in STAGES if by_stage[name]},
    )


def stage_of(cell: str) -> str:
    """The stage that a cell's name tells; in a wrapper the circuit is the instance ``core``."""
    cell = cell.partition("core.")[2] or cell
    return next((stage for stage, pattern in _STAGES if pattern.match(cell)), "other")


def _matches(type_: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(type_, pattern) for pattern in patterns)


def _levels(cells: dict[str, Any], family: Family) -> int:
    """Longest way in lookup tables, by sorting the cells topologically; cells with state cut it."""
    kind = {}
    for name, cell in cells.items():
        type_ = cell["type"]
        if _matches(type_, family.ff) or _matches(type_, family.bram):
            continue
        kind[name] = "lut" if _matches(type_, family.lut) else "carry" if _matches(type_, family.carry) else "wire"
    if not family.lut:
        kind = dict.fromkeys(kind, "lut")  # standard cells: gates in a row
    driver = {bit: name for name in kind for bit in _bits(cells[name], "output")}
    readers: dict[str, list[str]] = defaultdict(list)
    waiting: Counter[str] = Counter()
    for name in kind:
        for bit in _bits(cells[name], "input"):
            if bit in driver:
                readers[driver[bit]].append(name)
                waiting[name] += 1
    level: dict[str, int] = {name: int(kind[name] != "wire") for name in kind}
    ready = deque(name for name in kind if not waiting[name])
    while ready:
        name = ready.popleft()
        for reader in readers[name]:
            step = 0 if kind[reader] == "wire" or kind[reader] == kind[name] == "carry" else 1
            level[reader] = max(level[reader], level[name] + step)
            waiting[reader] -= 1
            if not waiting[reader]:
                ready.append(reader)
    return max(level.values(), default=0)


def _bits(cell: dict[str, Any], direction: str) -> Iterator[int]:
    """The nets at the cell's ports of a direction; constants are strings there."""
    for port, bits in cell["connections"].items():
        if cell["port_directions"].get(port) == direction:
            yield from (bit for bit in bits if isinstance(bit, int))
