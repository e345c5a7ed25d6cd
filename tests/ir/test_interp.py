"""The interpreter against a plain Python evaluation: one gate, one sample, one table look-up at a time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from strategies import all_inputs, circuits, netlists, random_circuit, random_inputs

from lgc.errors import InputError
from lgc.ir import GATES, Builder, Circuit, Encoder, Head, Netlist, interp


def plain_nets(netlist: Netlist, sample: list[int]) -> list[int]:
    """All nets of one sample: the definition in docs/ir.md, word for word."""
    nets = [0, 1, *sample]
    for node in range(netlist.num_nodes):
        operands = netlist.fanin[node, : netlist.arity[node]].tolist()
        address = sum(nets[operand] << place for place, operand in enumerate(operands))
        nets.append((int(netlist.table[node]) >> address) & 1)
    return nets


def plain_scores(circuit: Circuit, sample: list[int]) -> list[int]:
    nets = plain_nets(circuit.netlist, sample)
    outputs = [nets[net] for net in circuit.netlist.outputs]
    offsets = circuit.head.offsets.tolist()
    return [
        int(circuit.head.bias[c]) + sum(outputs[offsets[c] : offsets[c + 1]]) for c in range(circuit.head.num_classes)
    ]


@given(netlists())
def test_every_net_of_every_input_equals_plain_evaluation(netlist: Netlist) -> None:
    bits = all_inputs(netlist.num_inputs)
    nets = interp.unpack(interp.evaluate_nets(netlist, interp.pack(bits)), len(bits))
    assert nets.astype(int).tolist() == [plain_nets(netlist, sample) for sample in bits.astype(int).tolist()]


@given(circuits())
def test_scores_and_classes_equal_plain_evaluation(circuit: Circuit) -> None:
    bits = all_inputs(circuit.netlist.num_inputs)
    expected = [plain_scores(circuit, sample) for sample in bits.astype(int).tolist()]
    assert interp.scores(circuit, bits).tolist() == expected
    for row, chosen in zip(expected, interp.classify(circuit, bits).tolist(), strict=True):
        winners = [index for index, score in enumerate(row) if score == max(row)]
        assert chosen == (winners[0] if circuit.head.tie == "first" else winners[-1])


@pytest.mark.parametrize("gate", GATES, ids=lambda gate: gate.name)
def test_each_gate(gate) -> None:
    """Each two-input gate outputs bit 3-(2A+B) of its id."""
    builder = Builder(2)
    netlist = builder.build([builder.gate(gate.name, 2, 3)])
    for a, b in [(0, 0), (0, 1), (1, 0), (1, 1)]:
        assert interp.evaluate(netlist, np.array([[a, b]], bool)).item() == (gate.id >> (3 - (2 * a + b))) & 1


@pytest.mark.parametrize("arity", range(7))
def test_lut_of_each_arity_reads_its_table(arity: int) -> None:
    """Operand 0 is address bit 0: output for input number a is bit a of the table."""
    table = int(np.random.default_rng(arity).integers(0, 2 ** (1 << arity) - 1, dtype=np.uint64, endpoint=True))
    builder = Builder(6)
    netlist = builder.build([builder.add(table, range(2, 2 + arity))])
    outputs = interp.evaluate(netlist, all_inputs(6))[: 1 << arity, 0]
    assert outputs.tolist() == [bool((table >> address) & 1) for address in range(1 << arity)]


@given(st.integers(0, 200), st.integers(0, 5), st.integers(0, 2**32))
def test_unpack_inverts_pack(samples: int, width: int, seed: int) -> None:
    bits: NDArray[np.bool_] = np.random.default_rng(seed).random((samples, width)) < 0.5
    words = interp.pack(bits)
    assert words.dtype == np.uint64
    assert words.shape == (width, -(-samples // 64))
    assert np.array_equal(interp.unpack(words, samples), bits)


def test_sample_s_is_bit_s_mod_64_of_word_s_div_64() -> None:
    bits = np.zeros((130, 2), bool)
    bits[[0, 63], 0] = bits[129, 1] = True
    assert interp.pack(bits).tolist() == [[1 | 1 << 63, 0, 0], [0, 0, 2]]


@pytest.mark.parametrize("samples", [0, 1, 63, 64, 65, 200])
def test_any_number_of_samples(samples: int) -> None:
    """The last word is rarely full; no sample depends on its neighbours."""
    circuit = random_circuit(9, [30, 20], 4)
    bits = random_inputs(9, samples)
    scores = interp.scores(circuit, bits)
    assert scores.shape == (samples, 4)
    assert all(interp.scores(circuit, bits[s : s + 1])[0].tolist() == scores[s].tolist() for s in range(samples))


def test_blocks_of_samples_give_the_same_as_one_block(monkeypatch: pytest.MonkeyPatch) -> None:
    circuit = random_circuit(9, [30, 20], 4)
    bits = random_inputs(9, 333)
    whole = interp.scores(circuit, bits)
    monkeypatch.setattr(interp, "_BLOCK_BYTES", 1)
    assert np.array_equal(interp.scores(circuit, bits), whole)


def test_circuit_without_outputs_scores_its_bias() -> None:
    circuit = Circuit("x", Encoder(2), Builder(2).build([]), Head([0, 0, 0], [3, -4], ("a", "b")))
    assert interp.scores(circuit, all_inputs(2)).tolist() == [[3, -4]] * 4


@pytest.mark.parametrize("shape", [(4,), (4, 2), (4, 4), (1, 4, 3)])
def test_wrong_width_is_an_input_error(shape: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match="3 inputs"):
        interp.evaluate(Builder(3).build([2]), np.zeros(shape, bool))


def test_packed_inputs_of_the_wrong_height_are_an_input_error() -> None:
    """One row must not be broadcast to all inputs."""
    with pytest.raises(InputError, match="3 inputs"):
        interp.evaluate_nets(Builder(3).build([2]), np.ones((1, 1), np.uint64))
