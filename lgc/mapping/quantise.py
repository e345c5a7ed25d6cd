"""Codes of given widths for real features: those that lose nothing where there are some, else the nearest.

The codes of a feature span the thresholds that the network reads: nothing tells features apart that are below all of
them or above all of them. A threshold between two codes moves to the edge of one, by half a code's step at most, which
may change a bit of features between the two. Whether it does is a matter of data, and measured there.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lgc.ir import FIRST_INPUT, Circuit, FeatureCode
from lgc.ir.inputs import Column
from lgc.mapping.encoder import fixed_point, thresholds_of

_LEAST_EDGE = 2.0**-20
_MOST_CODE = 2.0**44
_ROUNDING = 2.0**-50
_LEAST_SCALE, _MOST_SCALE = 2.0**-1000, 2.0**1000


def read_thresholds(circuit: Circuit) -> list[NDArray[np.float64]]:
    """Of each feature the thresholds whose bits reach an output, ascending and different."""
    netlist, thresholds = circuit.netlist, thresholds_of(circuit.encoder)
    live = netlist.live()[FIRST_INPUT : netlist.first_node].reshape(thresholds.shape)
    return [np.unique(row[read]) for row, read in zip(thresholds, live, strict=True)]


def quantised(thresholds: NDArray[np.float64], width: int, column: Column | None = None) -> FeatureCode:
    """A code of ``width`` bits for real numbers that are compared with thresholds.

    Fixed point, rounded up, if thresholds are multiples of a power of two and few enough bits tell them apart: it
    loses nothing. Else the nearest of codes, the lowest threshold between the first two and the highest between the
    last two. A feature that is a threshold itself gets the lower code there: it is not above.

    Args:
        thresholds: (n,), ascending and different; those that are read.
        column: for the scale of a feature with less than two thresholds, by its range.
    """
    exact = fixed_point(thresholds, width, anywhere=True)
    if exact is not None:
        return FeatureCode(width, exact.scale, exact.offset, exact.rounding)
    top = (1 << width) - 1
    low, high = (float(thresholds[0]), float(thresholds[-1])) if thresholds.size else (0.0, 0.0)
    if column is not None and not thresholds.size:
        low = high = float(column.low)
    scale = _scale(low, high, max(top - 1, 1), column)
    edge = max(_LEAST_EDGE, _ROUNDING * max(abs(low), abs(high)) * scale)
    offset = 0.5 - edge - low * scale if thresholds.size else -low * scale
    return FeatureCode(width, scale, offset, "nearest")


def is_lossless(code: FeatureCode, thresholds: NDArray[np.float64]) -> bool:
    """Whether a code decides like the thresholds that are read, for every real number."""
    return code.rounding == "up" or not thresholds.size


def _scale(low: float, high: float, steps: int, column: Column | None) -> float:
    """Codes per unit; small enough that float64 has bits left for the places between two codes."""
    span = high / 2 - low / 2  # halves: the whole may overflow
    if not span and column is not None:
        span = column.high / 2 - column.low / 2
    scale = steps / 2 / span if span else 1.0
    largest = max(abs(low), abs(high))
    scale = min(scale, _MOST_CODE / largest) if largest else scale
    return float(min(max(scale, _LEAST_SCALE), _MOST_SCALE))
