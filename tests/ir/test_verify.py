"""Every invariant of docs/ir.md has a circuit here that breaks it and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from strategies import circuits

from lgc.errors import NetlistError
from lgc.ir import Builder, Circuit, Encoder, Head, Netlist, Origins, verify_circuit, verify_netlist


def _good() -> Circuit:
    """Two nodes over four inputs: n6 = and n2 n3 from layer1[0], n7 = lut3 0x96 n3 n4 n5 from layer1[1]."""
    builder = Builder(4)
    handles = builder.layer("layer1", 2)
    a = builder.gate("and", 2, 3, handles[0])
    b = builder.add(0x96, (3, 4, 5), handles[1])
    encoder = Encoder(2, np.array([[0.0, 1.0], [0.5, 0.5]]))
    return Circuit("good", encoder, builder.build([a, b, 2, b]), Head([0, 1, 4], [0, 1], ("a", "b")))


Change = Callable[[Circuit], Circuit]


def _netlist(**change: object) -> Change:
    return lambda c: replace(c, netlist=replace(c.netlist, **change))


def _head(**change: object) -> Change:
    return lambda c: replace(c, head=replace(c.head, **change))


def _origins(names: tuple[str, ...], layer: list[int], neuron: list[int]) -> Change:
    return _netlist(origins=Origins(names, np.array(layer, np.int32), np.array(neuron, np.int32)))


def _encoder(*args: object) -> Change:
    return lambda c: replace(c, encoder=Encoder(*args))


NETLIST = {
    "operand is the node itself": (_netlist(fanin=[[2, 6, 0], [3, 4, 5]]), r"not below its node: n6 \(layer1\[0\]\)"),
    "operand is a later node": (_netlist(fanin=[[2, 7, 0], [3, 4, 5]]), r"not below its node: n6"),
    "operand is no net": (_netlist(fanin=[[2, 3, 0], [3, 4, 99]]), r"not below its node: n7 \(layer1\[1\]\)"),
    "operand is negative": (_netlist(fanin=[[2, 3, 0], [3, 4, -1]]), r"not below its node: n7"),
    "unused operand": (_netlist(fanin=[[2, 3, 1], [3, 4, 5]]), r"unused operand is not net 0: n6"),
    "arity above 6": (_netlist(arity=[2, 7], fanin=np.zeros((2, 7))), r"arity out of range: n7"),
    "arity above the columns": (_netlist(arity=[2, 4]), r"arity out of range: n7"),
    "table bit above 2^2": (_netlist(table=[0x10, 0x96]), r"table bits above 2\^arity: n6"),
    "table bit above 2^3": (_netlist(table=[0x8, 1 << 63]), r"table bits above 2\^arity: n7"),
    "output is no net": (_netlist(outputs=[6, 7, 2, 8]), r"an output names a net"),
    "output is negative": (_netlist(outputs=[6, 7, 2, -1]), r"an output names a net"),
    "origin is no handle": (_netlist(origin=[0, 2]), r"unknown origin handle: n7 \(\?\)"),
    "origin below -1": (_netlist(origin=[-2, 0]), r"unknown origin handle: n6"),
    "origin's layer has no name": (_origins(("layer1",), [0, 1], [0, 1]), r"origin names a layer"),
    "origin's layer is negative": (_origins(("layer1",), [0, -1], [0, 1]), r"origin names a layer"),
    "origin's neuron is negative": (_origins(("layer1",), [0, 0], [0, -1]), r"negative neuron"),
    "origins of two lengths": (_origins(("layer1",), [0, 0], [0]), r"2 layers, but 1 neurons"),
    "fanin of another length": (_netlist(fanin=[[2, 3, 0]]), r"array fanin"),
    "fanin of one dimension": (_netlist(fanin=[2, 3]), r"array fanin"),
    "table of another length": (_netlist(table=[8]), r"array table"),
    "origin of another length": (_netlist(origin=[0, 1, 1]), r"array origin"),
    "arity of two dimensions": (_netlist(arity=[[2], [3]]), r"array arity"),
    "outputs of two dimensions": (_netlist(outputs=[[6, 7, 2, 7]]), r"array outputs"),
    "negative number of inputs": (_netlist(num_inputs=-1), r"-1 inputs"),
}

CIRCUIT = {
    "more bits than inputs": (_encoder(5), r"5 bits, but the netlist has 4"),
    "fewer bits than inputs": (_encoder(1, [[0.0, 1.0]]), r"2 bits, but the netlist has 4"),
    "no features": (_encoder(0), r"0 features"),
    "thresholds of other features": (_encoder(4, np.zeros((2, 2))), r"shape \(2, 2\) for 4"),
    "thresholds of one dimension": (_encoder(4, np.zeros(4)), r"shape \(4,\)"),
    "no thresholds": (_encoder(4, np.zeros((4, 0))), r"shape \(4, 0\)"),
    "NaN threshold": (_encoder(2, [[0.0, 1.0], [0.0, np.nan]]), r"feature 1 is NaN or infinite"),
    "infinite threshold": (_encoder(2, [[-np.inf, 1.0], [0.0, 0.0]]), r"feature 0 is NaN or infinite"),
    "descending thresholds": (_encoder(2, [[0.0, 1.0], [1.0, 0.5]]), r"thresholds of feature 1 do not ascend"),
    "offsets start late": (_head(offsets=[1, 1, 4]), r"do not partition"),
    "offsets end early": (_head(offsets=[0, 1, 3]), r"do not partition"),
    "offsets end late": (_head(offsets=[0, 1, 5]), r"do not partition"),
    "offsets descend": (_head(offsets=[0, 5, 4]), r"do not partition"),
    "too few offsets": (_head(offsets=[0, 4]), r"2 classes, 2 offsets"),
    "too many biases": (_head(bias=[0, 0, 0]), r"2 classes, 3 offsets and 3 biases"),
    "no classes": (_head(offsets=[0], bias=[], classes=()), r"no classes"),
    "tau zero": (_head(tau=0.0), r"tau is 0"),
    "tau negative": (_head(tau=-1.0), r"tau is -1"),
    "tau infinite": (_head(tau=float("inf")), r"tau is inf"),
    "tau NaN": (_head(tau=float("nan")), r"tau is nan"),
    "tie rule": (_head(tie="random"), r"unknown tie rule 'random'"),
    "bias of 32 bits": (_head(bias=[2**31, 0]), r"31 bits"),
    "negative bias of 32 bits": (_head(bias=[0, -(2**31)]), r"31 bits"),
    "bias plus size": (_head(bias=[0, 2**31 - 3]), r"31 bits"),
    "bias that overflows int64": (_head(bias=[0, 2**63 - 1]), r"31 bits"),
    "bias that has no absolute value": (_head(bias=[-(2**63), 0]), r"31 bits"),
}


def test_the_good_circuit_is_good() -> None:
    """Otherwise the cases below would prove nothing."""
    verify_circuit(_good())
    verify_circuit(_head(bias=[-(2**31) + 1, 2**31 - 4])(_good()))


@pytest.mark.parametrize("case", NETLIST)
def test_netlist_invariant(case: str) -> None:
    change, message = NETLIST[case]
    broken = change(_good())
    with pytest.raises(NetlistError, match=message):
        verify_netlist(broken.netlist)
    with pytest.raises(NetlistError, match=message):
        verify_circuit(broken)


@pytest.mark.parametrize("case", CIRCUIT)
def test_circuit_invariant(case: str) -> None:
    change, message = CIRCUIT[case]
    broken = change(_good())
    verify_netlist(broken.netlist)
    with pytest.raises(NetlistError, match=message):
        verify_circuit(broken)


def test_thresholds_are_compared_not_subtracted() -> None:
    """Found by hypothesis: the difference of these overflows, which numpy warns of."""
    extreme = np.array([[-1.7976931348623157e308, 1e300], [0.0, 0.0]])
    verify_circuit(replace(_good(), encoder=Encoder(2, extreme)))


def test_the_first_offending_node_is_reported() -> None:
    broken = replace(_good().netlist, table=np.array([0x10, 0x100], np.uint64))
    with pytest.raises(NetlistError, match=r"n6 \(layer1\[0\]\), operands \[2, 3, 0\]"):
        verify_netlist(broken)


@given(circuits())
def test_circuits_from_the_shared_strategy_are_valid(circuit: Circuit) -> None:
    """What the other tests are given is what the compiler promises to handle."""
    verify_circuit(circuit)


def test_no_nodes_and_no_outputs_are_valid() -> None:
    empty = Netlist(0, np.zeros((0, 0)), np.zeros(0), np.zeros(0), np.zeros(0), np.zeros(0))
    verify_netlist(empty)
