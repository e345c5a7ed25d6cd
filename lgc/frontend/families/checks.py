"""The proof that a replayed wiring is the right one: accuracy on data, or equality with a reference netlist."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from lgc.data import read_npz_table
from lgc.errors import OptionError
from lgc.frontend.containers.content import read_content
from lgc.frontend.families.netlist_check import NetlistCheck, Sizes
from lgc.frontend.families.netlist_size import promised_size
from lgc.frontend.importer import ImportJob
from lgc.frontend.lower import lower
from lgc.frontend.model import Model
from lgc.ir.interp import classify

_MAX_SAMPLES = 10_000
_SIGMAS = 6.0


class Check(Protocol):
    """Judges a model."""

    def judge(self, model: Model, order: NDArray[np.int64]) -> tuple[bool, str]:
        """Whether it passes, and the evidence in words; ``order`` has the encoder's bit for each of the checkpoint."""
        ...


@dataclass(frozen=True)
class DataCheck:
    """Accuracy on labelled samples.

    Without ``min_accuracy`` the model must beat the most frequent class by six standard deviations and by a
    quarter of what is left above it: a wrong wiring stays at chance.
    """

    features: NDArray[Any]
    labels: NDArray[np.int64]
    min_accuracy: float | None

    def judge(self, model: Model, order: NDArray[np.int64]) -> tuple[bool, str]:  # noqa: ARG002  # features have one
        """See :class:`Check`."""
        encoder, width = model.encoder, self.features.shape[1]
        are_bits = self.features.dtype == np.bool_ and width == encoder.num_bits
        if not are_bits and width != encoder.num_features:
            raise OptionError(f"the samples of --check have {width} features, the model reads {encoder.num_features}")
        circuit = lower(model)
        predicted = classify(circuit, self.features if are_bits else encoder.encode(self.features))
        accuracy = float((predicted == self.labels).mean())
        needed = self.needed()
        return accuracy >= needed, f"accuracy {accuracy:.4f} on {len(self.labels)} samples, {needed:.4f} needed"

    def needed(self) -> float:
        """The accuracy to reach."""
        if self.min_accuracy is not None:
            return self.min_accuracy
        chance = float(np.bincount(self.labels).max() / len(self.labels))
        deviation = math.sqrt(chance * (1 - chance) / len(self.labels))
        return max(chance + _SIGMAS * deviation, chance + 0.25 * (1 - chance))


def load_check(job: ImportJob, sizes: Sizes) -> Check:
    """What --check names: a .npz with X and y, or a netlist.

    Args:
        sizes: what a netlist must fit; one that says at once that it cannot is not read.

    Raises:
        InputError: it cannot be read.
        OptionError: it is neither, or does not fit.
    """
    path = job.facts.path("check")
    content = read_content(path)
    if content.container != "npz":
        promised = promised_size(content, job.facts)
        if promised:
            sizes.check(*promised)
        reference = job.read_other(path)
        return NetlistCheck(lower(reference) if isinstance(reference, Model) else reference)
    table = read_npz_table(path)
    labels = table.labels
    if labels is None or not len(labels):
        raise OptionError("the data of --check are no samples X with labels y", where=str(path))
    if labels.dtype.kind not in "iu" or int(labels.min()) < 0 or int(labels.max()) > 1 << 20:
        raise OptionError("the labels y of --check are no class numbers", where=str(path))
    if len(np.unique(labels[:_MAX_SAMPLES])) < 2:
        raise OptionError("all samples of --check have one label: any network could pass", where=str(path))
    rows = table.rows[:_MAX_SAMPLES]
    return DataCheck(rows, labels[:_MAX_SAMPLES].astype(np.int64), job.facts.number("min_accuracy"))
