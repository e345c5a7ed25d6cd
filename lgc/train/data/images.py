"""MNIST and Fashion-MNIST from IDX files, CIFAR-10 from its binary version."""

from __future__ import annotations

import gzip
import lzma
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from lgc.bounds import VARIABLE, Room
from lgc.data.describe import images
from lgc.data.split import rows_digest
from lgc.errors import InputError
from lgc.train.data.dataset import Dataset, check_labels, checked
from lgc.train.data.fetch import SOURCES, fetched

_FASHION = ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot")
_CIFAR = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
CLASSES = {"mnist": tuple("0123456789"), "fashion-mnist": _FASHION, "cifar-10": _CIFAR}

_CIFAR_SHAPE = (3, 32, 32)
_RECORD = 1 + 3 * 32 * 32
_PACKED: dict[str, Callable[[BinaryIO], BinaryIO]] = {
    "": lambda file: file,
    ".gz": lambda file: cast(BinaryIO, gzip.GzipFile(fileobj=file)),
    ".xz": lambda file: cast(BinaryIO, lzma.open(file)),  # noqa: SIM115 - closed with what it reads
}
_DAMAGE = (OSError, EOFError, zlib.error, lzma.LZMAError)
_ROOM = Room(16 << 20, 12)
"""MNIST's images are five times as large as their packed file."""


def load_images(name: str, data_dir: Path | None) -> Dataset:
    """The set of that name from its files, as bytes of scale 255.

    Args:
        data_dir: a folder with them, or with a folder of the set's name; None takes the cache, and downloads.

    Raises:
        InputError: a file is missing or damaged, or the arrays do not fit each other.
    """
    folder = fetched(name) if data_dir is None else _find_folder(name, data_dir)
    (train, train_y), (test, test_y), shape = _read_cifar(folder) if name == "cifar-10" else _read_mnist(folder)
    check_labels((train_y, test_y), len(CLASSES[name]), str(folder))
    inputs, split = images(shape, 255), {"given": True, "test": len(test), "test_digest": rows_digest(test, test_y)}
    return Dataset(name, train, train_y, test, test_y, CLASSES[name], shape, 255, inputs, split=split)


Part = tuple[NDArray[Any], NDArray[np.int64]]


def _read_mnist(folder: Path) -> tuple[Part, Part, tuple[int, ...]]:
    parts, shapes = [], []
    for part in ("train", "t10k"):
        pixels = read_idx(_find(folder, f"{part}-images-idx3-ubyte"))
        labels = read_idx(_find(folder, f"{part}-labels-idx1-ubyte"))
        if pixels.ndim != 3 or labels.ndim != 1:
            raise InputError("the images or the labels have the wrong number of dimensions", where=str(folder))
        parts.append(checked(pixels, labels, str(folder / part)))
        shapes.append(pixels.shape[1:])
    if shapes[0] != shapes[1]:
        raise InputError("the training and the test images differ in size", where=str(folder))
    return parts[0], parts[1], (1, *map(int, shapes[0]))


def read_idx(path: Path) -> NDArray[np.uint8]:
    """The bytes of an IDX file, packed or not, in its shape.

    Raises:
        InputError: it is missing, damaged, or holds something other than bytes.
    """
    data = _unpacked(path)
    if len(data) < 4 or data[:3] != b"\0\0\x08" or len(data) < 4 + 4 * data[3]:
        raise InputError("this is not an IDX file of bytes", where=str(path), hint="Download it again")
    shape = struct.unpack_from(f">{data[3]}I", data, 4)
    values = np.frombuffer(data, np.uint8, offset=4 + 4 * data[3])
    if len(values) != int(np.prod(shape, dtype=object)):
        raise InputError(
            f"the file holds {len(values)} bytes of data, but its shape is {shape}",
            where=str(path),
            hint="Download it again",
        )
    return values.reshape(shape)


def _read_cifar(folder: Path) -> tuple[Part, Part, tuple[int, ...]]:
    batches = [_read_batch(_find(folder, f"data_batch_{number}.bin")) for number in range(1, 6)]
    train = np.concatenate(batches)
    test = _read_batch(_find(folder, "test_batch.bin"))
    train_part, test_part = (checked(records[:, 1:], records[:, 0], str(folder)) for records in (train, test))
    return train_part, test_part, _CIFAR_SHAPE


def _read_batch(path: Path) -> NDArray[np.uint8]:
    """Records (n, 3073): a label, then the red, the green and the blue pixels, row by row."""
    data = _unpacked(path)
    if not data or len(data) % _RECORD:
        raise InputError(
            f"the file holds {len(data)} bytes, which are no records of {_RECORD}",
            where=str(path),
            hint="This must be the binary version of CIFAR-10",
        )
    return np.frombuffer(data, np.uint8).reshape(-1, _RECORD)


def _unpacked(path: Path) -> bytes:
    suffix = path.suffix if path.suffix in _PACKED else ""
    try:
        with path.open("rb") as file:
            most = _ROOM.of(path.stat().st_size)
            data = _PACKED[suffix](file).read(most + 1)
    except _DAMAGE as error:
        raise InputError(f"this is not a readable {suffix or 'data'} file ({error})", where=str(path)) from None
    if len(data) > most:
        raise InputError(
            f"unpacked it has more than {most >> 20} MB, which is much for its size",
            where=str(path),
            hint=f"If the file is to be trusted, set {VARIABLE}=4",
        )
    return data


def _find(folder: Path, name: str) -> Path:
    """The file of that name, packed or not; the usual name if there is none."""
    names = [name + suffix for suffix in _PACKED]
    present = [folder / one for one in names if (folder / one).is_file()]
    return present[0] if present else folder / (name if name.endswith(".bin") else f"{name}.gz")


def _find_folder(name: str, data_dir: Path) -> Path:
    first = next(iter(SOURCES[name].files)).removesuffix(".gz")
    folders = [data_dir / name, data_dir / "cifar-10-batches-bin", data_dir]
    for folder in folders:
        if _find(folder, first).is_file():
            return folder
    raise InputError(
        f"there is no {first} here, packed or not, nor in a folder '{name}' of it",
        where=str(data_dir),
        hint=f"Put {', '.join(SOURCES[name].files)} there, or leave out --data-dir to download them",
    )
