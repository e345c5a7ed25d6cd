"""What a report is about: a network, and what is known of it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgc.backend.manifest import Manifest
from lgc.ir import Circuit
from lgc.mapping.estimate import Estimate
from lgc.mapping.pipeline import Pipeline
from lgc.report.results import Checked, Counted, EpochLog, OnPart, Proved


@dataclass(frozen=True, eq=False)
class Exhibits:
    """Some samples to look at.

    Attributes:
        names: for people, one a sample.
        bits: bool (n, I), encoded.
        labels: int64 (n,), of the data; None if they have none.
        predicted: int64 (n,), classes as `lgc eval` gives them.
        scores: int64 (n, C).
    """

    names: tuple[str, ...]
    bits: NDArray[np.bool_]
    labels: NDArray[np.int64] | None
    predicted: NDArray[np.int64]
    scores: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.bits)


@dataclass(frozen=True)
class UsedFile:
    """A file or an object that the report was made from.

    Attributes:
        what: it is, such as ``manifest``.
        name: of the file.
        note: what was not used of it, and why; empty if all is well.
    """

    what: str
    name: str
    note: str = ""


@dataclass(frozen=True, eq=False)
class Hardware:
    """A circuit that was emitted.

    Attributes:
        file: the text's name.
        manifest: what is beside it.
        sha256: of the text; empty if it is not there.
        pipeline: its levels and register stages; None if they cannot be told.
        head: how votes are counted; empty if that cannot be told.
    """

    file: str
    manifest: Manifest
    sha256: str = ""
    pipeline: Pipeline | None = None
    head: str = ""


@dataclass(frozen=True, eq=False)
class Subject:
    """A network and what is known of it. What nobody measured is None or empty.

    Attributes:
        circuit: unoptimised, node for node what was trained.
        optimised: after ``-O2``.
        said: facts of the file: where it is from, when it was trained, and how.
        training: what the trainer wrote into the file.
        split: which samples were kept for what.
        shape: of one sample's features.
        estimates: lookup tables by stage, without synthesis.
        commands: that make it again, in order.
        limit: how many gates the explorer has at most.
    """

    name: str
    file: str
    circuit: Circuit
    optimised: Circuit
    digest: str
    family: str
    form: str = ""
    training: Mapping[str, Any] = field(default_factory=dict)
    split: Mapping[str, Any] = field(default_factory=dict)
    shape: tuple[int, ...] | None = None
    epochs: EpochLog | None = None
    evaluated: Counted | None = None
    samples: Exhibits | None = None
    hardware: Hardware | None = None
    estimates: tuple[Estimate, ...] = ()
    syntheses: tuple[OnPart, ...] = ()
    certificate: Proved | None = None
    checks: tuple[Checked, ...] = ()
    sources: tuple[UsedFile, ...] = ()
    commands: tuple[str, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    limit: int = 16_000

    def check(self, kind: str) -> Checked | None:
        """The result of a kind of check; None if nobody made one."""
        return next((one for one in self.checks if one.kind == kind), None)

    @property
    def model_word(self) -> str:
        """What stands for the network's file in commands."""
        return shell_word(self.file)

    @property
    def verilog_word(self) -> str:
        """What stands for the Verilog file in commands."""
        return shell_word(self.hardware.file) if self.hardware else "net.v"


def shell_word(text: str) -> str:
    """A word of a shell, on one line, whatever it is: people copy commands."""
    return shlex.quote("".join(char if char.isprintable() else " " for char in text)[:200])
