"""The netlist's derived views (runs, levels, wavefronts, fan-out) against slow definitions, and the Builder."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import all_inputs, netlists, random_circuit

from lgc.errors import NetlistError
from lgc.ir import BY_NAME, Builder, Netlist, Origins, interp, verify_netlist


def _operands(netlist: Netlist, node: int) -> list[int]:
    return netlist.fanin[node, : netlist.arity[node]].tolist()


@given(netlists())
def test_runs_cut_all_nodes_and_no_node_reads_its_own_run(netlist: Netlist) -> None:
    runs = list(netlist.runs())
    assert [node for lo, hi in runs for node in range(lo, hi)] == list(range(netlist.num_nodes))
    for lo, hi in runs:
        assert lo < hi
        assert all(net < netlist.first_node + lo for node in range(lo, hi) for net in _operands(netlist, node))


@given(netlists())
def test_runs_are_as_long_as_they_can_be(netlist: Netlist) -> None:
    """The first node after a run reads a node of it: otherwise it could have joined."""
    for lo, hi in netlist.runs():
        if hi < netlist.num_nodes:
            assert max(_operands(netlist, hi)) >= netlist.first_node + lo


@given(netlists())
def test_levels_depth_wavefronts_and_fanout_equal_their_definitions(netlist: Netlist) -> None:
    levels = [0] * netlist.first_node
    fanout = [0] * netlist.num_nets
    for node in range(netlist.num_nodes):
        operands = _operands(netlist, node)
        levels.append(1 + max(levels[net] for net in operands) if operands else 0)
        for net in operands:
            fanout[net] += 1
    for net in netlist.outputs:
        fanout[net] += 1
    assert netlist.levels.tolist() == levels
    assert netlist.depth == max((levels[net] for net in netlist.outputs), default=0)
    assert netlist.fanout().tolist() == fanout
    fronts = [front.tolist() for front in netlist.wavefronts()]
    assert sorted(node for front in fronts for node in front) == list(range(netlist.num_nodes))
    seen = set(range(netlist.first_node))
    for front in fronts:
        assert front
        assert all(net in seen for node in front for net in _operands(netlist, node))
        seen.update(netlist.first_node + node for node in front)


@given(netlists())
def test_used_places_are_those_below_the_arity(netlist: Netlist) -> None:
    for node in range(netlist.num_nodes):
        assert netlist.used[node].tolist() == [place < netlist.arity[node] for place in range(netlist.width)]
    assert netlist.used.shape == netlist.fanin.shape
    assert not netlist.used.flags.writeable


@given(netlists(), st.data())
def test_live_nets_are_those_that_a_root_reaches_without_passing_a_leaf(netlist: Netlist, data: st.DataObject) -> None:
    """Without arguments the roots are the outputs, and there are no leaves."""
    some = st.sets(st.integers(0, netlist.num_nets - 1))
    roots = data.draw(st.none() | some)
    leaves = data.draw(st.none() | some)
    live = set(netlist.outputs.tolist() if roots is None else roots)
    for node in reversed(range(netlist.num_nodes)):
        net = netlist.first_node + node
        if net in live and net not in (leaves or ()):
            live.update(_operands(netlist, node))
    nets = None if roots is None else np.array([*roots], np.int64)
    mask = None if leaves is None else np.isin(np.arange(netlist.first_node, netlist.num_nets), [*leaves])
    assert np.flatnonzero(netlist.live(nets, leaves=mask)).tolist() == sorted(live)


def test_layers_are_runs() -> None:
    """The promise that makes the sweeps fast: a layered network has no more runs than layers."""
    assert len(list(random_circuit(50, [400, 300, 200], 2).netlist.runs())) <= 3


def test_an_empty_netlist_has_no_runs_levels_or_fronts() -> None:
    netlist = Builder(0).build([])
    assert list(netlist.runs()) == netlist.wavefronts() == []
    assert netlist.levels.tolist() == [0, 0]
    assert netlist.depth == 0
    verify_netlist(netlist)


def test_labels() -> None:
    builder = Builder(2)
    handles = builder.layer("layer1", 3)
    nets = [builder.gate("and", 2, 3, handles[2]), builder.gate("or", 2, 3)]
    netlist = builder.build(nets)
    labels = [netlist.label(net) for net in range(netlist.num_nets)]
    assert labels == ["0", "1", "in[0]", "in[1]", "n4 (layer1[2])", "n5 (?)"]


def test_a_node_costs_at_most_21_bytes() -> None:
    """docs/ir.md: 21 bytes a two-input gate."""
    netlist = random_circuit(10, [1000]).netlist
    size = sum(getattr(netlist, name).nbytes for name in ("fanin", "arity", "table", "origin"))
    assert size == 21 * netlist.num_nodes


def test_with_outputs_keeps_the_nodes() -> None:
    netlist = random_circuit(10, [20]).netlist
    other = netlist.with_outputs(np.array([5, 0, 5]))
    assert other.outputs.tolist() == [5, 0, 5]
    assert other.fanin is netlist.fanin
    assert netlist.num_outputs == 20


class TestBuilder:
    def test_nets_are_dense_and_in_order(self) -> None:
        builder = Builder(3)
        assert [builder.add(1, (2,)), builder.gate("and", 5, 4), builder.add(0, ())] == [5, 6, 7]
        assert builder.add_layer(np.array([8, 6]), np.array([[2, 7], [6, 6]])).tolist() == [8, 9]
        assert builder.gate("or", 8, 9) == 10
        netlist = builder.build([10, 0, 2])
        verify_netlist(netlist)
        assert netlist.num_nets == 11
        assert netlist.arity.tolist() == [1, 2, 0, 2, 2, 2]

    @given(st.data())
    def test_mixing_single_nodes_and_layers_keeps_every_node(self, data: st.DataObject) -> None:
        """The same nodes appended one by one, or some of them as layers, make the same netlist."""
        netlist = data.draw(netlists())
        single, mixed = Builder(netlist.num_inputs), Builder(netlist.num_inputs)
        for lo, hi in netlist.runs():
            as_layer = data.draw(st.booleans())
            for node in range(lo, hi):
                table, operands = int(netlist.table[node]), _operands(netlist, node)
                single.add(table, operands)
                if as_layer:
                    mixed.add_layer(np.array([table], np.uint64), np.array([operands], np.int64).reshape(1, -1))
                else:
                    mixed.add(table, operands)
        verify_netlist(mixed.build(netlist.outputs))
        assert single.build(netlist.outputs).digest() == mixed.build(netlist.outputs).digest() == netlist.digest()

    def test_hash_consing_returns_the_earlier_net(self) -> None:
        builder = Builder(3, cons=True)
        first = builder.gate("and", 2, 3, 0)
        assert builder.gate("and", 2, 3, 1) == first
        assert builder.gate("and", 3, 2) != first, "operands are ordered"
        assert builder.gate("or", 2, 3) != first
        assert builder.add(BY_NAME["and"].table, (2, 3, 4)) != first, "the arity counts"
        assert builder.num_nets == 5 + 4

    def test_without_hash_consing_equal_nodes_stay_apart(self) -> None:
        builder = Builder(3)
        assert builder.gate("and", 2, 3) != builder.gate("and", 2, 3)

    @given(netlists())
    def test_hash_consing_changes_no_output(self, netlist: Netlist) -> None:
        builder = Builder(netlist.num_inputs, cons=True)
        mapped = list(range(netlist.first_node))
        for node in range(netlist.num_nodes):
            mapped.append(builder.add(int(netlist.table[node]), [mapped[net] for net in _operands(netlist, node)]))
        shared = builder.build([mapped[net] for net in netlist.outputs])
        bits = all_inputs(netlist.num_inputs)
        assert np.array_equal(interp.evaluate(shared, bits), interp.evaluate(netlist, bits))
        nodes = [(int(shared.table[n]), tuple(_operands(shared, n))) for n in range(shared.num_nodes)]
        assert len(set(nodes)) == len(nodes)

    @pytest.mark.parametrize("operands", [(4,), (5,), (-1,), (2, 99)])
    def test_operands_must_exist(self, operands: tuple[int, ...]) -> None:
        with pytest.raises(NetlistError, match="only nets below itself exist"):
            Builder(2).add(0, operands)

    def test_arity_and_table_are_bounded(self) -> None:
        builder = Builder(8)
        with pytest.raises(NetlistError, match="too wide"):
            builder.add(0, range(2, 9))
        for arity in range(7):
            size = 1 << (1 << arity)
            builder.add(size - 1, range(2, 2 + arity))
            for table in (size, -1):
                with pytest.raises(NetlistError, match="bits"):
                    builder.add(table, range(2, 2 + arity))

    def test_a_refused_node_leaves_no_trace(self) -> None:
        builder = Builder(2, cons=True)
        for table, operands in [(16, (2, 3)), (8, (2, 4)), (0, [2] * 7)]:
            with pytest.raises(NetlistError):
                builder.add(table, operands)
        assert builder.gate("and", 2, 3) == 4
        assert builder.build([4]).num_nodes == 1

    @pytest.mark.parametrize("fanin", [[[4]], [[-1]], [[2**33 + 2]]])
    def test_a_layer_reads_only_what_exists(self, fanin: list[list[int]]) -> None:
        with pytest.raises(NetlistError, match="do not exist yet"):
            Builder(2).add_layer(np.array([1]), np.array(fanin))

    def test_a_layer_is_bounded(self) -> None:
        with pytest.raises(NetlistError, match="too wide"):
            Builder(2).add_layer(np.array([1]), np.full((1, 7), 2))
        for table in ([16], [-1], [2**63]):
            with pytest.raises(NetlistError, match="bits"):
                Builder(2).add_layer(np.array(table), np.array([[2, 3]]))

    def test_a_layer_of_unequal_lengths_is_refused(self) -> None:
        with pytest.raises(NetlistError, match="3 tables"):
            Builder(2).add_layer(np.array([1, 2, 3]), np.array([[2, 3], [2, 3]]))
        with pytest.raises(NetlistError, match="1 origins"):
            Builder(2).add_layer(np.array([1, 2]), np.array([[2, 3], [2, 3]]), np.array([0], np.int32))

    @pytest.mark.parametrize("output", [4, -1, 2**32])
    def test_outputs_must_exist(self, output: int) -> None:
        with pytest.raises(NetlistError, match="an output"):
            Builder(2).build([2, output])

    @pytest.mark.parametrize("inputs", [-1, 2**31])
    def test_the_number_of_inputs_is_bounded(self, inputs: int) -> None:
        with pytest.raises(NetlistError, match="inputs"):
            Builder(inputs)

    def test_handles_of_layers(self) -> None:
        builder = Builder(2)
        assert builder.layer("a", 2).tolist() == [0, 1]
        assert builder.layer("b", 3).tolist() == [2, 3, 4]
        origins = builder.build([]).origins
        assert [origins.label(handle) for handle in range(-1, 6)] == ["?", "a[0]", "a[1]", "b[0]", "b[1]", "b[2]", "?"]


def test_origins_default_to_none() -> None:
    assert len(Origins()) == 0
    assert Origins().label(0) == "?"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("fanin", [[2.5, 3]]),
        ("fanin", [[1 << 32, 3]]),
        ("arity", [258]),
        ("arity", [-254]),
        ("table", [-1]),
        ("table", [1 << 64]),
        ("outputs", [4 + (1 << 32)]),
        ("outputs", [float("nan")]),
        ("origin", [np.uint32(0xFFFFFFFF)]),
    ],
)
def test_values_that_a_cast_would_change_are_refused(name: str, value: list[float]) -> None:
    arrays = {"fanin": [[2, 3]], "arity": [2], "table": [8], "outputs": [4], "origin": [-1]}
    assert Netlist(2, **{key: np.array(one) for key, one in arrays.items()}).outputs.dtype == np.int32
    with pytest.raises(NetlistError, match=rf"{name}(\[0\])? is"):
        Netlist(2, **{key: np.array(value if key == name else one) for key, one in arrays.items()})
