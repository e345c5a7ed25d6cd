"""Devices that take raw rows: samples in the units of their columns, for vectors that are bits."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lgc.ir import Column, Encoder, FeatureCode, Inputs
from lgc.mapping.encoder import levels
from lgc.verify.features import features_for

Bits = NDArray[np.bool_]


def raw_for(inputs: Inputs, encoder: Encoder, bits: Bits) -> NDArray[np.float64]:
    """Raw rows (B, C) whose bits are as near to given ones (B, F*T) as columns allow; the same if raw rows have them.

    Numbers are in turn in the middle and at both ends of what rounds to their code.
    """
    features = np.asarray(features_for(encoder, bits), np.float64)
    thresholds = np.zeros((encoder.num_features, 1)) if encoder.thresholds is None else encoder.thresholds
    counts = bits.reshape(len(bits), encoder.num_features, -1).sum(axis=2)
    on = counts > (thresholds < 0).sum(axis=1)
    result = np.empty((len(bits), len(inputs.columns)))
    for place, (first, column) in enumerate(zip(inputs.firsts.tolist(), inputs.columns, strict=False)):
        if column.kind == "category":
            words = on[:, first : first + column.num_features]
            result[:, place] = np.where(words.any(axis=1), words.argmax(axis=1), column.num_features)
        elif column.kind == "bit":
            result[:, place] = on[:, first]
        elif column.bits:
            codes = _codes(column, np.sort(thresholds[first]), counts[:, first])
            result[:, place] = codes if column.kind == "pixel" else _near(column, codes)
        else:
            result[:, place] = features[:, first]
    return result


def _codes(column: Column, thresholds: NDArray[np.float64], counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """The smallest codes above so many thresholds, of none the largest."""
    pixel = column.kind == "pixel"
    code = FeatureCode(column.bits, column.scale, column.offset) if pixel else FeatureCode(column.bits)
    above = levels(thresholds, code, "float32" if pixel else "float64")
    found = np.where(counts > 0, above[np.maximum(counts - 1, 0)] + 1, above[0])
    return np.asarray(np.clip(found, 0, column.top), np.int64)


def _near(column: Column, codes: NDArray[np.int64]) -> NDArray[np.float64]:
    """Values that become these codes: in turn the middle, the smallest, and nearly the largest."""
    middle = (codes - column.offset) / column.scale
    turn = np.arange(len(codes)) % 3
    edge = (codes + np.where(turn == 1, -0.5, 0.5) - column.offset) / column.scale
    edge = np.where(turn == 1, edge, np.nextafter(edge, -np.inf))
    return np.where((turn > 0) & (column.codes(edge) == codes), edge, middle)
