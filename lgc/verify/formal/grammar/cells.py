"""Cells of a part, as :mod:`lgc.backend.verilog.cells` writes them, held against the gate lines beside them.

Simulation in lanes reads the gate lines, hardware the cells: a text in which the two differ is none of lgc's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache

from lgc.backend.verilog.grammar import ONE, ZERO
from lgc.parts.fabrics import Fabric
from lgc.verify.formal.grammar.context import Context
from lgc.verify.formal.grammar.gates import REFERENCE, Computed, same_function
from lgc.verify.formal.grammar.lines import NUMBER
from lgc.verify.formal.grammar.strings import is_string, take_strings

_NET = rf"(?:{REFERENCE}|[a-zA-Z][a-zA-Z0-9_]*_(?:w|{NUMBER}_f){NUMBER}|1'b[01])"
_CONSTANTS = {"1'b0": ZERO, "1'b1": ONE}
_WIRE = re.compile(rf"  wire ([a-zA-Z][a-zA-Z0-9_]*_w({NUMBER}));")
_ASSIGN = re.compile(rf"  assign ({REFERENCE}) = ({_NET});")
_PART = re.compile(rf"  assign ({REFERENCE}) = 1'b0;  // part of a carry cell")
_FOLDED = Computed(0, (), "part of a carry cell")
_INNER = re.compile(rf"  wire ([a-zA-Z][a-zA-Z0-9_]*_{NUMBER}_f{NUMBER});")
_PAIR = re.compile(
    rf"  LUT6_2 #\(\.INIT\(64'h([0-9a-f]{{16}})\)\) ([a-zA-Z]\w*) \(\.O6\(({_NET})\), \.O5\(({_NET})\), "
    + ", ".join(rf"\.I{pin}\(({_NET})\)" for pin in range(6))
    + r"\);",
    re.ASCII,
)
_CARRY = re.compile(
    rf"  CARRY4 (\w+)_({NUMBER}) \(\.CO\((\w+)\), \.O\((\w+)\), \.CI\((1'b0|\w+\[3\])\), \.CYINIT\(({_NET})\),"
    rf" \.DI\({{({_NET}(?:, {_NET}){{3}})}}\), \.S\({{({_NET}(?:, {_NET}){{3}})}}\)\);",
    re.ASCII,
)
_TAP = re.compile(rf"  assign ({REFERENCE}) = (\w+)_(c?o)({NUMBER})\[([0-3])\];", re.ASCII)


@dataclass
class _Made:
    """What the cells of a section make: by net, a table; ``names`` are those of instances and wires.

    Attributes:
        inner: what wires between the tables and multiplexers of a larger table carry, until one reads them.
    """

    section: str
    nets: dict[str, Computed] = field(default_factory=dict)
    wires: dict[str, str] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    inner: dict[str, Computed] = field(default_factory=dict)


def take_cells(text: Context, section: str, gates: list[Computed]) -> None:
    """Take the cells of a section.

    Raises:
        Departure: there is something else, or they do not compute what the gate lines do.
    """
    if text.fabric is None:
        raise text.lines.departure("the file brings no models of cells", 1)
    if text.lines.line.startswith("  wire [3:0] "):
        _chains(text, section, gates)
        return
    made = _Made(section)
    if is_string(text, section):
        take_strings(text, section, gates, lambda pins: _nets(text, made, pins))
        return
    while text.lines.line != "`endif":
        _one(text, text.fabric, made)
    if made.inner:
        raise text.lines.departure("not every part of a larger table is read", 1)
    for index, gate in enumerate(gates):
        if made.nets.get(f"{section}[{index}]") is _FOLDED:
            text.folded[f"{section}[{index}]"] = gate
            continue
        seen = made.nets.get(f"{section}[{index}]")
        if seen is None or gate.table < 0 or not same_function(seen, gate):
            raise text.lines.departure(f"the cells make something else of {section}[{index}] than the gate lines", 1)


def _one(text: Context, fabric: Fabric, made: _Made) -> None:
    """A wire, an assignment or a cell."""
    lines = text.lines
    if match := lines.match(_WIRE):
        target = f"{made.section}[{match[2]}]"
        lines.literal(f"  assign {target} = {match[1]};")
        if match[1] != f"{made.section}_w{match[2]}" or match[1] in made.wires:
            raise lines.departure("that is no wire of this section", 1)
        made.wires[match[1]] = target
    elif match := lines.match(_INNER):
        _inner(text, fabric, made, match[1])
    elif match := lines.match(_PART):
        _drive(text, made, match[1], _FOLDED)
    elif match := lines.match(_ASSIGN):
        _drive(text, made, match[1], Computed(0b10, _nets(text, made, [match[2]])))
    elif match := lines.match(_PAIR):
        pins, table = _nets(text, made, match.groups()[4:10]), int(match[1], 16)
        _name(text, made, match[2])
        _drive(text, made, match[3], Computed(table, pins))
        _drive(text, made, match[4], Computed(table & 0xFFFF_FFFF, pins[:5]))
    else:
        _table(text, fabric, made)


def _inner(text: Context, fabric: Fabric, made: _Made, wire: str) -> None:
    """What drives a wire inside of a larger table: the next cell."""
    output, gate = _cell(text, fabric, made)
    if output != wire or wire in made.names:
        raise text.lines.departure(f"that does not drive {wire}", 1)
    made.names.add(wire)
    made.inner[wire] = gate


def _table(text: Context, fabric: Fabric, made: _Made) -> None:
    """A table, or the last multiplexer of a larger one."""
    output, gate = _cell(text, fabric, made)
    _drive(text, made, output, gate)


def _cell(text: Context, fabric: Fabric, made: _Made) -> tuple[str, Computed]:
    """What a cell drives, and what it computes of the nets that the section reads."""
    for arity, pattern in _tables(fabric):
        if match := text.lines.match(pattern):
            _name(text, made, match["name"])
            pins = [match[f"i{pin}"] for pin in range(arity)]
            return match["output"], Computed(int(match["init"], 16), _nets(text, made, pins))
    for size, pattern in _muxes(fabric):
        if match := text.lines.match(pattern):
            _name(text, made, match["name"])
            low, high = (made.inner.pop(match[side], None) for side in ("low", "high"))
            if low is None or high is None or low.operands != high.operands or len(low.operands) != size:
                raise text.lines.departure("a multiplexer reads two halves of a table", 1)
            select = _nets(text, made, [match["select"]])
            return match["output"], Computed(low.table | high.table << (1 << size), (*low.operands, *select))
    raise text.lines.departure(f"a cell of {fabric.name} was expected, its table as wide as it has inputs")


@lru_cache
def _muxes(fabric: Fabric) -> tuple[tuple[int, re.Pattern[str]], ...]:
    """The multiplexers of a fabric, by the operands of the two tables that each makes one of."""
    places = {name: f"@{name}@" for name in ("name", "output", "low", "high", "select")}
    lines = (mux.format(**places) for mux in fabric.muxes)
    return tuple((size, _pattern(line, {})) for size, line in enumerate(lines, fabric.lut))


@lru_cache
def _tables(fabric: Fabric) -> tuple[tuple[int, re.Pattern[str]], ...]:
    """The lookup tables of a fabric, by arity."""
    found = []
    for arity in (fabric.lut,) if fabric.padded else range(1, fabric.lut + 1):
        pins = {f"i{pin}": f"@i{pin}@" for pin in range(6)}
        text = ", ".join(f".I{pin}(@i{pin}@)" for pin in range(arity))
        init = f"{1 << arity}'h@init@"
        line = fabric.table.format(arity=arity, init=init, name="@name@", output="@output@", pins=text, **pins)
        found.append((arity, _pattern(line, {"init": f"[0-9a-f]{{{max(1, (1 << arity) // 4)}}}"})))
    return tuple(found)


def _pattern(line: str, kinds: dict[str, str]) -> re.Pattern[str]:
    """A line with places such as ``@name@``; nets are at those that are not of a kind of their own."""
    kinds = {"name": r"[a-zA-Z][a-zA-Z0-9_]*"} | kinds
    pieces = re.split(r"@(\w+)@", f"  {line}")
    for place in range(1, len(pieces), 2):
        pieces[place] = f"(?P<{pieces[place]}>{kinds.get(pieces[place], _NET)})"
    pieces[::2] = map(re.escape, pieces[::2])
    return re.compile("".join(pieces))


def _name(text: Context, made: _Made, name: str) -> None:
    if name in made.names or not re.fullmatch(rf"{made.section}_{NUMBER}(?:_c{NUMBER})?", name):
        raise text.lines.departure("that is no name of a cell of this section", 1)
    made.names.add(name)


def _drive(text: Context, made: _Made, net: str, gate: Computed) -> None:
    target = made.wires.get(net, net)
    if target in made.nets or (net not in made.wires and net in made.wires.values()) or net in _CONSTANTS:
        raise text.lines.departure(f"{net} cannot be driven here", 1)
    made.nets[target] = gate


def _nets(text: Context, made: _Made, pins: list[str] | tuple[str, ...]) -> tuple[str, ...]:
    """Nets as gate lines call them."""
    found = []
    for pin in pins:
        name = _CONSTANTS.get(pin) or made.wires.get(pin, pin)
        vector = name.partition("[")[0]
        own = vector == made.section and pin in made.wires
        if name in text.folded or (pin not in _CONSTANTS and not own and vector not in text.reads[made.section]):
            raise text.lines.departure(f"{pin} is no net that this module reads", 1)
        found.append(name)
    return tuple(found)


def _chains(text: Context, section: str, gates: list[Computed]) -> None:
    """Chains of CARRY4: each gate line must spell what it taps."""
    lines, spelled, number = text.lines, dict[str, str](), 0
    made = _Made(section)
    while text.lines.line != "`endif":
        sums, carries = _chain(text, made, f"{section}_{number}")
        number += 1
        while match := lines.match(_TAP):
            taps, place = (carries if match[3] == "co" else sums), 4 * int(match[4]) + int(match[5])
            if match[2] != f"{section}_{number - 1}" or place >= len(taps) or match[1] in spelled:
                raise lines.departure("that is no place of this chain", 1)
            spelled[match[1]] = taps[place]
    for index, gate in enumerate(gates):
        if spelled.get(f"{section}[{index}]") != gate.text:
            raise lines.departure(f"the cells make something else of {section}[{index}] than the gate lines", 1)


def _chain(text: Context, made: _Made, name: str) -> tuple[list[str], list[str]]:
    """The cells of one chain: expressions of the sums and of the carries behind them, place by place."""
    lines, sums, carries, carry, block = text.lines, list[str](), list[str](), "", 0
    while lines.maybe("  wire [3:0] @Sums@, @Carries@;", Sums=f"{name}_o{block}", Carries=f"{name}_co{block}"):
        match = lines.match(_CARRY)
        entry = f"{name}_co{block - 1}[3]" if block else "1'b0"
        ends = (name, str(block), f"{name}_co{block}", f"{name}_o{block}", entry)
        if match is None or match.groups()[:5] != ends or (block and match[6] != "1'b0"):
            raise lines.departure("that is no CARRY4 of this chain", match is not None)
        carry = carry or _nets(text, made, [match[6]])[0]
        data, select = (_nets(text, made, match[group].split(", "))[::-1] for group in (7, 8))
        for steer, other in zip(select, data, strict=True):
            sums.append(f"{steer} ^ {carry}")
            carry = f"(({steer} & {carry}) | (~{steer} & {other}))"
            carries.append(carry)
        block += 1
    if not block:
        raise lines.departure("a chain of CARRY4 was expected")
    return sums, carries
