"""Reads PyTorch's zip checkpoints without torch and without running anything in them.

A `.pt` file is an uncompressed zip: one pickle that describes nested containers, and one record of
raw bytes per tensor storage. The pickle is untrusted. Only the opcodes that containers, numbers,
strings and tensors need are interpreted, the only callables are the stand-ins of ``_CALLABLES``, and
every tensor is a bounds-checked view of the memory-mapped file, so nothing is allocated on the word of the file.
"""

from __future__ import annotations

import io
import mmap
import pickle
import struct
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgc.errors import CheckpointError

_MAX_PICKLE_BYTES = 64 << 20
_MAX_DIMENSIONS = 8
_LOCAL_HEADER = struct.Struct("<4s22xHH")
_BFLOAT16 = "bfloat16"

_DTYPES: dict[str, str] = {
    "DoubleStorage": "<f8",
    "FloatStorage": "<f4",
    "HalfStorage": "<f2",
    "BFloat16Storage": _BFLOAT16,
    "LongStorage": "<i8",
    "IntStorage": "<i4",
    "ShortStorage": "<i2",
    "CharStorage": "|i1",
    "ByteStorage": "|u1",
    "BoolStorage": "|b1",
}

_OPCODES = (
    "PROTO FRAME STOP MARK POP POP_MARK DUP NONE NEWTRUE NEWFALSE INT BININT BININT1 BININT2 LONG LONG1 LONG4 "
    "FLOAT BINFLOAT UNICODE BINUNICODE BINUNICODE8 SHORT_BINUNICODE EMPTY_LIST LIST APPEND APPENDS EMPTY_TUPLE TUPLE "
    "TUPLE1 TUPLE2 TUPLE3 EMPTY_DICT DICT SETITEM SETITEMS GET BINGET LONG_BINGET PUT BINPUT LONG_BINPUT "
    "MEMOIZE GLOBAL STACK_GLOBAL REDUCE BINPERSID BUILD"
).split()


@dataclass(frozen=True)
class _StorageType:
    """Stand-in for ``torch.FloatStorage`` and its like."""

    dtype: str


@dataclass(frozen=True)
class _Storage:
    """One record of raw elements, not yet read."""

    data: NDArray[Any]
    bfloat16: bool


def read_pt(path: Path) -> Any:
    """The object in a `.pt` file: containers of numpy arrays, numbers and strings.

    bfloat16 tensors come back as float32. Arrays are read-only views of the mapped file.

    Raises:
        CheckpointError: not such a file, truncated, or it asks for anything but data.
    """
    try:
        with path.open("rb") as stream:
            mapped = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
        with zipfile.ZipFile(path) as archive:
            return _Archive(archive, mapped).load()
    except CheckpointError as error:
        raise error.at(str(path)) from None
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise CheckpointError(
            f"this is not a readable PyTorch checkpoint ({error})",
            where=str(path),
            hint="It may be truncated; copy or export it again",
        ) from None


class _Archive:
    """The records of one open zip."""

    def __init__(self, archive: zipfile.ZipFile, mapped: mmap.mmap) -> None:
        self._mapped = mapped
        self._records: dict[str, zipfile.ZipInfo] = {}
        for info in archive.infolist():
            # PyTorch puts all records into one folder of any name.
            self._records[info.filename.partition("/")[2]] = info

    def record(self, name: str) -> memoryview:
        """The bytes of one record, as a view of the file."""
        info = self._records.get(name)
        if info is None:
            raise CheckpointError(f"record '{name[:60]}' is missing", hint="This is no PyTorch checkpoint, or it is damaged")
        if info.compress_type != zipfile.ZIP_STORED or info.compress_size != info.file_size:
            raise CheckpointError(f"record '{name[:60]}' is compressed, which PyTorch never does")
        head = self._mapped[info.header_offset : info.header_offset + _LOCAL_HEADER.size]
        if len(head) < _LOCAL_HEADER.size:
            raise CheckpointError("the file is truncated")
        magic, name_length, extra_length = _LOCAL_HEADER.unpack(head)
        start = info.header_offset + _LOCAL_HEADER.size + name_length + extra_length
        if magic != b"PK\x03\x04" or start + info.file_size > len(self._mapped):
            raise CheckpointError("the file is truncated or its records are damaged")
        return memoryview(self._mapped)[start : start + info.file_size]

    def load(self) -> Any:
        if "byteorder" in self._records and bytes(self.record("byteorder")) != b"little":
            raise CheckpointError("the file is big-endian", hint="Save it again on a little-endian machine")
        text = self.record("data.pkl")
        if len(text) > _MAX_PICKLE_BYTES:
            raise CheckpointError(f"its description is {len(text)} bytes long, more than any model's")
        return _load_pickle(bytes(text), self._storage)

    def _storage(self, token: object) -> _Storage:
        """Resolve a persistent id: ('storage', type, record name, device, element count)."""
        if not (isinstance(token, tuple) and len(token) == 5 and token[0] == "storage" and isinstance(token[1], _StorageType)):
            raise CheckpointError("it refers to an object outside the file")
        key, count = token[2], token[4]
        if not isinstance(key, str) or not isinstance(count, int) or count < 0:
            raise CheckpointError("a tensor's storage is described wrongly")
        bfloat16 = token[1].dtype == _BFLOAT16
        dtype = np.dtype("<u2" if bfloat16 else token[1].dtype)
        raw = self.record(f"data/{key}")
        if count * dtype.itemsize > len(raw):
            raise CheckpointError(f"storage '{key[:60]}' claims {count} elements but holds {len(raw)} bytes")
        return _Storage(np.frombuffer(raw, dtype, count), bfloat16)


def _rebuild_tensor(storage: object, offset: object, size: object, stride: object, *_rest: object) -> NDArray[Any]:
    """Stand-in for ``torch._utils._rebuild_tensor_v2``: a checked view of the storage."""
    numbers = [offset, *_integers(size), *_integers(stride)]
    if not isinstance(storage, _Storage) or not all(type(n) is int and 0 <= n < 2**48 for n in numbers):
        raise CheckpointError("a tensor is described wrongly")
    shape, strides = tuple(_integers(size)), tuple(_integers(stride))
    if len(shape) != len(strides) or len(shape) > _MAX_DIMENSIONS:
        raise CheckpointError("a tensor is described wrongly")
    start = numbers[0]
    elements = 1
    for length in shape:
        elements *= length
    last = start + sum((length - 1) * step for length, step in zip(shape, strides, strict=True))
    # A tensor of more elements than its storage is an expanded view, the bomb of this format.
    if elements and (last >= len(storage.data) or elements > len(storage.data)):
        raise CheckpointError(f"a tensor of shape {shape} reaches beyond its storage of {len(storage.data)} elements")
    if not elements:
        return np.zeros(shape, np.float32 if storage.bfloat16 else storage.data.dtype)
    itemsize = storage.data.itemsize
    view = np.lib.stride_tricks.as_strided(
        storage.data[start:], shape, tuple(step * itemsize for step in strides), writeable=False
    )
    if storage.bfloat16:
        return (view.astype(np.uint32) << np.uint32(16)).view(np.float32)
    return view


def _integers(value: object) -> tuple[Any, ...]:
    if not isinstance(value, tuple):
        raise CheckpointError("a tensor is described wrongly")
    return value


def _rebuild_parameter(data: object, *_rest: object) -> object:
    """Stand-in for ``torch._utils._rebuild_parameter``."""
    return data


def _ordered_dict(*args: object) -> OrderedDict[Any, Any]:
    if args:
        raise CheckpointError("an OrderedDict is built with arguments, which PyTorch never does")
    return OrderedDict()


_CALLABLES: dict[tuple[str, str], Callable[..., object]] = {
    ("collections", "OrderedDict"): _ordered_dict,
    ("torch._utils", "_rebuild_tensor_v2"): _rebuild_tensor,
    ("torch._utils", "_rebuild_parameter"): _rebuild_parameter,
}


class _DataUnpickler(pickle._Unpickler):  # type: ignore[name-defined, misc]
    """The pure-Python unpickler, cut down to data.

    The C one would allocate its memo on the word of the file, and cannot drop opcodes.
    """

    dispatch = {
        getattr(pickle, name)[0]: pickle._Unpickler.dispatch[getattr(pickle, name)[0]]  # type: ignore[attr-defined]
        for name in _OPCODES
    }

    def __init__(self, stream: io.BytesIO, resolve: Callable[[object], _Storage]) -> None:
        super().__init__(stream)
        self._resolve = resolve

    def persistent_load(self, token: object) -> _Storage:
        return self._resolve(token)

    def find_class(self, module: str, name: str) -> object:
        if module == "torch" and name in _DTYPES:
            return _StorageType(_DTYPES[name])
        if (module, name) in _CALLABLES:
            return _CALLABLES[module, name]
        raise CheckpointError(
            f"it asks for the Python object '{module}.{name}'"[:200],
            hint="Only tensors, containers, numbers and strings are read; nothing in the file was run",
        )

    def load_reduce(self) -> None:
        args = self.stack.pop()
        function = self.stack[-1]
        if not callable(function) or function not in _CALLABLES.values() or not isinstance(args, tuple):
            raise CheckpointError("it calls something that is not a tensor constructor")
        self.stack[-1] = function(*args)

    def load_build(self) -> None:
        """State of an OrderedDict (a state_dict's ``_metadata``): dropped."""
        self.stack.pop()
        if not isinstance(self.stack[-1], OrderedDict):
            raise CheckpointError("it sets the state of an object")

    def load_setitem(self) -> None:
        value, key = self.stack.pop(), self.stack.pop()
        _set(self.stack[-1], key, value)

    def load_setitems(self) -> None:
        items = self.pop_mark()
        if len(items) % 2:
            raise CheckpointError("a dictionary has a key without a value")
        for key, value in zip(items[::2], items[1::2], strict=True):
            _set(self.stack[-1], key, value)

    def load_dict(self) -> None:
        items = self.pop_mark()
        self.stack.append({})
        for key, value in zip(items[::2], items[1::2], strict=False):
            _set(self.stack[-1], key, value)

    dispatch[pickle.REDUCE[0]] = load_reduce
    dispatch[pickle.BUILD[0]] = load_build
    dispatch[pickle.SETITEM[0]] = load_setitem
    dispatch[pickle.SETITEMS[0]] = load_setitems
    dispatch[pickle.DICT[0]] = load_dict


def _set(target: object, key: object, value: object) -> None:
    """One dictionary entry. Keys are plain: hashing a deeply nested tuple would overflow the C stack."""
    if not isinstance(target, dict) or not isinstance(key, str | int):
        raise CheckpointError("a dictionary has a key that is neither text nor a number")
    target[key] = value


def _load_pickle(text: bytes, resolve: Callable[[object], _Storage]) -> Any:
    try:
        return _DataUnpickler(io.BytesIO(text), resolve).load()
    except CheckpointError:
        raise
    except KeyError as error:
        raise CheckpointError(f"its description uses the pickle opcode {error}, which no tensor file needs") from None
    except Exception as error:  # whatever else a malformed pickle provokes in the unpickler is the file's fault
        raise CheckpointError(f"its description is damaged ({type(error).__name__})") from None
