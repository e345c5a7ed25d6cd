"""A synthesised netlist that any simulator takes: with the models of the cells in it, and no others."""

from __future__ import annotations

import re
from pathlib import Path

from lgc.parts.part import Part
from lgc.synth.yosys import MODELS
from lgc.tools.yosys import yosys_share

_MODULE = re.compile(
    r"^[ \t]*+(?:\(\*[^\n]*?\*\)\s*+)*+module\s++\\?([^\s(#;]++)\s*+[(#;].*?\bendmodule\b", re.DOTALL | re.MULTILINE
)
_INSTANCE = re.compile(r"^[ \t]*\\?([A-Za-z_$][\w$]*)[ \t]+(?:#[ \t]*\(|[\\A-Za-z_])", re.MULTILINE)
_INCLUDE = re.compile(r'^\s*`include\s+"([^"]+)"', re.MULTILINE)


def simulation_text(netlist: Path, part: Part) -> str:
    """The netlist, then the models of its cells.

    Args:
        netlist: ``netlist.v`` in the folder where yosys ran.

    Raises:
        MissingToolError: pyosys is not installed.
    """
    text = netlist.read_text(encoding="utf-8")
    files = [yosys_share() / name for name in part.family.models]
    if part.is_asic:
        files = [netlist.with_name(MODELS)]
    library: dict[str, str] = {}
    macros = []
    for file in files:
        models = _read(file)
        for match in _MODULE.finditer(models):
            library.setdefault(match[1], match[0])
        between = _MODULE.sub("", models)
        macros += [between] if "`define" in between else []
    needed: list[str] = []
    waiting = [text]
    while waiting:
        for name in _INSTANCE.findall(waiting.pop()):
            if name in library and name not in needed:
                needed.append(name)
                waiting.append(library[name])
    return "\n\n".join([*macros, text, *(library[name] for name in sorted(needed)), ""])


def _read(file: Path) -> str:
    """A file with what it includes in its place."""
    text = file.read_text(encoding="utf-8", errors="replace")
    return _INCLUDE.sub(lambda match: _read(file.with_name(match[1])), text)
