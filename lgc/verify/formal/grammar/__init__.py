"""The grammar of the Verilog that `lgc compile` writes, as an acceptor: all else is not proved.

A proof is of what yosys reads, and holds for a simulator or another synthesis as far as these read the same. So a text
is proved only if lgc could have written it, line by line, for the manifest beside it; what it computes may be wrong,
which is for the proof to find. The productions stand as the writers' functions do (:mod:`lgc.backend.verilog`), and
take the templates that are the same in all texts from them.
"""

from __future__ import annotations

import re
from itertools import product

from lgc.backend.columns import port_notes
from lgc.backend.manifest import Manifest
from lgc.backend.verilog import MACROS
from lgc.backend.verilog.cells import simulation
from lgc.backend.verilog.grammar import BODY_MARK, CIRCUIT_MARK, HEADER_LINES, SOURCE_MARK, split_header
from lgc.backend.verilog.mapped import copies_text
from lgc.parts.fabrics import FABRICS
from lgc.verify.formal.cells import KNOWN
from lgc.verify.formal.grammar.adder import take_argmax, take_head, take_leaves, take_popcounts
from lgc.verify.formal.grammar.context import Context
from lgc.verify.formal.grammar.lines import PRINTED, Departure, Lines
from lgc.verify.formal.grammar.netlist import accept_netlist
from lgc.verify.formal.grammar.sections import take_sections
from lgc.verify.formal.grammar.serial import take_serial
from lgc.verify.formal.grammar.top import take_counters, take_tables, take_top, take_tree

__all__ = ["Departure", "accept", "accept_netlist"]

_HEADER = tuple(
    re.compile(pattern)
    for pattern in (
        rf"// Logic-gate network {PRINTED}, written by lgc {PRINTED}\.",
        rf"{SOURCE_MARK}{PRINTED}",
        rf"{CIRCUIT_MARK}[0-9a-f]+",
        rf"{BODY_MARK}[0-9a-f]+",
    )
)
_FRONT = f"`default_nettype none\n{MACROS}\n"
_BACK = "`default_nettype wire\n"
_KNOWN = re.compile(KNOWN)


def accept(text: str, manifest: Manifest) -> None:
    """Refuse a text that lgc would not write for such a manifest.

    Raises:
        Departure: with the line and what stands there.
    """
    header, body = split_header(text)
    for number, (line, pattern) in enumerate(zip(header, _HEADER, strict=False), 1):
        if not pattern.fullmatch(line):
            raise Departure(f"'{line[:60]}' is no line of the header", number)
    if not body.startswith(_FRONT):
        raise Departure("the macros of every file were expected", _differs(body, _FRONT) + HEADER_LINES)
    name, back = _end(body)
    if name is None:
        raise Departure("the file does not end as lgc's do", text.count("\n") + 1)
    middle = body[len(_FRONT) : len(body) - len(back)]
    known = {
        "Top": manifest.top,
        "classes": len(manifest.classes),
        "score": manifest.score_width,
    }
    first = HEADER_LINES + _FRONT.count("\n") + 1
    context = Context(middle, Lines(middle.split("\n")[:-1], first, known), manifest, FABRICS.get(name))
    context.lines.known["index"] = str(context.shape.index)
    _modules(context)


def _end(body: str) -> tuple[str | None, str]:
    """The fabric whose models a body ends with, empty for none, and these; None if it ends otherwise."""
    for name, fabric in FABRICS.items():
        for chains, wide in product((True, False), repeat=2):
            back = f"{_BACK}{simulation(fabric, chains=chains, wide=wide)}\n"
            if body.endswith(back):
                return name, back
    return ("", _BACK) if body.endswith(_BACK) else (None, "")


def _differs(body: str, wanted: str) -> int:
    """The number of the first line that is another."""
    pairs = zip(body.split("\n"), wanted.split("\n"), strict=False)
    return next((number for number, (one, two) in enumerate(pairs, 1) if one != two), 1)


def _modules(text: Context) -> None:
    """The notes about columns, which the manifest decides, and all modules, by the kind of the head."""
    for note in port_notes(text.manifest.columns, text.manifest.classes):
        text.lines.literal(f"// {note}")
    if text.manifest.interval > 1:
        take_sections(text)
        take_serial(text)
        take_top(text, take_counters, streams=False)
    elif f"module {text.top}_head " in text.middle:
        take_leaves(text)
        take_sections(text)
        take_popcounts(text)
        take_argmax(text)
        take_head(text)
        take_top(text, take_tree)
    else:
        if text.lines.line.startswith("// Registers of copies"):
            text.lines.literal(copies_text(text.top))
            text.defined.append(f"{text.top}_copies")
        take_sections(text)
        take_top(text, take_tables)
    if not text.lines.ended:
        raise text.lines.departure("nothing more was expected")
    _distinct(text)


def _distinct(text: Context) -> None:
    """No two modules of one name, and none of a cell's, whose meaning is known without the text."""
    for index, name in enumerate(text.defined):
        if name in text.defined[:index] or _KNOWN.fullmatch(name):
            raise text.lines.departure(f"a second module is called {name}", 1)
