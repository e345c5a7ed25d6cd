"""Numbers from anywhere as the four types that lgc computes with, and the one rule for those that are unusable.

Training, evaluation, verification and prediction all take features through this file, so that a number means the same
to each: ``x > t`` is decided as if by exact arithmetic, whatever the type of x.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgc.errors import InputError

_SINGLE_BYTES = 2  # integers and floats of so many bytes are exact in float32
_PIXELS = 2.0
_FAR = 16.0
_ROWS = 1 << 12


def real_array(values: Any, what: str = "the features") -> NDArray[Any]:
    """Numbers of any kind as a numpy array of bool, uint8, float32 or float64, in the order of its indices.

    Values that float64 cannot hold (64-bit integers, extended floats) are rounded up: a rounded x is above a float64
    threshold exactly if x is.

    Args:
        values: a numpy array of any byte order, memory order or strides; a torch tensor on any device; nested lists;
            anything that numpy can read.
        what: for the error.

    Raises:
        InputError: they are no real numbers, or some are masked.
    """
    array = _as_numpy(values, what)
    kind, size = array.dtype.kind, array.dtype.itemsize
    if array.dtype.fields is not None or kind not in "buif":
        raise InputError(
            f"{what} are of type {_type_name(array.dtype)}, not numbers", hint=_REMEDIES.get(kind, _NUMBERS)
        )
    if kind == "b" or array.dtype in (np.uint8, np.float32, np.float64):
        return array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))
    if size <= _SINGLE_BYTES:
        return array.astype(np.float32)
    return array.astype(np.float64) if size <= 4 else _rounded_up(array)


_NUMBERS = "Give numbers, for example by X.astype(float)"
_REMEDIES = {
    "O": "X.astype(float) makes numbers of them, if every one is a number",
    "U": "X.astype(float) makes numbers of text such as '1.5'; give words as one bit a word",
    "S": "X.astype(float) makes numbers of text such as '1.5'; give words as one bit a word",
    "c": "Give X.real and X.imag as features of their own, or abs(X)",
    "M": "Give the time since some date as a number, for example (X - X.min()) / numpy.timedelta64(1, 's')",
    "m": "Divide by a unit, for example X / numpy.timedelta64(1, 's')",
}


def _type_name(dtype: np.dtype[Any]) -> str:
    if dtype.fields is not None:
        return f"a structure of {', '.join(list(dtype.fields)[:5])}"
    return {"O": "object", "U": "text", "S": "bytes"}.get(dtype.kind, str(dtype))


def _as_numpy(values: Any, what: str) -> NDArray[Any]:
    if isinstance(values, np.ma.MaskedArray):
        if np.ma.getmaskarray(values).any():
            raise InputError(f"{what} have masked values", hint="Fill them in, for example by X.filled(0)")
        values = values.data
    try:
        if hasattr(values, "detach"):  # a tensor of torch, which is not imported here
            values = _of_tensor(values.detach())
        with warnings.catch_warnings():
            warnings.simplefilter("error", np.exceptions.VisibleDeprecationWarning)
            return np.asarray(values)
    except Exception as error:  # whatever a stranger's array does when it is read
        raise InputError(f"{what} are no array of numbers ({str(error)[:120]})", hint=_NUMBERS) from None


def _of_tensor(tensor: Any) -> Any:
    tensor = tensor.cpu().resolve_conj().resolve_neg()
    if getattr(tensor, "is_quantized", False):
        tensor = tensor.dequantize()
    try:
        return tensor.numpy()
    except TypeError:  # bfloat16 and the eight-bit floats, which numpy lacks
        return tensor.float().numpy()


def _rounded_up(array: NDArray[Any]) -> NDArray[np.float64]:
    """Float64, each the smallest that is not below the value."""
    with np.errstate(over="ignore"):
        near = array.astype(np.float64)
    if array.dtype.kind == "f":
        return np.where(near.astype(array.dtype) < array, np.nextafter(near, np.inf), near)
    # 2^63 and 2^64 are no integers of the array's type: what was rounded up to them is not below.
    inside = near < 2.0 ** (63 if array.dtype.kind == "i" else 64)
    back = np.where(inside, near, 0).astype(array.dtype)
    return np.where(inside & (back < array), np.nextafter(near, np.inf), near)


def check_finite(features: NDArray[Any]) -> None:
    """Refuse NaN and infinite numbers: no threshold can be above or below them by anything but accident.

    Args:
        features: from :func:`real_array`, (samples, ...).

    Raises:
        InputError: naming the first sample and its feature.
    """
    if features.dtype.kind == "f" and features.size:
        _finite_range(features)


def _finite_range(features: NDArray[Any]) -> tuple[float, float]:
    """The smallest and the largest number, which NaN would be both of."""
    low, high = float(features.min()), float(features.max())
    if np.isfinite(low) and np.isfinite(high):
        return low, high
    for start in range(0, len(features), _ROWS):
        rows = features[start : start + _ROWS].reshape(len(features[start : start + _ROWS]), -1)
        bad = np.argwhere(~np.isfinite(rows))
        if len(bad):
            row, feature = (int(index) for index in bad[0])
            raise InputError(
                f"feature {feature} of sample {start + row} is {rows[row, feature]}",
                hint="Fill in what is missing before, or leave the sample out: a circuit has no value for it",
            )
    raise AssertionError("a number is not finite, and none is found")


def check_scale(thresholds: NDArray[np.float64], features: NDArray[Any]) -> None:
    """Refuse features that are not finite, or look unscaled, as pixels to 255 for a model of pixels to 1 do.

    They look unscaled where all thresholds lie between 0 and 1, no feature is negative, and the features are whole
    numbers of which some are above 1, or reach 16: no threshold tells one of those from another.

    Args:
        thresholds: (F, T).
        features: from :func:`real_array`, (samples, F).

    Raises:
        InputError: they are not finite, or look unscaled.
    """
    if features.dtype == np.bool_ or not features.size or not thresholds.size:
        return
    low, high = _finite_range(features)
    if high < _PIXELS or low < 0 or not (thresholds.min() > 0 and thresholds.max() < 1):
        return
    if high < _FAR and not _whole(features):
        return
    raise InputError(
        f"the features reach {high:g}, but every threshold lies between 0 and 1, from {thresholds.min():g} to "
        f"{thresholds.max():g}: they look unscaled",
        hint="Scale them as for training, for example by X / 255; or choose thresholds for such numbers "
        "(--threshold distributive:4 of `lgc train`); or give X > 0 if that is meant",
    )


def _whole(features: NDArray[Any]) -> bool:
    if features.dtype.kind != "f":
        return True
    blocks = (features[start : start + _ROWS] for start in range(0, len(features), _ROWS))
    return all(bool((block == np.floor(block)).all()) for block in blocks)
