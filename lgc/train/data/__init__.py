"""Data sets: MNIST, Fashion-MNIST and CIFAR-10, scikit-learn's digits, and anyone's own files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from lgc.data import READERS, class_indices, is_data_file, read_table
from lgc.errors import InputError
from lgc.tools.find import missing
from lgc.train.data.dataset import Dataset, checked, numbered, split_off_test, trainable
from lgc.train.data.images import CLASSES, load_images, read_idx

__all__ = ["NAMES", "Dataset", "load_dataset", "read_idx"]

NAMES = (*CLASSES, "digits")


def load_dataset(source: str, data_dir: Path | None = None, *, seed: int = 0) -> Dataset:
    """The data set of that name, or the one in a file.

    Args:
        source: ``mnist``, ``fashion-mnist``, ``cifar-10``, ``digits``, or the path of a file that
            :func:`lgc.data.read_table` reads, with labels. Classes are numbered from 0, or named by words.
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
    if is_data_file(source):
        return _load_file(Path(source), seed)
    raise no_such_data(source)


def no_such_data(source: str) -> InputError:
    """The error about a name that is neither a data set's nor a file's."""
    files = " or ".join(READERS)
    return InputError(f"there is no data set '{source}'", hint=f"Give {', '.join(NAMES)}, or a {files} file")


def _load_digits(seed: int) -> Dataset:
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        raise missing("scikit-learn", "the data set digits") from None
    digits = load_digits()
    x, y = checked(digits.data.astype(np.uint8), digits.target, "digits")
    return replace(split_off_test("digits", x, y, tuple("0123456789"), (1, 8, 8), seed), scale=16)


def _load_file(path: Path, seed: int) -> Dataset:
    table = read_table(path)
    y, classes = numbered(table.need_labels("training"), str(path))
    x = trainable(table.rows, str(path))
    if table.test is None:
        return split_off_test(path.stem, x, y, classes, table.shape, seed)
    where = str(path)
    test_y = class_indices(table.test.need_labels("testing"), classes, where)
    return Dataset(path.stem, x, y, trainable(table.test.rows, where), test_y, classes, table.shape)
