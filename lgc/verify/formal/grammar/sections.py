"""The modules of gates, as :mod:`lgc.backend.verilog.gates` and :mod:`lgc.backend.verilog.mapped` write them."""

from __future__ import annotations

import re

from lgc.backend.sections import INPUT, VOTES
from lgc.backend.verilog.gates import lut_function
from lgc.backend.verilog.grammar import ZERO
from lgc.ir.naming import identifier
from lgc.verify.formal.grammar.cells import take_cells
from lgc.verify.formal.grammar.context import Context
from lgc.verify.formal.grammar.gates import LINE, Computed, parse_computed
from lgc.verify.formal.grammar.lines import Departure

_FUNCTION = re.compile(r"  function automatic `LGC_VECTOR lut([3-6]);  // .*")
_REFERENCE = re.compile(r"(\w+)\[(\d+)\]", re.ASCII)


def take_sections(text: Context) -> None:
    """All modules of gates; the last are the votes."""
    text.widths[INPUT] = next(port.width for port in text.manifest.ports if port.name == text.manifest.input_port)
    asked: list[tuple[str, int, Departure]] = []
    while VOTES not in text.reads:
        _section(text, asked)
    for vector, size, departure in asked:
        if text.widths.get(vector) != size:
            raise departure


def _section(text: Context, asked: list[tuple[str, int, Departure]]) -> None:
    lines = text.lines
    found = lines.take("module @Module@ (")
    name = found["Module"].removeprefix(f"{text.top}_")
    fresh = name == VOTES or (identifier(name, "stage") == name and name not in (*text.widths, text.top))
    if found["Module"] != f"{text.top}_{name}" or not fresh:
        raise lines.departure("that is no name for a section's module", 1)
    sizes: dict[str, int] = {}
    while port := lines.maybe("  input  wire `LGC_NETS(@Vector@, @size@),"):
        vector, size = port["Vector"], int(port["size"])
        strange = lines.departure("no module makes such a vector", 1)
        if vector in sizes or vector == name:
            raise strange
        sizes[vector] = size
        asked.append((vector, size, strange))
    width = int(lines.take("  `LGC_OUT `LGC_NETS(@Name@, @size@)\n);", Name=name)["size"])
    text.reads[name] = sizes
    if lines.maybe("`ifdef LGC_LANES"):
        gates = _gates(text, name, width)
        lines.literal("`else")
        take_cells(text, name, gates)
        lines.literal("`endif")
    elif any(one in text.folded for gate in _gates(text, name, width) for one in gate.operands):
        raise lines.departure("a gate reads what is part of a carry cell", 1)
    text.widths[name] = width
    text.end(found["Module"])


def _gates(text: Context, name: str, width: int) -> list[Computed]:
    """Functions and blocks of gate lines, in which every net of the vector is made once: gates by their index."""
    lines, functions, gates = text.lines, set[int](), dict[int, Computed]()
    while match := _FUNCTION.fullmatch(lines.line):
        functions.add(int(match[1]))
        lines.literal(lut_function(int(match[1])))
    if width == 1 and lines.maybe(f"  `LGC_BLOCK `LGC_GATE {name}[0] = {ZERO}; `LGC_END"):
        return [Computed(0, ())]
    while lines.maybe("  `LGC_BLOCK"):
        while match := lines.match(LINE):
            index, gate = int(match[2]), parse_computed(match[3], frozenset(functions))
            if match[1] != name or index in gates or index >= width or gate is None:
                raise lines.departure("that is no gate of this vector that lgc writes", 1)
            _check_operands(text, name, gate, gates)
            gates[index] = gate
        if not lines.maybe("  `LGC_END"):
            raise lines.departure("the line of a gate was expected, as lgc writes them, or the end of their block")
    if len(gates) != width:
        raise lines.departure(f"only {len(gates)} of {width} nets of {name} are made")
    return [gates[index] for index in range(width)]


def _check_operands(text: Context, name: str, gate: Computed, made: dict[int, Computed]) -> None:
    """What is read is an entry of a vector that comes in, or was made in a line before."""
    for operand in gate.operands:
        if match := _REFERENCE.fullmatch(operand):
            vector, index = match[1], int(match[2])
            known = index in made if vector == name else index < text.reads[name].get(vector, 0)
            if not known:
                raise text.lines.departure(f"nothing before this line makes {operand}", 1)
