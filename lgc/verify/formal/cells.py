"""Cells of parts that designs are written in: what lookup tables and carry chains compute.

The tables are those of the vendors' libraries; a test holds each against the models that yosys brings.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from lgc.errors import NotCheckedError
from lgc.ir.tables import cofactors

Bit = int | str
"""A net of the flattened design, or ``0``, ``1``, ``x``."""

Pins = Mapping[str, tuple[Bit, ...]]

KNOWN = "LUT[1-6]|LUT6_2|SB_LUT4|CARRY4|CCU2C|SB_CARRY|ALU|MUX2_LUT[56]"
"""A regular expression of the names of the cells that :func:`expand` knows."""

_LUT = re.compile(r"LUT([1-6])")
_MUX, _XOR, _OR, _MAJORITY, _PARITY, _WIRE = 0b11001010, 0b0110, 0b1110, 0b11101000, 0b10010110, 0b10


@dataclass(frozen=True)
class Cell:
    """A gate (table over inputs), a register (kind ``dff``) or an addition (kind ``add``; ``words`` A and B)."""

    kind: str
    inputs: tuple[Bit, ...]
    outputs: tuple[Bit, ...]
    table: int = 0
    words: tuple[tuple[Bit, ...], ...] = ()
    signed: bool = False


def _gate(table: int, inputs: list[Bit], output: Bit) -> Cell:
    return Cell("gate", tuple(inputs), (output,), table & ((1 << (1 << len(inputs))) - 1))


def _expect(pins: Pins, widths: Mapping[str, int]) -> None:
    """Refuse other pins than these, and such as are not connected: what they would be differs from tool to tool.

    Raises:
        NotCheckedError: there are.
    """
    if {name: len(bits) for name, bits in pins.items() if bits} != widths:
        raise NotCheckedError(f"a cell has not the pins {', '.join(widths)}, each connected: not proved")


def _table(parameters: Mapping[str, str], key: str, width: int) -> int:
    """A parameter of exactly so many binary digits, and no parameter beside it.

    Raises:
        NotCheckedError: it is shorter, longer, undefined or no number: tools would widen or cut it each in its way.
    """
    digits = parameters.get(key, "")
    if set(parameters) != {key} or len(digits) != width or not set(digits) <= {"0", "1"}:
        raise NotCheckedError(f"a lookup table's {key} is no number of exactly {width} bits: not proved")
    return int(digits, 2)


def _lut(pins: Pins, table: int, arity: int) -> list[Cell]:
    """``LUT1`` to ``LUT6`` of Xilinx (output O) and Gowin (F); ECP5's ``LUT4`` has the pins A to D and Z."""
    names = list("ABCD") if "A" in pins else [f"I{place}" for place in range(arity)]
    output = next((name for name in ("O", "F", "Z") if name in pins), "O")
    _expect(pins, dict.fromkeys([*names, output], 1))
    return [_gate(table, [pins[name][0] for name in names], pins[output][0])]


def _lut6_2(pins: Pins, table: int) -> list[Cell]:
    names = [f"I{place}" for place in range(6)]
    _expect(pins, dict.fromkeys([*names, *(name for name in ("O5", "O6") if pins.get(name))], 1))
    inputs = [pins[name][0] for name in names]
    cells = [_gate(table, inputs, pins["O6"][0])] if pins.get("O6") else []
    return [*cells, _gate(table, inputs[:5], pins["O5"][0])] if pins.get("O5") else cells


def _carry4(name: str, pins: Pins) -> list[Cell]:
    """Four positions: the sum is ``S ^ carry``, and on goes ``carry`` if S, else DI."""
    made = [pin for pin in ("CO", "O") if pins.get(pin)]
    _expect(pins, {"CI": 1, "CYINIT": 1} | dict.fromkeys(["DI", "S", *made], 4))
    carry: Bit = f"{name}.carry"
    ends = [pins[pin][0] for pin in ("CI", "CYINIT")]
    cells = [_gate(_OR, ends, carry)]
    for place in range(4):
        select, data = pins["S"][place], pins["DI"][place]
        if sums := pins.get("O"):
            cells.append(_gate(_XOR, [select, carry], sums[place]))
        carries = pins.get("CO")
        behind: Bit = carries[place] if carries else f"{name}.carry{place}"
        cells.append(_gate(_MUX, [data, carry, select], behind))
        carry = behind
    return cells


def _without_constants(table: int, inputs: list[Bit]) -> tuple[int, list[Bit]]:
    """A table and its inputs, those that are constants left out."""
    left = list(inputs)
    for place in reversed(range(len(inputs))):
        if left[place] in ("0", "1"):
            table = cofactors(table, place, len(left))[left.pop(place) == "1"]
    return table, left


def _ccu2c(name: str, pins: Pins, parameters: Mapping[str, str]) -> list[Cell]:
    """Two positions: the sum is ``table ^ carry``, and on goes ``carry`` if the table is 1, else its first quarter."""
    given = dict(parameters)
    injected = [given.pop(f"INJECT1_{half}", "") for half in (0, 1)]
    if any(_text(one) != "NO" for one in injected) or set(given) != {"INIT0", "INIT1"}:
        raise NotCheckedError("a carry cell has other parameters than lgc writes: not proved")
    made = [pin for pin in ("S0", "S1", "COUT") if pins.get(pin)]
    _expect(pins, dict.fromkeys(["CIN", *made, *(f"{letter}{half}" for half in (0, 1) for letter in "ABCD")], 1))
    carry, cells = pins["CIN"][0], []
    for half in (0, 1):
        table = _table({"INIT": given[f"INIT{half}"]}, "INIT", 16)
        inputs = [pins[f"{letter}{half}"][0] for letter in "ABCD"]
        steer, data = f"{name}.steer{half}", f"{name}.data{half}"
        own, steering = _without_constants(table, inputs)
        out: Bit = pins["COUT"][0] if half and pins.get("COUT") else f"{name}.carry{half}"
        total = pins[f"S{half}"][0] if pins.get(f"S{half}") else None
        cells.append(_gate(*_without_constants(table & 0xF, inputs[:2]), data))
        if own:
            cells.append(_gate(own, steering, steer))
            cells += [_gate(_XOR, [steer, carry], total)] if total is not None else []
            cells.append(_gate(_MUX, [data, carry, steer], out))
        else:  # between two chains: no product of both is made, which the rewriting of sums would have to expand
            cells += [_gate(_WIRE, [carry], total)] if total is not None else []
            cells.append(_gate(_WIRE, [data], out))
        carry = out
    return cells


def _text(binary: str) -> str:
    """A parameter that is a text, which yosys may write as such or in binary."""
    if not binary or set(binary) - {"0", "1"}:
        return binary.strip()
    return int(binary, 2).to_bytes(-(-len(binary) // 8), "big").decode("latin-1").strip("\0 ")


def _sb_carry(pins: Pins) -> list[Cell]:
    """The majority of two nets and the carry."""
    _expect(pins, dict.fromkeys(["CI", "CO", "I0", "I1"], 1))
    return [_gate(_MAJORITY, [pins[pin][0] for pin in ("I0", "I1", "CI")], pins["CO"][0])]


def _alu(pins: Pins, parameters: Mapping[str, str]) -> list[Cell]:
    """The sum and the carry of two nets: Gowin's mode 0, in which I3 is not read."""
    mode = parameters.get("ALU_MODE", "")
    if set(parameters) != {"ALU_MODE"} or not mode or set(mode) != {"0"}:
        raise NotCheckedError("an ALU is not in the mode that lgc writes, which is 0: not proved")
    made = [pin for pin in ("SUM", "COUT") if pins.get(pin)]
    _expect(pins, dict.fromkeys(["I0", "I1", "I3", "CIN", *made], 1))
    read = [pins[pin][0] for pin in ("I0", "I1", "CIN")]
    return [_gate(_PARITY if pin == "SUM" else _MAJORITY, read, pins[pin][0]) for pin in made]


def _mux2(pins: Pins) -> list[Cell]:
    """Gowin's multiplexers of two tables."""
    _expect(pins, dict.fromkeys(["O", "I0", "I1", "S0"], 1))
    return [_gate(_MUX, [pins[pin][0] for pin in ("I0", "I1", "S0")], pins["O"][0])]


def expand(name: str, kind: str, parameters: Mapping[str, str], pins: Pins) -> list[Cell] | None:
    """A cell of a part as gates; None if it is not one that is known here.

    Args:
        parameters: as yosys writes them, binary numbers, most significant bit first.

    Raises:
        NotCheckedError: a parameter has another width than the table, or a pin is missing.
    """
    if match := _LUT.fullmatch(kind):
        arity = int(match[1])
        return _lut(pins, _table(parameters, "INIT", 1 << arity), arity)
    known: dict[str, Callable[[], list[Cell]]] = {
        "LUT6_2": lambda: _lut6_2(pins, _table(parameters, "INIT", 64)),
        "SB_LUT4": lambda: _lut(pins, _table(parameters, "LUT_INIT", 16), 4),
        "CARRY4": lambda: _carry4(name, pins),
        "CCU2C": lambda: _ccu2c(name, pins, parameters),
        "SB_CARRY": lambda: _sb_carry(pins),
        "MUX2_LUT5": lambda: _mux2(pins),
        "MUX2_LUT6": lambda: _mux2(pins),
        "ALU": lambda: _alu(pins, parameters),
    }
    return known[kind]() if kind in known else None
