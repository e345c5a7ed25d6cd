"""An artefact: a file that `lgc compile` wrote, as something that gives scores for vectors.

Every target has one. What is particular to a format is how it is run; what is compared, on which vectors, and what is
said about it is the same for all.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from lgc.errors import InputError, MismatchError, NotCheckedError
from lgc.frontend.reference import Reference
from lgc.ir import Circuit, FeatureCode
from lgc.sim.simulate import Observed
from lgc.tools.run import workers
from lgc.verify.features import given_by_features
from lgc.verify.report import Mismatch, Report
from lgc.verify.triage import Finding
from lgc.verify.vectors import VectorSet

Bits = NDArray[np.bool_]
Progress = Callable[[str, int], None]
_FEW = 64


class Runner(Protocol):
    """Something built that gives scores."""

    def run(self, bits: Bits, *, progress: Callable[[int], None] | None = None) -> Observed:
        """Scores and classes for vectors, bool (B, I).

        Raises:
            NotCheckedError: it did not run to its end.
        """


@dataclass(frozen=True)
class View:
    """Another way into the same artefact, tried on the directed and some of the other vectors.

    Attributes:
        name: what the report calls it.
        build: makes it, in a new folder.
        ordered: whether it takes only bits that features can give.
    """

    name: str
    build: Callable[[Path], Runner]
    ordered: bool = False


class Artefact(ABC):
    """A file under test, and what it says of itself.

    Attributes:
        path: the file.
        kind: what people call the format.
        subject: what is compared with the model: ``hardware``, ``C``.
        by: what runs it.
        model_digest, circuit_digest: what it was made from, as it says; ``none`` where it does not.
        is_untouched: False if it can tell that it was changed.
        features: the code of its input port, or None if that takes the encoder's bits.
        ordered: whether it is right only for bits that features can give.
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
    features: FeatureCode | None = None
    ordered: bool = False
    lanes: int = 1
    checked: tuple[str, ...] = ("scores", "class_id")
    latency: int = 0

    @abstractmethod
    def check_fits(self, circuit: Circuit) -> None:
        """Refuse an artefact whose inputs and outputs are not the model's.

        Raises:
            InputError: they are others.
            MismatchError: it says something else than the model about what its inputs mean.
        """

    @abstractmethod
    def build(self, folder: Path) -> Runner:
        """Make it run, in a new folder.

        Raises:
            MissingToolError, ToolError: what it takes is missing, or failed.
            NotCheckedError: it did not run to its end.
        """

    def view(self) -> View | None:
        """A second way into it that the vectors should go too; None if there is none."""
        return None

    def locate(self, circuit: Circuit, reference: Reference, mismatch: Mismatch, folder: Path) -> Finding | None:
        """Where it differs on a vector: here, the first class whose score does."""
        del reference, folder
        return first_class(circuit, mismatch)


def first_class(circuit: Circuit, mismatch: Mismatch) -> Finding | None:
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
    return Finding(None, None, len(wrong), len(mismatch.expected_scores), note)


def check_provenance(artefact: Sourced, model_digest: str) -> None:
    """Refuse a file that is not this model's, or not as lgc wrote it.

    Raises:
        InputError: with what to do.
    """
    if artefact.model_digest != model_digest:
        raise InputError(
            f"this {artefact.kind} comes from another model (digest {artefact.model_digest[:12]}, "
            f"the checkpoint's is {model_digest[:12]})",
            where=str(artefact.path),
            hint="Compile this checkpoint, or give --force to compare all the same",
        )
    if not artefact.is_untouched:
        raise InputError(
            f"this {artefact.kind} was changed after lgc wrote it: its text and its digest differ",
            where=str(artefact.path),
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


def check_shape(artefact: Artefact, circuit: Circuit, inputs: int, classes: Sequence[str] | int) -> None:
    """Refuse an artefact of other inputs or classes than the model's.

    Args:
        classes: their names, or how many, where the format has no names.

    Raises:
        InputError: so it is.
    """
    known = circuit.head.num_classes if isinstance(classes, int) else circuit.head.classes
    if inputs != circuit.netlist.num_inputs or classes != known:
        raise InputError(
            f"the {artefact.kind}'s inputs and outputs are not those of this model",
            where=str(artefact.path),
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


def check(
    artefact: Artefact,
    circuit: Circuit,
    reference: Reference,
    sets: Sequence[VectorSet],
    folder: Path,
    progress: Progress | None = None,
) -> Report:
    """Run all vectors and compare every result with the reference.

    Args:
        circuit: the unoptimised circuit of the model; its encoder and head say what inputs and outputs mean.
        sets: vectors, at least one.
        folder: an empty folder to build in.
        progress: called with a step's name and the vectors done in it.

    Raises:
        NotCheckedError: nothing to check, or something did not run to its end.
        MissingToolError, ToolError: see :meth:`Artefact.build`.
    """
    step = progress or (lambda _step, _done: None)
    artefact.check_fits(circuit)
    total = sum(len(one.bits) for one in sets)
    if total == 0:
        raise NotCheckedError("there are no vectors: nothing was checked", hint="Give data, or --random N")
    report = Report(reference.name, artefact.lanes, artefact.checked, artefact.by, subject=artefact.subject)
    bits = np.concatenate([one.bits for one in sets])
    view = artefact.view()
    step("build", 0)
    start = time.perf_counter()
    with workers(2) as pool:
        # What builds and runs are other processes: the software model and the second view are made meanwhile.
        expected = pool.submit(reference.scores, bits)
        second = pool.submit(view.build, _new(folder / "view")) if view else None
        runner = artefact.build(_new(folder / "build"))
        report.build_seconds = time.perf_counter() - start
        expected_scores = expected.result()
        start = time.perf_counter()
        observed = runner.run(bits, progress=lambda done: step("simulate", min(done, total)))
        report.simulate_seconds = time.perf_counter() - start
        step("simulate", total)
        report.latency, report.timing = artefact.latency, observed.timing
        report.compare(sets, bits, expected_scores, reference, observed)
        if view and second and not report.mismatch:
            step(view.name, 0)
            start = time.perf_counter()
            again = second.result()
            report.build_seconds += time.perf_counter() - start
            _look_again(report, view, again, circuit, reference, sets)
    if report.mismatch:
        step("triage", 0)
        finding = artefact.locate(circuit, reference, report.mismatch, folder / "triage")
        report.mismatch = replace(report.mismatch, finding=finding)
    return report


def _look_again(
    report: Report, view: View, runner: Runner, circuit: Circuit, reference: Reference, sets: Sequence[VectorSet]
) -> None:
    """The second view, on the directed vectors and the first of the others."""
    bits = np.concatenate([one.bits if one.kind == "directed" else one.bits[:_FEW] for one in sets])
    bits = given_by_features(circuit.encoder, bits) if view.ordered else bits
    start = time.perf_counter()
    observed = runner.run(bits)
    report.simulate_seconds += time.perf_counter() - start
    report.timing = report.timing or observed.timing
    report.compare([VectorSet(view.name, bits)], bits, reference.scores(bits), reference, observed)


def _new(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder
