"""Where features become bits: thresholds that are given, even, or from the distribution of the training samples."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgc.errors import OptionError
from lgc.ir import Encoder
from lgc.train.config import THRESHOLDS, THRESHOLDS_HINT

_BYTES = 255  # the scale of sets of images
_BLOCK = 1 << 24  # values sorted at a time

_Levels = Callable[[NDArray[Any], NDArray[np.float64]], NDArray[np.int64]]


def make_encoder(thresholds: tuple[float, ...] | str, x: NDArray[Any], scale: int, alike: int = 1) -> Encoder:
    """The encoder of stored training features (n, F); boolean features are taken as they are.

    Args:
        thresholds: the same for every feature; or ``uniform:T``, even steps over the range of a feature; or
            ``distributive:T``, that split its values into T+1 equal parts, or, where many are equal, nearly so; or
            ``mixed:T``, half of them (and the odd one) distributive and half uniform; or ``rounded:T``, distributive
            ones moved by up to a quarter of a part, to where hardware compares few bits; or ``rounded-mixed:T``, mixed
            ones moved so.
        scale: a feature is a stored byte over it, as float32, and has the range 0 to 1; at 1, features are as
            stored, and each has the range of its values.
        alike: so many neighbouring features, such as the pixels of a channel, are taken as one and get the same
            thresholds.

    Raises:
        OptionError: a specification that is neither.
    """
    features = x.shape[1]
    match = THRESHOLDS.fullmatch(thresholds) if isinstance(thresholds, str) else None
    if isinstance(thresholds, str) and match is None:
        raise OptionError(f"thresholds are '{thresholds}'", hint=THRESHOLDS_HINT)
    if x.dtype == np.bool_:
        return Encoder(features)
    if match is None:
        return Encoder(features, np.tile(np.sort(np.array(thresholds, np.float64)), (features, 1)))
    make = {
        "uniform": _uniform,
        "distributive": _distributive,
        "mixed": _mixed,
        "rounded": _rounded,
        "rounded-mixed": _rounded_mixed,
    }[match[1]]
    steps = _steps(int(match[2]))
    if alike == 1:
        return Encoder(features, make(x, scale, steps))
    channels = x.reshape(len(x), -1, alike).swapaxes(1, 2).reshape(-1, features // alike)
    return Encoder(features, np.repeat(make(channels, scale, steps), alike, axis=0))


def _steps(count: int) -> NDArray[np.float64]:
    """Even steps between 0 and 1."""
    return np.arange(1, count + 1) / (count + 1)


def _uniform(x: NDArray[Any], scale: int, steps: NDArray[np.float64]) -> NDArray[np.float64]:
    if scale != 1:
        return np.tile(steps, (x.shape[1], 1))
    low, high = (reduced.astype(np.float64)[:, None] for reduced in (x.min(axis=0), x.max(axis=0)))
    return low + (high - low) * steps


def _apart(x: NDArray[Any], steps: NDArray[np.float64]) -> NDArray[np.float64]:
    """Quantiles of a column. Where many samples are equal, quantiles are, too: more come from its different values.

    Thresholds come twice only where the column has too few values.
    """
    present, counts = np.unique(x, return_counts=True)
    cuts = present[:-1].astype(np.float64)  # each tells the values up to it from those above
    if len(cuts) <= len(steps):
        return np.sort(np.resize(cuts if len(cuts) else present, len(steps)).astype(np.float64))
    chosen = np.unique(np.searchsorted(np.cumsum(counts), steps * len(x), side="right").clip(max=len(cuts) - 1))
    others = np.setdiff1d(np.arange(len(cuts)), chosen)
    more = others[np.linspace(0, len(others), len(steps) - len(chosen), endpoint=False).astype(np.int64)]
    return np.asarray(cuts[np.sort(np.concatenate([chosen, more]))])


def _distributive(x: NDArray[Any], scale: int, steps: NDArray[np.float64]) -> NDArray[np.float64]:
    if scale != _BYTES:
        values = np.stack([_apart(x[:, index], steps) for index in range(x.shape[1])])
        return values / scale if scale != 1 else values
    ranks = (steps * len(x)).astype(np.int64)
    block = max(1, _BLOCK // len(x))
    columns = [np.sort(x[:, i : i + block], axis=0)[ranks].T for i in range(0, x.shape[1], block)]
    values = np.concatenate(columns)
    features = values if scale == 1 else values.astype(np.float32) / np.float32(scale)
    return features.astype(np.float64)


def _mixed(x: NDArray[Any], scale: int, steps: NDArray[np.float64]) -> NDArray[np.float64]:
    """Where something small and bright lies on a ground, all that splits the values evenly can lie in the ground."""
    even = len(steps) // 2
    parts = _distributive(x, scale, _steps(len(steps) - even)), _uniform(x, scale, _steps(even))
    return np.sort(np.concatenate(parts, axis=1), axis=1)


def _rounded(x: NDArray[Any], scale: int, steps: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of whole numbers k those that compare ``k >= level`` with a level that ends in many zeros.

    A level of a code of W bits that ends in z zeros is compared in W - z bits; half of the range in one, a wire. What
    is no code, real or negative, has no zeros to save, and stays as it is split.
    """
    return _between(x, scale, steps, _few_bits) if _are_codes(x) else _distributive(x, scale, steps)


def _rounded_mixed(x: NDArray[Any], scale: int, steps: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same of mixed thresholds."""
    return _between(x, scale, steps, _few_bits_mixed) if _are_codes(x) else _mixed(x, scale, steps)


def _are_codes(x: NDArray[Any]) -> bool:
    return x.dtype.kind == "u" or not ((x < 0) | (x != np.floor(x))).any()


def _between(x: NDArray[Any], scale: int, steps: NDArray[np.float64], levels: _Levels) -> NDArray[np.float64]:
    """The thresholds that tell each column's levels from what is below them."""
    found = np.stack([levels(x[:, index], steps) for index in range(x.shape[1])]).astype(np.float64)
    return found - 1 if scale == 1 else (found - 0.5) / scale


def _few_bits(column: NDArray[Any], steps: NDArray[np.float64]) -> NDArray[np.int64]:
    """int64 (T,), ascending: the levels of a column of whole numbers."""
    cuts = _apart(column, steps).astype(np.int64) + 1
    if (cuts[1:] == cuts[:-1]).any():  # all values are told apart
        return cuts
    ranked, reach = np.sort(column), steps[0] / 4
    ends = (np.clip((steps + sign * reach) * len(column), 0, len(column) - 1).astype(np.int64) for sign in (-1, 1))
    low, high = (ranked[end].astype(np.int64) + 1 for end in ends)
    middle = (cuts[1:] + cuts[:-1]) // 2  # which nobody passes, so levels that differ go on to
    low = np.minimum(cuts, np.maximum(low, np.concatenate([[1], middle + 1])))
    high = np.maximum(cuts, np.minimum(high, np.concatenate([middle, [high[-1]]])))
    return np.asarray(_roundest(low, high))


def _few_bits_mixed(column: NDArray[Any], steps: NDArray[np.float64]) -> NDArray[np.int64]:
    """The same of mixed thresholds: even ones are moved by up to a quarter of their distance."""
    even = len(steps) // 2
    least, most = float(column.min()), float(column.max())
    at, reach = least + (most - least) * _steps(even), (most - least) / (even + 1) / 4
    low, high = (np.floor(at + sign * reach).astype(np.int64) + 1 for sign in (-1, 1))
    return np.sort(np.concatenate([_few_bits(column, _steps(len(steps) - even)), _roundest(low, high)]))


def _roundest(low: NDArray[np.int64], high: NDArray[np.int64]) -> NDArray[np.int64]:
    """Of the numbers from ``low`` (at least 1) to ``high`` that of the most zeros at the end in binary."""
    free = np.frexp((high ^ (low - 1)).astype(np.float64))[1] - 1  # below the first bit in which they differ
    return (high >> free) << free
