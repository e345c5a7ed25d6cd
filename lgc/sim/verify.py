"""`lgc verify`: is the Verilog the model, on every score of every vector?"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lgc.backend.verilog.top import CONTROL
from lgc.errors import InputError, LgcError, NotCheckedError, OptionError
from lgc.files import replacing
from lgc.ir import Circuit
from lgc.sim import cxxrtl, icarus
from lgc.sim.build import BuildOptions, build
from lgc.sim.reference import Reference
from lgc.sim.rtl import Rtl
from lgc.sim.simulate import Observed, Simulator
from lgc.sim.triage import Finding, locate
from lgc.sim.vectors import VectorSet

LANES = 64
SIMULATORS = ("verilator", "icarus", "cxxrtl")
# Above this many gates one evaluation for 64 samples pays for the larger simulator.
_LANES_FROM_NODES = 4_000
# Up to this many gates the text is simulated as hardware sees it too, with one lane; beyond, that takes too long.
_ONE_LANE_UP_TO = 20_000
_WAVE_VECTORS = 16


@dataclass(frozen=True, eq=False)
class Mismatch:
    """One vector on which hardware and model differ. ``finding`` says where, if it was looked for."""

    label: str
    bits: NDArray[np.bool_]
    expected_scores: list[int]
    seen_scores: list[int] | None
    expected_class: int
    seen_class: int | None
    finding: Finding | None = None


@dataclass(frozen=True)
class SetResult:
    """The outcome for one kind of vectors; ``accuracy`` is the hardware's and the model's, where labels are known."""

    kind: str
    vectors: int
    mismatches: int
    seconds: float
    accuracy: tuple[float, float] | None = None


@dataclass
class Report:
    """What was checked, and what came out.

    Attributes:
        latency: clocks, to which results and ``out_valid`` were checked; 0 for a combinational design.
        timing: what ``out_valid`` did that the manifest's latency forbids, or None.
        problems: those that kept nothing from being compared.
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

    @property
    def vectors(self) -> int:
        """All vectors compared."""
        return sum(one.vectors for one in self.sets)

    @property
    def mismatches(self) -> int:
        """Vectors that differ."""
        return sum(one.mismatches for one in self.sets)


@dataclass(frozen=True)
class VerifyOptions:
    """How to verify.

    Attributes:
        lanes: 1, 64, or 0 to choose by size.
        waves: a `.vcd` or `.fst` file to write a few vectors' waveforms to.
        timeout: seconds that a simulation may take.
        simulator: one of :data:`SIMULATORS`.
    """

    lanes: int = 0
    waves: Path | None = None
    timeout: float = 3600.0
    simulator: str = "verilator"

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


def check_provenance(rtl: Rtl, model_digest: str) -> None:
    """Refuse Verilog that is not this model's, or not as lgc wrote it.

    Raises:
        InputError: with what to do.
    """
    if rtl.model_digest != model_digest:
        raise InputError(
            f"this Verilog comes from another model (digest {rtl.model_digest[:12]}, "
            f"the checkpoint's is {model_digest[:12]})",
            where=str(rtl.path),
            hint="Compile this checkpoint, or give --force to compare all the same",
        )
    if not rtl.is_untouched:
        raise InputError(
            "this Verilog was changed after lgc wrote it: its text and its digest differ",
            where=str(rtl.path),
            hint="Compile again, or give --force to compare all the same",
        )


def verify(
    rtl: Rtl,
    circuit: Circuit,
    reference: Reference,
    sets: Sequence[VectorSet],
    folder: Path,
    options: VerifyOptions | None = None,
    progress: Callable[[str, int], None] | None = None,
) -> Report:
    """Simulate all vectors and compare every output with the reference.

    Args:
        circuit: the unoptimised circuit of the model; its encoder and head say what the ports mean.
        sets: vectors, at least one.
        folder: an empty folder to build in.
        progress: called with a step's name and the vectors done in it.

    Raises:
        NotCheckedError: nothing to check, or a simulation did not end.
        MissingToolError, ToolError: see :func:`lgc.sim.build.build`.
    """
    options = options or VerifyOptions()
    report_progress = progress or (lambda _step, _done: None)
    _check_ports(rtl, circuit)
    total = sum(len(one.bits) for one in sets)
    if total == 0:
        raise NotCheckedError("there are no vectors: nothing was checked", hint="Give data, or --random N")
    if options.waves and _wave_format(options.waves) not in ("vcd", "fst"):
        raise OptionError(f"--waves {options.waves}", hint="The file's suffix is .vcd or .fst")
    lanes = options.lanes_for(rtl.manifest.nodes)
    checked = tuple(name for name in ("scores", "class_id") if rtl.manifest.port(name))
    report = Report(reference.name, lanes, checked, options.simulator)
    bits = np.concatenate([one.bits for one in sets])

    report_progress("build", 0)
    start = time.perf_counter()
    with ThreadPoolExecutor(max_workers=2) as pool:
        # Verilator and the compiler are other processes: the software model and the second build run meanwhile.
        expected = pool.submit(reference.scores, bits)
        second = None
        if _needs_one_lane(report, rtl, options):
            second = pool.submit(simulator_for, rtl, 1, folder / "one-lane", options)
        simulator = simulator_for(rtl, lanes, folder / "build", options)
        report.build_seconds = time.perf_counter() - start
        expected_scores = expected.result()
        start = time.perf_counter()
        observed = simulator.run(bits, progress=lambda done: report_progress("simulate", min(done, total)))
        report.simulate_seconds = time.perf_counter() - start
        report_progress("simulate", total)
        report.latency, report.timing = rtl.manifest.latency, observed.timing
        _compare(report, sets, bits, expected_scores, reference, observed)
        if second and not report.mismatch:
            report_progress("one lane", 0)
            start = time.perf_counter()
            one_lane = second.result()
            report.build_seconds += time.perf_counter() - start
            _check_one_lane(report, one_lane, reference, sets)
    if report.mismatch:
        report_progress("triage", 0)
        finding = locate(rtl, reference, report.mismatch.bits, folder / "triage", options.timeout)
        report.mismatch = Mismatch(**{**report.mismatch.__dict__, "finding": finding})
    if options.waves:
        report_progress("waves", 0)
        shown = bits[:_WAVE_VECTORS] if report.mismatch is None else report.mismatch.bits[None]
        try:
            _write_waves(rtl, shown, options.waves, folder / "waves", options.timeout)
        except LgcError as error:
            if report.mismatch is None:
                raise
            report.problems.append(f"the waveforms could not be written: {error}")  # the difference is the news
    return report


def _needs_one_lane(report: Report, rtl: Rtl, options: VerifyOptions) -> bool:
    """Lanes have leaves of their own (adders, comparisons) in the head: those of the hardware need a run too."""
    return report.lanes > 1 and not options.lanes and rtl.manifest.nodes <= _ONE_LANE_UP_TO


def _check_one_lane(report: Report, simulator: Simulator, reference: Reference, sets: Sequence[VectorSet]) -> None:
    """The text as hardware sees it, on the directed vectors and the first of the others."""
    some = [one.bits if one.kind == "directed" else one.bits[:LANES] for one in sets]
    one = VectorSet("one lane", np.concatenate(some))
    start = time.perf_counter()
    observed = simulator.run(one.bits)
    report.simulate_seconds += time.perf_counter() - start
    report.timing = report.timing or observed.timing
    _compare(report, [one], one.bits, reference.scores(one.bits), reference, observed)


def _check_ports(rtl: Rtl, circuit: Circuit) -> None:
    """The manifest is a file like any other: what it claims must fit the model."""
    manifest, head = rtl.manifest, circuit.head
    bits = manifest.port(manifest.input_port)
    expected = [
        bits is not None and bits.width == circuit.netlist.num_inputs,
        len(manifest.classes) == head.num_classes,
    ]
    scores, index = manifest.port("scores"), manifest.port("class_id")
    expected.append(scores is None or scores.width == manifest.score_width * head.num_classes)
    expected.append(scores is not None or index is not None)
    control = [manifest.port(name) is not None for name in CONTROL]
    expected.append(all(control) if manifest.latency else not any(control))
    expected.append(manifest.tie == head.tie)
    expected.append(0 < manifest.score_width <= 62)
    if not all(expected):
        raise InputError(
            "the Verilog's ports are not those of this model",
            where=str(rtl.path),
            hint="Compile this checkpoint again",
        )


def simulator_for(rtl: Rtl, lanes: int, folder: Path, options: VerifyOptions) -> Simulator:
    """Build what simulates some Verilog, in a new folder."""
    folder.mkdir(parents=True)
    ports = [(port.name, port.direction) for port in rtl.manifest.ports]
    source, top = rtl.path.resolve(), rtl.manifest.top
    if options.simulator == "icarus":
        program = icarus.build(source, top, folder)
    elif options.simulator == "cxxrtl":
        program = cxxrtl.build(source, top, ports, folder)
    else:
        program = build(source, ports, BuildOptions(top, lanes), folder)
    return Simulator(program, rtl.manifest, lanes, folder, options.timeout)


def _compare(
    report: Report,
    sets: Sequence[VectorSet],
    bits: NDArray[np.bool_],
    expected_scores: NDArray[np.int64],
    reference: Reference,
    observed: Observed,
) -> None:
    """Fill in the outcome of each set, and the first mismatch."""
    expected_classes = reference.classify(expected_scores)
    wrong = np.zeros(len(bits), np.bool_)
    if observed.scores is not None:
        wrong |= (observed.scores != expected_scores).any(axis=1)
    if observed.classes is not None:
        wrong |= observed.classes != expected_classes
    seen_classes = _seen_classes(observed, reference)
    start = 0
    for one in sets:
        mine = wrong[start : start + len(one.bits)]
        share = report.simulate_seconds * len(one.bits) / max(1, len(bits))
        accuracy = None
        if one.targets is not None:
            pair = (seen_classes, expected_classes)
            seen, expected = (float((classes[start : start + len(one.bits)] == one.targets).mean()) for classes in pair)
            accuracy = (seen, expected)
        report.sets.append(SetResult(one.kind, len(one.bits), int(mine.sum()), share, accuracy))
        if report.mismatch is None and mine.any():
            offset = int(mine.argmax())
            index = start + offset
            report.mismatch = Mismatch(
                label=one.label(offset),
                bits=bits[index],
                expected_scores=expected_scores[index].tolist(),
                seen_scores=None if observed.scores is None else observed.scores[index].tolist(),
                expected_class=int(expected_classes[index]),
                seen_class=None if observed.classes is None else int(observed.classes[index]),
            )
        start += len(one.bits)


def _seen_classes(observed: Observed, reference: Reference) -> NDArray[np.int64]:
    """The hardware's classes; if they are no port, those that its scores imply."""
    if observed.classes is not None:
        return observed.classes
    assert observed.scores is not None
    return reference.classify(observed.scores)


def _write_waves(rtl: Rtl, bits: NDArray[np.bool_], target: Path, folder: Path, timeout: float) -> None:
    folder.mkdir(parents=True)
    ports = [(port.name, port.direction) for port in rtl.manifest.ports]
    with replacing(target) as temporary:  # first: a folder that cannot be written is noticed before the build
        program = build(rtl.path.resolve(), ports, BuildOptions(rtl.manifest.top, trace=_wave_format(target)), folder)
        Simulator(program, rtl.manifest, 1, folder, timeout).run(bits, trace_file=temporary.resolve())


def _wave_format(path: Path) -> str:
    return path.suffix.lstrip(".").lower()
