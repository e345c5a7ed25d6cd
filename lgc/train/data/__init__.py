"""Data sets: MNIST, Fashion-MNIST and CIFAR-10, scikit-learn's digits, and anyone's own `.npz`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgc.errors import InputError
from lgc.frontend.containers.npzfile import SAMPLES, read_arrays
from lgc.tools.find import missing
from lgc.train.data.dataset import Dataset, check_labels, checked, split_off_test
from lgc.train.data.images import CLASSES, load_images, read_idx

__all__ = ["NAMES", "Dataset", "load_dataset", "read_idx"]

NAMES = (*CLASSES, "digits")


def load_dataset(source: str, data_dir: Path | None = None, *, seed: int = 0) -> Dataset:
    """The data set of that name, or the one in a `.npz` file.

    Args:
        source: ``mnist``, ``fashion-mnist``, ``cifar-10``, ``digits``, or the path of a file with the arrays ``X`` and
            ``y``.
        data_dir: where the files of a named set are, or a folder that holds a folder with the set's name; None takes
            the user's cache, and downloads what is not there.
        seed: picks the test samples of a set that comes without.

    Raises:
        InputError: nothing of that name, a file is missing or damaged, or the arrays do not fit each other.
    """
    if source in CLASSES:
        return load_images(source, data_dir)
    if source == "digits":
        return _load_digits(seed)
    if source.endswith(".npz"):
        return _load_npz(Path(source), seed)
    raise InputError(f"there is no data set '{source}'", hint=f"Give {', '.join(NAMES)}, or a .npz file with X and y")


def _load_digits(seed: int) -> Dataset:
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        raise missing("scikit-learn", "the data set digits") from None
    digits = load_digits()
    x, y = checked(digits.data.astype(np.uint8), digits.target, "digits")
    return replace(split_off_test("digits", x, y, tuple("0123456789"), (1, 8, 8), seed), scale=16)


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
    x, y = checked(arrays["X"], arrays["y"], str(path))
    if "X_test" not in arrays:
        return split_off_test(path.stem, x, y, _numbered(y, path), shape, seed)
    x_test, y_test = checked(arrays["X_test"], arrays["y_test"], str(path))
    if arrays["X_test"].shape[1:] != arrays["X"].shape[1:]:
        raise InputError("X and X_test differ in their features", where=str(path))
    classes = _numbered(y, path)
    check_labels((y_test,), len(classes), str(path))
    return Dataset(path.stem, x, y, x_test, y_test, classes, shape)


def _read_npz(path: Path) -> dict[str, NDArray[Any]]:
    try:
        return read_arrays(path, ("X", "y", "X_test", "y_test"), SAMPLES)
    except FileNotFoundError:
        raise InputError("there is no such file", where=str(path)) from None
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror or error})", where=str(path)) from None


def _numbered(y: NDArray[np.int64], path: Path) -> tuple[str, ...]:
    """Class names 0 to the largest label; every class must have a sample."""
    present = np.unique(y)
    if present[0] < 0 or not np.array_equal(present, np.arange(len(present))):
        raise InputError(
            f"the labels are {present[:10].tolist()}", where=str(path), hint="Number the classes from 0, without gaps"
        )
    return tuple(map(str, range(len(present))))
