"""docs/ir.md is the specification: what it says about tables, text and statements is checked against the code."""

from __future__ import annotations

import re
from pathlib import Path

from lgc.ir import GATES, parse_text, to_text
from lgc.ir.gates import markdown_table
from lgc.ir.text import mnemonic

PAGE = (Path(__file__).parent.parent / "docs" / "ir.md").read_text(encoding="utf-8")


def _between(begin: str, end: str) -> str:
    return PAGE.split(begin, 1)[1].split(end, 1)[0].strip("\n")


def test_the_gate_table_is_the_generated_one() -> None:
    """To renew it, put the output of ``lgc.ir.gates.markdown_table()`` between the markers."""
    assert _between("<!-- gates:begin -->", "<!-- gates:end -->") == markdown_table()
    assert markdown_table().count("\n") == len(GATES) + 1


def test_the_gate_table_is_a_markdown_table() -> None:
    """A | inside a cell is escaped, so that every row has four cells."""
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in markdown_table().splitlines()} == {5}


def test_the_example_is_canonical_text() -> None:
    example = _between("```\nlgn 1", "```")
    text = f"lgn 1\n{example}\n"
    assert to_text(parse_text(text)) == text


def test_every_statement_of_the_example_and_the_printer_is_specified() -> None:
    statements = _between("| statement | meaning |", "Operands are written")
    example = parse_text("lgn 1\n" + _between("```\nlgn 1", "```") + "\n")
    for line in to_text(example).splitlines():
        keyword = "nX" if " = " in line else line.split()[0]
        assert f"`{keyword}" in statements, f"no row for {line!r}"


def test_the_plain_operations_are_those_of_the_page() -> None:
    assert "`nX = buf a`, `not a`, `const0`, `const1`" in PAGE
    assert [mnemonic(1, 2), mnemonic(1, 1), mnemonic(0, 0), mnemonic(0, 1)] == ["buf", "not", "const0", "const1"]
    assert [mnemonic(1, 0), mnemonic(1, 3)] == ["lut1 0x0", "lut1 0x3"]
