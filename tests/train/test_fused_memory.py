"""Each function of the kernel against numpy, in memory that ends where nobody may touch it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from guarded import Guarded, array_at
from numpy.typing import NDArray

from lgc.ir.gates import TABLE_OF_ID
from lgc.train.fused import kernel

pytestmark = pytest.mark.skipif(kernel.load_kernel() is None, reason="no C compiler")

F32, I32, U64 = np.float32, np.int32, np.uint64
TABLES = TABLE_OF_ID.astype(np.uint8)


def call(name: str, *arguments: Any) -> None:
    getattr(kernel.load_kernel(), name)(*arguments)


def packed(bits: NDArray[np.bool_], words: int) -> NDArray[np.uint64]:
    """Bits (samples, D) to rows (D, words)."""
    full = np.zeros((words * 64, bits.shape[1]), np.bool_)
    full[: len(bits)] = bits
    return np.ascontiguousarray(np.packbits(full.T, axis=1, bitorder="little")).view("<u8")


def drawn(inputs: int, gates: int, samples: int) -> dict[str, Any]:
    rng = np.random.default_rng(inputs + gates)
    return {
        "bits": rng.random((samples, inputs)) < 0.5,
        "wires": rng.integers(0, inputs, (2, gates)).astype(I32),
        "ids": rng.integers(0, 16, gates),
        "logits": rng.normal(0, 2, (gates, 16)).astype(F32),
    }


SIZES = [(37, 40, 64), (64, 15, 128), (5, 90, 64), (130, 64, 256)]


@pytest.mark.parametrize(("inputs", "gates", "samples"), [*SIZES, (37, 40, 50), (65, 8, 129), (64, 8, 1)])
def test_pack(inputs: int, gates: int, samples: int) -> None:
    bits, words = drawn(inputs, gates, samples)["bits"], -(-samples // 64)
    with Guarded() as memory:
        rows = memory.space((inputs, words), U64)
        call("lgc_pack", memory.copy(bits.view(np.uint8) * 3), samples, inputs, 64 * words, rows)
        np.testing.assert_array_equal(array_at(rows, (inputs, words), U64), packed(bits, words))


@pytest.mark.parametrize(("inputs", "gates", "samples"), SIZES)
def test_forward_and_count(inputs: int, gates: int, samples: int) -> None:
    one, words, classes = drawn(inputs, gates, samples), samples // 64, 5
    a, b = one["bits"][:, one["wires"][0]], one["bits"][:, one["wires"][1]]
    outputs = (TABLES[one["ids"]][None, :] >> (a + 2 * b) & 1).astype(np.bool_)
    with Guarded() as memory:
        y = memory.space((gates, words), U64)
        x, tables = memory.copy(packed(one["bits"], words)), memory.copy(TABLES[one["ids"]])
        call("lgc_forward", gates, samples, x, memory.copy(one["wires"]), tables, y)
        np.testing.assert_array_equal(array_at(y, (gates, words), U64), packed(outputs, words))
        group = gates // classes
        votes = outputs[:, : group * classes].reshape(samples, classes, group).sum(axis=2)
        scores = memory.copy(np.full((classes, samples), -7, I32))
        rows = memory.copy(packed(outputs[:, : group * classes], words))
        call("lgc_count", group * classes, classes, samples, rows, scores)
        np.testing.assert_array_equal(array_at(scores, (classes, samples), I32), votes.T)


def mixtures(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    """(N, 4): each gate as c0 + ca A + cb B + cab AB."""
    weight = np.exp(logits.astype(np.float64) - logits.max(axis=1, keepdims=True))
    weight /= weight.sum(axis=1, keepdims=True)
    v0, va, vb, vab = ((TABLES >> place & 1).astype(np.float64) for place in range(4))
    return weight @ np.stack([v0, va - v0, vb - v0, vab - va - vb + v0], axis=1)


@pytest.mark.parametrize(("inputs", "gates", "samples"), SIZES)
def test_mixtures_and_the_gradient_by_the_inputs(inputs: int, gates: int, samples: int) -> None:
    """Several gates share a row of the upstream gradient, and an input is read by none, one, or many."""
    one, words, group = drawn(inputs, gates, samples), samples // 64, 5
    wires, expected = one["wires"], mixtures(one["logits"])
    upstream = np.random.default_rng(1).normal(0, 1, (-(-gates // group), samples)).astype(F32)
    dx = np.zeros((inputs, samples))
    for n in range(gates):
        a, b = (one["bits"][:, wires[side, n]] for side in (0, 1))
        dx[wires[0, n]] += upstream[n // group] * (expected[n, 1] + expected[n, 3] * b)
        dx[wires[1, n]] += upstream[n // group] * (expected[n, 2] + expected[n, 3] * a)
    with Guarded() as memory:
        mixed = memory.space((gates, 4), F32)
        call("lgc_mix", gates, memory.copy(one["logits"]), memory.copy(TABLES), mixed)
        np.testing.assert_allclose(array_at(mixed, (gates, 4), F32), expected, atol=2e-6)
        index, found = memory.space((inputs + 1 + 2 * gates,), I32), memory.space((inputs, samples), F32)
        x, up = memory.copy(packed(one["bits"], words)), memory.copy(upstream)
        call("lgc_gradient", gates, inputs, samples, memory.copy(wires), mixed, x, up, group, index, found)
        np.testing.assert_allclose(array_at(found, (inputs, samples), F32), dx, atol=1e-4)
