"""How many inputs and outputs a netlist has, as its first lines say it: known before all of it is read."""

from __future__ import annotations

import re

from lgc.errors import NetlistError
from lgc.frontend.containers.content import Content
from lgc.frontend.facts import ImportOptions

_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.S)
_MODULE = re.compile(r"^\s*module\s+([A-Za-z_]\w*)", re.M)
_HEAD = 1 << 20


def promised_size(content: Content, facts: ImportOptions) -> tuple[int, int] | None:
    """Inputs and outputs of an AIGER file, or of a Verilog file of one module that says them in its header.

    Returns:
        None where only reading tells: a clock or an input that holds still is none of the circuit's.
    """
    if content.container != "text":
        return None
    from lgc.frontend.verilog.expressions import BeyondError  # only where there is a netlist

    if content.data[:4] in (b"aag ", b"aig "):
        numbers = content.data[:200].split(b"\n")[0].split()[1:6]
        plain = len(numbers) == 5 and all(number.isdigit() for number in numbers)
        return (int(numbers[1]), int(numbers[3])) if plain else None
    if facts.get("tie") or facts.get("files") or b"edge" in content.data:
        return None
    text = content.data.decode("latin-1")
    modules = _MODULE.findall(text)
    if len(modules) != 1:
        return None
    start = _MODULE.search(text)
    assert start is not None
    try:
        return _header(_COMMENT.sub(" ", text[start.end() : start.end() + _HEAD].split(";")[0]))
    except (BeyondError, NetlistError, RecursionError):
        return None


def _header(text: str) -> tuple[int, int]:
    """The bits of ports whose directions and ranges stand in the header."""
    from lgc.frontend.verilog.expressions import BeyondError, Parser

    parser, direction, width = Parser.of(text), "", 0
    bits = {"input": 0, "output": 0}
    parser.expect("(")
    while not parser.accept(")"):
        if parser.next in bits:
            direction = parser.take()
            if not parser.accept("reg"):
                parser.accept("wire")
            left, right = parser.range()
            width = abs(left - right) + 1
        if not direction:
            raise BeyondError
        parser.name()
        bits[direction] += width
        if parser.next != ")":
            parser.expect(",")
    return bits["input"], bits["output"]
