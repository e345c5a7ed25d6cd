"""What the generated self-test must find: a hash of the reference interpreter's answers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from lgc.ir import Circuit, interp

_SAMPLES = 600  # more than one block of 512-bit words, and a tail
_SEED = 0x9E3779B97F4A7C15
_BASIS = 0xCBF29CE484222325
_PRIME = 0x100000001B3
_MASK = (1 << 64) - 1


def _random_bytes(count: int) -> NDArray[np.uint8]:
    """The high bytes of a xorshift64 sequence, as selftest.c makes them."""
    state, result = _SEED, bytearray(count)
    for index in range(count):
        state ^= state << 13 & _MASK
        state ^= state >> 7
        state ^= state << 17 & _MASK
        result[index] = state >> 56
    return np.frombuffer(bytes(result), np.uint8)


def _hash(value: int, numbers: NDArray[np.int64]) -> int:
    for number in numbers.reshape(-1).tolist():
        value = (value ^ (number & 0xFFFFFFFF)) * _PRIME & _MASK
    return value


def selftest_defines(circuit: Circuit) -> Iterator[str]:
    """The lines that configure selftest.c for this circuit."""
    bits = circuit.encoder.num_bits
    rows = _random_bytes(_SAMPLES * -(-bits // 8)).reshape(_SAMPLES, -1)
    encoded = np.unpackbits(rows, axis=1, bitorder="little")[:, :bits].astype(np.bool_)
    scores = interp.scores(circuit, encoded)
    value = _hash(_hash(_BASIS, scores), circuit.head.classify(scores))
    yield f"#define SELFTEST_SAMPLES {_SAMPLES}u"
    yield f"#define SELFTEST_SEED {_SEED:#x}u"
    yield f"#define SELFTEST_BASIS {_BASIS:#x}u"
    yield f"#define SELFTEST_HASH {value:#x}u"
