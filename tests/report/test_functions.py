"""Functions by symmetry, against all permutations and inversions by hand; names of bits, against the encoder."""

from __future__ import annotations

from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_networks import HOSTILE, image_model, table_model

from lgc.ir import Circuit, Column, Encoder, Head, Inputs, Netlist
from lgc.ir.inputs import METADATA
from lgc.report.functions import SYMMETRIES, count_functions
from lgc.report.naming import named_bits, threshold_of


def _kind(table: int, arity: int) -> str:
    """The kind of a table as its words say it, by trying everything."""

    def value(bits: tuple[int, ...]) -> int:
        return table >> sum(bit << place for place, bit in enumerate(bits)) & 1

    rows = list(product((0, 1), repeat=arity))
    flip = [[value(row) != value((*row[:i], 1 - row[i], *row[i + 1 :])) for row in rows] for i in range(arity)]
    depends = [i for i in range(arity) if any(flip[i])]
    if len(depends) < 2:
        return ("constant", "one input")[len(depends)]
    if all(all(flip[i]) for i in depends):
        return "parity"

    def symmetric(inverted: tuple[int, ...]) -> bool:
        def seen(row: tuple[int, ...]) -> int:
            return value(tuple(bit ^ flipped for bit, flipped in zip(row, inverted, strict=True)))

        return all(
            seen(row) == seen(tuple(row[order[depends.index(i)]] if i in depends else row[i] for i in range(arity)))
            for row in rows
            for order in permutations(depends)
        )

    if symmetric((0,) * arity):
        return "symmetric"
    rises = [{value((*r[:i], 1, *r[i + 1 :])) - value((*r[:i], 0, *r[i + 1 :])) for r in rows} for i in range(arity)]
    unate = all(len(one - {0}) < 2 for one in rises)
    if symmetric(tuple(int(one - {0} == {-1}) for one in rises)):
        return "symmetric but for inverted inputs"
    return "monotone" if unate else "other"


@given(st.lists(st.integers(0, 2**16 - 1), min_size=1, max_size=12), st.sampled_from([3, 4]))
def test_symmetry_is_what_its_words_say(tables: list[int], arity: int) -> None:
    tables = [table & (1 << (1 << arity)) - 1 for table in tables]
    found = count_functions(_netlist(tables, arity)).tables
    wanted = dict.fromkeys((name for name, _ in SYMMETRIES), 0)
    for table in tables:
        wanted[_kind(table, arity)] += 1
    assert found == wanted


def _netlist(tables: list[int], arity: int) -> Netlist:
    count = len(tables)
    fanin = np.tile(np.arange(2, 2 + arity), (count, 1))
    return Netlist(arity, fanin, np.full(count, arity), np.array(tables, np.uint64), np.arange(count) + 2 + arity,
                   np.full(count, -1))  # fmt: skip


def test_gates_are_counted_by_name_and_tables_by_what_they_read() -> None:
    found = count_functions(_netlist([0b0110, 0b0110, 0b1000], 2))
    assert found.gates == {"xor": 2, "and": 1}
    assert not any(found.tables.values())
    found = count_functions(_netlist([0b1010_1010, 0b1001_0110], 3))
    assert found.read == {1: 1, 3: 1}
    assert found.tables["one input"] == found.tables["parity"] == 1


@given(st.floats(-2, 2), st.sampled_from([(1, 1.0), (4, 15.0), (8, 255.0), (8, 256.0)]))
def test_a_pixel_above_its_named_threshold_sets_the_bit_and_no_other(threshold: float, kind: tuple[int, float]) -> None:
    bits, scale = kind
    column = Column("pixel", "pixel", scale=scale, bits=bits)
    named = int(threshold_of(column, threshold))
    pixels = np.arange(column.top + 1, dtype=np.float64)[:, None]
    model_reads = Inputs((column,)).features(pixels)
    assert (Encoder(1, np.array([[threshold]])).bits_of(model_reads)[:, 0] == (pixels[:, 0] > named)).all()


@given(st.integers(-1, 300), st.floats(0.01, 1000), st.floats(-100, 100))
def test_a_number_well_above_its_named_threshold_sets_the_bit(code: int, scale: float, offset: float) -> None:
    column = Column("x", scale=scale, offset=offset, bits=8)
    named = float(threshold_of(column, code + 0.5))
    step = 1 / scale
    for value, wanted in ((named + 0.6 * step, code + 0.5 < 255), (named - 0.6 * step, code < 0)):
        seen = bool(column.codes(np.array([value]))[0] > code + 0.5)
        assert seen == wanted or abs(named) > 1e5 * step  # digits of very fine codes are not all shown


def test_bits_have_the_names_of_columns() -> None:
    model = table_model()
    circuit = Circuit(
        "t", model.encoder, _netlist([8], 2).with_outputs(np.array([4])), Head.equal_groups(1, ("a",)),
        {METADATA: model.inputs.to_text()},
    )  # fmt: skip
    names = [bit.name for bit in named_bits(circuit, range(model.encoder.num_bits))]
    assert names[1] == "mean radius > 14.45"
    assert names[4] == f"{HOSTILE} > 0"
    assert names[7] == "colour = red"
    assert names[13] == "flag"
    image = image_model()
    circuit = Circuit("i", image.encoder, circuit.netlist, circuit.head, {METADATA: image.inputs.to_text()})
    assert named_bits(circuit, [8])[0].name == "pixel 1, 2 > 63"
    assert named_bits(Circuit("n", image.encoder, circuit.netlist, circuit.head), [8])[0].name == "feature 8 > 0.25"


@pytest.mark.parametrize("kind", SYMMETRIES)
def test_every_kind_has_its_words(kind: tuple[str, str]) -> None:
    assert all(kind)
