"""Circuits whose port takes features: vectors are the port's bits, and the software model reads the features."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lgc.frontend.reference import Reference
from lgc.ir import Encoder, FeatureCode, FeatureCodes
from lgc.verify.vectors import VectorSet

Bits = NDArray[np.bool_]
_MOST_VALUES = 1 << 12


def features_for(encoder: Encoder, bits: Bits) -> NDArray[np.float64] | Bits:
    """Features (B, F) that encode to given bits (B, F*T), if any do: float64, or the bits where features are bits.

    In turn the largest such feature, which is a threshold itself, and the smallest, which is the number just above
    one: what tells ``>`` from ``>=``. Use :func:`given_by_features` for the bits that they really encode to.
    """
    thresholds = encoder.thresholds
    if thresholds is None:
        return bits
    count = encoder.ordered(bits).reshape(len(bits), encoder.num_features, -1).sum(axis=2)
    feature = np.arange(encoder.num_features)
    last = encoder.num_thresholds - 1
    above = np.nextafter(thresholds[feature, np.maximum(count - 1, 0)], np.inf)
    upto = thresholds[feature, np.minimum(count, last)]
    largest = (np.arange(len(bits))[:, None] + feature) % 2 == 0
    return np.asarray(np.where((largest | (count == 0)) & (count <= last), upto, above))


def given_by_features(encoder: Encoder, bits: Bits) -> Bits:
    """The bits that :func:`features_for` encodes to: equal thresholds, for one, have equal bits."""
    return bits if encoder.thresholds is None or encoder.code else encoder.encode(features_for(encoder, bits))


class FeatureReference:
    """The software model behind a code: port bits to codes, to features by the manifest's rule, to its own encoder.

    Args:
        reference: the model's.
        encoder: the model's, with thresholds.
        code: from the manifest.
    """

    def __init__(self, reference: Reference, encoder: Encoder, code: FeatureCodes) -> None:
        self._reference, self._encoder, self._code = reference, encoder, code
        self.name = f"{reference.name} on features"

    def _encode(self, bits: Bits) -> Bits:
        return self._encoder.encode(self._code.values(self._code.codes_of_bits(bits)))

    def scores(self, bits: Bits) -> NDArray[np.int64]:
        """See :class:`Reference`."""
        return self._reference.scores(self._encode(bits))

    def classify(self, scores: NDArray[np.int64]) -> NDArray[np.int64]:
        """See :class:`Reference`."""
        return self._reference.classify(scores)

    def neurons(self, bits: Bits) -> dict[str, Bits]:
        """See :class:`Reference`."""
        return self._reference.neurons(self._encode(bits))


def sweep_vectors(encoder: Encoder, codes: FeatureCodes, seed: int) -> VectorSet:
    """Every value of every column, each vector with another mixture: those of codes wider than 12 bits by chance.

    Args:
        encoder: the model's; its thresholds' nearest codes are among the values always.
    """
    rng = np.random.default_rng(seed)
    wide = codes.tops >= _MOST_VALUES
    edges = [_edges(encoder, codes, index) for index in np.flatnonzero(wide).tolist()]
    count = int(np.where(wide, 0, codes.tops + 1).max())
    count = max([count, *(len(one) + _MOST_VALUES for one in edges)])
    values = np.arange(count)[:, None] % (codes.tops + 1)
    for index, near in zip(np.flatnonzero(wide).tolist(), edges, strict=True):
        values[:, index] = rng.integers(0, codes.tops[index], count, endpoint=True)
        values[: len(near), index] = near
    return VectorSet("sweep", codes.bits(rng.permuted(values, axis=0)))


def _edges(encoder: Encoder, codes: FeatureCodes, index: int) -> NDArray[np.int64]:
    """The codes on both sides of the thresholds of a column."""
    column, row = codes.columns[index], int(codes.firsts[index])
    if not isinstance(column, FeatureCode):
        return np.arange(column.count)
    assert encoder.thresholds is not None
    near = np.rint(np.clip(encoder.thresholds[row] * column.scale + column.offset, 0, column.top)).astype(np.int64)
    return np.clip(np.unique([near - 1, near, near + 1]), 0, column.top)
