"""The sixteen two-input functions: one table that everything else derives from.

Ids are in the community's order (docs/ir.md): id bits, most significant first, are the outputs for
(A, B) = 00, 01, 10, 11. A table is LSB-first with operand 0 (A) as address bit 0.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Gate:
    """One two-input function.

    ``verilog`` and ``c`` are templates with the places ``{a}`` and ``{b}``.
    """

    id: int
    name: str
    algebra: str
    verilog: str
    c: str

    @property
    def table(self) -> int:
        """Truth table, bit ``A + 2*B`` is the output."""
        return sum(((self.id >> (3 - (2 * a + b))) & 1) << (a + 2 * b) for a in (0, 1) for b in (0, 1))


GATES: tuple[Gate, ...] = (
    Gate(0, "zero", "0", "1'b0", "ZERO"),
    Gate(1, "and", "A & B", "{a} & {b}", "{a} & {b}"),
    Gate(2, "andnot", "A & ~B", "{a} & ~{b}", "{a} & ~{b}"),
    Gate(3, "a", "A", "{a}", "{a}"),
    Gate(4, "notand", "~A & B", "~{a} & {b}", "~{a} & {b}"),
    Gate(5, "b", "B", "{b}", "{b}"),
    Gate(6, "xor", "A ^ B", "{a} ^ {b}", "{a} ^ {b}"),
    Gate(7, "or", "A | B", "{a} | {b}", "{a} | {b}"),
    Gate(8, "nor", "~(A | B)", "~({a} | {b})", "~({a} | {b})"),
    Gate(9, "xnor", "~(A ^ B)", "~({a} ^ {b})", "~({a} ^ {b})"),
    Gate(10, "notb", "~B", "~{b}", "~{b}"),
    Gate(11, "ornot", "A | ~B", "{a} | ~{b}", "{a} | ~{b}"),
    Gate(12, "nota", "~A", "~{a}", "~{a}"),
    Gate(13, "notor", "~A | B", "~{a} | {b}", "~{a} | {b}"),
    Gate(14, "nand", "~(A & B)", "~({a} & {b})", "~({a} & {b})"),
    Gate(15, "one", "1", "1'b1", "ONE"),
)

BY_NAME: dict[str, Gate] = {gate.name: gate for gate in GATES}
BY_TABLE: dict[int, Gate] = {gate.table: gate for gate in GATES}

TABLE_OF_ID: NDArray[np.uint64] = np.array([gate.table for gate in GATES], dtype=np.uint64)
"""uint64 (16,): truth table of each gate id."""

ID_OF_TABLE: NDArray[np.uint8] = np.argsort(TABLE_OF_ID).astype(np.uint8)
"""uint8 (16,): gate id of each two-input truth table."""


def markdown_table() -> str:
    """The table of docs/ir.md, generated so that it cannot drift."""
    rows = ["| id | name | function | table |", "|---|---|---|---|"]
    rows += [f"| {g.id} | `{g.name}` | `{g.algebra.replace('|', chr(92) + '|')}` | `0x{g.table:x}` |" for g in GATES]
    return "\n".join(rows)
