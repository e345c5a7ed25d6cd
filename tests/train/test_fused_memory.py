"""Each function of the kernel against numpy, in memory that ends where nobody may touch it."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
import pytest
from guarded import Guarded, array_at
from numpy.typing import NDArray

from lgc.ir.gates import TABLE_OF_ID
from lgc.train.fused import kernel
from lgc.train.modules import gate_basis

pytestmark = pytest.mark.skipif(kernel.load_kernel() is None, reason="no C compiler")

F32, I32, U64 = np.float32, np.int32, np.uint64
TABLES = TABLE_OF_ID.astype(np.uint8)
BASIS = gate_basis().numpy().T.copy()


def call(name: str, *arguments: Any) -> None:
    getattr(kernel.load_kernel(), name)(*arguments)


def packed(bits: NDArray[np.bool_], words: int) -> NDArray[np.uint64]:
    """Bits (samples, D) to rows (D, words)."""
    full = np.zeros((words * 64, bits.shape[1]), np.bool_)
    full[: len(bits)] = bits
    return np.ascontiguousarray(np.packbits(full.T, axis=1, bitorder="little")).view("<u8")


def drawn(inputs: int, nodes: int, samples: int, arity: int = 2, positions: int = 1) -> dict[str, Any]:
    """At each further position the nodes read one row further on."""
    rng = np.random.default_rng(inputs + nodes)
    return {
        "bits": rng.random((samples, inputs)) < 0.5,
        "wires": rng.integers(0, inputs - positions + 1, (arity, nodes)).astype(I32),
        "offset": np.arange(positions).astype(I32),
        "tables": rng.integers(0, 1 << (1 << arity), nodes, U64, endpoint=False),
        "logits": rng.normal(0, 2, (nodes, 16 if arity == 2 else 1 << arity)).astype(F32),
    }


def addresses(one: dict[str, Any]) -> NDArray[np.int64]:
    """(samples, nodes, positions): the entry that each sample reads."""
    bits = one["bits"][:, one["wires"][:, :, None] + one["offset"]].astype(np.int64)
    return (bits << np.arange(len(one["wires"]))[None, :, None, None]).sum(axis=1)


def state(memory: Guarded, one: dict[str, Any]) -> int:
    """The address of a layer of gates, or of tables where they have more than two inputs."""
    arity, nodes = one["wires"].shape
    own = {name: memory.copy(one[name]) for name in ("wires", "tables", "offset")}
    if arity == 2:
        own |= {"functions": memory.copy(TABLES), "basis": memory.copy(BASIS)}
    numbers = {"N": nodes, "D": one["bits"].shape[1], "R": arity, "P": len(one["offset"])}
    one["layer"] = kernel.LayerState(**numbers, node_logits=memory.copy(one["logits"]), **own)  # kept alive with it
    return ctypes.addressof(one["layer"])


SIZES = [(37, 40, 64, 1), (64, 15, 128, 3), (5, 90, 64, 2), (130, 64, 576, 1)]
ARITIES = [2, 3, 4, 5, 6]


@pytest.mark.parametrize(
    ("inputs", "gates", "samples"), [*(size[:3] for size in SIZES), (37, 40, 50), (65, 8, 129), (64, 8, 1)]
)
def test_pack(inputs: int, gates: int, samples: int) -> None:
    bits, words = drawn(inputs, gates, samples)["bits"], -(-samples // 64)
    with Guarded() as memory:
        rows = memory.space((inputs, words), U64)
        call("lgc_pack", memory.copy(bits.view(np.uint8) * 3), samples, inputs, 64 * words, rows)
        np.testing.assert_array_equal(array_at(rows, (inputs, words), U64), packed(bits, words))


@pytest.mark.parametrize("arity", ARITIES)
@pytest.mark.parametrize(("inputs", "nodes", "samples", "positions"), SIZES)
def test_forward_and_count(inputs: int, nodes: int, samples: int, positions: int, arity: int) -> None:
    one, words, classes = drawn(inputs, nodes, samples, arity, positions), samples // 64, 5
    outputs = (one["tables"][None, :, None] >> addresses(one).astype(U64) & U64(1)).astype(np.bool_)
    outputs = outputs.reshape(samples, -1)
    nodes *= positions
    with Guarded() as memory:
        y = memory.space((nodes, words), U64)
        call("lgc_forward", state(memory, one), samples, memory.copy(packed(one["bits"], words)), y)
        np.testing.assert_array_equal(array_at(y, (nodes, words), U64), packed(outputs, words))
        group = nodes // classes
        votes = outputs[:, : group * classes].reshape(samples, classes, group).sum(axis=2)
        scores = memory.copy(np.full((classes, samples), -7, I32))
        rows = memory.copy(packed(outputs[:, : group * classes], words))
        call("lgc_count", group * classes, classes, samples, rows, scores)
        np.testing.assert_array_equal(array_at(scores, (classes, samples), I32), votes.T)


def mixtures(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    """(N, 4): each gate as c0 + ca A + cb B + cab AB."""
    weight = np.exp(logits.astype(np.float64) - logits.max(axis=1, keepdims=True))
    return (weight / weight.sum(axis=1, keepdims=True)) @ BASIS.astype(np.float64).T


def entries(soft: NDArray[np.float64], arity: int) -> NDArray[np.float64]:
    """(N, 2^arity): a node's value at each address."""
    if arity > 2:
        return soft
    return np.stack([soft[:, 0], soft[:, :2].sum(axis=1), soft[:, [0, 2]].sum(axis=1), soft.sum(axis=1)], axis=1)


@pytest.mark.parametrize("arity", ARITIES)
@pytest.mark.parametrize(("inputs", "nodes", "samples", "positions"), SIZES)
def test_mixtures_and_the_gradient_by_the_inputs(
    inputs: int, nodes: int, samples: int, positions: int, arity: int
) -> None:
    """Several nodes share a row of the upstream gradient, and an input is read by none, one, or many."""
    one, words, group = drawn(inputs, nodes, samples, arity, positions), samples // 64, 5
    expected = mixtures(one["logits"]) if arity == 2 else 1 / (1 + np.exp(-one["logits"].astype(np.float64)))
    upstream = np.random.default_rng(1).normal(0, 1, (-(-nodes * positions // group), samples)).astype(F32)
    dx, address, values = np.zeros((inputs, samples)), addresses(one), entries(expected, arity)
    for n, s, p in np.ndindex(nodes, arity, positions):
        here = address[:, n, p]
        slope = values[n, here | 1 << s] - values[n, here & ~(1 << s)]
        dx[one["wires"][s, n] + p] += upstream[(n * positions + p) // group] * slope
    with Guarded() as memory:
        soft, layer = memory.space(expected.shape, F32), state(memory, one)
        call("lgc_soften", layer, 0, nodes, soft)
        np.testing.assert_allclose(array_at(soft, expected.shape, F32), expected, atol=2e-6)
        index = memory.space((inputs + 1 + arity * nodes * positions,), I32)
        found = memory.space((inputs, samples), F32)
        x, up = memory.copy(packed(one["bits"], words)), memory.copy(upstream)
        seen = kernel.BackwardPass(ctypes.pointer(one["layer"]), samples, x, soft, up, group)
        call("lgc_gradient", ctypes.addressof(seen), index, found)
        np.testing.assert_allclose(array_at(found, (inputs, samples), F32), dx, atol=1e-4)


@pytest.mark.parametrize("choices", [33, 64, 5])
@pytest.mark.parametrize("positions", [1, 3])
def test_an_update_stays_in_its_memory(choices: int, positions: int) -> None:
    """Of wires over candidates: what it learns is held against autograd elsewhere."""
    one, words, nodes, arity = drawn(70, 9, 128, 5, positions), 2, 9, 5
    rng, rows, width = np.random.default_rng(0), arity * nodes, -(-choices // 32) * 32
    wires = {name: np.zeros((rows, choices), F32) for name in ("logits", "m", "v")}
    candidates = rng.integers(0, 70 - positions + 1, (rows, choices)).astype(I32)
    with Guarded() as memory:
        state(memory, one)
        layer, size = one["layer"], width * (5 + 128 // 16)
        layer.K, layer.candidates, layer.top = choices, memory.copy(candidates), memory.copy(np.zeros(rows, F32))
        for name, value in wires.items():
            setattr(layer, name, memory.copy(value))
        layer.node_m, layer.node_v = (memory.copy(np.zeros_like(one["logits"])) for _ in range(2))
        soft, up = memory.copy(rng.random((nodes, 32)).astype(F32)), rng.normal(0, 1, (nodes * positions, 128))
        x, upstream = memory.copy(packed(one["bits"], words)), memory.copy(up.astype(F32))
        seen = kernel.BackwardPass(ctypes.pointer(layer), 128, x, soft, upstream, 1)
        adam = kernel.Adam(0.1, 0.9, 0.999, 1.0, 1e-8)
        work = memory.space((size,), F32)
        call("lgc_set_threads", 1)
        call("lgc_update", ctypes.addressof(seen), 0, nodes, None, width, work, size, ctypes.addressof(adam))
        chosen = array_at(layer.wires, (arity, nodes), I32).reshape(rows, 1)
        assert (candidates == chosen).any(axis=1).all()
        assert (np.abs(array_at(layer.logits, (rows, choices), F32)) > 0.01).mean() > 0.99


@pytest.mark.parametrize(("windows", "size"), [(7, 4), (3, 9), (5, 1)])
def test_pooling(windows: int, size: int) -> None:
    rng = np.random.default_rng(0)
    bits = rng.random((128, windows * size)) < 1 / size
    window = rng.permutation(windows * size).reshape(windows, size).astype(I32)
    upstream, dx = rng.normal(0, 1, (windows, 128)).astype(F32), np.zeros((windows * size, 128), F32)
    for o, i in np.ndindex(windows, size):
        others = bits[:, np.delete(window[o], i)].any(axis=1)
        dx[window[o, i]] = np.where(others, 0, upstream[o])
    with Guarded() as memory:
        x, y, index = memory.copy(packed(bits, 2)), memory.space((windows, 2), U64), memory.copy(window)
        call("lgc_pool", windows, size, 128, index, x, y)
        np.testing.assert_array_equal(
            array_at(y, (windows, 2), U64), packed(np.asarray(bits[:, window].any(axis=2)), 2)
        )
        found = memory.space(dx.shape, F32)
        call("lgc_pool_gradient", windows, size, 128, index, x, memory.copy(upstream), found)
        np.testing.assert_array_equal(array_at(found, dx.shape, F32), dx)
