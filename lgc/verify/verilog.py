"""Verilog under test: simulated by Verilator, Icarus or CXXRTL, with lanes, triage and waveforms."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lgc.backend.manifest import Manifest
from lgc.backend.verilog.rtl import Rtl
from lgc.backend.verilog.top import CONTROL
from lgc.errors import InputError, LgcError, OptionError
from lgc.files import replacing
from lgc.frontend.reference import Reference
from lgc.ir import Circuit
from lgc.sim import SimulatorName
from lgc.sim.registry import SIMULATORS
from lgc.sim.simulate import Simulator
from lgc.sim.verilator import VerilatorSimulator
from lgc.verify.report import Mismatch, Report, SetResult
from lgc.verify.subject import Artefact, View, check, check_provenance, check_thresholds
from lgc.verify.triage import Finding, locate
from lgc.verify.vectors import VectorSet

__all__ = [
    "Mismatch", "Report", "SetResult", "VerifyOptions", "VerilogText", "check_ports", "check_provenance",
    "simulator_for", "verify",
]  # fmt: skip

LANES = 64
# Above this many gates one evaluation for 64 samples pays for the larger simulator.
_LANES_FROM_NODES = 4_000
# Up to this many gates the text is simulated as hardware sees it too, with one lane; beyond, that takes too long.
_ONE_LANE_UP_TO = 20_000
_WAVE_VECTORS = 16


@dataclass(frozen=True)
class VerifyOptions:
    """How to verify.

    Attributes:
        lanes: 1, 64, or 0 to choose by size.
        waves: a `.vcd` or `.fst` file to write a few vectors' waveforms to.
        timeout: seconds that a simulation may take.
        simulator: of Verilog and Amaranth.
    """

    lanes: int = 0
    waves: Path | None = None
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


class VerilogText(Artefact):
    """Emitted Verilog and its manifest."""

    kind = "Verilog"

    def __init__(self, rtl: Rtl, options: VerifyOptions) -> None:
        self.rtl, self.options = rtl, options
        self.path, self.by = rtl.path, options.simulator
        self.model_digest, self.circuit_digest = rtl.model_digest, rtl.manifest.circuit_digest
        self.features, self.ordered = rtl.manifest.features, bool(rtl.manifest.assumes)
        self.latency, self.checked = rtl.manifest.latency, results_of(rtl.manifest)
        self.lanes = options.lanes_for(rtl.manifest.nodes)

    @property
    def is_untouched(self) -> bool:  # type: ignore[override]
        """Whether the text is what lgc wrote, byte for byte."""
        return self.rtl.is_untouched

    def check_fits(self, circuit: Circuit) -> None:
        """See :class:`Artefact`."""
        check_ports(self.rtl.manifest, circuit, self.path, self.kind)

    def build(self, folder: Path) -> Simulator:
        """See :class:`Artefact`."""
        return simulator_for(self.rtl, self.lanes, folder, self.options)

    def view(self) -> View | None:
        """Lanes have leaves of their own (adders, comparisons) in the head: those of the hardware need a run too."""
        if self.lanes == 1 or self.options.lanes or self.rtl.manifest.nodes > _ONE_LANE_UP_TO:
            return None
        return View("one lane", lambda folder: simulator_for(self.rtl, 1, folder, self.options))

    def locate(self, circuit: Circuit, reference: Reference, mismatch: Mismatch, folder: Path) -> Finding | None:
        """The first gate line that differs; see :func:`lgc.verify.triage.locate`."""
        del circuit
        return locate(self.rtl, reference, mismatch.bits, folder, self.options.timeout)


def verify(
    rtl: Rtl,
    circuit: Circuit,
    reference: Reference,
    sets: Sequence[VectorSet],
    folder: Path,
    options: VerifyOptions | None = None,
    progress: Callable[[str, int], None] | None = None,
) -> Report:
    """Simulate all vectors and compare every output with the reference; see :func:`lgc.verify.subject.check`.

    Raises:
        NotCheckedError: nothing to check, or a simulation did not end.
        MissingToolError, ToolError: see :func:`lgc.sim.verilator.build`.
    """
    options = options or VerifyOptions()
    check_waves(options.waves)
    report = check(VerilogText(rtl, options), circuit, reference, sets, folder, progress)
    if options.waves:
        write_waves(rtl, report, sets, folder / "waves", options)
    return report


def results_of(manifest: Manifest) -> tuple[str, ...]:
    """The results that are ports."""
    return tuple(name for name in ("scores", "class_id") if manifest.port(name))


def check_ports(manifest: Manifest, circuit: Circuit, path: Path, kind: str) -> None:
    """The manifest is a file like any other: what it claims must fit the model.

    Raises:
        InputError: the ports are another model's.
        MismatchError: the thresholds are.
    """
    head, bits = circuit.head, manifest.port(manifest.input_port)
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
            f"the {kind}'s ports are not those of this model", where=str(path), hint="Compile this checkpoint again"
        )
    if manifest.features is None:
        check_thresholds(path.with_suffix(".json"), _thresholds(manifest), circuit)


def _thresholds(manifest: Manifest) -> NDArray[np.float64] | None:
    if manifest.thresholds is None:
        return None
    try:
        return np.array(manifest.thresholds, np.float64)
    except (ValueError, TypeError):  # rows of unlike length, or no numbers: no model's
        return np.zeros((0, 0))


def simulator_for(rtl: Rtl, lanes: int, folder: Path, options: VerifyOptions) -> Simulator:
    """Build what simulates some Verilog, in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    simulator = SIMULATORS[options.simulator](rtl.manifest, folder, lanes, options.timeout)
    simulator.build(rtl.path.resolve())
    return simulator


def check_waves(target: Path | None) -> None:
    """Refuse a waveform file of an unknown format.

    Raises:
        OptionError: so it is.
    """
    if target and _wave_format(target) not in ("vcd", "fst"):
        raise OptionError(f"--waves {target}", hint="The file's suffix is .vcd or .fst")


def write_waves(rtl: Rtl, report: Report, sets: Sequence[VectorSet], folder: Path, options: VerifyOptions) -> None:
    """Waveforms of the vector that differs, else of the first ones; an obstacle does not hide a difference."""
    assert options.waves is not None
    shown = np.concatenate([one.bits[:_WAVE_VECTORS] for one in sets])[:_WAVE_VECTORS]
    if report.mismatch is not None:
        shown = report.mismatch.bits[None]
    try:
        _simulate_waves(rtl, shown, options.waves, folder, options.timeout)
    except LgcError as error:
        if report.mismatch is None:
            raise
        report.problems.append(f"the waveforms could not be written: {error}")  # the difference is the news


def _simulate_waves(rtl: Rtl, bits: NDArray[np.bool_], target: Path, folder: Path, timeout: float) -> None:
    folder.mkdir(parents=True)
    with replacing(target) as temporary:  # first: a folder that cannot be written is noticed before the build
        simulator = VerilatorSimulator(rtl.manifest, folder, timeout=timeout, trace=_wave_format(target))
        simulator.build(rtl.path.resolve())
        simulator.run(bits, trace_file=temporary.resolve())


def _wave_format(path: Path) -> str:
    return path.suffix.lstrip(".").lower()
