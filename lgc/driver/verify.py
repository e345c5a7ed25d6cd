"""Verifying: read, device under test, reference, vectors, check, report. What `lgc verify` does."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from lgc.driver.deadline import bounded
from lgc.driver.request import check_outputs
from lgc.driver.sheet import Grid, Sheet, Shown
from lgc.driver.verify_request import VerifyRequest
from lgc.errors import MismatchError, OptionError, OutputError
from lgc.progress import Progress, Silence

if TYPE_CHECKING:
    from lgc.driver.features import Loss
    from lgc.driver.read import Loaded
    from lgc.verify.comparison import Comparison
    from lgc.verify.formats.verilog import VerilogText
    from lgc.verify.report import Mismatch, Report, SetResult
    from lgc.verify.subject import DeviceUnderTest
    from lgc.verify.vectors import VectorSet


@dataclass(frozen=True, eq=False, repr=False)
class Verdict(Shown):
    """What a device under test was compared on, and what came out.

    Attributes:
        source: the model.
        path: the device under test.
        report: of every kind of vectors.
        explanation: what is wrong, as sentences; empty if all is equal.
        crash: the folder that shows a difference again; None where there is none.
        loss: of a circuit that reads rounded features: what the rounding changes on the data; None without data.
        unshown: what no vector showed, as a sentence; empty if there is nothing.
        sha256: of the device's file; empty if it is none.
    """

    source: Loaded
    path: Path
    report: Report
    explanation: tuple[str, ...] = ()
    crash: Path | None = None
    loss: Loss | None = None
    unshown: str = ""
    sha256: str = ""

    @property
    def ok(self) -> bool:
        """Whether every result of every vector was right, and at the right time."""
        return not self.explanation

    @property
    def mismatch(self) -> Mismatch | None:
        """The first vector on which device and model differ."""
        return self.report.mismatch

    @property
    def vectors(self) -> int:
        """How many vectors were compared."""
        return self.report.vectors

    @property
    def accuracy(self) -> tuple[float, float] | None:
        """The device's and the model's on data with labels, 0 to 1; None without such data."""
        return next((one.accuracy for one in self.report.sets if one.accuracy), None)

    def as_json(self) -> dict[str, Any]:
        """See :class:`Shown`."""
        report = self.report
        names = ("subject", "simulator", "reference", "lanes", "latency", "vectors", "mismatches", "build_seconds",
                 "simulate_seconds")  # fmt: skip
        return {
            "file": str(self.path), "file_sha256": self.sha256 or None, "model_digest": self.source.digest,
            "equal": self.ok, **{name: getattr(report, name) for name in names},
            "checked": list(report.checked), "not_compared": list(report.unknown), "not_shown": self.unshown or None,
            "sets": [asdict(one) for one in report.sets], "mismatch": _as_json(self.mismatch),
            "explanation": list(self.explanation), "problems": list(report.problems),
            "rounding": None if self.loss is None else str(self.loss),
        }  # fmt: skip

    def sheet(self) -> Sheet:
        """See :class:`Shown`."""
        report = self.report
        rows = tuple((one.kind, f"{one.vectors:,}", f"{one.mismatches:,}") for one in report.sets)
        lines: list[str | Grid] = [Grid(("vectors", "compared>", "differ>"), rows), _times(report)]
        if report.lanes > 1 and not any(one.kind == "one lane" for one in report.sets):
            lines.append("not simulated: the head's adders and comparisons as hardware has them; --lanes 1 does")
        for one in report.sets:
            lines += _data_lines(one, report)
        if report.latency and not report.timing:
            clocks = f"latency {report.latency} clock{'s' if report.latency > 1 else ''}"
            lines.append(f"{clocks}: exact, with gaps, back to back, and after resets in flight")
        lines += unknown_lines(report.unknown)
        lines += [str(self.loss)] if self.loss else []
        equal = report.vectors - report.mismatches
        lines.append(f"{equal:,} / {report.vectors:,} vectors, {_what(report)} equal")
        return [*lines, *([f"not shown: {self.unshown}"] if self.unshown else [])]


def _as_json(mismatch: Mismatch | None) -> dict[str, Any] | None:
    if mismatch is None:
        return None
    names = ("label", "expected_scores", "seen_scores", "expected_class", "seen_class")
    place = mismatch.location.note if mismatch.location else None
    ones = [index for index, bit in enumerate(mismatch.bits.tolist()) if bit]
    return {name: getattr(mismatch, name) for name in names} | {"input_bits_that_are_one": ones, "location": place}


def unknown_lines(names: tuple[str, ...]) -> list[str]:
    """What a file says of its circuit that was not compared; nothing if all was."""
    if not names:
        return []
    said = ", ".join(names)
    return [f"not compared: {said}, as the file states them: no level of this lgc makes that circuit of the model"]


def _what(report: Report) -> str:
    return "every score" if "scores" in report.checked else "the class (the scores are no ports)"


def _times(report: Report) -> str:
    hardware = report.subject == "hardware"
    lanes = f" ({report.lanes} lane{'s' if report.lanes > 1 else ''})" if hardware else ""
    return (
        f"reference {report.reference}; built in {report.build_seconds:.1f} s, "
        f"{'simulated' if hardware else 'evaluated'} by {report.simulator} in {report.simulate_seconds:.1f} s{lanes}"
    )


def _data_lines(one: SetResult, report: Report) -> Sheet:
    lines = []
    if one.kind == "data" and not one.mismatches:
        lines.append(f"{one.vectors:,} / {one.vectors:,} samples, {_what(report)} equal")
    if one.accuracy:
        mine, software = (f"{100 * value:.2f} %" for value in one.accuracy)
        subject = "the hardware" if report.subject == "hardware" else report.subject
        lines.append(f"accuracy of {subject} {mine}, of the model {software}")
    return lines


@bounded
def verify(asked: VerifyRequest, progress: Progress | None = None) -> Verdict:
    """Compare every score and the class of every vector with the model's own.

    Verilog is simulated, and so is what an Amaranth module elaborates to; C is compiled and run; ONNX runs in
    onnxruntime; yosys reads BLIF, AIGER and JSON; lgc itself reads ``.lgn``. A ``.c`` or ``.py`` file is executed.

    Raises:
        MismatchError: they differ; its ``result`` is the :class:`Verdict`.
        NotCheckedError: they were not compared to the end, which is never a pass: no vectors, a tool is missing or
            failed, a simulation took too long.
        LgcError: a file is unusable, or not this model's, or an option is impossible; nothing was run.
    """
    from lgc.driver.comparing import after_synthesis, comparing, device_under_test, model_of, never_a_pass
    from lgc.driver.data import vectors_for
    from lgc.verify.check import compare
    from lgc.verify.formats.verilog import VerilogText
    from lgc.verify.subject import VerifyOptions

    progress = progress or Silence()
    check_outputs(asked)
    with never_a_pass():
        lanes = _lanes(asked)
        source = model_of(asked, progress)
        device = device_under_test(asked, VerifyOptions(lanes, asked.timeout, asked.simulator or "verilator"))
        _check_options(asked, device)
        with comparing(asked, source, device, progress) as comparison:
            sets = vectors_for(asked, comparison, source)
            if isinstance(device, VerilogText):
                verilog = after_synthesis(asked, cast("Comparison[VerilogText]", comparison), asked.timeout)
                return _verilog_verdict(asked, source, verilog, sets)
            return _told(asked, source, compare(comparison, sets), comparison)


def _lanes(asked: VerifyRequest) -> int:
    """0 is by size; a netlist's cells have none."""
    if asked.netlist is not None and asked.lanes == "64":
        raise OptionError("--lanes 64 does not go with --netlist", hint="A netlist takes one sample at a time")
    if asked.netlist is not None:
        return 1
    return 0 if asked.lanes == "auto" else int(asked.lanes)


def _check_options(asked: VerifyRequest, device: DeviceUnderTest) -> None:
    """Refuse what is without effect or cannot be, before anything runs."""
    from lgc.driver.comparing import refuse_idle
    from lgc.driver.crash import check_crash
    from lgc.verify.formats.amaranth import AmaranthModule
    from lgc.verify.waves import check_waves

    refuse_idle(asked, device, "netlist", "lanes", "waves", "crash", "liberty")
    if not isinstance(device, AmaranthModule):
        refuse_idle(asked, device, "simulator")
    check_crash(asked.crash)
    check_waves(asked.waves)


def _verilog_verdict(
    asked: VerifyRequest, source: Loaded, comparison: Comparison[VerilogText], sets: Sequence[VectorSet]
) -> Verdict:
    from lgc.driver.crash import crashed
    from lgc.verify.check import compare
    from lgc.verify.waves import write_waves

    report = compare(comparison, sets)
    if asked.waves:
        write_waves(comparison, report, sets, asked.waves)
    if asked.crash and report.mismatch:
        crashed(asked.crash, asked, source, comparison, report)
    return _told(asked, source, report, comparison)


def _told(asked: VerifyRequest, source: Loaded, report: Report, comparison: Comparison[DeviceUnderTest]) -> Verdict:
    """Reports written, and the verdict returned or raised."""
    from lgc.driver.comparing import device_path
    from lgc.verify.explain import explain

    path = device_path(asked.file)
    explanation = tuple(explain(report, comparison.circuit))
    _write_reports(asked, report, path, ". ".join(explanation))
    crash = asked.crash if asked.crash and asked.crash.exists() else None
    loss, unshown = _of_codes(asked, source, comparison)
    digest = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
    verdict = Verdict(source, path, report, explanation, crash, loss, unshown, digest)
    if verdict.ok:
        return verdict
    error = MismatchError(". ".join([*explanation, *report.problems]), where=str(path))
    error.result, error.lines = verdict, (*explanation, *report.problems)
    raise error


def _of_codes(asked: VerifyRequest, source: Loaded, comparison: Comparison[DeviceUnderTest]) -> tuple[Loss | None, str]:
    """Of a port that takes codes: what rounding to them changes on the data, and what was not shown without data."""
    from lgc.driver.data import samples_for
    from lgc.driver.features import UNSHOWN, measure
    from lgc.ir import CategoryCode

    codes = comparison.device.features
    if codes is None or comparison.encoder.code is not None:
        return None, ""
    if asked.data is None:
        return None, UNSHOWN
    if all(isinstance(one, CategoryCode) or one.rounding != "nearest" for one in codes.columns):
        return None, ""
    return measure(source.circuit, codes, samples_for(asked, source)), ""


def _write_reports(asked: VerifyRequest, report: Report, path: Path, explanation: str) -> None:
    """JUnit and SARIF. One that cannot be written does not hide a difference."""
    from lgc.files import write_text
    from lgc.verify.reports.junit import junit_xml
    from lgc.verify.reports.sarif import sarif_json

    for file, text, name in ((asked.junit, junit_xml, path.name), (asked.sarif, sarif_json, path.as_posix())):
        if file is None:
            continue
        try:
            write_text(file, text(report, name, explanation))
        except OutputError as error:
            if not explanation:
                raise
            report.problems.append(str(error))
