"""Circuits whose port takes features: vectors are the port's bits, and the software model reads the features."""

from __future__ import annotations

from typing import Any

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
    return _chosen(encoder, bits, np.nextafter(thresholds, np.inf), thresholds)


def floats_for(encoder: Encoder, bits: Bits) -> NDArray[np.float32]:
    """As :func:`features_for`, in float32; some features are infinite or NaN, which is above no threshold."""
    thresholds = np.sort(_thresholds(encoder), axis=1)
    with np.errstate(over="ignore"):
        near = thresholds.astype(np.float32)
    above = np.where(near > thresholds, near, np.nextafter(near, np.float32(np.inf)))
    upto = np.where(near <= thresholds, near, np.nextafter(near, np.float32(-np.inf)))
    found = _chosen(encoder, bits, above, upto).astype(np.float32)
    count = _counts(encoder, bits)
    place = (np.arange(len(bits))[:, None] + np.arange(encoder.num_features)) % 5
    found[(place == 0) & (count == 0)] = np.nan
    found[(place == 1) & (count == 0)] = -np.inf
    found[(place == 2) & (count == encoder.num_thresholds)] = np.inf
    return found


def bits_above(encoder: Encoder, features: NDArray[Any]) -> Bits:
    """Bits (B, F*T) of features (B, F) as C compares them: an encoder refuses NaN and infinities, C does not."""
    above: Bits = np.greater(features[:, :, None], _thresholds(encoder))
    return above.reshape(len(features), -1)


def bytes_for(encoder: Encoder, bits: Bits, values: NDArray[np.float64]) -> NDArray[np.uint8]:
    """As :func:`features_for`, in bytes: byte b is the feature ``values[b]``. A bit that no byte gives is another."""
    thresholds = np.sort(_thresholds(encoder), axis=1)
    least = np.searchsorted(values, thresholds, side="right")  # 256: no byte is above
    return np.clip(_chosen(encoder, bits, least, least - 1), 0, 255).astype(np.uint8)


def _thresholds(encoder: Encoder) -> NDArray[np.float64]:
    """Those of the encoder; of features that are bits, 0."""
    return np.zeros((encoder.num_features, 1)) if encoder.thresholds is None else encoder.thresholds


def _counts(encoder: Encoder, bits: Bits) -> NDArray[np.int64]:
    """Ones per feature, (B, F)."""
    return np.asarray(bits.reshape(len(bits), encoder.num_features, -1).sum(axis=2))


def _chosen(encoder: Encoder, bits: Bits, above: NDArray[Any], upto: NDArray[Any]) -> NDArray[Any]:
    """Values (B, F) with as many thresholds below them as there are ones, in turn the smallest and the largest such.

    Args:
        above: (F, T), the smallest value above each threshold.
        upto: (F, T), the largest that is not.
    """
    count, feature = _counts(encoder, bits), np.arange(encoder.num_features)
    last = encoder.num_thresholds - 1
    smallest = above[feature, np.maximum(count - 1, 0)]
    largest = upto[feature, np.minimum(count, last)]
    turn = (np.arange(len(bits))[:, None] + feature) % 2 == 0
    between = (count == 0) | (largest >= smallest)  # equal thresholds have nothing between them
    return np.asarray(np.where((turn | (count == 0)) & (count <= last) & between, largest, smallest))


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
