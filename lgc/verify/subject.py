"""A device under test: a file that `lgc compile` wrote, as something that gives scores for vectors.

Every format has one. What is particular to a format is how it is run; what is compared, on which vectors, and what is
said about it is the same for all.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from lgc.errors import InputError, MismatchError, OptionError
from lgc.frontend.reference import Reference
from lgc.ir import Circuit, FeatureCodes
from lgc.sim import SimulatorName
from lgc.sim.registry import SIMULATORS
from lgc.sim.simulate import Observed
from lgc.verify.report import Mismatch
from lgc.verify.triage import Location
from lgc.verify.vectors import VectorSet

if TYPE_CHECKING:
    from lgc.verify.stated import Stated

Bits = NDArray[np.bool_]
LANES = 64
# Above this many gates one evaluation for 64 samples pays for the larger simulator.
_LANES_FROM_NODES = 4_000


@dataclass(frozen=True)
class VerifyOptions:
    """How a device under test is run.

    Attributes:
        lanes: samples per evaluation of Verilog: 1, 64, or 0 to choose by size.
        timeout: seconds that a run may take.
        simulator: of Verilog and Amaranth.
    """

    lanes: int = 0
    timeout: float = 3600.0
    simulator: SimulatorName = "verilator"

    def lanes_for(self, nodes: int) -> int:
        """Samples per evaluation for a network of so many gates.

        Raises:
            OptionError: an unknown simulator, or one that has no such lanes.
        """
        if self.simulator not in SIMULATORS:
            raise OptionError(f"there is no simulator '{self.simulator}'", hint=f"It is {', '.join(SIMULATORS)}")
        if self.lanes not in (0, 1, LANES):
            raise OptionError(f"--lanes {self.lanes}", hint=f"It is 1 or {LANES}")
        if self.simulator != "verilator":
            if self.lanes > 1:
                raise OptionError(f"--lanes {self.lanes} is for Verilator", hint="Other simulators take one sample")
            return 1
        return self.lanes or (LANES if nodes > _LANES_FROM_NODES else 1)


class Runner(Protocol):
    """Something built that gives scores."""

    def run(self, bits: Bits, *, progress: Callable[[int], None] | None = None) -> Observed:
        """Scores and classes for vectors, bool (B, I).

        Raises:
            NotCheckedError: it did not run to its end.
        """


@dataclass(frozen=True)
class View:
    """Another way into the same device, tried on the directed and some of the other vectors.

    Attributes:
        name: what the report calls it.
        build: makes it, in a new folder.
        vectors: from such vectors (B, I) to those that it is run on.
    """

    name: str
    build: Callable[[Path], Runner]
    vectors: Callable[[Bits], VectorSet] | None = None

    def given(self, bits: Bits) -> VectorSet:
        """The vectors that it is run on, made of some (B, I)."""
        return self.vectors(bits) if self.vectors else VectorSet(self.name, bits)


class DeviceUnderTest(ABC):
    """A file under test, and what it says of itself.

    Attributes:
        path: the file.
        kind: what people call the format.
        subject: what is compared with the model: ``hardware``, ``C``.
        by: what runs it.
        model_digest, circuit_digest: what it was made from, as it says; ``none`` where it does not.
        is_untouched: False if it can tell that it was changed.
        features: the codes of its input port, or None if that takes the encoder's bits.
        ordered: whether it is right only for bits that features can give.
        unoptimised: whether the circuit that it says it is is the model's own, whatever it is made of.
        lanes: vectors an evaluation.
        checked: the results it has.
        latency: in clocks.
    """

    path: Path
    kind: str
    subject: str = "hardware"
    by: str
    model_digest: str
    circuit_digest: str
    is_untouched: bool = True
    features: FeatureCodes | None = None
    ordered: bool = False
    unoptimised: bool = False
    lanes: int = 1
    checked: tuple[str, ...] = ("scores", "class_id")
    latency: int = 0

    @abstractmethod
    def check_fits(self, circuit: Circuit) -> None:
        """Refuse a device whose inputs and outputs are not the model's.

        Raises:
            InputError: they are others.
            MismatchError: it says something else than the model about what its inputs mean.
        """

    def stated(self, circuit: Circuit) -> Stated | None:
        """What it says of itself, and what it would if it were made of a circuit; None if it says nothing."""
        del circuit
        return None

    def claimed_head(self) -> tuple[Sequence[int], Sequence[int]] | None:
        """The sizes of the groups and the biases that it says its circuit has; None if it does not say."""
        return None

    @abstractmethod
    def build(self, folder: Path) -> Runner:
        """Make it run, in a new folder.

        Raises:
            MissingToolError, ToolError: what it takes is missing, or failed.
            NotCheckedError: it did not run to its end.
        """

    def views(self) -> Sequence[View]:
        """Other ways into it that the vectors should go too."""
        return ()

    def locate(self, circuit: Circuit, reference: Reference, mismatch: Mismatch, folder: Path) -> Location | None:
        """Where it differs on a vector: here, the first class whose score does."""
        del reference, folder
        return first_class(circuit, mismatch)


def first_class(circuit: Circuit, mismatch: Mismatch) -> Location | None:
    """The first class whose score differs; None if only the decision does, or scores are not shown."""
    if mismatch.seen_scores is None:
        return None
    pairs = zip(mismatch.expected_scores, mismatch.seen_scores, strict=True)
    wrong = [index for index, (expected, seen) in enumerate(pairs) if expected != seen]
    if not wrong:
        note = "every score is right, the decision is not: the argmax or the tie rule differs"
    else:
        name = circuit.head.classes[wrong[0]]
        note = f"the first of {len(wrong)} scores that differ is that of class {wrong[0]} ({name})"
    return Location(None, None, len(wrong), len(mismatch.expected_scores), note)


def check_provenance(device: Sourced, model_digest: str) -> None:
    """Refuse a file that is not this model's, or not as lgc wrote it.

    Raises:
        InputError: with what to do.
    """
    if device.model_digest != model_digest:
        raise InputError(
            f"this {device.kind} comes from another model (digest {device.model_digest[:12]}, "
            f"the checkpoint's is {model_digest[:12]})",
            where=str(device.path),
            hint="Compile this checkpoint, or give --force to compare all the same",
        )
    if not device.is_untouched:
        raise InputError(
            f"this {device.kind} was changed after lgc wrote it: its text and its digest differ",
            where=str(device.path),
            hint="Compile again, or give --force to compare all the same",
        )


class Sourced(Protocol):
    """A file with its origin."""

    @property
    def path(self) -> Path:
        """The file."""

    @property
    def kind(self) -> str:
        """What people call its format."""

    @property
    def model_digest(self) -> str:
        """Of the model that it says it comes from."""

    @property
    def is_untouched(self) -> bool:
        """Whether it is as lgc wrote it, as far as it can tell."""


def check_shape(device: DeviceUnderTest, circuit: Circuit, inputs: int, classes: Sequence[str] | int) -> None:
    """Refuse a device of other inputs or classes than the model's.

    Args:
        classes: their names, or how many, where the format has no names.

    Raises:
        InputError: so it is.
    """
    known = circuit.head.num_classes if isinstance(classes, int) else circuit.head.classes
    if inputs != circuit.netlist.num_inputs or classes != known:
        raise InputError(
            f"the {device.kind}'s inputs and outputs are not those of this model",
            where=str(device.path),
            hint="Compile this checkpoint again",
        )


def check_thresholds(path: Path, claimed: NDArray[np.float64] | None, circuit: Circuit) -> None:
    """What a file says its input bits mean must be what the model's encoder makes.

    Raises:
        MismatchError: it is not; whoever encodes features as the file says gets other bits.
    """
    real = circuit.encoder.thresholds
    if circuit.encoder.code is not None or (claimed is None and real is None):
        return
    if claimed is None or real is None or claimed.shape != real.shape or not (claimed == real).all():
        raise MismatchError("the thresholds that the file states are not the model's", where=str(path))
