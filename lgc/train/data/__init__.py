"""Data sets: MNIST, Fashion-MNIST and CIFAR-10, scikit-learn's digits, and anyone's own files."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np

from lgc.data import Loading, Table, is_data_file, not_readable
from lgc.data.describe import images as pixels
from lgc.tools.find import missing
from lgc.train.data.dataset import Dataset
from lgc.train.data.images import CLASSES, load_images, read_idx
from lgc.train.data.tables import file_dataset, table_dataset

__all__ = ["NAMES", "Dataset", "load_dataset", "read_idx"]

NAMES = (*CLASSES, "digits")
VARIABLE = "LGC_DATA"
"""Names a folder of data sets, one folder each."""
_DIGITS_SCALE = 16


def load_dataset(source: str, data_dir: Path | None = None, *, loading: Loading | None = None) -> Dataset:
    """The data set of that name, or the one in a file.

    Args:
        source: ``mnist``, ``fashion-mnist``, ``cifar-10``, ``digits``, or the path of a file that
            :func:`lgc.data.read_table` reads, with labels. Classes are numbered from 0, or named by words.
        data_dir: where the files of a named set are, or a folder that holds a folder with the set's name; None takes
            the folder that the environment variable LGC_DATA names, or else the user's cache, and downloads what is not
            there.
        loading: how a file is read, and which samples are held out where none are set apart.

    Raises:
        InputError: nothing of that name, a file is missing or damaged, or the arrays do not fit each other.
    """
    loading = loading or Loading()
    if source in CLASSES:
        folder = os.environ.get(VARIABLE) or None
        return load_images(source, Path(folder) if data_dir is None and folder else data_dir)
    if source == "digits":
        return _load_digits(loading)
    if is_data_file(source):
        return file_dataset(source, loading)
    raise not_readable(source, NAMES)


def _load_digits(loading: Loading) -> Dataset:
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        raise missing("scikit-learn", "the data set digits") from None
    digits, shape = load_digits(), (1, 8, 8)
    x = digits.data.astype(np.uint8)
    data = table_dataset("digits", Table("digits", x.reshape(-1, *shape), digits.target.astype(np.int64)), loading)
    return replace(data, scale=_DIGITS_SCALE, inputs=pixels(shape, _DIGITS_SCALE))
