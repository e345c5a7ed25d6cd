"""A head is its file and a row: nothing else knows its name, and one from outside works everywhere."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mapped_netlists import check
from strategies import circuits, random_circuit, random_inputs

import lgc
from lgc.backend.base import to_bytes
from lgc.backend.verilog import Verilog
from lgc.errors import OptionError
from lgc.ir import Circuit
from lgc.mapping.choose import candidates, choose_head
from lgc.mapping.estimate import estimate
from lgc.mapping.heads import AUTO, HEADS, all_heads, find_head
from lgc.mapping.heads.base import HeadArchitecture
from lgc.mapping.heads.mapped import map_circuit
from lgc.mapping.names import HeadName
from lgc.parts.fabrics import FABRICS

SOURCE = Path(lgc.__file__).parent
# Cells of a synthesised netlist, and what a mutant of one changes: a carry there is no head.
OTHER_CARRIES = ("synth/cells.py", "verify/mutate/cells.py")


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setitem(HEADS, "toy", "toy_head:ToyHead")
    return "toy"


def test_every_row_is_a_head_of_that_name_and_the_type_lists_them_all() -> None:
    assert get_args(HeadName) == (AUTO, *HEADS)
    for name, head in zip(HEADS, all_heads(), strict=True):
        assert isinstance(head, HeadArchitecture)
        assert head.name == name != AUTO
        assert head.about
        module, _, function = head.emitter.partition(":")
        assert callable(getattr(importlib.import_module(module), function))
    assert [head.name for head in all_heads() if head.is_portable] == ["adder"]


@pytest.mark.parametrize("path", sorted(SOURCE.rglob("*.py")), ids=lambda one: str(one.relative_to(SOURCE)))
def test_no_code_asks_for_a_head_by_name(path: Path) -> None:
    """Neither compared nor passed on, outside of the head's own file and the registry."""
    own = {entry.partition(":")[0]: name for name, entry in HEADS.items()}
    place = path.relative_to(SOURCE)
    module = ".".join(("lgc", *place.with_suffix("").parts))
    if place == Path("mapping/heads/__init__.py") or str(place) in OTHER_CARRIES:
        return
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        found: list[ast.expr] = []
        if isinstance(node, ast.Compare):
            found = [node.left, *node.comparators]
        if isinstance(node, ast.keyword) and node.arg in ("head", "asked"):
            found = [node.value]
        texts = {one.value for item in found for one in ast.walk(item) if isinstance(one, ast.Constant)}
        named = texts.intersection(HEADS) - {own.get(module)}
        assert not named, f"{place}:{found[0].lineno} names a head: {named}"


def test_an_unknown_head_is_told_the_known_ones() -> None:
    with pytest.raises(OptionError, match="head is 'abacus'") as refusal:
        find_head("abacus")
    assert f"It is one of: auto, {', '.join(HEADS)}" in str(refusal.value.hint)


@settings(max_examples=25)
@given(circuits(), st.sampled_from(["both", "class", "scores"]), st.sampled_from([4, 6]))
def test_a_head_from_outside_counts_right(circuit: Circuit, outputs: str, lut: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(HEADS, "toy", "toy_head:ToyHead")
        mapped = map_circuit(circuit, "toy", lut=lut, outputs=outputs, effort=0)
    check(circuit, mapped, random_inputs(circuit.netlist.num_inputs, 64))


def test_a_head_from_outside_is_chosen_estimated_and_written(toy: str) -> None:
    """The toy's order gives another netlist than the head that it was made of, and every way in knows it."""
    circuit = random_circuit(40, [300], 3, seed=1)
    mine, known = (map_circuit(circuit, name, lut=4) for name in (toy, "compress"))
    assert mine.head == toy
    assert mine.compressors != known.compressors
    check(circuit, mine, random_inputs(40, 500))
    assert toy in [head.name for head in candidates(FABRICS["ecp5"])]
    assert estimate(circuit, lut=4, head=toy).luts > 0
    assert toy in [one.head for one in choose_head(random_circuit(40, [300], 3, seed=2), "ecp5").estimates]
    text = to_bytes(Verilog(top="net", head=toy, fabric="ecp5"), circuit).decode()
    assert "LUT4 #(" in text
