"""Running a device under test on vectors, and comparing every result with the reference."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lgc.errors import NotCheckedError
from lgc.frontend.reference import Reference
from lgc.progress import Progress
from lgc.tools.run import workers
from lgc.verify.comparison import Comparison
from lgc.verify.report import Report
from lgc.verify.subject import DeviceUnderTest, Runner, View
from lgc.verify.vectors import VectorSet

_FEW = 64
_BLOCK = 1024  # vectors that the software model takes between two words of progress


def compare(comparison: Comparison[DeviceUnderTest], sets: Sequence[VectorSet]) -> Report:
    """Run all vectors and compare every result.

    Args:
        sets: vectors, at least one.

    Raises:
        NotCheckedError: nothing to check, or something did not run to its end.
        MissingToolError, ToolError: see :meth:`DeviceUnderTest.build`.
    """
    device, reference, folder = comparison.device, comparison.reference, comparison.folder
    device.check_fits(comparison.circuit)
    total = sum(len(one.bits) for one in sets)
    if total == 0:
        raise NotCheckedError("there are no vectors: nothing was checked", hint="Give data, or --random N")
    report = Report(
        reference.name, device.lanes, device.checked, device.by, subject=device.subject, unknown=comparison.unknown
    )
    bits, views, step = np.concatenate([one.bits for one in sets]), device.views(), comparison.progress.step
    step("build", 0, total)
    with workers(2) as pool:
        # What builds and runs are other processes: the software model and the other views are made meanwhile.
        expected = _Expected(pool, reference, bits, comparison.progress)
        others = [pool.submit(view.build, _new(folder / f"view{index}")) for index, view in enumerate(views)]
        with _building(report):
            runner = device.build(_new(folder / "build"))
        expected_scores = expected.result()
        with _running(report):
            observed = runner.run(bits, progress=lambda done: step("simulate", min(done, total), total))
        step("simulate", total, total)
        report.latency, report.timing = device.latency, observed.timing
        report.compare(sets, bits, expected_scores, reference, observed)
        for view, other in zip(views, others, strict=True):
            if not report.mismatch:
                _look_again(comparison, report, view, other, sets)
    if report.mismatch:
        step("triage")
        location = device.locate(comparison.circuit, reference, report.mismatch, folder / "triage")
        report.mismatch = replace(report.mismatch, location=location)
    return report


class _Expected:
    """Scores of the software model, which are made while the device is built.

    Args:
        progress: hears of them from when somebody waits for them.
    """

    def __init__(self, pool: Executor, reference: Reference, bits: NDArray[np.bool_], progress: Progress) -> None:
        self._reference, self._bits, self._progress = reference, bits, progress
        self._awaited = threading.Event()
        self._scores = pool.submit(self._make)

    def _make(self) -> NDArray[np.int64]:
        parts, total = [], len(self._bits)
        for at in range(0, total, _BLOCK):
            if self._awaited.is_set():
                self._progress.step("software model", at, total)
            parts.append(self._reference.scores(self._bits[at : at + _BLOCK]))
        return np.concatenate(parts)

    def result(self) -> NDArray[np.int64]:
        """int64 (vectors, classes), when all are there."""
        self._awaited.set()
        return self._scores.result()


def _look_again(
    comparison: Comparison[DeviceUnderTest],
    report: Report,
    view: View,
    building: Future[Runner],
    sets: Sequence[VectorSet],
) -> None:
    """Another view, once it is built, on the directed vectors and the first of the others."""
    comparison.progress.step(view.name)
    with _building(report):
        runner = building.result()
    given = view.given(np.concatenate([one.bits if one.kind == "directed" else one.bits[:_FEW] for one in sets]))
    with _running(report):
        observed = runner.run(given.bits)
    report.timing = report.timing or observed.timing
    reference = comparison.reference
    report.compare([given], given.bits, reference.scores(given.bits), reference, observed)


@contextmanager
def _building(report: Report) -> Iterator[None]:
    start = time.perf_counter()
    yield
    report.build_seconds += time.perf_counter() - start


@contextmanager
def _running(report: Report) -> Iterator[None]:
    start = time.perf_counter()
    yield
    report.simulate_seconds += time.perf_counter() - start


def _new(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder
