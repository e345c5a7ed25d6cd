"""The table of the sixteen gates says the same thing in each of its columns, and the id order is the community's."""

from __future__ import annotations

import numpy as np
import pytest

from lgc.ir import BY_NAME, BY_TABLE, GATES, Gate
from lgc.ir.gates import ID_OF_TABLE, TABLE_OF_ID

PAIRS = [(0, 0), (0, 1), (1, 0), (1, 1)]


def _evaluate(expression: str, a: int, b: int) -> int:
    """A gate's algebra, Verilog or C text as Python, on one bit."""
    text = expression.replace("1'b0", "0").replace("1'b1", "1").replace("ZERO", "0").replace("ONE", "1")
    return eval(text.format(a="a", b="b").replace("A", "a").replace("B", "b"), {"a": a, "b": b}) & 1


@pytest.mark.parametrize("gate", GATES, ids=lambda gate: gate.name)
@pytest.mark.parametrize("column", ["algebra", "verilog", "c"])
def test_every_column_computes_the_id(gate: Gate, column: str) -> None:
    """The id's bits, most significant first, are the outputs for AB = 00, 01, 10, 11."""
    outputs = [_evaluate(getattr(gate, column), a, b) for a, b in PAIRS]
    assert outputs == [int(bit) for bit in f"{gate.id:04b}"]


@pytest.mark.parametrize("gate", GATES, ids=lambda gate: gate.name)
def test_table_is_the_id_with_a_as_the_low_address_bit(gate: Gate) -> None:
    """docs/ir.md: the output is bit 3-(2A+B) of the id and bit A+2B of the table."""
    for a, b in PAIRS:
        assert (gate.table >> (a + 2 * b)) & 1 == (gate.id >> (3 - (2 * a + b))) & 1


def test_names_and_tables_are_unique_and_the_ids_are_in_order() -> None:
    assert [gate.id for gate in GATES] == list(range(16))
    assert len(BY_NAME) == len(BY_TABLE) == 16
    assert all(BY_NAME[gate.name] is gate and BY_TABLE[gate.table] is gate for gate in GATES)


def test_lookup_arrays_are_inverse_permutations() -> None:
    assert TABLE_OF_ID.dtype == np.uint64
    assert TABLE_OF_ID.tolist() == [gate.table for gate in GATES]
    assert ID_OF_TABLE[TABLE_OF_ID].tolist() == list(range(16))


def test_well_known_ids() -> None:
    """The ids of difflogic: a change here would read every published checkpoint wrongly."""
    ids = {name: BY_NAME[name].id for name in ("zero", "and", "a", "b", "xor", "or", "nor", "xnor", "nand", "one")}
    assert ids == {"zero": 0, "and": 1, "a": 3, "b": 5, "xor": 6, "or": 7, "nor": 8, "xnor": 9, "nand": 14, "one": 15}
