"""Each pass on small netlists: what it must do, what it must leave, and where the nodes came from."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from strategies import all_inputs, circuits, netlists

from lgc.errors import LgcError
from lgc.ir import Circuit, Encoder, Head, Netlist, Origins, interp, parse_text, to_text, verify_circuit
from lgc.passes import PASSES, Pass
from lgc.passes.dead import DeadGates
from lgc.passes.head_fold import HeadFold
from lgc.passes.levelize import Levelize
from lgc.passes.local import AbsorbInverters, ConstFold, FaninDedup


def make(inputs: int, nodes: list[str], groups: str, bias: tuple[int, ...] = ()) -> Circuit:
    """A circuit of `.lgn` node lines, with numbers given, and groups of outputs separated by ``|``."""
    classes = [group.split() for group in groups.split("|")]
    outputs = [net for group in classes for net in group]
    lines = ["lgn 1", 'circuit ""', f"features {inputs} binary", f"inputs {inputs}", 'layers "l"']
    lines += [f"n{net} = {node}" for net, node in enumerate(nodes, 2 + inputs)]
    lines += [f"outputs {len(outputs)}", " ".join(["out", *outputs]), "head tau 1 tie first"]
    for index, group in enumerate(classes):
        lines.append(f'class "" {len(group)} bias {bias[index] if bias else 0}')
    return parse_text("\n".join([*lines, "end"]))


def show(circuit: Circuit) -> tuple[list[str], str]:
    """The nodes as `.lgn` lines without their numbers, and the groups."""
    nodes = [line.split(" = ")[1] for line in to_text(circuit).splitlines() if " = " in line]
    outputs = [f"n{net}" for net in circuit.netlist.outputs]
    offsets = circuit.head.offsets
    return nodes, " | ".join(" ".join(outputs[lo:hi]) for lo, hi in pairwise(offsets))


def same_scores(one: Circuit, other: Circuit) -> bool:
    bits = all_inputs(one.netlist.num_inputs)
    return np.array_equal(interp.scores(one, bits), interp.scores(other, bits))


def check(pass_: Pass, circuit: Circuit, nodes: list[str], groups: str) -> Circuit:
    after = pass_.run(circuit).circuit
    verify_circuit(after)
    assert show(after) == (nodes, groups)
    assert same_scores(circuit, after)
    return after


CONST_FOLD = {
    # Three inputs, n2 n3 n4; the nodes start at n5. Nodes, outputs -> nodes, outputs.
    "x and 0 is 0": (["and n2 n0"], "n5", [], "n0"),
    "x and 1 is x": (["and n2 n1"], "n5", [], "n2"),
    "1 and x is x": (["and n1 n2"], "n5", [], "n2"),
    "x or 1 is 1": (["or n1 n2"], "n5", [], "n1"),
    "x xor 1 is not x": (["xor n2 n1"], "n5", ["not n2"], "n5"),
    "1 and not x is not x": (["andnot n1 n4"], "n5", ["not n4"], "n5"),
    "not 0 is 1": (["not n0"], "n5", [], "n1"),
    "buffer": (["buf n2", "and n5 n3"], "n6", ["and n2 n3"], "n5"),
    "constant nodes": (["const0", "const1", "nor n5 n2", "and n6 n3"], "n7 n8", ["not n2"], "n5 n3"),
    "constant tables": (["zero n2 n3", "one n2 n3", "lut1 0x3 n2", "lut3 0xff n2 n3 n4"], "n5 n6 n7 n8", [],
                        "n0 n1 n1 n1"),
    "wire tables": (["a n2 n3", "b n2 n3", "lut3 0xf0 n2 n3 n4"], "n5 n6 n7", [], "n2 n3 n4"),
    "inverter tables": (["nota n2 n3", "notb n2 n3"], "n5 n6", ["not n2", "not n3"], "n5 n6"),
    "idle operand in the middle": (["lut3 0xa0 n4 n2 n3"], "n5", ["and n3 n4"], "n5"),
    "constants in a wide node": (["lut5 0x80000000 n1 n2 n1 n3 n4"], "n5", ["lut3 0x80 n2 n3 n4"], "n5"),
    "constants cascade": (["and n2 n0", "or n5 n3", "xor n6 n3", "nor n7 n4"], "n6 n8", ["xor n3 n3", "nor n4 n5"],
                          "n3 n6"),
    "operands are sorted": (["andnot n4 n2"], "n5", ["notand n2 n4"], "n5"),
    "dead nodes stay": (["and n2 n3"], "n2", ["and n2 n3"], "n2"),
    "equal nodes stay": (["and n2 n3", "and n2 n3"], "n5 n6", ["and n2 n3", "and n2 n3"], "n5 n6"),
}  # fmt: skip

FANIN_DEDUP = {
    "x and x": (["and n2 n2"], "n5", [], "n2"),
    "x xor x": (["xor n2 n2"], "n5", [], "n0"),
    "x xnor x": (["xnor n2 n2"], "n5", [], "n1"),
    "x nor x": (["nor n2 n2"], "n5", ["not n2"], "n5"),
    "x andnot x": (["andnot n2 n2"], "n5", [], "n0"),
    "x and not x": (["not n2", "and n2 n5"], "n6", ["not n2"], "n0"),
    "not x or x": (["not n2", "or n5 n2"], "n6", ["not n2"], "n1"),
    "not x xor x": (["not n2", "xor n5 n2"], "n6", ["not n2"], "n1"),
    "majority of x x y": (["lut3 0xe8 n2 n3 n2"], "n5", [], "n2"),
    "majority of x ~x y": (["not n2", "lut3 0xe8 n2 n5 n3"], "n6", ["not n2"], "n3"),
    "parity of x x y y z": (["lut5 0x96696996 n2 n2 n3 n4 n3"], "n5", [], "n4"),
    "equal nodes": (["and n2 n3", "and n2 n3", "or n5 n4", "or n6 n4"], "n7 n8", ["and n2 n3", "or n4 n5"], "n6 n6"),
    "equal but for the order": (["andnot n2 n3", "notand n3 n2"], "n5 n6", ["andnot n2 n3"], "n5 n5"),
    "equal after an idle operand": (["and n2 n3", "lut3 0x88 n2 n3 n4"], "n5 n6", ["and n2 n3"], "n5 n5"),
    "complementary nodes": (["and n2 n3", "nand n3 n2", "or n6 n4"], "n7", ["and n2 n3", "not n5", "or n4 n6"], "n7"),
    "three of two polarities": (["xor n2 n3", "xnor n2 n3", "xnor n3 n2"], "n5 n6 n7", ["xor n2 n3", "not n5"],
                                "n5 n6 n6"),
    "new inverter, then an old one": (["nand n2 n3", "and n2 n3", "not n5"], "n6 n7", ["nand n2 n3", "not n5"],
                                      "n6 n6"),
    "equal inverters": (["not n2", "nota n2 n3"], "n5 n6", ["not n2"], "n5 n5"),
    "complement merges, then is an operand": (["xor n2 n3", "xnor n2 n3", "and n5 n6"], "n7", ["xor n2 n3", "not n5"],
                                              "n0"),
    "different arity": (["and n2 n3", "lut3 0x80 n2 n3 n4"], "n5 n6", ["and n2 n3", "lut3 0x80 n2 n3 n4"], "n5 n6"),
    "constants first": (["and n2 n1", "xor n5 n2"], "n6", [], "n0"),
}  # fmt: skip

ABSORB = {
    "into an and": (["not n2", "and n5 n3"], "n6", ["not n2", "notand n2 n3"], "n6"),
    "both operands": (["not n2", "not n3", "and n5 n6"], "n7", ["not n2", "not n3", "nor n2 n3"], "n7"),
    "two inverters": (["not n2", "not n5", "and n6 n3"], "n6 n7", ["not n2", "and n2 n3"], "n2 n6"),
    "into a wide node": (["not n3", "lut3 0x80 n2 n5 n4"], "n6", ["not n3", "lut3 0x20 n2 n3 n4"], "n6"),
    "an output keeps its inverter": (["and n2 n3", "not n5"], "n6", ["and n2 n3", "not n5"], "n6"),
    "inverter of a dead end": (["nota n2 n3", "and n5 n4"], "n6", ["not n2", "notand n2 n4"], "n6"),
    "past an idle inverter": (["not n2", "lut2 0x3 n5 n5", "lut3 0x33 n5 n5 n3"], "n6 n7", ["not n2"], "n2 n2"),
    "of a constant": (["not n1", "or n5 n4"], "n6", [], "n4"),
}


@pytest.mark.parametrize(
    ("pass_", "case"),
    [(ConstFold(), case) for case in CONST_FOLD.items()]
    + [(FaninDedup(), case) for case in FANIN_DEDUP.items()]
    + [(AbsorbInverters(), case) for case in ABSORB.items()],
    ids=lambda value: value[0] if isinstance(value, tuple) else value.name,
)
def test_local_pass(pass_: Pass, case: tuple) -> None:
    nodes, groups, new_nodes, new_groups = case[1]
    check(pass_, make(3, nodes, groups), new_nodes, new_groups)


def test_chains_of_inverters_collapse() -> None:
    """Of any chain at most one inverter is left that an output reads."""
    nodes = ["not n2", *(f"not n{net}" for net in range(4, 33))]
    after = AbsorbInverters().run(make(2, nodes, "n33 n32 n3")).circuit
    after = DeadGates().run(FaninDedup().run(after).circuit).circuit
    assert show(after) == (["not n2"], "n2 n4 n3")


class TestOrigins:
    def test_the_smallest_net_of_equal_ones_keeps_its_own(self) -> None:
        circuit = make(2, ["and n2 n3 @0:7", "and n3 n2 @0:3", "or n5 n2 @0:1"], "n4 n5 n6")
        check(FaninDedup(), circuit, ["and n2 n3 @0:7", "or n2 n4 @0:1"], "n4 n4 n5")

    def test_a_node_that_becomes_an_inverter_keeps_its_own(self) -> None:
        circuit = make(2, ["xor n2 n3 @0:7", "xnor n2 n3 @0:3", "xnor n2 n3 @0:9"], "n4 n5 n6")
        check(FaninDedup(), circuit, ["xor n2 n3 @0:7", "not n4 @0:3"], "n4 n5 n5")

    def test_the_smallest_of_a_new_and_an_old_inverter_keeps_its_own(self) -> None:
        """n6 turns into the inverter that n7 already is, in the same run."""
        circuit = make(2, ["and n2 n3 @0:0", "or n4 n2 @0:1", "nand n2 n3 @0:2", "not n4 @0:3"], "n5 n6 n7")
        check(FaninDedup(), circuit, ["and n2 n3 @0:0", "or n2 n4 @0:1", "not n4 @0:2"], "n5 n6 n6")

    def test_rewritten_nodes_keep_their_own(self) -> None:
        circuit = make(2, ["not n2 @0:5", "and n4 n3 @0:6", "and n5 n1 @0:7"], "n6")
        check(AbsorbInverters(), circuit, ["not n2 @0:5", "notand n2 n3 @0:6"], "n5")

    @pytest.mark.parametrize("name", PASSES)
    @given(netlist=netlists())
    def test_a_node_computes_what_its_origin_computed(self, name: str, netlist: Netlist) -> None:
        """Every node that is left still stands for the neuron that it is said to come from."""
        count = netlist.num_nodes
        handles = np.arange(count, dtype=np.int32)
        netlist = replace(netlist, origin=handles, origins=Origins(("l",), np.zeros(count, np.int32), handles))
        head = Head.equal_groups(netlist.num_outputs, ("a",))
        circuit = Circuit("x", Encoder(netlist.num_inputs), netlist, head)
        after = PASSES[name]().run(circuit).circuit.netlist
        inputs = interp.pack(all_inputs(netlist.num_inputs))
        was, now = interp.evaluate_nets(netlist, inputs), interp.evaluate_nets(after, inputs)
        assert len(set(after.origin.tolist())) == after.num_nodes
        assert np.array_equal(now[after.first_node :], was[netlist.first_node + after.origin])


HEAD_FOLD = {
    "constants": ("n0 n2 n1 | n1 n1 n3", "n2 | n3", [11, 22]),
    "all constant": ("n0 n0 | n1", " | ", [10, 21]),
    "pair": ("n4 n2 n6 | n3", "n2 | n3", [11, 20]),
    "pair of an input": ("n2 n5 | n3", " | n3", [11, 20]),
    "pair in two groups": ("n4 | n6", "n4 | n6", [10, 20]),
    "two of one and one of the other": ("n4 n4 n6 | n3", "n4 | n3", [11, 20]),
    "two pairs": ("n4 n6 n6 n4 | n4", " | n4", [12, 20]),
    "chain g ~g ~~g": ("n4 n6 n7 | n2", "n7 | n2", [11, 20]),
    "chain ~~g ~g": ("n7 n6 | n2", " | n2", [11, 20]),
    "nothing": ("n2 n4 | n2 n2", "n2 n4 | n2 n2", [10, 20]),
    "empty groups": (" | ", " | ", [10, 20]),
}


@pytest.mark.parametrize("case", HEAD_FOLD)
def test_head_fold(case: str) -> None:
    """n4 is an and, n5 the complement of n2, n6 that of n4, n7 that of n6. The bias before is 10, 20."""
    before, after, bias = HEAD_FOLD[case]
    nodes = ["and n2 n3", "not n2", "not n4", "not n6"]
    circuit = make(2, nodes, before, (10, 20))
    assert check(HeadFold(), circuit, nodes, after).head.bias.tolist() == bias
    assert circuit.head.bias.tolist() == [10, 20]


def test_head_fold_of_a_netlist_without_nodes() -> None:
    check(HeadFold(), make(2, [], "n2 n1 | n0"), [], "n2 | ")
    check(HeadFold(), make(2, ["const1"], "n2 n1 | n4"), ["const1"], "n2 | n4")


def test_dead_gates() -> None:
    nodes = ["and n2 n3", "or n2 n3", "xor n4 n2", "not n5", "const1"]
    check(DeadGates(), make(2, nodes, "n6 n2"), ["and n2 n3", "xor n4 n2"], "n5 n2")
    check(DeadGates(), make(2, nodes, "n3 n1"), [], "n3 n1")
    check(DeadGates(), make(2, nodes, ""), [], "")


def test_levelize_sorts_interleaved_chains() -> None:
    nodes = ["not n2", "buf n4", "not n3", "buf n6"]
    check(Levelize(), make(2, nodes, "n5 n7"), ["not n2", "not n3", "buf n4", "buf n5"], "n6 n7")


def test_levelize_leaves_layers_alone() -> None:
    circuit = make(2, ["not n2", "buf n3", "and n4 n5", "or n4 n2"], "n6 n7")
    assert Levelize().run(circuit).circuit is circuit


@given(circuits())
def test_levelize_gives_as_many_runs_as_levels(circuit: Circuit) -> None:
    after = Levelize().run(circuit).circuit
    verify_circuit(after)
    assert same_scores(circuit, after)
    netlist = after.netlist
    assert len(list(netlist.runs())) <= len(netlist.wavefronts())


@pytest.mark.parametrize("name", PASSES)
@given(circuit=circuits())
def test_every_pass_alone(name: str, circuit: Circuit) -> None:
    """On what no other pass has tidied up: all scores are kept, and the argument; it is deterministic; on its own
    result it changes nothing; and it counts something if it changes anything. (A repeated round ends when no pass
    counts anything: an uncounted change would end it too early.)"""
    before = to_text(circuit)
    result = PASSES[name]().run(circuit)
    after = result.circuit
    verify_circuit(after)
    bits = all_inputs(circuit.netlist.num_inputs)
    bits = circuit.encoder.ordered(bits) if after.assumes else bits
    assert np.array_equal(interp.scores(circuit, bits), interp.scores(after, bits))
    assert to_text(circuit) == before
    metadata = {key: value for key, value in after.metadata.items() if key != "assumes"}
    assert (after.name, after.encoder, metadata) == (circuit.name, circuit.encoder, circuit.metadata)
    was, now = circuit.head, after.head
    assert (now.tau, now.tie, now.classes) == (was.tau, was.tie, was.classes)
    assert any(result.counts.values()) == (after.digest() != circuit.digest())

    assert PASSES[name]().run(circuit).circuit.digest() == after.digest()
    again = PASSES[name]().run(after)
    assert again.circuit.digest() == after.digest()
    assert not any(again.counts.values())


@pytest.mark.parametrize(
    ("pass_", "node", "tidy"),
    [
        (ConstFold(), "andnot n3 n2", "notand n2 n3"),
        (ConstFold(), "lut3 0xc0 n2 n3 n4", "and n3 n4"),
        (FaninDedup(), "lut3 0xc0 n2 n3 n4", "and n3 n4"),
    ],
)
def test_tidying_counts_as_a_change(pass_: Pass, node: str, tidy: str) -> None:
    """Sorted operands and dropped idle ones are no rule's work, but a change all the same."""
    circuit = make(3, [node], "n5")
    assert check(pass_, circuit, [tidy], "n5").digest() != circuit.digest()
    assert any(pass_.run(circuit).counts.values())


@pytest.mark.parametrize("name", PASSES)
def test_passes_are_named_as_registered_and_have_a_summary(name: str) -> None:
    pass_ = PASSES[name]()
    assert pass_.name == name
    assert pass_ == PASSES[name]()
    assert (PASSES[name].__doc__ or "").splitlines()[0].endswith(".")
    with pytest.raises((AttributeError, TypeError)):
        pass_.name = "other"  # type: ignore[misc]


def test_errors_are_not_swallowed() -> None:
    with pytest.raises(LgcError):
        make(1, ["and n2 n9"], "n3")
