"""Runs yosys, from pyosys, without lgc: ``python -P yosys_process.py SCRIPT``, one command a line.

The line :data:`SINGLE` refuses a flat design in which something is assigned twice: of two constants, or of a constant
and a gate, yosys takes one and says nothing.
"""

from __future__ import annotations

import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

SINGLE = "# every bit has one source"


def main(script: Path) -> int:
    """Run the script; the process's exit code."""
    from pyosys import libyosys

    design = libyosys.Design()
    for line in script.read_text(encoding="utf-8").splitlines():
        if line != SINGLE:
            libyosys.run_pass(line, design)
        elif twice := assigned_twice(design.top_module()):
            sys.stdout.write(f"ERROR: {twice} is assigned twice, or is an input\n")
            return 1
    return 0


def assigned_twice(module: Any) -> str:
    """A net that two connections drive, or one that is an input or a constant; empty if there is none."""
    spans = sorted(span for left, _ in module.connections() for span in _spans(left))
    for name, start, stop, fixed in spans:
        if fixed:
            return f"{name}[{start}:{stop - 1}]"
    for (name, _, stop, _), (other, start, _, _) in pairwise(spans):
        if name == other and start < stop:
            return f"{name}[{start}]"
    return ""


def _spans(signal: Any) -> list[tuple[str, int, int, bool]]:
    """Pieces of wires: name, first bit, bit behind the last, whether nothing may drive it."""
    if signal.is_chunk():
        piece = signal.as_chunk()
        return [_span(piece.wire, piece.offset, piece.width)]
    return [_span(bit.wire if bit.is_wire() else None, bit.offset, 1) for bit in signal.to_sigbit_vector()]


def _span(wire: Any, offset: int, width: int) -> tuple[str, int, int, bool]:
    if wire is None:
        return "a constant", 0, width, True
    return wire.name.str(), offset, offset + width, wire.port_input


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
