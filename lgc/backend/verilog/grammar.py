"""What writer and readers of our Verilog agree on, each thing as it is written and as it is found.

Verification, triage, mutation and coverage read the text that was emitted, and not the circuit that was meant. So a
form that they look for is here once: the marks of the header, a module's first line, a vector of nets, a gate's line.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lgc.ir.naming import comment

BODY_MARK = "// body-sha256: "
SOURCE_MARK = "// model-digest: "
CIRCUIT_MARK = "// circuit-digest: "
HEADER_LINES = 4
TITLE = re.compile(r"// Logic-gate network ([^\r\n]*), written by lgc ([0-9A-Za-z.+!-]+)\.")
"""The first line: the network's name, and the version of lgc."""
LOOP_LIMIT = 1 << 14
"""Turns of a generate loop: Verilator takes a longer one for endless, in everybody's flow."""

GATE = "`LGC_GATE"
"""How the line of a gate begins."""

ZERO, ONE = "`LGC_ZERO", "`LGC_ONE"
"""The constant nets."""

GATE_LINE = re.compile(
    r"^[ \t]*(?:`LGC_BLOCK )?`LGC_GATE (\w+)\[(\d+)\] = ([^;\n]*);(?: `LGC_END)?(?:  // ([^\r\n]*))?[ \t\r]*$", re.M
)
"""Vector, index, expression and, if there is one, the neuron that the comment names."""
MODULE_LINE = re.compile(r"^module (\w+) ")
NETS = re.compile(r"`LGC_NETS\((\w+), (\d+)\)")
REFERENCE = re.compile(r"(\w+)\[(\d+)\]|`LGC_(ZERO|ONE)\b")
LUT_CALL = re.compile(r"lut(\d)\(\d+'h([0-9a-f]+), (.*)\)")
_NEURON = re.compile(r"(.+)\[(\d+)\]\s*")


@dataclass(frozen=True)
class GateText:
    """A gate's line, as it is read.

    Attributes:
        start, end: where the expression stands in the text.
        neuron: what the comment names; an empty string without one.
    """

    vector: str
    index: int
    expression: str
    neuron: str
    start: int
    end: int

    @classmethod
    def of(cls, match: re.Match[str]) -> GateText:
        """What :data:`GATE_LINE` matched."""
        return cls(match[1], int(match[2]), match[3], match[4] or "", match.start(3), match.end(3))

    def place(self) -> tuple[str, int] | None:
        """Layer and neuron; None where the comment names none."""
        match = _NEURON.fullmatch(self.neuron)
        return (match[1], int(match[2])) if match else None


def gate_line(target: str, expression: str, neuron: str = "") -> str:
    """The line of one gate, without what opens and closes its block."""
    return f"`LGC_GATE {target} = {expression};{f'  // {neuron}' if neuron else ''}"


def reference(vector: str, index: int) -> str:
    """An entry of a vector."""
    return f"{vector}[{index}]"


def module_line(name: str) -> str:
    """The first line of a module."""
    return f"module {name} ("


def nets(name: str, size: int) -> str:
    """The declaration of a vector of nets, without its kind."""
    return f"`LGC_NETS({name}, {size})"


def lut_call(table: int, operands: Sequence[str]) -> str:
    """A lookup table of these operands; operand 0 is address bit 0, and stands last."""
    arity = len(operands)
    digits = max(1, (1 << arity) // 4)
    return f"lut{arity}({1 << arity}'h{table:0{digits}x}, {', '.join(reversed(operands))})"


def header(name: str, version: str, source: str, circuit: str, body: str) -> str:
    """The first lines: whose network it is, and the digests of model, circuit and body."""
    return (
        f"// Logic-gate network {comment(name)}, written by lgc {version}.\n"
        f"{SOURCE_MARK}{comment(source)}\n"
        f"{CIRCUIT_MARK}{circuit}\n"
        f"{BODY_MARK}{hashlib.sha256(body.encode()).hexdigest()}\n"
    )


def loop_parts(label: str, lo: int, hi: int) -> Iterator[tuple[str, int, int]]:
    """The loops that a loop from ``lo`` up to ``hi`` is written as: label, first and end of each, one as a rule."""
    for start in range(lo, max(hi, lo + 1), LOOP_LIMIT):
        yield label if start == lo else f"{label}_{start}", start, min(hi, start + LOOP_LIMIT)


def generate_loop(label: str, lo: int, hi: int, body: Sequence[str], index: str = "i") -> Iterator[str]:
    """A generate loop over ``index`` from ``lo`` up to ``hi``, in as many parts as tools can take."""
    for name, start, end in loop_parts(label, lo, hi):
        yield "  generate"
        yield f"    for ({index} = {start}; {index} < {end}; {index} = {index} + 1) begin : {name}"
        yield from (f"      {line}" for line in body)
        yield "    end"
        yield "  endgenerate"


def split_header(text: str) -> tuple[list[str], str]:
    """The lines of the header, and the body that its digest is of."""
    lines = text.split("\n", HEADER_LINES)
    return lines[:HEADER_LINES], lines[HEADER_LINES] if len(lines) > HEADER_LINES else ""


def marked(header: Sequence[str], mark: str) -> str | None:
    """What stands behind a mark in the header; None if no line has it."""
    return next((line.removeprefix(mark) for line in header if line.startswith(mark)), None)
