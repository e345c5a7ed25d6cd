"""What a pickle's globals and calls become: plain values and stand-ins. Nothing is imported, and nothing is run."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgc.errors import CheckpointError

_NUMPY_KINDS = "biuf"


@dataclass(frozen=True)
class Name:
    """A global the file names: never imported, never called."""

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"[:160]


class StandIn:
    """An object of a class that is not imported: its class's name, constructor arguments and state."""

    def __init__(self, kind: Name, args: tuple[Any, ...] = ()) -> None:
        self.kind = kind
        self.args = args
        self.state: dict[str, Any] = {}

    def set_state(self, state: object) -> None:
        """Merge the state that the file gives the object: a dictionary, or a pair of them."""
        parts = state if isinstance(state, tuple) else (state,)
        for part in parts:
            if isinstance(part, dict):
                self.state.update((key, value) for key, value in part.items() if isinstance(key, str))


class LateArray:
    """A numpy array that the file describes in two steps; ``array`` is None until the second."""

    def __init__(self) -> None:
        self.array: NDArray[Any] | None = None

    def set_state(self, state: object) -> None:
        """(version, shape, dtype, column-major, bytes): checked before anything is allocated."""
        if not isinstance(state, tuple) or len(state) != 5 or not isinstance(state[1], tuple):
            raise CheckpointError("a numpy array is described wrongly")
        _, shape, dtype, fortran, data = state
        if not isinstance(dtype, np.dtype) or dtype.kind not in _NUMPY_KINDS or not isinstance(data, bytes):
            raise CheckpointError("a numpy array holds something else than numbers")
        if len(shape) > 8 or not all(type(length) is int and 0 <= length < 1 << 48 for length in shape):
            raise CheckpointError("a numpy array is described wrongly")
        count = math.prod(shape)
        if count * dtype.itemsize != len(data):
            raise CheckpointError(f"a numpy array claims {count} elements but holds {len(data)} bytes")
        self.array = np.frombuffer(data, dtype).reshape(shape, order="F" if fortran else "C")


def key_text(key: object, target: dict[Any, Any]) -> str:
    """Text for a key that is neither text nor a number, such as the tuples of a resolver's cache.

    No such entry is ever asked for. The key itself is not hashed: a deeply nested tuple would overflow the C stack.
    """
    parts = key if isinstance(key, tuple) else (key,)
    text = f"({', '.join(_shown(part) for part in parts[:8])})"
    return f"{text} {len(target)}" if text in target else text


def _shown(part: object) -> str:
    """A part of a key, in bounded time: a number of a million digits takes long to spell out."""
    if isinstance(part, str):
        return part[:40]
    return str(part) if isinstance(part, float | Name) or (isinstance(part, int) and -(2**63) <= part < 2**64) else "?"


def _dictionary(*args: object) -> dict[Any, Any]:
    """OrderedDict, defaultdict: empty, filled by later opcodes."""
    if len(args) > 1 or (args and not isinstance(args[0], Name)):
        raise CheckpointError("a dictionary is built with arguments, which PyTorch never does")
    return {}


def _counter(counts: object = None) -> dict[Any, Any]:
    """Filled at once, unlike other dictionaries."""
    return counts if isinstance(counts, dict) else {}


def _first(value: object, *_rest: object) -> object:
    """A parameter is its data; a device its name; a torch.Size its tuple; a set its list."""
    return value


def _items(*args: object) -> list[Any]:
    # The file's own list: a copy of it could be asked for a million times.
    return args[0] if args and isinstance(args[0], list) else []


def _dtype(name: object, *_rest: object) -> np.dtype[Any]:
    if not isinstance(name, str) or len(name) > 3 or name[:1] not in _NUMPY_KINDS or not name[1:].isdigit():
        raise CheckpointError(f"a numpy array has the element type {str(name)[:20]!r}")
    return np.dtype(f"<{name}")


def _scalar(dtype: object, data: object) -> int | float:
    if not isinstance(dtype, np.dtype) or not isinstance(data, bytes) or len(data) != dtype.itemsize:
        raise CheckpointError("a numpy number is described wrongly")
    value: int | float = np.frombuffer(data, dtype)[0].item()
    return value


def _late_array(*_args: object) -> LateArray:
    return LateArray()


def _reconstructor(kind: object, *_rest: object) -> StandIn:
    if not isinstance(kind, Name):
        raise CheckpointError("it makes an object of something that is no class")
    return StandIn(kind)


def _opaque(module: str, name: str) -> Callable[..., StandIn]:
    """A value of the standard library, such as a path in a run's settings: kept as its arguments, never made."""
    return lambda *args: StandIn(Name(module, name), args)


_OPAQUE = (
    ("pathlib", "Path"), ("pathlib", "PosixPath"), ("pathlib", "WindowsPath"), ("pathlib", "PurePath"),
    ("pathlib", "PurePosixPath"), ("pathlib", "PureWindowsPath"), ("pathlib._local", "PosixPath"),
    ("pathlib._local", "WindowsPath"), ("datetime", "datetime"), ("datetime", "date"), ("datetime", "time"),
    ("datetime", "timedelta"), ("datetime", "timezone"), ("decimal", "Decimal"), ("fractions", "Fraction"),
    ("builtins", "complex"), ("builtins", "slice"), ("builtins", "range"),
    ("__builtin__", "complex"), ("__builtin__", "slice"), ("__builtin__", "xrange"),
    ("collections", "deque"), ("lgc.ir.circuit", "Encoder"),
    ("lgc.ir.features", "FeatureCode"), ("lgc.ir.features", "FeatureCodes"), ("lgc.ir.features", "CategoryCode"),
    ("types", "SimpleNamespace"), ("types", "MappingProxyType"), ("uuid", "UUID"),
)  # fmt: skip


CALLABLES: dict[tuple[str, str], Callable[..., object]] = {
    **{(module, name): _opaque(module, name) for module, name in _OPAQUE},
    ("collections", "OrderedDict"): _dictionary,
    ("collections", "defaultdict"): _dictionary,
    ("collections", "Counter"): _counter,
    ("torch._utils", "_rebuild_parameter"): _first,
    ("torch._utils", "_rebuild_parameter_with_state"): _first,
    ("torch", "device"): _first,
    ("torch", "Size"): _first,
    ("builtins", "set"): _items,
    ("__builtin__", "set"): _items,
    ("builtins", "frozenset"): _items,
    ("__builtin__", "frozenset"): _items,
    ("copyreg", "_reconstructor"): _reconstructor,
    ("copy_reg", "_reconstructor"): _reconstructor,
    ("numpy", "dtype"): _dtype,
    ("numpy.core.multiarray", "_reconstruct"): _late_array,
    ("numpy._core.multiarray", "_reconstruct"): _late_array,
    ("numpy.core.multiarray", "scalar"): _scalar,
    ("numpy._core.multiarray", "scalar"): _scalar,
}
