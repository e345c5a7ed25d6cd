"""What a check compared and what came out of it, whatever it was that ran."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgc.frontend.reference import Reference
from lgc.sim.simulate import Observed
from lgc.verify.triage import Location
from lgc.verify.vectors import Bits, VectorSet


@dataclass(frozen=True, eq=False)
class Mismatch:
    """One vector on which file and model differ. ``location`` says where, if it was looked for."""

    label: str
    bits: NDArray[np.bool_]
    expected_scores: list[int]
    seen_scores: list[int] | None
    expected_class: int
    seen_class: int | None
    location: Location | None = None


@dataclass(frozen=True)
class SetResult:
    """The outcome for one kind of vectors; ``accuracy`` is the file's and the model's, where labels are known."""

    kind: str
    vectors: int
    mismatches: int
    seconds: float
    accuracy: tuple[float, float] | None = None


@dataclass
class Report:
    """What was checked, and what came out.

    Attributes:
        simulator: what ran the file: ``verilator``, ``gcc``, ``onnxruntime``.
        latency: clocks, to which results and ``out_valid`` were checked; 0 for what has no clock.
        timing: what ``out_valid`` did that the manifest's latency forbids, or None.
        problems: those that kept nothing from being compared.
        subject: what is compared with the model, for people: ``hardware``, ``C``.
    """

    reference: str
    lanes: int
    checked: tuple[str, ...]
    simulator: str = "verilator"
    sets: list[SetResult] = field(default_factory=list)
    mismatch: Mismatch | None = None
    latency: int = 0
    timing: str | None = None
    build_seconds: float = 0.0
    simulate_seconds: float = 0.0
    problems: list[str] = field(default_factory=list)
    subject: str = "hardware"
    unknown: tuple[str, ...] = ()

    @property
    def vectors(self) -> int:
        """All vectors compared."""
        return sum(one.vectors for one in self.sets)

    @property
    def mismatches(self) -> int:
        """Vectors that differ."""
        return sum(one.mismatches for one in self.sets)

    def compare(
        self,
        sets: Sequence[VectorSet],
        bits: NDArray[np.bool_],
        expected_scores: NDArray[np.int64],
        reference: Reference,
        observed: Observed,
    ) -> None:
        """Fill in the outcome of each set, and the first mismatch.

        Args:
            bits: bool (B, I), those of all sets, in order.
            expected_scores: int64 (B, C).
        """
        expected_classes, seen_classes = reference.classify(expected_scores), _seen_classes(observed, reference)
        wrong = np.zeros(len(bits), np.bool_)
        if observed.scores is not None:
            wrong |= (observed.scores != expected_scores).any(axis=1)
        if observed.classes is not None:
            wrong |= observed.classes != expected_classes
        start = 0
        for one in sets:
            rows = slice(start, start + len(one.bits))
            share = self.simulate_seconds * len(one.bits) / max(1, len(bits))
            accuracy = None
            if one.targets is not None:
                pair = (seen_classes[rows], expected_classes[rows])
                accuracy = (_share(pair[0], one.targets), _share(pair[1], one.targets))
            self.sets.append(SetResult(one.kind, len(one.bits), int(wrong[rows].sum()), share, accuracy))
            if self.mismatch is None and wrong[rows].any():
                index = start + int(wrong[rows].argmax())
                expected = (expected_scores[index], expected_classes[index])
                self.mismatch = _mismatch(one.label(index - start), bits[index], expected, observed, index)
            start = rows.stop


def _share(classes: NDArray[np.int64], targets: NDArray[np.int64]) -> float:
    return float((classes == targets).mean())


def _mismatch(
    label: str, bits: Bits, expected: tuple[NDArray[np.int64], Any], observed: Observed, row: int
) -> Mismatch:
    """Vector ``row``, on which file and model differ; ``expected`` are its scores and its class."""
    return Mismatch(
        label=label,
        bits=bits,
        expected_scores=expected[0].tolist(),
        seen_scores=None if observed.scores is None else observed.scores[row].tolist(),
        expected_class=int(expected[1]),
        seen_class=None if observed.classes is None else int(observed.classes[row]),
    )


def _seen_classes(observed: Observed, reference: Reference) -> NDArray[np.int64]:
    """The file's classes; if it gives none, those that its scores imply."""
    if observed.classes is not None:
        return observed.classes
    assert observed.scores is not None
    return reference.classify(observed.scores)
