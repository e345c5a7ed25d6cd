"""The search for small pieces: what it gives is the sum that it was given, it is repeatable, and it pays."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgc.errors import MissingToolError
from lgc.frontend import load_circuit
from lgc.ir import Circuit
from lgc.mapping.heads import all_heads
from lgc.mapping.heads.carry import CarryColumns, CarryHead
from lgc.mapping.heads.columns import Columns
from lgc.mapping.heads.cuts import cut_group
from lgc.mapping.heads.gauge import Quadratic
from lgc.mapping.heads.mapped import MappedHead, map_circuit
from lgc.mapping.heads.search import _library, search_cover
from lgc.mapping.heads.terms import corners, read_groups
from lgc.passes import PIPELINES, PassManager


class Sparse(CarryHead):
    """Chains that take a carry from outside with a piece only."""

    columns: ClassVar[tuple[type[Columns], ...]] = (CarryColumns,)


PRICES = [head.prices(lut) for head in all_heads() if isinstance(head, MappedHead) for lut in head.lut_sizes]
EXAMPLES = Path(__file__).parents[2] / "examples" / "mnist"


@st.composite
def forms(draw: st.DrawFn) -> Quadratic:
    """Sums over seven nets, coefficients beyond what the search knows among them."""
    pairs = [(a, b) for a in range(7) for b in range(a + 1, 7)]
    products = draw(st.dictionaries(st.sampled_from(pairs), st.integers(-9, 9).filter(bool), max_size=18))
    linear = draw(st.dictionaries(st.integers(0, 6), st.integers(-300, 300)))
    return Quadratic(0, defaultdict(int, linear), products)


def values_of(form: Quadratic) -> np.ndarray:
    x = corners(7)
    total = sum((value * x[:, net] for net, value in form.linear.items()), np.zeros(128, np.int64))
    return total + sum((q * (x[:, a] & x[:, b]) for (a, b), q in form.products.items()), np.zeros(128, np.int64))


@given(form=forms(), size=st.integers(2, 6), rounds=st.sampled_from([0, 3, 50]))
def test_pieces_and_what_they_leave_are_the_sum(form: Quadratic, size: int, rounds: int) -> None:
    pieces, rest = search_cover(form, size, lambda nets, bits: 1.5 * bits, 0.5, rounds)
    x = corners(7)
    total = sum((value * x[:, net] for net, value in rest.items()), np.zeros(128, np.int64))
    for nets, values in pieces:
        assert len(nets) <= size and list(nets) == sorted(set(nets)) and len(values) == 1 << len(nets)
        total = total + values[sum(x[:, net] << index for index, net in enumerate(nets))]
    np.testing.assert_array_equal(total, values_of(form))


def shipped(name: str) -> Circuit:
    return PassManager().run(load_circuit(EXAMPLES / f"{name}.pt"), PIPELINES["O2"])


@pytest.mark.parametrize("prices", PRICES, ids=lambda one: f"{one.lut}")
def test_it_finds_the_same_again_and_pays(prices: object) -> None:
    groups = read_groups(shipped("mnist-1k5"), 6)[:3]
    first, again, greedy = ([cut_group(one, prices, effort) for one in groups] for effort in (10, 10, 0))  # type: ignore[arg-type]
    for one, two in zip(first, again, strict=True):
        assert one.linear == two.linear
        assert [(nets, values.tolist()) for nets, values in one.pieces] == [
            (nets, values.tolist()) for nets, values in two.pieces
        ]
    cost = [sum(cut.cost(prices) for cut in cuts) for cuts in (first, greedy)]  # type: ignore[arg-type]
    assert cost[0] < 0.99 * cost[1]


def test_positions_of_chains_give_full_adders_and_pieces_their_second_output() -> None:
    mapped = Sparse().map(shipped("mnist-1k5"), outputs="scores")
    steering = {net for chain in mapped.chains for net in chain.select}
    data = {net for chain in mapped.chains for net in chain.data}
    seconds = [pair for pair in mapped.packed if pair[0] in steering and pair[1] not in data]
    assert len(seconds) > len(mapped.chains) // 2
    assert any(len(one.swallowed) > 1 for one in mapped.compressors)
    level = mapped.netlist.levels
    assert all(level[one] == level[two] for one, two in mapped.packed)


def test_without_a_compiler_the_way_out_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    _library.cache_clear()
    monkeypatch.setenv("CC", "no-such-compiler")
    circuit = shipped("mnist-1k5")
    with pytest.raises(MissingToolError, match=r"needs a C compiler.*--effort 0"):
        map_circuit(circuit, head="carry", outputs="scores", effort=29)
    assert map_circuit(circuit, head="carry", outputs="scores", effort=0).luts["popcount"] > 0


def test_tables_stand_behind_all_that_both_their_outputs_read() -> None:
    netlist = map_circuit(shipped("mnist-1k5"), head="carry", outputs="scores").netlist
    level, first = netlist.levels, netlist.first_node
    for node in np.flatnonzero(netlist.chain < 0).tolist():
        assert all(level[net] < level[first + node] for net in netlist.fanin[node][: netlist.arity[node]])
