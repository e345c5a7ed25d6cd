"""What a file holds before anyone knows whose it is: tensors by name, what surrounds them, or text."""

from __future__ import annotations

import mmap
import re
import zipfile
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgc.bounds import TENSORS, check_bound, check_directory, read_within, scaled
from lgc.data.npz import NETWORK, read_npz
from lgc.errors import CheckpointError, InputError, LgcError
from lgc.frontend.containers.ptfile import LEGACY_MAGIC, ZIP_MAGIC, read_pt
from lgc.frontend.containers.safefile import read_safetensors
from lgc.frontend.containers.values import LateArray, StandIn
from lgc.text import plain_text

Array = NDArray[Any]

_MAX_TEXT_BYTES = 256 << 20
_MAX_DEPTH = 20
_MAX_VALUES = 1_000_000
_MAX_CONTAINERS = 100_000
_SCALARS = frozenset({int, float, str, bool})
_MAX_MODULES = 10_000
_MAX_NAME = 2_000
_MAX_LETTERS = 32 << 20
_COPY = re.compile("ema|swa|av(g|erage)|best|last|old|prev|init|target|backup|optim|sched")
_WRAPPERS = ("state_dict", "model_state_dict", "model_state", "model", "net", "module")
_PREFIX = re.compile(r"(?:_orig_mod\.|module\.)+")


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
        check_bound(len(tensors), TENSORS, "tensors", CheckpointError)
        state = {_strip(name): array for name, array in tensors.items()}
        return Content(path, "safetensors", state=state, entries=dict(metadata))
    if head[:1] == b"\x80":
        raise CheckpointError(
            "this is a bare Python pickle, not a PyTorch file",
            where=str(path),
            hint="Save it with torch.save, which stores tensors outside the pickle",
        )
    data = read_within(path, _MAX_TEXT_BYTES)
    # Binary AIGER is bytes, whatever it begins with; line ends are not looked for in it.
    return Content(path, "text", data=data if head.startswith(b"aig ") else plain_text(data))


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
    networks = _of_each(lambda value: isinstance(value, dict) and _has_tensors(value), entries)
    for key, value in entries.items():
        network = networks[id(value)]
        if (network or (isinstance(value, StandIn) and "_modules" in value.state)) and not _COPY.search(key.lower()):
            yield key


def _has_tensors(content: dict[Any, Any]) -> bool:
    return any(isinstance(value, np.ndarray) and "." in str(key) for key, value in content.items())


def _inner(content: dict[Any, Any]) -> str | None:
    """The entry that is the state dict or the module: by its usual names, else the only candidate."""
    states = _of_each(_is_state, content)
    fitting = [key for key, value in content.items() if isinstance(value, StandIn) or states[id(value)]]
    named = [key for key in _WRAPPERS if key in fitting]
    if named:
        return named[0]
    return fitting[0] if len(fitting) == 1 else None


def _of_each(test: Callable[[Any], bool], table: dict[Any, Any]) -> dict[int, bool]:
    """A test of each value, once: a file can name one large table a hundred thousand times."""
    return {name: test(value) for name, value in {id(value): value for value in table.values()}.items()}


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
    check_bound(len(state), TENSORS, "tensors", CheckpointError)
    others = [(str(key), value) for key, value in holder.items() if not isinstance(value, np.ndarray)]
    strange = [key for key, value in others if "." in key and value is not None]
    extra = {str(key): value for key, value in holder.items() if not isinstance(value, np.ndarray)}
    plain_entries = _Plain().table(extra | entries)
    return Content(path, "pytorch", state, plain_entries, modules, strange=(*strange, *_other_networks(entries)))


def _strip(name: str) -> str:
    """A name without the prefixes, however many: each alone would copy the rest."""
    match = _PREFIX.match(name)
    return name[match.end() :] if match else name


def _flatten_modules(root: StandIn) -> tuple[dict[str, Any], dict[str, ModuleInfo]]:
    """Tensors and attributes of a pickled module tree, by path."""
    tree = _Tree()
    tree.walk(root)
    return tree.state, tree.modules


class _Tree:
    """A tree of modules by path, within one allowance: a small file can share modules, tables and long names."""

    def __init__(self) -> None:
        self.state: dict[str, Any] = {}
        self.modules: dict[str, ModuleInfo] = {}
        self._letters_left = scaled(_MAX_LETTERS)
        self._plain = _Plain()

    def _path(self, prefix: str, key: object) -> str:
        path = f"{prefix}.{str(key)[:_MAX_NAME]}" if prefix else str(key)[:_MAX_NAME]
        self._letters_left -= len(path) + 1
        if self._letters_left < 0:
            raise CheckpointError("its modules have longer names than any model's")
        return path

    def walk(self, root: StandIn) -> None:
        todo = deque([("", root)])
        while todo:
            path, module = todo.popleft()
            if len(self.modules) + len(todo) >= scaled(_MAX_MODULES):
                raise CheckpointError(f"it has more than {scaled(_MAX_MODULES)} modules")
            for kind in ("_parameters", "_buffers"):
                tensors = module.state.get(kind)
                if isinstance(tensors, dict):
                    self.state.update((self._path(path, key), value) for key, value in tensors.items())
            children = module.state.get("_modules")
            if isinstance(children, dict):
                found = ((key, child) for key, child in children.items() if isinstance(child, StandIn))
                todo += [(self._path(path, key), child) for key, child in found]
            attributes = self._plain.table({key: one for key, one in module.state.items() if not key.startswith("_")})
            self.modules[_strip(path)] = ModuleInfo(module.kind.name, attributes)


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
        self._left = scaled(_MAX_VALUES)
        self._containers_left = scaled(_MAX_CONTAINERS)

    def table(self, values: dict[str, Any]) -> dict[str, Any]:
        """Several values by name."""
        self._left -= len(values)
        return {key: self.convert(value, 0) for key, value in values.items()}

    def convert(self, value: Any, depth: int) -> Any:
        if isinstance(value, LateArray):
            return value.array
        if isinstance(value, np.ndarray | str | int | float | bytes):
            return value
        if depth > _MAX_DEPTH:
            return None
        if isinstance(value, StandIn) and value.args and not value.state:
            return [self.convert(item, depth + 1) for item in value.args]
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
        with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
            check_directory(mapped, CheckpointError)
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        return False  # read_pt says what is wrong
    except CheckpointError as error:
        raise error.at(str(path)) from None
    return bool(names) and all(name.endswith(".npy") for name in names)


def _read_npz(path: Path) -> Content:
    """The arrays of a numpy archive."""
    try:
        arrays, _ = read_npz(path, None, NETWORK)
    except InputError as error:
        raise CheckpointError(error.message, where=error.where, hint=error.hint) from None
    check_bound(len(arrays), TENSORS, "arrays", CheckpointError)
    for name, array in arrays.items():
        if array.dtype.kind not in "biuf":
            raise CheckpointError(f"the array {name[:60]} holds {array.dtype}, not numbers")
    return Content(path, "npz", state=arrays)
