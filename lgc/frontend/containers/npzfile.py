"""Numpy's archives and arrays, read within bounds: sizes are compared with the file before anything is inflated."""

from __future__ import annotations

import io
import math
import mmap
import zipfile
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from lgc.bounds import VARIABLE, read_bytes, scaled
from lgc.errors import CheckpointError, InputError
from lgc.frontend.containers.ptfile import check_directory

Array = NDArray[Any]

_HEADER_BYTES = 10_000
_VERSIONS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
_PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


@dataclass(frozen=True)
class Room:
    """How many bytes the arrays of an archive may have.

    Attributes:
        base: of any archive.
        ratio: more for each byte of the file, as compression makes of one.
    """

    base: int
    ratio: int

    def of(self, size: int) -> int:
        """For an archive of so many bytes."""
        return scaled(self.base + self.ratio * size)


ARRAYS = Room(16 << 20, 4)
"""Of a network: its importer makes eight bytes of each."""
SAMPLES = Room(48 << 20, 12)
"""Of samples: MNIST as float32 is twelve times its packed size."""

VECTORS = Room(16 << 20, 3)
"""Of vectors, eight to a byte, of which each becomes a byte of its own."""
BITS = Room(64 << 20, 16)
"""Of what samples are encoded to, a byte each."""


def is_npz(path: Path) -> bool:
    """Whether all records of a zip are arrays.

    Raises:
        CheckpointError: its directory alone would fill the memory.
    """
    try:
        _check_directory(path)
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        return False  # read_pt says what is wrong
    return bool(names) and all(name.endswith(".npy") for name in names)


def _check_directory(path: Path) -> None:
    with path.open("rb") as stream:
        try:
            check_directory(mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ))
        except CheckpointError as error:
            raise error.at(str(path)) from None


def read_arrays(
    path: Path, names: Collection[str] | None, room: Room, error: type[InputError] = InputError
) -> dict[str, Array]:
    """The arrays of an archive by name, all of them or those of some names.

    Args:
        room: how large they may be together; that is checked first.

    Raises:
        InputError: of the given type: it is no archive, or damaged, or its arrays are too large.
        OSError: it cannot be opened.
    """
    with path.open("rb"):
        pass
    try:
        _check_directory(path)
        with zipfile.ZipFile(path) as archive:
            chosen = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
            chosen = {name: info for name, info in chosen.items() if names is None or name in names}
            _check_sizes(chosen.values(), room.of(path.stat().st_size), error)
            return {name: _read_record(archive, info, error) for name, info in chosen.items()}
    except InputError as found:
        raise found.at(str(path)) from None
    except Exception as found:  # zlib, struct, tokenize and others, all by the file's fault
        what = f"this is not a readable .npz file ({type(found).__name__}: {str(found)[:80]})"
        raise error(what, where=str(path)) from None


def _check_sizes(records: Collection[zipfile.ZipInfo], most: int, error: type[InputError]) -> None:
    size = sum(info.file_size for info in records)
    if size > most:
        hint = f"Store them without compression; or if the file is to be trusted, set {VARIABLE}=4"
        raise error(f"its arrays are larger than {most >> 20} MB, which is much for its size", hint=hint)
    if any(info.compress_type not in _PACKINGS for info in records):
        raise error("its arrays are compressed in a way that numpy does not use")


def _read_record(archive: zipfile.ZipFile, info: zipfile.ZipInfo, error: type[InputError]) -> Array:
    with archive.open(info) as stream:
        shape, fortran, dtype = _header(stream, info.file_size, error)
        data = stream.read(math.prod(shape) * dtype.itemsize + 1)
    if len(data) != math.prod(shape) * dtype.itemsize:
        raise error(f"the record {info.filename[:60]} is not as long as its header says")
    return _array(data, shape, fortran, dtype)


def read_array(path: Path) -> Array:
    """The array of a ``.npy`` file.

    Raises:
        InputError: it is none, or of Python objects.
        OSError: it cannot be read.
    """
    data = read_bytes(path, 1 << 30)
    try:
        stream = io.BytesIO(data)
        shape, fortran, dtype = _header(stream, len(data), InputError)
        return _array(data[stream.tell() :], shape, fortran, dtype)
    except InputError as error:
        raise error.at(str(path)) from None
    except Exception as error:
        raise InputError(f"this is not a readable .npy file ({type(error).__name__})", where=str(path)) from None


def _header(stream: IO[bytes], size: int, error: type[InputError]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, order and type of an array, whose size fits that of what it stands in."""
    version = np.lib.format.read_magic(stream)
    if version not in _VERSIONS:
        raise error(f"it uses version {version} of numpy's format")
    shape, fortran, dtype = _VERSIONS[version](stream, max_header_size=_HEADER_BYTES)
    start = stream.tell()
    if dtype.hasobject:
        raise error("this is not a readable .npz file: it holds Python objects, which lgc never loads")
    if len(shape) > 8 or math.prod(shape) * dtype.itemsize != size - start:
        raise error(f"an array of type {str(dtype)[:40]} and shape {str(shape)[:60]} does not fit its record")
    if 0 in shape and max(shape) > size:
        raise error(f"an array has the shape {str(shape)[:60]}, and no element")
    return shape, fortran, dtype


def _array(data: bytes, shape: tuple[int, ...], fortran: bool, dtype: np.dtype[Any]) -> Array:
    return np.frombuffer(data, dtype, math.prod(shape)).reshape(shape, order="F" if fortran else "C")
