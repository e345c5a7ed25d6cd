"""What an importer is: a family of files, how to recognise one, and how to read it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgc.errors import CheckpointError
from lgc.frontend.containers.content import Content
from lgc.frontend.facts import ImportOptions
from lgc.frontend.model import Model
from lgc.ir import Circuit

Array = NDArray[Any]


@dataclass
class ImportJob:
    """One file being read.

    Attributes:
        read_other: reads another file that the facts name, such as a reference netlist.
        certain: findings for `lgc inspect`: what the file, or the user, settles.
        doubtful: findings that the user should know: what no file of this family can settle.
        read: the names of the tensors that were asked for.
    """

    content: Content
    facts: ImportOptions
    read_other: Callable[[Path], Model | Circuit]
    certain: list[str] = field(default_factory=list)
    doubtful: list[str] = field(default_factory=list)
    read: set[str] = field(default_factory=set)

    def tensor(self, name: str, ndim: int) -> Array:
        """A tensor of the state dict.

        Raises:
            CheckpointError: it is missing or has another number of dimensions.
        """
        array = self.maybe(name)
        if array is None:
            raise CheckpointError(f"tensor '{name[:80]}' is missing", hint="The file is damaged, or of another family")
        if array.ndim != ndim:
            raise CheckpointError(f"tensor '{name[:80]}' has shape {array.shape}, expected {ndim} dimensions")
        return array

    def maybe(self, name: str) -> Array | None:
        """A tensor of the state dict, or None."""
        self.read.add(name)
        return self.content.state.get(name)


@dataclass(frozen=True)
class Importer:
    """One family of files.

    Attributes:
        family: its name, as ``--family`` takes it.
        title: for people.
        matches: recognises a file by its contents, never by its name.
        read: the model (or, for netlists, the circuit). Raises CheckpointError and its kin.
        unsaid: facts that no file of the family holds, or not every one.
        idle: parts of the names of tensors that decide nothing; any other tensor that ``read`` does not ask for is
            refused. None: the importer sees to that itself.
    """

    family: str
    title: str
    matches: Callable[[Content], bool]
    read: Callable[[ImportJob], Model | Circuit]
    unsaid: tuple[str, ...] = ()
    idle: tuple[str, ...] | None = None


def same_length(name: str, arrays: dict[str, Array], shape: tuple[int, ...]) -> None:
    """Check that arrays have one shape.

    Raises:
        CheckpointError: naming the one that does not.
    """
    for key, array in arrays.items():
        if array.shape != shape:
            raise CheckpointError(f"{name}: {key} has shape {array.shape}, expected {shape}")


def stored_samples(inputs: object, outputs: object) -> tuple[Array | None, Array | None]:
    """Samples that a file brings with the outputs of its last layer, (samples, width) each; None where it has none.

    One sample whose numbers are all alike is a placeholder, which some exporters write when they are given none. It
    says nothing, not even how wide the network is.
    """
    found = [one if isinstance(one, np.ndarray) and one.ndim == 2 else None for one in (inputs, outputs)]
    told = [one for one in found if one is not None]
    if told and all(len(one) <= 1 and (not one.size or bool((one == one.flat[0]).all())) for one in told):
        return None, None
    return found[0], found[1]


def check_io(model_outputs: NDArray[np.bool_], expected: Array, where: str) -> int:
    """Compare the last layer's bits with those a file recorded; returns the number of samples.

    Raises:
        CheckpointError: they differ.
    """
    wrong = np.argwhere(model_outputs != (expected > 0.5))
    if len(wrong):
        sample, output = (int(i) for i in wrong[0])
        raise CheckpointError(
            f"{where}: the file's own sample {sample} gives another output {output} than its network",
            hint="The file is damaged, or its outputs were recorded from another network",
        )
    return len(expected)
