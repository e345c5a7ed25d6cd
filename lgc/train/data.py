"""Data sets: MNIST and Fashion-MNIST from their IDX files, scikit-learn's digits, and anyone's own `.npz`."""

from __future__ import annotations

import gzip
import struct
import zlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgc.errors import InputError, MissingToolError

IDX_SETS = {"mnist": "MNIST", "fashion-mnist": "Fashion-MNIST"}
NAMES = (*IDX_SETS, "digits")

_FASHION = ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot")
_HELD_OUT = 0.2
_MAX_ELEMENTS = 1 << 31


@dataclass(frozen=True, eq=False)
class Dataset:
    """Samples with their classes, and a test set apart.

    Attributes:
        train: features (samples, F) as stored: of images, bytes.
        train_y: int64 (samples,), 0 to C-1.
        classes: C names.
        feature_shape: shape of one sample's features.
        scale: a feature is the stored byte over ``scale``, as float32; 1 where features are stored as they are.
    """

    name: str
    train: NDArray[Any]
    train_y: NDArray[np.int64]
    test: NDArray[Any]
    test_y: NDArray[np.int64]
    classes: tuple[str, ...]
    feature_shape: tuple[int, ...]
    scale: int = 1

    @property
    def num_features(self) -> int:
        """F."""
        return int(self.train.shape[1])

    @property
    def train_x(self) -> NDArray[Any]:
        """Features (samples, F) as the model will see them."""
        return self._features(self.train)

    @property
    def test_x(self) -> NDArray[Any]:
        """The same of the test samples."""
        return self._features(self.test)

    def _features(self, stored: NDArray[Any]) -> NDArray[Any]:
        return stored if self.scale == 1 else stored.astype(np.float32) / np.float32(self.scale)


def load_dataset(source: str, data_dir: Path | None = None, *, seed: int = 0) -> Dataset:
    """The data set of that name, or the one in a `.npz` file.

    Args:
        source: ``mnist``, ``fashion-mnist``, ``digits``, or the path of a file with the arrays ``X`` and ``y``.
        data_dir: where the IDX files are, or a folder that holds a folder with the set's name.
        seed: picks the test samples of a set that comes without.

    Raises:
        InputError: nothing of that name, a file is missing or damaged, or the arrays do not fit each other.
    """
    if source in IDX_SETS:
        return _load_idx(source, data_dir)
    if source == "digits":
        return _load_digits(seed)
    if source.endswith(".npz"):
        return _load_npz(Path(source), seed)
    raise InputError(f"there is no data set '{source}'", hint=f"Give {', '.join(NAMES)}, or a .npz file with X and y")


def _load_idx(name: str, data_dir: Path | None) -> Dataset:
    folder = _find_folder(name, data_dir)
    arrays: list[NDArray[Any]] = []
    for part in ("train", "t10k"):
        images = read_idx(folder / f"{part}-images-idx3-ubyte.gz")
        labels = read_idx(folder / f"{part}-labels-idx1-ubyte.gz")
        if images.ndim != 3 or labels.ndim != 1:
            raise InputError("the images or the labels have the wrong number of dimensions", where=str(folder))
        arrays += _checked(images, labels, str(folder / part))
    if arrays[0].shape[1] != arrays[2].shape[1]:
        raise InputError("the training and the test images differ in size", where=str(folder))
    classes = _FASHION if name == "fashion-mnist" else tuple("0123456789")
    _check_labels((arrays[1], arrays[3]), len(classes), str(folder))
    train_x, train_y, test_x, test_y = arrays
    return Dataset(name, train_x, train_y, test_x, test_y, classes, (1, *map(int, images.shape[1:])), 255)


def _find_folder(name: str, data_dir: Path | None) -> Path:
    file = "train-images-idx3-ubyte.gz"
    files = f"{file}, train-labels-idx1-ubyte.gz and the two t10k files"
    if data_dir is None:
        raise InputError(
            f"where are the files of {IDX_SETS[name]}? This version of lgc does not download them",
            hint=f"Put {files} into a folder and give it with --data-dir, or train on 'digits', which needs no files",
        )
    for folder in (data_dir / name, data_dir):
        if (folder / file).is_file():
            return folder
    raise InputError(
        f"there is no {file} here, nor in a folder '{name}' of it",
        where=str(data_dir),
        hint=f"This version of lgc does not download data: put {files} there",
    )


def read_idx(path: Path) -> NDArray[np.uint8]:
    """The bytes of a gzipped IDX file, in its shape.

    Raises:
        InputError: it is missing, damaged, or holds something other than bytes.
    """
    try:
        data = gzip.decompress(path.read_bytes())
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"this is not a readable .gz file ({error})", where=str(path)) from None
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


def _load_digits(seed: int) -> Dataset:
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        raise MissingToolError("'digits' needs scikit-learn", hint="`pip install lgc[train]`") from None
    digits = load_digits()
    x, y = _checked(digits.data.astype(np.uint8), digits.target, "digits")
    return replace(_split_off_test("digits", x, y, tuple("0123456789"), (1, 8, 8), seed), scale=16)


def _load_npz(path: Path, seed: int) -> Dataset:
    arrays = _read_npz(path)
    missing = [key for key in ("X", "y") if key not in arrays]
    if missing or ("X_test" in arrays) != ("y_test" in arrays):
        raise InputError(
            f"the file holds the arrays {', '.join(arrays) or 'none'}",
            where=str(path),
            hint="It needs X and y, and may have X_test and y_test",
        )
    shape = arrays["X"].shape[1:] or (1,)
    x, y = _checked(arrays["X"], arrays["y"], str(path))
    if "X_test" not in arrays:
        return _split_off_test(path.stem, x, y, _numbered(y, path), shape, seed)
    x_test, y_test = _checked(arrays["X_test"], arrays["y_test"], str(path))
    if arrays["X_test"].shape[1:] != arrays["X"].shape[1:]:
        raise InputError("X and X_test differ in their features", where=str(path))
    classes = _numbered(y, path)
    _check_labels((y_test,), len(classes), str(path))
    return Dataset(path.stem, x, y, x_test, y_test, classes, shape)


def _read_npz(path: Path) -> dict[str, NDArray[Any]]:
    try:
        with np.load(path, allow_pickle=False) as file:
            return {key: file[key] for key in ("X", "y", "X_test", "y_test") if key in file}
    except FileNotFoundError:
        raise InputError("there is no such file", where=str(path)) from None
    except Exception as error:  # numpy and zipfile raise whatever the damage leads them to
        raise InputError(f"this is not a readable .npz file ({error})", where=str(path)) from None


def _checked(x: NDArray[Any], y: NDArray[Any], where: str) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Features as (samples, F) and labels as int64, or the first thing wrong with them."""
    if x.ndim < 2 or x.dtype.kind not in "buif" or not 0 < x.size < _MAX_ELEMENTS:
        raise InputError(
            f"X is {x.dtype} {x.shape}", where=where, hint="It must be numbers of shape (samples, features...)"
        )
    if y.shape != (len(x),) or y.dtype.kind not in "iu":
        raise InputError(
            f"y is {y.dtype} {y.shape}", where=where, hint=f"It must be {len(x)} whole numbers, one a sample"
        )
    x = x.reshape(len(x), -1)
    if x.dtype.kind == "f" and not np.isfinite(x).all():
        sample, feature = (int(i) for i in np.argwhere(~np.isfinite(x))[0])
        raise InputError(f"feature {feature} of sample {sample} is {x[sample, feature]}", where=where)
    return x, y.astype(np.int64)


def _check_labels(labels: tuple[NDArray[np.int64], ...], classes: int, where: str) -> None:
    for y in labels:
        bad = np.flatnonzero((y < 0) | (y >= classes))
        if len(bad):
            raise InputError(
                f"the label of sample {bad[0]} is {y[bad[0]]}, but there are {classes} classes", where=where
            )


def _numbered(y: NDArray[np.int64], path: Path) -> tuple[str, ...]:
    """Class names 0 to the largest label; every class must have a sample."""
    present = np.unique(y)
    if present[0] < 0 or not np.array_equal(present, np.arange(len(present))):
        raise InputError(
            f"the labels are {present[:10].tolist()}", where=str(path), hint="Number the classes from 0, without gaps"
        )
    return tuple(map(str, range(len(present))))


def _split_off_test(
    name: str, x: NDArray[Any], y: NDArray[np.int64], classes: tuple[str, ...], shape: tuple[int, ...], seed: int
) -> Dataset:
    """Hold out a fifth of the samples, drawn by seed."""
    order = np.random.default_rng(seed).permutation(len(x))
    count = round(_HELD_OUT * len(x))
    test, rest = order[:count], order[count:]
    return Dataset(name, x[rest], y[rest], x[test], y[test], classes, shape)
