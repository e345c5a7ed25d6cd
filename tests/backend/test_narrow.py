"""Heads on chains of four-input tables: sums are right however they are laid out, and cells are what the plan says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mapped_netlists import check
from strategies import all_inputs, circuits, random_circuit, random_inputs

from lgc.backend.verilog.strings import STRUNG, Slot, slots
from lgc.bench.auto import network
from lgc.errors import NetlistError, OptionError
from lgc.ir import Builder, Circuit, Encoder, Head
from lgc.mapping.heads import find_head
from lgc.mapping.heads.mapped import map_circuit
from lgc.mapping.heads.plan import Mapped
from lgc.mapping.heads.strings import LONGEST, end_sites, strings
from lgc.mapping.mapped_parse import parse
from lgc.mapping.mapped_text import to_lgm
from lgc.mapping.mapped_verify import verify_mapped
from lgc.parts.fabrics import FABRICS

NARROW = ("couple", "ripple")


def counted(size: int, bias: int = 0) -> Circuit:
    """A class whose votes are its inputs."""
    head = Head(np.array([0, size]), np.array([bias]), ("one",))
    return Circuit("counted", Encoder(size), Builder(size).build(range(2, 2 + size)), head)


@pytest.mark.parametrize("name", NARROW)
@settings(max_examples=12, deadline=None)
@given(circuit=circuits(max_outputs=40), outputs=st.sampled_from(["both", "class", "scores"]))
def test_narrow_chains_equal_the_interpreter_and_their_plan_is_proved(
    name: str, circuit: Circuit, outputs: str
) -> None:
    mapped = map_circuit(circuit, name, lut=4, outputs=outputs, effort=0)
    check(circuit, mapped, all_inputs(circuit.netlist.num_inputs))
    verify_mapped(mapped, circuit)
    assert to_lgm(parse(to_lgm(mapped))) == to_lgm(mapped)


@pytest.mark.parametrize("name", NARROW)
@pytest.mark.parametrize("size", range(1, 13))
def test_few_bits_are_counted_for_every_value(name: str, size: int) -> None:
    for bias in (0, 5):
        circuit = counted(size, bias)
        mapped = map_circuit(circuit, name, lut=4, outputs="scores", effort=0)
        check(circuit, mapped, all_inputs(size))
        verify_mapped(mapped, circuit)


@pytest.mark.parametrize(("name", "size", "tables"), [
    ("couple", 3, 2), ("couple", 9, 9), ("couple", 200, 265), ("ripple", 9, 12), ("ripple", 200, 317),
    ("compress", 200, 394),
])  # fmt: skip
def test_how_many_tables_count(name: str, size: int, tables: int) -> None:
    mapped = map_circuit(counted(size), name, lut=4, outputs="scores", effort=0)
    assert mapped.luts["popcount"] == tables


@pytest.mark.parametrize("name", NARROW)
@pytest.mark.parametrize("circuit", [
    *(random_circuit(40, [90], 3, arity=arity, seed=arity) for arity in (2, 4, 6)),
    random_circuit(40, [60, 90], 3, arity=4, seed=7),
    network(48, [100], 4, seed=10, features=12),
], ids=["2", "4", "6", "layers", "features"])  # fmt: skip
def test_votes_of_every_width_are_counted(name: str, circuit: Circuit) -> None:
    mapped = map_circuit(circuit, name, lut=4, effort=0)
    check(circuit, mapped, random_inputs(circuit.netlist.num_inputs, 300))
    verify_mapped(mapped, circuit)


def positions(mapped: Mapped) -> list[list[Slot]]:
    return [[*slots(mapped, string, {})] for string in strings(mapped.chains)]


@pytest.mark.parametrize(
    ("name", "fabric"), [("couple", "ecp5"), ("ripple", "ecp5"), ("ripple", "ice40"), ("ripple", "gowin")]
)
def test_every_position_is_a_cell_and_ends_are_counted(name: str, fabric: str) -> None:
    mapped = map_circuit(random_circuit(40, [120], 3, arity=4, seed=1), name, lut=4, outputs="class", effort=0)
    _write(map_circuit(counted(30, 13), name, lut=4, outputs="scores", effort=0), fabric)  # a constant on a position
    assert _write(mapped, fabric) > 20
    sites = sum(len(one.select) + 1 for one in mapped.chains)
    assert 0 < end_sites(mapped, FABRICS[fabric].positions) < sites // 4


def _write(mapped: Mapped, fabric: str) -> int:
    """How many carry cells all strings are."""
    cells = 0
    for index, string in enumerate(positions(mapped)):
        assert len(string) <= LONGEST + 1
        lines = STRUNG[FABRICS[fabric].carry](f"x_{index}", string, [f"n{net}" for net in range(10_000)])
        cells += sum(line.lstrip().startswith(("CCU2C", "SB_CARRY", "ALU")) for line in lines)
    return cells


def test_a_second_output_that_no_position_has_is_refused() -> None:
    mapped = map_circuit(counted(30), "couple", lut=4, outputs="scores", effort=0)
    netlist = mapped.netlist
    packed = dict(mapped.packed)
    four = next(one for one in packed if netlist.arity[one - netlist.first_node] == 4)
    table = netlist.table.copy()
    table[four - netlist.first_node] ^= table.dtype.type(0xFFFF)
    broken = replace(mapped, netlist=replace(netlist, table=table))
    with pytest.raises(NetlistError):
        verify_mapped(broken)


@pytest.mark.parametrize(("name", "fabric"), [("couple", "ice40"), ("ripple", "xc7"), ("carry", "ecp5")])
def test_a_fabric_without_the_cells_is_refused(name: str, fabric: str) -> None:
    with pytest.raises(OptionError, match="carry"):
        find_head(name).check_fabric(FABRICS[fabric])
