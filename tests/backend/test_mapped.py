"""The mapped netlist's text form and verifier: every head's plan is proved, and what is changed in one is refused."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from mapped_netlists import HEADS, Architecture
from strategies import circuits, random_circuit

from lgc.backend.base import to_bytes
from lgc.backend.verilog import Verilog
from lgc.bench.auto import network
from lgc.errors import InputError, LgcError, NetlistError, OptionError
from lgc.ir import Builder, Circuit, Encoder, Head
from lgc.mapping.heads import HEADS as REGISTERED
from lgc.mapping.heads.argmax import ARCHITECTURES
from lgc.mapping.heads.copies import copy_inputs
from lgc.mapping.heads.literals import CARRY
from lgc.mapping.heads.mapped import map_circuit
from lgc.mapping.heads.plan import Mapped
from lgc.mapping.mapped_parse import parse
from lgc.mapping.mapped_text import to_lgm
from lgc.mapping.mapped_verify import verify_mapped


def _one_constant_class() -> Circuit:
    netlist = Builder(1).build([2, 1, 1, 1])
    return Circuit("one", Encoder(1), netlist, Head(np.array([0, 4]), np.array([0]), ("a",)))


@settings(max_examples=25, deadline=None)
@example(circuit=_one_constant_class(), head="ternary", outputs="class", stages=8)
@given(circuit=circuits(max_inputs=4, max_nodes=6, max_outputs=6), head=st.sampled_from(sorted(REGISTERED)),
       outputs=st.sampled_from(["both", "class", "scores"]), stages=st.integers(0, 9))  # fmt: skip
def test_register_stages_are_placed_or_refused(circuit: Circuit, head: str, outputs: str, stages: int) -> None:
    """Tiny circuits have fewer levels than stages, and nodes that no output reads."""
    try:
        to_bytes(Verilog(head=head, outputs=outputs, pipeline=stages), circuit)
    except OptionError as error:
        assert "register stages" in error.message and stages


@pytest.mark.parametrize("head", HEADS)
@settings(max_examples=25)
@given(circuit=circuits(), outputs=st.sampled_from(["both", "class", "scores"]),
       argmax=st.sampled_from(sorted(ARCHITECTURES)))  # fmt: skip
def test_every_head_is_sound_and_reads_back(head: Architecture, circuit: Circuit, outputs: str, argmax: str) -> None:
    mapped = map_circuit(circuit, head[0], lut=head[1], outputs=outputs, argmax=argmax, effort=0)
    for one in (mapped, copy_inputs(mapped)):
        verify_mapped(one, circuit)
        text = to_lgm(one)
        again = parse(text)
        assert to_lgm(again) == text
        verify_mapped(again, circuit)
        assert (again.netlist.levels == one.netlist.levels).all()


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("circuit", [
    random_circuit(40, [400], 4, seed=1), random_circuit(30, [60, 90], 3, arity=4, seed=2),
    network(48, [160], 4, seed=10, features=12), network(40, [300], 3, seed=6, bias=70),
], ids=["layer", "tables", "features", "biases"])  # fmt: skip
def test_larger_networks_are_sound(head: Architecture, circuit: Circuit) -> None:
    """Chains of all lengths, rows, swallowed pieces, comparators, packed pairs, copies of inputs."""
    mapped = map_circuit(circuit, head[0], lut=head[1])
    for one in (mapped, copy_inputs(mapped)):
        verify_mapped(one, circuit)
        assert to_lgm(parse(to_lgm(one))) == to_lgm(one)


Change = Callable[[Mapped], Mapped]


def _compressor(**values: object) -> Change:
    def change(mapped: Mapped) -> Mapped:
        place = len(mapped.compressors) // 2
        one = replace(mapped.compressors[place], **values)  # type: ignore[arg-type]
        return replace(mapped, compressors=(*mapped.compressors[:place], one, *mapped.compressors[place + 1 :]))

    return change


def _piece(mapped: Mapped, **values: object) -> Mapped:
    return replace(mapped, pieces=(replace(mapped.pieces[0], **values), *mapped.pieces[1:]))  # type: ignore[arg-type]


def _chain(mapped: Mapped, **values: object) -> Mapped:
    return replace(mapped, chains=(replace(mapped.chains[0], **values), *mapped.chains[1:]))  # type: ignore[arg-type]


def _table(mapped: Mapped, node: int) -> Mapped:
    table = mapped.netlist.table.copy()
    table[node] ^= np.uint64(1)
    return replace(mapped, netlist=replace(mapped.netlist, table=table))


CHANGES: dict[str, tuple[Change, str]] = {
    "a compressor's constant": (
        lambda one: _compressor(constant=one.compressors[len(one.compressors) // 2].constant + 1)(one), "keep the sum"),
    "a compressor's input": (
        lambda one: _compressor(inputs=one.compressors[len(one.compressors) // 2].inputs[1:])(one),
        "keep the sum|outside of what"),
    "a compressor too many": (
        lambda one: replace(one, compressors=(*one.compressors, one.compressors[0])), "taken already"),
    "a compressor too few": (
        lambda one: replace(one, compressors=one.compressors[:-1]), "left over|not the plan's bit"),
    "a piece's value": (lambda one: _piece(one, values=(one.pieces[0].values[0] + 1, *one.pieces[0].values[1:])),
                        "counts otherwise"),
    "a piece's offset": (lambda one: _piece(one, offset=one.pieces[0].offset - 1), "counts otherwise"),
    "a piece's bit": (lambda one: _piece(one, bits=one.pieces[0].bits[1:]), "counts otherwise"),
    "a piece's net": (lambda one: _piece(one, nets=(one.pieces[0].nets[0] ^ 1, *one.pieces[0].nets[1:])),
                      "counts otherwise|outside of what|values for"),
    "a piece's class": (lambda one: _piece(one, group=99), "class that there is not"),
    "a linear bit": (lambda one: replace(one, linear=((*one.linear[0], (4, 0)), *one.linear[1:])), "left over"),
    "a constant": (
        lambda one: replace(one, constants=(one.constants[0] + 1, *one.constants[1:])), "plan's bit|left over"),
    "a width": (lambda one: replace(one, width=one.width + 1), "bits"),
    "a region": (lambda one: replace(one, region=one.region[1:]), "shape"),
    "an output": (lambda one: replace(one, scores=one.scores[::-1]), "in order"),
    "a part": (lambda one: replace(one, parts=np.zeros(1, np.int64)), "copies"),
    "a copy's kind": (lambda one: replace(one, kind=np.full_like(one.kind, 3)), "copies"),
}  # fmt: skip
CHAIN_CHANGES: dict[str, tuple[Change, str]] = {
    "a chain's end": (lambda one: replace(one, chains=one.chains[1:]), "not those of the plan"),
    "a chain's data": (lambda one: _chain(one, data=(2, *one.chains[0].data[1:])), "multiplexer"),
    "a chain's carry": (lambda one: _chain(one, carry_in=one.chains[0].carry_in ^ 2), "carry|XOR"),
    "a chain's select": (lambda one: _chain(one, select=one.chains[0].select[::-1]), "steers|XOR|multiplexer"),
    "a carry's function": (lambda one: _table(one, int(np.flatnonzero(one.kind == CARRY)[0])), "multiplexer"),
    "what steers a chain": (
        lambda one: _table(one, one.chains[0].select[1] - one.netlist.first_node), "keep the sum|share a place"),
    "a packed pair": (lambda one: replace(one, packed=(*one.packed, one.packed[0])), "two others"),
    "a pair that does not fit": (
        lambda one: replace(one, packed=((one.chains[0].select[0], one.chains[-1].select[0]), *one.packed)),
        "share|two others"),
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("head", HEADS)
def test_a_changed_plan_is_refused(head: Architecture, change: str) -> None:
    circuit = network(40, [300], 3, seed=6, bias=70)
    mapped = map_circuit(circuit, head[0], lut=head[1])
    apply, told = CHANGES[change]
    with pytest.raises(NetlistError, match=told):
        verify_mapped(apply(mapped))


@pytest.mark.parametrize("change", CHAIN_CHANGES)
@pytest.mark.parametrize("head", ["carry", "ternary"])
def test_a_changed_chain_is_refused(head: str, change: str) -> None:
    mapped = map_circuit(network(40, [300], 3, seed=6, bias=70), head)
    apply, told = CHAIN_CHANGES[change]
    with pytest.raises(NetlistError, match=told):
        verify_mapped(apply(mapped))


def _matters(mapped: Mapped, node: int, address: int) -> bool:
    """Whether a table's value at an address is of any account: what a chain carries on is none where 1 steers it."""
    netlist, first = mapped.netlist, mapped.netlist.first_node
    steered = {data: select for one in mapped.chains for select, data in zip(one.select, one.data, strict=True) if data}
    if first + node not in steered:
        return True
    steer = steered[first + node] - first
    own, other = (netlist.fanin[one][: netlist.arity[one]].tolist() for one in (node, steer))
    fixed = {net: address >> index & 1 for index, net in enumerate(own)}
    free = [net for net in other if net not in fixed]
    for values in product((0, 1), repeat=len(free)):
        known = fixed | dict(zip(free, values, strict=True))
        if not int(netlist.table[steer]) >> sum(known[net] << index for index, net in enumerate(other)) & 1:
            return True
    return False


@pytest.mark.parametrize("head", HEADS)
def test_every_function_of_the_popcount_is_proved(head: Architecture) -> None:
    """A table of the popcount that gives another value at any one address is found, wherever it is."""
    mapped = map_circuit(network(40, [120], 2, seed=3), head[0], lut=head[1], outputs="scores")
    popcount = np.flatnonzero((mapped.region == 2) & (mapped.kind == 0))
    rng = random.Random(head[1])
    idle = 0
    for node in rng.sample(popcount.tolist(), 40):
        table, address = mapped.netlist.table.copy(), rng.randrange(1 << int(mapped.netlist.arity[node]))
        table[node] ^= np.uint64(1 << address)
        changed = replace(mapped, netlist=replace(mapped.netlist, table=table))
        if _matters(mapped, node, address):
            with pytest.raises(NetlistError):
                verify_mapped(changed)
        else:
            verify_mapped(changed)
            idle += 1
    assert idle < 10


def test_another_circuit_is_refused() -> None:
    circuit, other = network(40, [120], 2, seed=3), network(40, [120], 2, seed=4)
    with pytest.raises(NetlistError, match=r"not the circuit's|other inputs"):
        verify_mapped(map_circuit(circuit, "compress"), other)


@pytest.mark.parametrize("text", [
    "", "lgn 1\n", "lgm 1\n", "lgm 1\nend\n", 'lgm 1\nhead "x" lut 4 width 99 signed\nend\n',
    "lgm 1\ninputs 99999999999\n", "lgm 1\nn5 = \n", "lgm 1\nchain\n", "lgm 1\nfoo\n",
])  # fmt: skip
def test_texts_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(InputError):
        parse(text)


@settings(max_examples=300)
@given(st.randoms(use_true_random=False), st.sampled_from(HEADS))
def test_hostile_text_is_refused_or_sound(source: random.Random, head: Architecture) -> None:
    """Words swapped, lost, doubled and changed: an LgcError, or a netlist that its own plan proves."""
    circuit = random_circuit(6, [12], 2, seed=4)
    text = to_lgm(map_circuit(circuit, head[0], lut=head[1], effort=0))
    words = text.split(" ")
    for _ in range(source.randint(1, 3)):
        place, other = source.randrange(len(words)), source.randrange(len(words))
        kind = source.randrange(4)
        if kind == 0:
            words[place], words[other] = words[other], words[place]
        elif kind == 1:
            words[place] = source.choice(["", "n9999999999", "-1", "~n3^9", "0x", "\n", "9" * 20, words[other]])
        elif kind == 2:
            del words[place]
        else:
            words.insert(place, words[other])
    try:
        again = parse(" ".join(words))
    except LgcError:
        return
    verify_mapped(again)
