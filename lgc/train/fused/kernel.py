"""The C kernel, built on first use, and its functions on torch tensors."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from torch import Tensor

from lgc.errors import LgcError
from lgc.tools.cc import load_built

SOURCE = Path(__file__).with_name("kernel.c")
_MATH = (
    "-fno-math-errno", "-fno-trapping-math", "-fno-signed-zeros", "-fassociative-math", "-freciprocal-math",
    "-ffinite-math-only",
)  # fmt: skip
_FLAGS = ("-std=gnu11", "-O3", *_MATH)
_VARIANTS = ((*_FLAGS, "-fopenmp", "-mprefer-vector-width=512"), (*_FLAGS, "-fopenmp"), _FLAGS)
"""With threads, or without where the compiler has no OpenMP."""

_LONG, _POINTER = ctypes.c_long, ctypes.c_void_p
_SIGNATURES = {
    "lgc_set_threads": [_LONG],
    "lgc_pack": [_POINTER, *[_LONG] * 3, _POINTER],
    "lgc_index": [_POINTER, *[_LONG] * 4, _POINTER],
    "lgc_forward": [_POINTER, _LONG, *[_POINTER] * 2],
    "lgc_count": [_LONG, _LONG, _LONG, _POINTER, _POINTER],
    "lgc_pool": [*[_LONG] * 3, *[_POINTER] * 3],
    "lgc_pool_gradient": [*[_LONG] * 3, *[_POINTER] * 4],
    "lgc_soften": [_POINTER, _LONG, _LONG, _POINTER],
    "lgc_gradient": [_POINTER] * 3,
    "lgc_update": [_POINTER, _LONG, _LONG, _POINTER, _LONG, _POINTER, _LONG, _POINTER],
}  # fmt: skip


class Adam(ctypes.Structure):
    """``adam_t`` of the kernel."""

    _fields_ = [(name, ctypes.c_float) for name in ("lr", "beta1", "beta2", "root", "eps")]


class LayerState(ctypes.Structure):
    """``layer_t`` of the kernel: pointers into tensors that somebody else keeps alive."""

    _fields_ = [
        *((name, _LONG) for name in ("N", "D", "K", "R", "P")),
        *((name, _POINTER) for name in ("offset", "field")),
        *((name, _POINTER) for name in ("logits", "m", "v", "top", "candidates", "wires")),
        *((name, _POINTER) for name in ("node_logits", "node_m", "node_v", "tables", "functions", "basis")),
    ]


class BackwardPass(ctypes.Structure):
    """``pass_t`` of the kernel."""

    _fields_ = [
        ("layer", ctypes.POINTER(LayerState)),
        ("B", _LONG),
        *((name, _POINTER) for name in ("x", "soft", "upstream")),
        ("group", _LONG),
    ]


def pass_of(layer: LayerState, batch: int, x: Tensor, soft: Tensor, upstream: Tensor, group: int) -> BackwardPass:
    """What a backward pass reads; the tensors are somebody else's to keep alive."""
    return BackwardPass(ctypes.pointer(layer), batch, *map(_passed, (x, soft, upstream)), group)


@cache
def load_kernel() -> ctypes.CDLL | None:
    """The library; None where it cannot be built."""
    try:
        return bind(load_built("train", SOURCE, _VARIANTS))
    except (LgcError, OSError):
        return None


def bind(library: ctypes.CDLL) -> ctypes.CDLL:
    """The functions of a built kernel, with their types."""
    for name, types in _SIGNATURES.items():
        function = getattr(library, name)
        function.argtypes, function.restype = types, None
    return library


def call(name: str, *arguments: Any) -> None:
    """Call a function of the kernel; tensors go as the address of their data, structures as their own."""
    library = load_kernel()
    assert library is not None
    function: Callable[..., None] = getattr(library, name)
    function(*map(_passed, arguments))


def _passed(argument: Any) -> Any:
    if isinstance(argument, ctypes.Structure):
        return ctypes.addressof(argument)
    if not isinstance(argument, Tensor):
        return argument
    assert argument.is_contiguous() and argument.device.type == "cpu"
    return argument.data_ptr()
