"""Reads PyTorch's checkpoints without torch and without running anything in them.

A `.pt` file is an uncompressed zip: one pickle that describes nested containers, and one record of
raw bytes per tensor storage. Before version 1.6 it was a sequence of pickles followed by the storages.
Either way the pickle is untrusted: :mod:`lgc.frontend.containers.unpickle` interprets it, and every tensor is a
bounds-checked view of the memory-mapped file, so nothing is allocated on the word of the file.
"""

from __future__ import annotations

import io
import mmap
import struct
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgc.bounds import check_directory, scaled
from lgc.errors import CheckpointError
from lgc.frontend.containers.unpickle import MAX_PICKLE_BYTES, load_pickle
from lgc.frontend.containers.values import Name

LEGACY_MAGIC = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."
ZIP_MAGIC = b"PK\x03\x04"
_LEGACY_PROTOCOL = 1001
_LEGACY_STEPS = 200_000
_MAX_DIMENSIONS = 8
_MAX_EXPANDED = 1 << 22
_MAX_KEY = 200
_LEGACY_HEADER_STEPS = 1000
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


@dataclass(frozen=True)
class _Storage:
    """One record of raw elements, not yet read. ``data`` is None while its place is still unknown."""

    data: NDArray[Any] | None
    bfloat16: bool


def read_pt(path: Path) -> Any:
    """The object in a PyTorch file: containers of numpy arrays, numbers, strings and stand-ins.

    bfloat16 tensors come back as float32. Arrays are read-only views of the mapped file.

    Raises:
        CheckpointError: not such a file, truncated, or it asks for anything but data.
    """
    try:
        with path.open("rb") as stream:
            mapped = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
        if mapped[: len(LEGACY_MAGIC)] == LEGACY_MAGIC:
            return _load_legacy(mapped)
        check_directory(mapped, CheckpointError)
        with zipfile.ZipFile(path) as archive:
            return _Archive(archive, mapped).load()
    except CheckpointError as error:
        raise error.at(str(path)) from None
    except (OSError, ValueError, OverflowError, NotImplementedError, zipfile.BadZipFile) as error:
        raise CheckpointError(
            f"this is not a readable PyTorch checkpoint ({str(error)[:100]})",
            where=str(path),
            hint="It may be truncated; copy or export it again",
        ) from None


class _Archive:
    """The records of one open zip."""

    def __init__(self, archive: zipfile.ZipFile, mapped: mmap.mmap) -> None:
        self._mapped = mapped
        self._tensors = _Tensors(len(mapped))
        self._records: dict[str, zipfile.ZipInfo] = {}
        for info in archive.infolist():
            # PyTorch puts all records into one folder of any name.
            name = info.filename.partition("/")[2]
            if ".." in info.filename.split("/") or info.filename.startswith("/") or name in self._records:
                raise CheckpointError(f"its record names are not PyTorch's: {info.filename[:60]!r}")
            self._records[name] = info
        self._refuse_overlap()

    def _refuse_overlap(self) -> None:
        """Records share no bytes: one that does is a bomb, or shows two readers different models."""
        spans = sorted((info.header_offset, info.compress_size) for info in self._records.values())
        for (start, size), (following, _) in pairwise(spans):
            if start + _LOCAL_HEADER.size + size > following:
                raise CheckpointError("its records overlap, which PyTorch never writes")

    def record(self, name: str) -> memoryview:
        """The bytes of one record, as a view of the file."""
        info = self._records.get(name)
        if info is None:
            raise CheckpointError(
                f"record '{name[:60]}' is missing", hint="This is no PyTorch checkpoint, or it is damaged"
            )
        if info.compress_type != zipfile.ZIP_STORED or info.compress_size != info.file_size:
            raise CheckpointError(f"record '{name[:60]}' is compressed, which PyTorch never does")
        head = self._mapped[info.header_offset : info.header_offset + _LOCAL_HEADER.size]
        if len(head) < _LOCAL_HEADER.size:
            raise CheckpointError("the file is truncated")
        magic, name_length, extra_length = _LOCAL_HEADER.unpack(head)
        start = info.header_offset + _LOCAL_HEADER.size + name_length + extra_length
        if magic != ZIP_MAGIC or start + info.file_size > len(self._mapped):
            raise CheckpointError("the file is truncated or its records are damaged")
        return memoryview(self._mapped)[start : start + info.file_size]

    def load(self) -> Any:
        if "byteorder" in self._records and bytes(self.record("byteorder")) != b"little":
            raise CheckpointError("the file is big-endian", hint="Save it again on a little-endian machine")
        if "constants.pkl" in self._records:
            raise CheckpointError(
                "this is a TorchScript archive: a program, not a checkpoint", hint="Save the model's state_dict()"
            )
        text = self.record("data.pkl")
        if len(text) > MAX_PICKLE_BYTES:
            raise CheckpointError(f"its description is {len(text)} bytes long, more than any model's")
        return load_pickle(io.BytesIO(text), self._storage, self._tensors.rebuild)

    def _storage(self, token: object) -> _Storage:
        """Resolve a persistent id: ('storage', type, record name, device, element count)."""
        key, dtype, bfloat16, count = parse_storage(token)
        raw = self.record(f"data/{key}")
        if count * dtype.itemsize > len(raw):
            raise CheckpointError(f"storage '{key[:60]}' claims {count} elements but holds {len(raw)} bytes")
        return _Storage(np.frombuffer(raw, dtype, count), bfloat16)


def parse_storage(token: object) -> tuple[str, np.dtype[Any], bool, int]:
    """(key, element type, is bfloat16, number of elements) of a persistent id.

    Raises:
        CheckpointError: it is no storage, or of an element type that lgc does not read.
    """
    if not isinstance(token, tuple) or len(token) not in (5, 6) or token[0] != "storage":
        raise CheckpointError("it refers to an object outside the file")
    kind, key, count = token[1], token[2], token[4]
    if not isinstance(kind, Name) or kind.module != "torch" or kind.name not in _DTYPES:
        raise CheckpointError(f"a tensor has the element type '{kind if isinstance(kind, Name) else '?'}'")
    if not isinstance(key, str) or len(key) > _MAX_KEY or type(count) is not int or not 0 <= count < 2**48:
        raise CheckpointError("a tensor's storage is described wrongly")
    bfloat16 = _DTYPES[kind.name] == _BFLOAT16
    return key, np.dtype("<u2" if bfloat16 else _DTYPES[kind.name]), bfloat16, count


class _Tensors:
    """Makes tensors of storages, within an allowance for those that cannot be views."""

    def __init__(self, file_size: int) -> None:
        self._left = 2 * file_size
        self._elements_left = scaled(4 * max(file_size, _MAX_EXPANDED))

    def rebuild(self, storage: object, offset: object, size: object, stride: object, *_rest: object) -> object:
        """Stand-in for ``torch._utils._rebuild_tensor_v2``: a checked view of the storage."""
        if not isinstance(storage, _Storage) or not isinstance(size, tuple) or not isinstance(stride, tuple):
            raise CheckpointError("a tensor is described wrongly")
        if len(size) != len(stride) or len(size) > _MAX_DIMENSIONS:
            raise CheckpointError("a tensor is described wrongly")
        if not all(type(n) is int and 0 <= n < 2**48 for n in (offset, *size, *stride)):
            raise CheckpointError("a tensor is described wrongly")
        if storage.data is None:
            return None
        return self._view(storage.data, storage.bfloat16, int(str(offset)), size, stride)

    def _view(
        self, data: NDArray[Any], bfloat16: bool, start: int, shape: tuple[int, ...], strides: tuple[int, ...]
    ) -> NDArray[Any]:
        elements = 1
        for length in shape:
            elements *= length
        if not elements:
            return np.zeros(shape, np.float32 if bfloat16 else data.dtype)
        last = start + sum((length - 1) * step for length, step in zip(shape, strides, strict=True))
        # An expanded view has more elements than its storage; a large one is the bomb of this format.
        if last >= len(data) or elements > max(len(data), _MAX_EXPANDED):
            raise CheckpointError(f"a tensor of shape {shape} reaches beyond its storage of {len(data)} elements")
        self._elements_left -= elements
        if self._elements_left < 0:
            raise CheckpointError("its tensors together have far more elements than the file")
        steps = tuple(step * data.itemsize for step in strides)
        view = np.lib.stride_tricks.as_strided(data[start:], shape, steps, writeable=False)
        if not bfloat16:
            return view
        self._left -= 2 * elements
        if self._left < 0:
            raise CheckpointError("its tensors are larger than the file")
        return (view.astype(np.uint32) << np.uint32(16)).view(np.float32)


def _load_legacy(mapped: mmap.mmap) -> Any:
    """The sequence of pickles of PyTorch before 1.6: magic, version, system, object, storage keys, storages."""
    stream = io.BytesIO(mapped[:MAX_PICKLE_BYTES])
    tensors = _Tensors(len(mapped))
    stream.seek(len(LEGACY_MAGIC))
    few = _LEGACY_HEADER_STEPS
    if load_pickle(stream, _no_storage, tensors.rebuild, max_steps=few) != _LEGACY_PROTOCOL:
        raise CheckpointError("it is of an unknown version of PyTorch's old format")
    load_pickle(stream, _no_storage, tensors.rebuild, max_steps=few)  # byte order and integer sizes of the writer
    # The storages follow the object that refers to them, so it is read twice: for their sizes, then with them.
    start = stream.tell()
    found: dict[str, tuple[np.dtype[Any], bool, int]] = {}

    def note(token: object) -> _Storage:
        key, dtype, bfloat16, count = parse_storage(token)
        if isinstance(token, tuple) and len(token) == 6 and token[5] is not None:
            raise CheckpointError("a storage is a view of another one, which no current PyTorch writes")
        found[key] = (dtype, bfloat16, count)
        return _Storage(None, bfloat16)

    load_pickle(stream, note, tensors.rebuild, max_steps=_LEGACY_STEPS)
    keys = load_pickle(stream, _no_storage, tensors.rebuild, max_steps=_LEGACY_STEPS)
    storages = _legacy_storages(mapped, stream.tell(), keys, found)
    stream.seek(start)
    return load_pickle(stream, _lookup(storages), tensors.rebuild)


def _legacy_storages(
    mapped: mmap.mmap, position: int, keys: object, found: dict[str, tuple[np.dtype[Any], bool, int]]
) -> dict[str, _Storage]:
    """Each storage is its number of elements as int64, then the elements."""
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys) or set(keys) != set(found):
        raise CheckpointError("its list of storages does not fit its tensors")
    storages: dict[str, _Storage] = {}
    for key in keys:
        dtype, bfloat16, count = found[key]
        claimed = int.from_bytes(mapped[position : position + 8], "little")
        position += 8
        if claimed != count or position + count * dtype.itemsize > len(mapped) or key in storages:
            raise CheckpointError(f"storage '{key[:60]}' does not hold the {count} elements it should")
        raw = memoryview(mapped)[position : position + count * dtype.itemsize]
        storages[key] = _Storage(np.frombuffer(raw, dtype, count), bfloat16)
        position += count * dtype.itemsize
    return storages


def _lookup(storages: dict[str, _Storage]) -> Callable[[object], _Storage]:
    return lambda token: storages[parse_storage(token)[0]]


def _no_storage(_: object) -> object:
    raise CheckpointError("it refers to a tensor where there can be none")
