"""The columns of a sample as people see them: one row for neighbours that differ in their names only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lgc.driver.sheet import Grid

if TYPE_CHECKING:
    from lgc.driver.sheet import Sheet
    from lgc.ir import Circuit

_MOST_ROWS, _HEAD_ROWS = 40, 30
_MOST_LETTERS, _MOST_WORDS = 32, 4


def code_lines(circuit: Circuit) -> Sheet:
    """How samples become the integers on the port; nothing if that takes bits."""
    codes = circuit.encoder.code
    if codes is None:
        return []
    from lgc.backend.columns import alike, column_rows

    rows = column_rows(circuit)
    if not rows:
        return [
            f"feature x is the integer {codes.rules()}",
            "the model does not say what its features are: this is read from its thresholds and what was asked for",
        ]
    headings = ("column", "kind", "range seen", "bits>", "scale>", "offset>", "rounding")
    cells = [
        (_named(group), one["kind"], _range(one), str(one["bits"]), _number(one.get("scale")),
         _number(one.get("offset")), one["rounding"])
        for group in alike(rows) for one in group[:1]
    ]  # fmt: skip
    idle = len(rows) - _num_read(circuit)
    lines: list[str | Grid] = [Grid(headings, _shortened(cells), f"{len(rows):,} columns in {codes.num_bits:,} bits")]
    if idle:
        lines.append(
            f"no gate reads {idle:,} of the columns: their bits are on the port, and there is no logic for them"
        )
    return lines


def _num_read(circuit: Circuit) -> int:
    """Columns that a gate reads."""
    from lgc.ir import FIRST_INPUT

    netlist = circuit.netlist
    live = netlist.live()[FIRST_INPUT : netlist.first_node]
    return len(set(circuit.encoder.column_of_bits[live].tolist()))


def _named(group: Sequence[Mapping[str, Any]]) -> str:
    first, last = (_short(row["name"]) for row in (group[0], group[-1]))
    return first if len(group) == 1 else f"{first} to {last} ({len(group):,})"


def _short(text: str) -> str:
    plain = "".join(letter if letter.isprintable() else "?" for letter in text)
    return plain if len(plain) <= _MOST_LETTERS else f"{plain[: _MOST_LETTERS - 3]}..."


def _range(row: Mapping[str, Any]) -> str:
    if "words" in row:
        words = row["words"]
        more = f", ... ({len(words):,} words)" if len(words) > _MOST_WORDS else ""
        return ", ".join(map(_short, words[:_MOST_WORDS])) + more
    return f"{row['low']:g} to {row['high']:g}" if "low" in row else ""


def _number(value: float | None) -> str:
    return "" if value is None else f"{value + 0.0:.6g}"  # no -0


def _shortened(cells: Sequence[tuple[str, ...]]) -> tuple[tuple[str, ...], ...]:
    if len(cells) <= _MOST_ROWS:
        return tuple(cells)
    rest = (f"and {len(cells) - _HEAD_ROWS:,} rows more", *[""] * (len(cells[0]) - 1))
    return (*cells[:_HEAD_ROWS], rest)
