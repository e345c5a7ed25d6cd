"""Formats at their edges: the smallest sizes of what is written, and counts that must fit."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from strategies import random_circuit

from lgc.backend.base import write
from lgc.backend.verilog import Verilog
from lgc.backend.verilog.grammar import lut_call
from lgc.mapping.adders import _width
from lgc.parts.boards import BOARDS


@pytest.mark.parametrize("arity", range(7))
def test_a_table_is_written_with_as_many_digits_as_it_has(arity: int) -> None:
    """One hexadecimal digit for four bits, one at least; operands from the last to the first."""
    bits = 1 << arity
    operands = [f"x{index}" for index in range(arity)]
    text = lut_call(1, operands)
    found = re.fullmatch(rf"lut{arity}\({bits}'h(0*1), (.*)\)", text)
    assert found is not None, text
    assert len(found[1]) == max(1, bits // 4)
    assert found[2] == ", ".join(reversed(operands))


@pytest.mark.parametrize(("classes", "outputs"), [(1, "class"), (2, "class"), (3, "both"), (9, "class"), (3, "scores")])
@pytest.mark.parametrize("board", BOARDS)
def test_every_led_of_a_board_is_driven_once(board: str, classes: int, outputs: str, tmp_path: Path) -> None:
    """The class on the first ones, 0 on the others; without a class in the reply all are 0."""
    one, circuit = BOARDS[board], random_circuit(19, [90], classes)
    write(Verilog(top="net", interface="uart", board=board, outputs=outputs), circuit, tmp_path / "net.v")
    line = next(text for text in (tmp_path / f"net_{board}.v").read_text().splitlines() if "assign led" in text)
    found = re.search(r"assign led = (~?)(?:\{(\d+)'d0, )?(?:reply\[(\d+):0\]|1'b0)\}?;", line)
    assert found is not None, line
    shown = min(max(1, (classes - 1).bit_length()), len(one.leds)) if outputs != "scores" else 0
    assert found[3] == (str(shown - 1) if shown else None)
    assert int(found[2] or 0) + max(1, shown) == len(one.leds)
    assert bool(found[1]) == one.leds_low


@pytest.mark.parametrize("operands", [(3,), (2, 2), (2, 2, 2), (1, 1, 1), (1, 1, 1, 1, 1), (1, 4), (5, 1, 1), (1,) * 9])
def test_a_sum_is_estimated_as_wide_as_its_largest_value_needs(operands: tuple[int, ...]) -> None:
    """Pair by pair it may take a bit or two more, and never one less."""
    needed = sum((1 << width) - 1 for width in operands).bit_length()
    levels = (len(operands) - 1).bit_length()
    assert needed <= _width(operands) <= max(operands) + levels
