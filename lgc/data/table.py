"""A table: samples, their labels if they have any, and test samples if a file sets some apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgc.data.describe import Raw
from lgc.data.judge import quoted
from lgc.errors import InputError

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Table:
    """Samples from a file, or from Python.

    Attributes:
        where: the file, for messages.
        samples: (n, ...), bool, uint8, float32 or float64, finite; bool (n, bits) where they are packed in the file.
        labels: (n,) int64, float64, bool or text; None if there are none.
        packed: whether the samples are bits that the network reads, and no features.
        test: samples that the file sets apart for testing.
        columns: what is known of the columns of the samples; empty if nothing is. The samples of words are indices of
            them, and -1 for no word.
        groups: (n,), of samples that belong together; None if each is on its own.
        label: the name of the labels' column; None if they have none.
        class_names: for people, of the labels 0, 1 and so on; empty if the labels are all there is.
        dropped: how many samples were left out because a value is missing.
        notes: what people should know of how the data were read, as sentences.
        size: bytes of the file; 0 if there is none.
    """

    where: str
    samples: Array
    labels: Array | None = None
    packed: bool = False
    test: Table | None = None
    columns: tuple[Raw, ...] = ()
    groups: Array | None = None
    label: str | None = None
    class_names: tuple[str, ...] = ()
    dropped: int = 0
    notes: tuple[str, ...] = ()
    size: int = 0

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one sample."""
        return self.samples.shape[1:]

    @property
    def rows(self) -> Array:
        """The samples as (n, F)."""
        return self.samples.reshape(len(self.samples), int(np.prod(self.shape, dtype=np.int64)))

    @property
    def raw(self) -> tuple[Raw, ...]:
        """The columns with names: their own, or ``feature 0`` and so on."""
        return self.columns or tuple(Raw(f"feature {index}") for index in range(self.rows.shape[1]))

    def subset(self, rows: NDArray[Any]) -> Table:
        """Some of the samples, by index or truth value, with their labels and groups, and none set apart."""
        labels = None if self.labels is None else self.labels[rows]
        groups = None if self.groups is None else self.groups[rows]
        return replace(self, samples=self.samples[rows], labels=labels, groups=groups, test=None)

    def need_labels(self, verb: str) -> Array:
        """The labels.

        Raises:
            InputError: there are none.
        """
        if self.labels is not None:
            return self.labels
        if self.columns:
            names = [one.name for one in self.columns]
            shown = ", ".join(name[:40] for name in names[:12]) + (f", ... ({len(names)})" if len(names) > 12 else "")
            raise InputError(
                f"no column is named label, class, target or y, and {verb} needs labels. The columns are {shown}",
                where=self.where,
                hint=f"Say which one has them, for example --label {quoted(names[-1])}",
            )
        raise InputError(
            f"the data has no labels y, which {verb} needs",
            where=self.where,
            hint="Save them beside the samples: numpy.savez('data.npz', X=X, y=y)",
        )


def class_indices(labels: Array, classes: Sequence[str], where: str) -> NDArray[np.int64]:
    """Labels as indices of classes: numbers are indices already, words are names.

    Raises:
        InputError: the first label that is no class.
    """
    if labels.dtype.kind != "U":
        bad = np.flatnonzero(~((labels >= 0) & (labels < len(classes)) & (labels == np.floor(labels))))
        if len(bad):
            raise InputError(
                f"the label of sample {bad[0]} is {labels[bad[0]]}, but there are {len(classes)} classes",
                where=where,
                hint=f"Labels are 0 to {len(classes) - 1}, or names of classes",
            )
        return labels.astype(np.int64)
    index = {name: number for number, name in enumerate(classes)}
    words, inverse = np.unique(labels, return_inverse=True)
    unknown = [str(word) for word in words if str(word) not in index]
    if unknown:
        raise InputError(
            f"the label '{unknown[0][:40]}' is no class of the model",
            where=where,
            hint=f"Its classes are {', '.join(classes[:10])}{', ...' if len(classes) > 10 else ''}",
        )
    return np.array([index[str(word)] for word in words], np.int64)[inverse.reshape(-1)]
