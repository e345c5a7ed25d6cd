"""Encoder, head and circuit: strictness at equality, tie rules, digests."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from strategies import encoders, random_circuit

from lgc.errors import InputError, NetlistError
from lgc.ir import Builder, Circuit, Encoder, Head, Origins


def test_encode_is_strict_at_equality() -> None:
    """A feature equal to its threshold gives 0; the next float64 above gives 1."""
    thresholds = np.array([[0.1, 0.25], [-1.0, 1e300]])
    encoder = Encoder(2, thresholds)
    assert not encoder.encode(thresholds[:, :1].T)[0, [0, 2]].any()
    for f in range(2):
        for t in range(2):
            x = np.full((1, 2), -1e301)
            x[0, f] = thresholds[f, t]
            assert not encoder.encode(x)[0, f * 2 + t]
            x[0, f] = np.nextafter(thresholds[f, t], np.inf)
            assert encoder.encode(x)[0, f * 2 + t]


def test_encode_is_feature_major() -> None:
    """Bit f*T + t is x[f] > thresholds[f, t]."""
    encoder = Encoder(3, np.array([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]]))
    assert encoder.num_bits == 6
    assert encoder.encode(np.array([[0.5, 9.0, 0.0]])).astype(int).tolist() == [[1, 0, 1, 1, 0, 0]]


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("encoder", [Encoder(2), Encoder(2, np.zeros((2, 1)))], ids=["binary", "thresholds"])
def test_what_is_no_finite_number_is_refused(encoder: Encoder, value: float) -> None:
    with pytest.raises(InputError, match="feature 1 of sample 0"):
        encoder.encode(np.array([[0.0, value]]))


def test_float32_features_are_compared_in_float64() -> None:
    """float32(0.1) is above 0.1: rounding the threshold to float32 first would call them equal."""
    encoder = Encoder(1, np.array([[0.1]]))
    assert encoder.encode(np.array([[0.1]], np.float32)).item()
    assert not encoder.encode(np.array([[0.1]], np.float64)).item()


@pytest.mark.parametrize("dtype", [np.bool_, np.uint8, np.int64, np.float16, np.float32, np.float64])
def test_every_real_dtype_is_encoded(dtype: type) -> None:
    features = np.array([[0, 1], [1, 1]], dtype)
    expected = [[False, True], [True, True]]
    assert Encoder(2).encode(features).tolist() == expected
    assert Encoder(2, np.full((2, 1), 0.5)).encode(features).tolist() == expected


@pytest.mark.parametrize("value", [2, -1, 0.5])
def test_binary_encoder_refuses_what_is_no_bit(value: float) -> None:
    with pytest.raises(InputError, match="other than 0 and 1"):
        Encoder(2).encode(np.array([[0, value]]))


@pytest.mark.parametrize("encoder", [Encoder(2), Encoder(2, np.zeros((2, 1)))], ids=["binary", "thresholds"])
@pytest.mark.parametrize("features", [np.array([["a", "b"]]), np.array([[1j, 0j]])], ids=["text", "complex"])
def test_encoder_refuses_what_is_no_real_number(encoder: Encoder, features: np.ndarray) -> None:
    with pytest.raises(InputError):
        encoder.encode(features)


@pytest.mark.parametrize("shape", [(2,), (5, 1), (5, 3), (1, 5, 2)])
@pytest.mark.parametrize("encoder", [Encoder(2), Encoder(2, np.zeros((2, 1)))], ids=["binary", "thresholds"])
def test_wrong_feature_count_is_an_input_error(encoder: Encoder, shape: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match="reads 2 a sample"):
        encoder.encode(np.zeros(shape))


def test_no_samples_encode_to_no_samples() -> None:
    assert Encoder(2, np.zeros((2, 3))).encode(np.zeros((0, 2))).shape == (0, 6)
    assert Encoder(2).encode(np.zeros((0, 2))).shape == (0, 2)


@given(encoders(6))
def test_encode_equals_its_definition(encoder: Encoder) -> None:
    if encoder.thresholds is None:
        return
    values = np.concatenate([encoder.thresholds.ravel(), [0.0, -1e9, 1e9]])
    features = np.stack([np.roll(values, shift) for shift in range(encoder.num_features)], axis=1)
    bits = encoder.encode(features)
    for sample, row in enumerate(features):
        expected = [bool(x > t) for x, ts in zip(row, encoder.thresholds, strict=True) for t in ts]
        assert bits[sample].tolist() == expected


def test_tie_rules_with_all_scores_equal() -> None:
    head = Head.equal_groups(6, ("a", "b", "c"))
    scores = np.full((4, 3), 7)
    assert head.classify(scores).tolist() == [0] * 4
    assert replace(head, tie="last").classify(scores).tolist() == [2] * 4


def test_tie_rules_choose_among_the_largest_only() -> None:
    head = Head.equal_groups(8, ("a", "b", "c", "d"))
    scores = np.array([[1, 5, 5, 0], [9, 1, 9, 1], [-3, -3, -4, -3]])
    assert head.classify(scores).tolist() == [1, 0, 0]
    assert replace(head, tie="last").classify(scores).tolist() == [2, 2, 3]


def test_head_of_one_class() -> None:
    for tie in ("first", "last"):
        assert Head.equal_groups(5, ("only",), tie=tie).classify(np.array([[3], [0]])).tolist() == [0, 0]


def test_equal_groups() -> None:
    head = Head.equal_groups(6, ("a", "b"), bias=np.array([1, -2]))
    assert head.sizes.tolist() == [3, 3]
    assert head.offsets.tolist() == [0, 3, 6]
    assert head.score_range == (-2, 4)


def test_equal_groups_refuses_what_does_not_divide() -> None:
    with pytest.raises(InputError, match="7 outputs do not divide into 2"):
        Head.equal_groups(7, ("a", "b"))
    with pytest.raises(InputError, match="no classes"):
        Head.equal_groups(7, ())


def test_arrays_and_metadata_cannot_be_changed() -> None:
    circuit = random_circuit(4, [6])
    arrays = [circuit.netlist.fanin, circuit.netlist.table, circuit.head.bias, circuit.netlist.origins.layer]
    for array in [*arrays, Encoder(1, np.zeros((1, 1))).thresholds]:
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1
    with pytest.raises(TypeError):
        circuit.metadata["a"] = "b"  # type: ignore[index]


def _base() -> Circuit:
    builder = Builder(4)
    a = builder.gate("and", 2, 3)
    b = builder.add(0x96, (3, 4, 5))
    netlist = builder.build([a, b, 2, b])
    return Circuit("base", Encoder(2, np.array([[0.0, 1.0], [0.5, 2.0]])), netlist, Head([0, 1, 4], [0, 1], ("a", "b")))


def _netlist(**change: object) -> Callable[[Circuit], Circuit]:
    return lambda c: replace(c, netlist=replace(c.netlist, **change))


def _head(**change: object) -> Callable[[Circuit], Circuit]:
    return lambda c: replace(c, head=replace(c.head, **change))


SIGNIFICANT = {
    "number of inputs": _netlist(num_inputs=5),
    "fanin": _netlist(fanin=[[2, 4, 0], [3, 4, 5]]),
    "operand order": _netlist(fanin=[[3, 2, 0], [3, 4, 5]]),
    "table": _netlist(table=[0x8, 0x97]),
    "arity": _netlist(arity=[3, 3]),
    "outputs": _netlist(outputs=[6, 7, 3, 7]),
    "output order": _netlist(outputs=[6, 2, 7, 7]),
    "thresholds": lambda c: replace(c, encoder=Encoder(2, np.array([[0.0, 1.0], [0.5, 2.5]]))),
    "no thresholds": lambda c: replace(c, encoder=Encoder(4)),
    "shape of thresholds": lambda c: replace(c, encoder=Encoder(1, np.array([[0.0, 0.5, 1.0, 2.0]]))),
    "offsets": _head(offsets=[0, 2, 4]),
    "bias": _head(bias=[0, 2]),
    "tie": _head(tie="last"),
}

INSIGNIFICANT = {
    "name": lambda c: replace(c, name="other"),
    "metadata": lambda c: replace(c, metadata={"a": "b"}),
    "class names": _head(classes=("x", "y")),
    "tau": _head(tau=9.0),
    "origin": _netlist(origin=[0, -1], origins=Origins(("l",), np.zeros(1, np.int32), np.zeros(1, np.int32))),
    "unused operand column": _netlist(fanin=[[2, 3, 0, 0], [3, 4, 5, 0]]),
}


@pytest.mark.parametrize("change", SIGNIFICANT)
def test_digest_changes_with(change: str) -> None:
    assert SIGNIFICANT[change](_base()).digest() != _base().digest()


@pytest.mark.parametrize("change", INSIGNIFICANT)
def test_digest_does_not_change_with(change: str) -> None:
    assert INSIGNIFICANT[change](_base()).digest() == _base().digest()


def test_digest_cannot_take_thresholds_for_offsets() -> None:
    """Two circuits whose arrays, written one after another without their lengths, are the same bytes."""
    netlist = Builder(2).build([2, 3])
    binary = Circuit("x", Encoder(2), netlist, Head([0, 0, 0, 2], [2, 5, 7], ("a", "b", "c")))
    encoded = Circuit("x", Encoder(2, np.zeros((2, 1))), netlist, Head([0, 2, 2], [5, 7], ("a", "b")))
    assert binary.digest() != encoded.digest()


def test_digest_is_the_same_on_every_machine_and_version() -> None:
    """Digests tie artefacts of different runs together: a change here makes all old ones mismatch."""
    assert _base().netlist.digest() == "463ea2ba980b78fc78c0772cb901a3649ad17454936d18988155c22e6a370828"
    assert _base().digest() == "aff761aff41bace407bd98712eb77df72a73ccccd5e406ef6f5d31c0b522f150"


def test_netlist_repr_is_short() -> None:
    assert repr(_base().netlist) == "Netlist(4 inputs, 2 nodes, 4 outputs, depth 1)"


@pytest.mark.parametrize("clone", [lambda circuit: pickle.loads(pickle.dumps(circuit)), copy.deepcopy, copy.copy])
def test_copies_and_pickles_are_equal_and_read_only(clone: Callable[[Circuit], Circuit]) -> None:
    circuit = random_circuit(6, [8, 6], 2, seed=3)
    circuit = replace(circuit, encoder=Encoder(3, np.array([[0.0, 1], [2, 3], [4, 5]])), metadata={"a": "b"})
    circuit.netlist.levels  # noqa: B018 - a cached property must not get in the way
    twin = clone(circuit)
    assert twin.digest() == circuit.digest() and twin.metadata == circuit.metadata and twin.name == circuit.name
    assert twin.netlist.label(twin.netlist.num_nets - 1) == circuit.netlist.label(circuit.netlist.num_nets - 1)
    assert twin.encoder.thresholds is not None
    for array in (twin.encoder.thresholds, twin.head.bias, twin.netlist.fanin, twin.netlist.origins.layer):
        assert not array.flags.writeable
    with pytest.raises(TypeError):
        twin.metadata["c"] = "d"  # type: ignore[index]


@pytest.mark.parametrize("bias", [[0.5], [1 << 63], [float("nan")]])
def test_a_bias_that_is_no_int64_is_refused(bias: list[float]) -> None:
    with pytest.raises(NetlistError, match=r"bias\[0\]"):
        Head(np.array([0, 1]), np.array(bias), ("a",))  # type: ignore[arg-type]
