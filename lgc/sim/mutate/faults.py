"""The faults: what each one changes in the text."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lgc.backend.verilog.gates import expression
from lgc.sim.mutate.sites import head_faults
from lgc.sim.mutate.text import Edit
from lgc.sim.textnet import TextGate, TextNetlist

_HEAD_SHARE = 4  # at most a quarter of the faults is in the head and the registers: the rest is in the gates
_TRIES = 20


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


def sample_faults(text: str, netlist: TextNetlist, count: int, seed: int) -> list[Fault]:
    """Up to ``count`` different faults, the same for the same seed: head and registers first, then gates.

    No fault is a gate's own function spelled otherwise; one may still never show at an output.
    """
    rng = random.Random(seed)
    head = [Fault(kind, where, edits) for kind, where, edits in head_faults(text)]
    chosen = _spread(head, max(count // _HEAD_SHARE, min(count, 8)), rng)
    seen = {fault.edits for fault in chosen}
    misses = 0
    while len(chosen) < count and netlist.gates and misses < _TRIES * count:
        fault = _gate_fault(netlist, rng.randrange(len(netlist.gates)), rng)
        if fault is None or fault.edits in seen:
            misses += 1
            continue
        seen.add(fault.edits)
        chosen.append(fault)
    return chosen


def _spread(faults: Sequence[Fault], count: int, rng: random.Random) -> list[Fault]:
    """Of every kind as many as of any other, as far as they reach."""
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


def _gate_fault(netlist: TextNetlist, node: int, rng: random.Random) -> Fault | None:
    gate = netlist.gates[node]
    kind = rng.choice(("gate function", "swapped inputs", "re-wired input", "stuck-at"))
    table, operands = gate.table, gate.operands
    if kind == "gate function":
        table = _other_table(gate, rng)
    elif kind == "stuck-at":
        table, operands = rng.randrange(2), ()
    elif kind == "swapped inputs":
        operands = _swapped(gate, rng)
    else:
        operands = _rewired(gate, netlist, rng)
    new = expression(len(operands), table, list(operands))
    nets = _nets(netlist, operands)
    if _function(gate.table, gate.nets) == _function(table, nets):
        return None
    where = f"{gate.stage}[{gate.index}]" + (f" ({gate.place})" if gate.place else "")
    edit = Edit(gate.start, gate.end, new)
    return Fault(kind, f"{where} = {new}", (edit,), GateChange(node, table, nets))


def _other_table(gate: TextGate, rng: random.Random) -> int:
    """Up to two operands any other function that is no constant; of a wider one, one entry of the table flips."""
    size = 1 << len(gate.operands)
    if len(gate.operands) > 2:
        return gate.table ^ 1 << rng.randrange(size)
    full = (1 << size) - 1
    others = [table for table in range(full + 1) if table != gate.table and (size == 1 or table not in (0, full))]
    return rng.choice(others)


def _swapped(gate: TextGate, rng: random.Random) -> tuple[str, ...]:
    operands = list(gate.operands)
    if len(operands) > 1:
        first, second = rng.sample(range(len(operands)), 2)
        operands[first], operands[second] = operands[second], operands[first]
    return tuple(operands)


def _rewired(gate: TextGate, netlist: TextNetlist, rng: random.Random) -> tuple[str, ...]:
    """One operand is another entry of the same vector, half of the time its neighbour: the classic slip."""
    operands = list(gate.operands)
    if not operands:
        return ()
    place = rng.randrange(len(operands))
    name, _, rest = operands[place].partition("[")
    if not rest:
        return gate.operands
    width = netlist.widths[name]
    index = (int(rest[:-1]) + rng.choice((1, -1))) % width if rng.randrange(2) else rng.randrange(width)
    operands[place] = f"{name}[{index}]"
    return tuple(operands)


def _nets(netlist: TextNetlist, operands: tuple[str, ...]) -> tuple[int, ...]:
    return tuple(netlist.net(name) for name in operands)


def _function(table: int, nets: Sequence[int]) -> tuple[tuple[int, ...], int]:
    """Support and table over it, sorted: equal for two spellings of one function."""
    support = sorted(set(nets))
    values = [_value(table, nets, support, address) for address in range(1 << len(support))]
    needed = [place for place in range(len(support)) if any(_depends(values, place))]
    packed = [values[sum(((a >> k) & 1) << place for k, place in enumerate(needed))] for a in range(1 << len(needed))]
    return tuple(support[place] for place in needed), sum(bit << a for a, bit in enumerate(packed))


def _value(table: int, nets: Sequence[int], support: list[int], address: int) -> int:
    at = {net: (address >> place) & 1 for place, net in enumerate(support)} | {0: 0, 1: 1}
    return (table >> sum(at[net] << place for place, net in enumerate(nets))) & 1


def _depends(values: list[int], place: int) -> Iterator[bool]:
    return (values[address] != values[address ^ 1 << place] for address in range(len(values)))
