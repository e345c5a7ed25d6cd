"""What modules that read bits are given: as wide as they are, and 0 or 1.

Raw numbers would train without a complaint, and the circuit would compute something else. Looking at the values costs a
pass over them, and on a GPU a wait; so only the first input of each mode is looked at. Shapes are always.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from lgc.errors import InputError
from lgc.numbers import check_scale, real_array

_CLOSE = 1e-3  # a straight-through value is a bit but for rounding


def check_width(module: nn.Module, x: Tensor, width: int | None) -> None:
    """Refuse an input that is no (samples, width).

    Raises:
        InputError: another shape.
    """
    if x.ndim != 2 or (width is not None and x.shape[1] != width):
        name = type(module).__name__
        expected = f"(samples, {'bits' if width is None else width})"
        raise InputError(
            f"the input of this {name} has the shape {tuple(x.shape)}, expected {expected}",
            hint="Flatten samples, and encode features by as many thresholds as the network was made for",
        )


def check_bits(module: nn.Module, x: Tensor, *, soft: bool) -> None:
    """Refuse raw numbers, the first time in each mode.

    Args:
        x: (samples, bits).
        soft: probabilities are as good as bits.

    Raises:
        InputError: a value that is none.
    """
    if not _first(module, x):
        return
    values = x.detach() if x.is_floating_point() else x.double()
    away = torch.clamp(-values, min=0) + torch.clamp(values - 1, min=0)
    if not soft:
        away = torch.minimum(values.abs(), (values - 1).abs())
    wrong = ~(away <= _CLOSE)  # NaN is wrong, too
    if not bool(wrong.any()):
        return
    _forget(module)
    row, column = (int(index) for index in torch.nonzero(wrong)[0])
    expected = "bits or probabilities, 0 to 1" if soft else "bits, 0 or 1"
    value = float(values[row, column])
    raise InputError(
        f"a {type(module).__name__} reads {expected}, but value {column} of sample {row} is {value:.6g}",
        hint="Encode raw features first: bits = torch.from_numpy(network.encoder.encode(x)).float(), or put an "
        "lgc.Thermometer in front of the layers",
    )


def check_raw_features(module: nn.Module, x: Tensor, thresholds: Tensor) -> None:
    """Refuse features that are NaN, infinite or look unscaled, the first time in each mode.

    Raises:
        InputError: as :func:`lgc.numbers.check_scale`.
    """
    if not _first(module, x):
        return
    try:
        check_scale(thresholds.cpu().numpy(), real_array(x))
    except InputError:
        _forget(module)
        raise


def _first(module: nn.Module, x: Tensor) -> bool:
    """Whether this is the first input of the mode that can be looked at."""
    if torch.compiler.is_compiling() or (x.is_cuda and torch.cuda.is_current_stream_capturing()):
        return False
    seen: set[bool] = module.__dict__.setdefault("_modes_seen", set())
    if module.training in seen:
        return False
    seen.add(module.training)
    return True


def _forget(module: nn.Module) -> None:
    module.__dict__["_modes_seen"].discard(module.training)


def as_numbers(x: Tensor, like: Tensor) -> Tensor:
    """Bits of any type as numbers of the layer's type, unless autocast sees to that."""
    if x.dtype == like.dtype or (x.is_floating_point() and torch.is_autocast_enabled(x.device.type)):
        return x
    if x.is_complex():
        raise InputError(f"the input is {x.dtype}, not bits")
    return x.to(like.dtype)
