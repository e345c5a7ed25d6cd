"""Registers, as :mod:`lgc.backend.verilog.registers` writes them: each is written in one block, by one assignment."""

from __future__ import annotations

from lgc.verify.formal.grammar.lines import Lines


def take_registers(lines: Lines, name: str, size: int, *, start: int = 1) -> str:
    """Take the registers of a vector, as many as there are; the name of the last one, or the vector's."""
    clock = start
    while lines.maybe("  reg `LGC_NETS(@Later@, @size@);", Later=f"{name}_q{clock}", size=size):
        before = f"{name}_q{clock - 1}" if clock > 1 else name
        lines.take("  always @(posedge clk) @Later@ <= @Now@;", Later=f"{name}_q{clock}", Now=before)
        clock += 1
    return f"{name}_q{clock - 1}" if clock > 1 else name
