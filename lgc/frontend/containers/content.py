"""What a file holds before anyone knows whose it is: tensors by name, what surrounds them, or text."""

from __future__ import annotations

import io
import mmap
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgc.errors import CheckpointError, InputError, LgcError
from lgc.frontend.containers.ptfile import LEGACY_MAGIC, ZIP_MAGIC, check_directory, read_pt
from lgc.frontend.containers.safefile import read_safetensors
from lgc.frontend.containers.values import LateArray, StandIn

Array = NDArray[Any]

_MAX_TEXT_BYTES = 256 << 20
_MAX_ARRAY_BYTES = 128 << 20
_MAX_DEPTH = 20
_MAX_VALUES = 2_000_000
_MAX_CONTAINERS = 100_000
_SCALARS = frozenset({int, float, str, bool})
_MAX_MODULES = 10_000
_COPY = re.compile("ema|swa|av(g|erage)|best|last|old|prev|init|target|backup|optim|sched")
_WRAPPERS = ("state_dict", "model_state_dict", "model_state", "model", "net", "module")
_PREFIXES = ("_orig_mod.", "module.")


@dataclass(frozen=True)
class Content:
    """The content of one file.

    Attributes:
        container: ``pytorch``, ``safetensors``, ``npz`` or ``text`` (anything else, bytes).
        state: tensors by name, without the prefixes that torch.compile and DataParallel leave.
        entries: what surrounds the state dict, as plain values.
        modules: of a pickled module: class name and plain attributes by path ("" is the root).
        data: the bytes of a text or AIGER file.
        strange: names in the state dict that hold no tensor, and other networks beside it.
    """

    path: Path
    container: str
    state: dict[str, Array] = field(default_factory=dict)
    entries: dict[str, Any] = field(default_factory=dict)
    modules: dict[str, ModuleInfo] = field(default_factory=dict)
    data: bytes = b""
    strange: tuple[str, ...] = ()

    def prefixes(self, suffix: str) -> list[str]:
        """The names that ``suffix`` completes to a tensor's, in numeric order (``2.`` before ``10.``)."""
        found = [name.removesuffix(suffix) for name in self.state if name.endswith(suffix)]
        return sorted((p for p in found if not p or p.endswith(".")), key=natural)


@dataclass(frozen=True)
class ModuleInfo:
    """One module of a pickled model: the name of its class and its plain attributes."""

    kind: str
    attributes: dict[str, Any]


def natural(name: str) -> list[tuple[int, int | str]]:
    """Sort key that puts ``layers.2`` before ``layers.10``."""
    parts = name.split(".")
    return [(0, int(part)) if part.isdecimal() and len(part) < 10 else (1, part) for part in parts]


def read_content(path: Path) -> Content:
    """Read a file of any kind, by its first bytes.

    Raises:
        CheckpointError: it is damaged or hostile.
        InputError: it cannot be read.
    """
    try:
        return _read(path)
    except LgcError as error:
        raise error.at(str(path)) from None


def _read(path: Path) -> Content:
    try:
        with path.open("rb") as stream:
            head = stream.read(64)
            size = path.stat().st_size
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror or error})", where=str(path)) from None
    if head.startswith(LEGACY_MAGIC):
        return _from_object(path, read_pt(path))
    if head.startswith(ZIP_MAGIC):
        return _read_npz(path) if _is_npz(path) else _from_object(path, read_pt(path))
    if len(head) > 8 and head[8:9] == b"{" and int.from_bytes(head[:8], "little") < size:
        metadata, tensors = read_safetensors(path)
        state = {_strip(name): array for name, array in tensors.items()}
        return Content(path, "safetensors", state=state, entries=dict(metadata))
    if head[:1] == b"\x80":
        raise CheckpointError(
            "this is a bare Python pickle, not a PyTorch file",
            where=str(path),
            hint="Save it with torch.save, which stores tensors outside the pickle",
        )
    if size > _MAX_TEXT_BYTES:
        raise InputError(f"it is {size} bytes long, more than lgc reads as text", where=str(path))
    return Content(path, "text", data=path.read_bytes())


def _from_object(path: Path, content: Any) -> Content:
    """Find the state dict in what a PyTorch file holds."""
    if isinstance(content, dict) and not _has_tensors(content):
        if isinstance(content.get("lgc"), str):
            return Content(path, "pytorch", entries={"lgc": content["lgc"]})
        inner = _inner(content)
        if inner is not None:
            entries = {str(key): value for key, value in content.items() if value is not content[inner]}
            return _state_content(path, content[inner], entries)
    return _state_content(path, content, {})


def _other_networks(entries: dict[str, Any]) -> Iterator[str]:
    """State dicts and modules beside the one that is read, but for copies of it."""
    for key, value in entries.items():
        network = isinstance(value, dict) and _has_tensors(value)
        if (network or (isinstance(value, StandIn) and "_modules" in value.state)) and not _COPY.search(key.lower()):
            yield key


def _has_tensors(content: dict[Any, Any]) -> bool:
    return any(isinstance(value, np.ndarray) and "." in str(key) for key, value in content.items())


def _inner(content: dict[Any, Any]) -> str | None:
    """The entry that is the state dict or the module: by its usual names, else the only candidate."""
    fitting = [key for key, value in content.items() if isinstance(value, StandIn) or _is_state(value)]
    named = [key for key in _WRAPPERS if key in fitting]
    if named:
        return named[0]
    return fitting[0] if len(fitting) == 1 else None


def _is_state(value: object) -> bool:
    return isinstance(value, dict) and any(isinstance(item, np.ndarray) for item in value.values())


def _state_content(path: Path, holder: Any, entries: dict[str, Any]) -> Content:
    modules: dict[str, ModuleInfo] = {}
    if isinstance(holder, StandIn):
        holder, modules = _flatten_modules(holder)
    if not isinstance(holder, dict):
        raise CheckpointError("it holds no model that lgc could read", where=str(path))
    state: dict[str, Array] = {}
    for key, value in holder.items():
        name = _strip(str(key))
        if isinstance(value, np.ndarray):
            if name in state:
                raise CheckpointError(f"two tensors are called '{name[:80]}', but for a prefix", where=str(path))
            state[name] = value
    strange = [str(key) for key, value in holder.items() if "." in str(key) and not isinstance(value, np.ndarray)]
    extra = {str(key): value for key, value in holder.items() if not isinstance(value, np.ndarray)}
    plain_entries = {key: plain(value) for key, value in (extra | entries).items()}
    return Content(path, "pytorch", state, plain_entries, modules, strange=(*strange, *_other_networks(entries)))


def _strip(name: str) -> str:
    changed = True
    while changed:
        shorter = name
        for prefix in _PREFIXES:
            shorter = shorter.removeprefix(prefix)
        changed, name = shorter != name, shorter
    return name


def _flatten_modules(root: StandIn) -> tuple[dict[str, Any], dict[str, ModuleInfo]]:
    """Tensors and attributes of a pickled module tree, by path."""
    state: dict[str, Any] = {}
    modules: dict[str, ModuleInfo] = {}
    todo = [("", root)]
    while todo:
        path, module = todo.pop(0)
        if len(modules) >= _MAX_MODULES:
            raise CheckpointError(f"it has more than {_MAX_MODULES} modules")
        prefix = f"{path}." if path else ""
        for kind in ("_parameters", "_buffers"):
            tensors = module.state.get(kind)
            if isinstance(tensors, dict):
                state.update((f"{prefix}{key}", value) for key, value in tensors.items())
        children = module.state.get("_modules")
        if isinstance(children, dict):
            todo += [(f"{prefix}{key}", child) for key, child in children.items() if isinstance(child, StandIn)]
        attributes = {key: plain(value) for key, value in module.state.items() if not key.startswith("_")}
        modules[_strip(path)] = ModuleInfo(module.kind.name, attributes)
    return state, modules


def plain(value: Any) -> Any:
    """A value as dicts, lists, numbers, strings and arrays; what is deeper than 20 levels is dropped.

    A stand-in becomes its state, and what OmegaConf wraps is unwrapped.

    Raises:
        CheckpointError: too many values; a small file can share one list a billion times.
    """
    return _Plain().convert(value, 0)


class _Plain:
    """Converts within one allowance of values."""

    def __init__(self) -> None:
        self._left = _MAX_VALUES
        self._containers_left = _MAX_CONTAINERS

    def convert(self, value: Any, depth: int) -> Any:
        if isinstance(value, LateArray):
            return value.array
        if isinstance(value, np.ndarray | str | int | float | bytes):
            return value
        if depth > _MAX_DEPTH:
            return None
        if isinstance(value, StandIn):
            return self.convert(
                next((value.state[key] for key in ("_content", "_val") if key in value.state), value.state), depth + 1
            )
        if isinstance(value, dict | list | tuple):
            self._left -= len(value)
            self._containers_left -= 1
            if self._left < 0 or self._containers_left < 0:
                raise CheckpointError("it describes more values than any model needs")
        if isinstance(value, dict):
            return {str(key): self.convert(item, depth + 1) for key, item in value.items()}
        if not isinstance(value, list | tuple):
            return None
        return [item if type(item) in _SCALARS else self.convert(item, depth + 1) for item in value]


def _is_npz(path: Path) -> bool:
    try:
        with path.open("rb") as stream:
            check_directory(mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ))
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        return False  # read_pt says what is wrong
    except CheckpointError as error:
        raise error.at(str(path)) from None
    return bool(names) and all(name.endswith(".npy") for name in names)


def _read_npz(path: Path) -> Content:
    """The arrays of a numpy archive; a compressed one is inflated within a bound."""
    arrays: dict[str, Array] = {}
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(info.file_size for info in archive.infolist()) > _MAX_ARRAY_BYTES:
                raise CheckpointError(f"its arrays are larger than {_MAX_ARRAY_BYTES >> 20} MB")
            for info in archive.infolist():
                arrays[info.filename.removesuffix(".npy")] = _read_npy(archive.read(info))
    except CheckpointError as error:
        raise error.at(str(path)) from None
    except Exception as error:  # zlib, struct, tokenize and others, all by the file's fault
        raise CheckpointError(f"this is not a readable npz file ({type(error).__name__})", where=str(path)) from None
    return Content(path, "npz", state=arrays)


def _read_npy(data: bytes) -> Array:
    """One array; its size is compared with its header before numpy allocates it."""
    stream = io.BytesIO(data)
    version = np.lib.format.read_magic(stream)
    if version != (1, 0):
        raise CheckpointError(f"it uses version {version} of numpy's format")
    shape, fortran, dtype = np.lib.format.read_array_header_1_0(stream)
    elements = 1
    for length in shape:
        elements *= length
    if dtype.kind not in "biuf" or elements * dtype.itemsize != len(data) - stream.tell():
        raise CheckpointError(f"an array of type {dtype} and shape {str(shape)[:60]} does not fit its record")
    flat = np.frombuffer(data, dtype, elements, stream.tell())
    return flat.reshape(shape, order="F" if fortran else "C")
