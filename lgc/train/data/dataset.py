"""What a data set is, and the checks that every source goes through."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgc.data.labels import Label
from lgc.errors import InputError
from lgc.ir import Inputs
from lgc.numbers import check_finite, real_array

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
        inputs: what the columns of a sample are, and how they became the stored features; None if nobody knows.
        labels: the class labels as the data had them, in the order of the classes; None if they were 0, 1, 2 and so on.
        split: which samples are held out for the test: how, by which seed, how many, and their digest.
        notes: what people should know about the data, as sentences.
        groups: (samples,) of the training samples: those of equal ones stay together; None if each is on its own.
    """

    name: str
    train: NDArray[Any]
    train_y: NDArray[np.int64]
    test: NDArray[Any]
    test_y: NDArray[np.int64]
    classes: tuple[str, ...]
    feature_shape: tuple[int, ...]
    scale: int = 1
    inputs: Inputs | None = None
    labels: tuple[Label, ...] | None = None
    split: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    groups: NDArray[Any] | None = None

    def __post_init__(self) -> None:
        if self.num_features != math.prod(self.feature_shape):  # words are features each
            object.__setattr__(self, "feature_shape", (self.num_features,))

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


def checked(x: NDArray[Any], y: NDArray[Any], where: str) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Features as (samples, F) and labels as int64.

    Raises:
        InputError: the first thing wrong with them.
    """
    if y.shape != (len(x),) or y.dtype.kind not in "iu":
        raise InputError(
            f"y is {y.dtype} {y.shape}", where=where, hint=f"It must be {len(x)} whole numbers, one a sample"
        )
    return trainable(real_array(x, "the numbers of X").reshape(len(x), -1), where), y.astype(np.int64)


def trainable(x: NDArray[Any], where: str) -> NDArray[Any]:
    """Features (samples, F), contiguous.

    Raises:
        InputError: there are none, too many, or some that are not finite.
    """
    if not 0 < x.size < _MAX_ELEMENTS:
        raise InputError(f"X has the shape {x.shape}", where=where, hint="Training needs samples of features")
    try:
        check_finite(x)
    except InputError as error:
        raise error.at(where) from None
    return np.ascontiguousarray(x)


def check_labels(labels: tuple[NDArray[np.int64], ...], classes: int, where: str) -> None:
    """Raise InputError if one is no class."""
    for y in labels:
        bad = np.flatnonzero((y < 0) | (y >= classes))
        if len(bad):
            raise InputError(
                f"the label of sample {bad[0]} is {y[bad[0]]}, but there are {classes} classes", where=where
            )
