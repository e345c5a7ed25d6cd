"""What is known about parts is in lgc/parts, and nowhere else."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import get_args

import pytest

import lgc
from lgc.errors import OptionError
from lgc.parts.boards import BOARDS
from lgc.parts.fabrics import FABRICS, GENERIC
from lgc.parts.names import BoardName, FabricName
from lgc.parts.part import check_measurable, find_part, parts

ROOT = Path(lgc.__file__).parent
FAMILIES = {part.family.name for part in parts().values()} - {"generic", "asic"}


def test_families_are_named_in_parts_only() -> None:
    """As a string of its own, as code would compare with it."""
    files = set()
    for path in ROOT.rglob("*.py"):
        nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if any(isinstance(node, ast.Constant) and node.value in FAMILIES for node in nodes):
            files.add(str(path.parent.relative_to(ROOT)))
    assert files == {"parts"}


def test_the_types_of_names_are_those_of_the_tables() -> None:
    assert get_args(FabricName) == (GENERIC, *FABRICS)
    assert get_args(BoardName) == tuple(BOARDS)


def test_fabrics_and_families_belong_together() -> None:
    families = {part.family.name: part.family for part in parts().values()}
    for fabric in FABRICS.values():
        assert fabric.families and set(fabric.families) <= set(families)
        for name in fabric.families:
            assert families[name].lut_inputs == fabric.lut
            assert any(re.match(rf"{fabric.table.split('{')[0].split()[0]}", one) for one in families[name].lut)
            for part in parts().values():
                assert (part.fabric == fabric.name) == (part.family.name in fabric.families)
    named = [name for fabric in FABRICS.values() for name in fabric.families]
    assert len(named) == len(set(named))


def test_parts_without_cells_are_generic() -> None:
    assert {part.fabric for part in parts().values() if part.family.name not in FABRICS} == {GENERIC}


@pytest.mark.parametrize("name", FABRICS)
def test_a_table_of_cells_can_be_filled_in_and_has_a_model(name: str) -> None:
    fabric = FABRICS[name]
    pins = {f"i{index}": f"n{index}" for index in range(6)}
    text = fabric.table.format(arity=3, size=8, init="8'h01", name="c", output="y", pins=".I0(n0)", **pins)
    assert text.endswith(";") and "8'h01" in text and "(y)" in text
    cell = text.split()[0]
    assert f"module {cell} " in fabric.models
    assert fabric.models.count("endmodule") == len(re.findall(r"^module ", fabric.models, re.MULTILINE))


def test_an_unknown_part_is_refused_with_a_guess() -> None:
    with pytest.raises(OptionError, match=r"there is no part 'ecp5-86k'. Did you mean ecp5-85k\? Parts: ice40-hx8k,"):
        find_part("ecp5-86k")


def test_parts_with_a_clock_that_can_be_measured_are_named() -> None:
    with pytest.raises(OptionError, match="Take a part of ecp5 or gatemate or ice40, or leave out --clock"):
        check_measurable(find_part("lut6"))


def test_no_text_says_target() -> None:
    """The flag is --part."""
    for folder in ("parts", "synth"):
        for path in (ROOT / folder).rglob("*.*"):
            if path.suffix in (".py", ".toml"):
                assert "--target" not in path.read_text(encoding="utf-8"), path
