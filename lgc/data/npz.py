"""Arrays of `.npz` and `.npy` files, with every size checked before it is allocated."""

from __future__ import annotations

import io
import math
import mmap
import zipfile
from collections.abc import Collection
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from lgc.bounds import VARIABLE, Room, check_directory
from lgc.errors import InputError

Array = NDArray[Any]

_MOST_NAMES = 10_000
_MOST_HEADER = 10_000
_PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
SAMPLES = Room(48 << 20, 12)
"""MNIST as float32 is twelve times its packed size."""
NETWORK = Room(16 << 20, 4)
"""An importer makes eight bytes of each."""


def read_npz(path: Path, wanted: Collection[str] | None, room: Room = SAMPLES) -> tuple[dict[str, Array], list[str]]:
    """Some arrays of an `.npz` file, or all of them, and the names of all that it holds.

    Args:
        room: how large they may be together; that is checked first.

    Raises:
        InputError: it is missing, damaged, too large, or holds objects where numbers are wanted.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
            check_directory(mapped)
        with zipfile.ZipFile(path) as archive:
            members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
            if len(members) != len(archive.infolist()) or len(members) > _MOST_NAMES:
                raise InputError("this is not a readable .npz file (two arrays of one name, or too many)")
            chosen = {name: info for name, info in members.items() if wanted is None or name in wanted}
            _check_sizes(chosen.values(), size, room)
            arrays = {name: _read(archive.open(info), info.file_size, name) for name, info in chosen.items()}
            return arrays, list(members)
    except InputError as error:
        raise error.at(str(path)) from None
    except FileNotFoundError:
        raise InputError("there is no such file", where=str(path)) from None
    except Exception as error:  # numpy and zipfile raise whatever the damage leads them to
        raise InputError(f"this is not a readable .npz file ({str(error)[:120]})", where=str(path)) from None


def _check_sizes(records: Collection[zipfile.ZipInfo], size: int, room: Room) -> None:
    total = sum(info.file_size for info in records)
    if total > room.of(size):
        raise InputError(
            f"its arrays are larger than what a file of {max(1, size >> 20)} MB may hold: {total >> 20} MB",
            hint=f"Write it with numpy.savez, uncompressed; or if the file is to be trusted, set {VARIABLE}=4",
        )
    if any(info.compress_type not in _PACKINGS for info in records):
        raise InputError("its arrays are compressed in a way that numpy does not use")


def read_npy(path: Path) -> Array:
    """The array of an `.npy` file.

    Raises:
        InputError: it is missing, damaged, or holds objects.
    """
    try:
        with path.open("rb") as stream:
            return _read(stream, path.stat().st_size, path.stem)
    except InputError as error:
        raise error.at(str(path)) from None
    except FileNotFoundError:
        raise InputError("there is no such file", where=str(path)) from None
    except Exception as error:
        raise InputError(f"this is not a readable .npy file ({str(error)[:120]})", where=str(path)) from None


def _read(stream: IO[bytes], size: int, name: str) -> Array:
    """One array; what its header claims is compared with the size of its record first."""
    with stream:
        head = stream.read(8)
        if head[:6] != np.lib.format.MAGIC_PREFIX or len(head) < 8:
            raise InputError(f"{name} is no array of numpy")
        version, width = (head[6], head[7]), 2 if head[6] == 1 else 4
        length = stream.read(width)
        count = int.from_bytes(length, "little")
        if count > min(size, _MOST_HEADER):
            raise InputError(f"{name} has a header of {count} bytes")
        header = io.BytesIO(length + stream.read(count))
        read_header = np.lib.format.read_array_header_1_0 if version[0] == 1 else np.lib.format.read_array_header_2_0
        shape, fortran, dtype = read_header(header)
        if dtype.hasobject:
            raise InputError(
                f"{name} holds Python objects, which are not read", hint=f"Save numbers: {name}=numpy.array(..., float)"
            )
        if len(shape) > 8 or (0 in shape and max(shape) > size):
            raise InputError(f"{name} has the shape {str(shape)[:60]}")
        if math.prod(shape) * dtype.itemsize != size - 8 - width - count:
            raise InputError(f"{name} of type {dtype} and shape {str(shape)[:60]} does not fit its record")
        data = stream.read()
    return np.frombuffer(data, dtype, math.prod(shape)).reshape(shape, order="F" if fortran else "C")
