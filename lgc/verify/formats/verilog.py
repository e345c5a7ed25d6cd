"""Verilog under test: simulated by Verilator, Icarus or CXXRTL, with lanes and triage."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lgc.backend.manifest import Manifest
from lgc.backend.ours import manifest_of
from lgc.backend.verilog.interfaces import Wrapper
from lgc.backend.verilog.rtl import Rtl, read_rtl
from lgc.backend.verilog.top import CONTROL, top_ports
from lgc.errors import InputError
from lgc.frontend.reference import Reference
from lgc.ir import Circuit
from lgc.mapping.shape import HeadShape
from lgc.sim.registry import SIMULATORS
from lgc.sim.simulate import Simulator
from lgc.verify.formats.stream import StreamText
from lgc.verify.report import Mismatch
from lgc.verify.stated import Stated
from lgc.verify.subject import DeviceUnderTest, VerifyOptions, View, check_thresholds
from lgc.verify.triage import Location, locate

# Up to this many gates the text is simulated as hardware sees it too, with one lane; beyond, that takes too long.
_ONE_LANE_UP_TO = 20_000


def open_verilog(path: Path, manifest: Path | None, options: VerifyOptions) -> DeviceUnderTest:
    """A ``.v`` file and its manifest; see :func:`lgc.backend.verilog.rtl.read_rtl`."""
    rtl = read_rtl(path, manifest)
    return VerilogText(rtl, options) if rtl.manifest.stream is None else StreamText(rtl, options)


class VerilogText(DeviceUnderTest):
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
        """See :class:`DeviceUnderTest`."""
        check_ports(self.rtl.manifest, circuit, self.path, self.kind)

    def stated(self, circuit: Circuit) -> Stated:
        """See :class:`DeviceUnderTest`."""
        return stated_by(self.rtl.manifest, circuit, self.path, self.rtl.version)

    def claimed_head(self) -> tuple[Sequence[int], Sequence[int]]:
        """See :class:`DeviceUnderTest`."""
        return self.rtl.manifest.group_sizes, self.rtl.manifest.bias

    def build(self, folder: Path) -> Simulator:
        """See :class:`DeviceUnderTest`."""
        return simulator_for(self.rtl, self.lanes, folder, self.options)

    def views(self) -> tuple[View, ...]:
        """Lanes have leaves of their own (adders, comparisons) in the head: those of the hardware need a run too."""
        if self.lanes == 1 or self.options.lanes or self.rtl.manifest.nodes > _ONE_LANE_UP_TO:
            return ()
        return (View("one lane", lambda folder: simulator_for(self.rtl, 1, folder, self.options)),)

    def locate(self, circuit: Circuit, reference: Reference, mismatch: Mismatch, folder: Path) -> Location | None:
        """The first gate line that differs; see :func:`lgc.verify.triage.locate`."""
        del circuit
        return locate(self.rtl, reference, mismatch.bits, folder, self.options.timeout)

    def one_lane(self) -> VerilogText:
        """The same text as hardware sees it, in Verilator."""
        return VerilogText(self.rtl, VerifyOptions(1, self.options.timeout))

    def instead(self, rtl: Rtl) -> VerilogText:
        """Another text in its place, run in the same way; one that was synthesised takes a sample at a time."""
        return VerilogText(rtl, replace(self.options, lanes=1))


def results_of(manifest: Manifest) -> tuple[str, ...]:
    """The results that are ports."""
    return tuple(name for name in ("scores", "class_id") if manifest.port(name))


def stated_by(manifest: Manifest, circuit: Circuit, path: Path, version: str) -> Stated:
    """A manifest, and the one of a circuit behind the same choice of ports and clocks.

    Args:
        path: of the file that it describes.
        version: of lgc, as that file says.
    """
    shape = HeadShape.of(circuit)
    outputs = "both" if len(results_of(manifest)) > 1 else "scores" if manifest.port("scores") else "class"
    expected = Manifest.of(
        circuit,
        top=manifest.top,
        ports=top_ports(circuit, shape, clocked=manifest.latency > 0, outputs=outputs),
        latency=manifest.latency,
        score_width=shape.score,
        score_signed=shape.signed,
        interval=manifest.interval,
    )
    expected = replace(expected, lgc=version, interface=Wrapper.stated(manifest, expected))
    given, wanted = (json.loads(one.to_json()) for one in (manifest, expected))
    return Stated("the manifest", str(path), given, wanted)


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
        check_thresholds(manifest_of(path), _thresholds(manifest), circuit)


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
