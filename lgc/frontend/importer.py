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
    """

    content: Content
    facts: ImportOptions
    read_other: Callable[[Path], Model | Circuit]
    certain: list[str] = field(default_factory=list)
    doubtful: list[str] = field(default_factory=list)

    def tensor(self, name: str, ndim: int) -> Array:
        """A tensor of the state dict.

        Raises:
            CheckpointError: it is missing or has another number of dimensions.
        """
        array = self.content.state.get(name)
        if array is None:
            raise CheckpointError(f"tensor '{name[:80]}' is missing", hint="The file is damaged, or of another family")
        if array.ndim != ndim:
            raise CheckpointError(f"tensor '{name[:80]}' has shape {array.shape}, expected {ndim} dimensions")
        return array

    def maybe(self, name: str) -> Array | None:
        """A tensor of the state dict, or None."""
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
    """

    family: str
    title: str
    matches: Callable[[Content], bool]
    read: Callable[[ImportJob], Model | Circuit]
    unsaid: tuple[str, ...] = ()


def same_length(name: str, arrays: dict[str, Array], shape: tuple[int, ...]) -> None:
    """Check that arrays have one shape.

    Raises:
        CheckpointError: naming the one that does not.
    """
    for key, array in arrays.items():
        if array.shape != shape:
            raise CheckpointError(f"{name}: {key} has shape {array.shape}, expected {shape}")


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
