"""One simulator that holds all mutants, and which vector shows which of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lgc.backend.manifest import Manifest
from lgc.backend.verilog.rtl import Rtl
from lgc.errors import NotCheckedError
from lgc.sim.schedule import schedule
from lgc.sim.simulate import simulator_environment
from lgc.sim.verilator import BuildOptions, build
from lgc.tools.run import Setup, or_not_checked, reading, reason, run
from lgc.verify.mutate.text import SELECT, Edit, choose

Bits = NDArray[np.bool_]
TIMING = -2
"""Instead of a vector: ``out_valid`` shows it."""


class Screen:
    """A simulator of a text with faults behind a choice; one lane, the text as hardware sees it.

    Args:
        faults: per fault its edits.
        folder: an empty folder to build in.
    """

    def __init__(self, rtl: Rtl, faults: Sequence[Sequence[Edit]], folder: Path, timeout: float) -> None:
        folder.mkdir(parents=True)
        self._manifest, self._folder, self._timeout = rtl.manifest, folder, timeout
        source = folder / "mutants.v"
        source.write_text(choose(rtl.text, rtl.manifest.top, faults), encoding="utf-8")
        ports = [(port.name, port.direction) for port in rtl.manifest.ports]
        options = BuildOptions(rtl.manifest.top)
        self._program = build(source, [*ports, (SELECT, "input")], options, folder)

    def run(
        self, mutants: Sequence[int], bits: Bits, scores: NDArray[np.int64], classes: NDArray[np.int64]
    ) -> list[int | None]:
        """Simulate mutants (0 is the text without a fault), each until it shows.

        Args:
            bits: bool (B, I), vectors, in the order they are tried.
            scores, classes: what is right, int64 (B, C) and (B,).

        Returns:
            Per mutant the index of the first vector that shows it, :data:`TIMING`, or None if none does.

        Raises:
            NotCheckedError: the simulation did not run to its end.
        """
        manifest, folder = self._manifest, self._folder
        clocks = schedule(len(bits), manifest.latency, manifest.interval) if manifest.latency else []
        stimulus = np.packbits(bits, axis=1, bitorder="little")
        (folder / "stimulus.bin").write_bytes(stimulus.tobytes())
        outputs = []
        for name, expected in _expected(manifest, scores, classes).items():
            (folder / f"{name}.bin").write_bytes(expected.tobytes())
            outputs.append((name, expected.shape[1]))
        job = {
            "folder": str(folder),
            "row_bytes": stimulus.shape[1],
            "port": manifest.input_port,
            "clocks": [(clock.row, clock.valid, clock.reset, clock.due) for clock in clocks],
            "outputs": outputs,
            "mutants": list(mutants),
        }
        (folder / "job.json").write_text(json.dumps(job))
        self._execute()
        with reading("the mutants' simulation", folder):
            shown = [int(row) for row in json.loads((folder / "shown.json").read_text())]
        if len(shown) != len(mutants):
            raise NotCheckedError(f"{len(shown)} of {len(mutants)} mutants were simulated: not checked")
        return [None if row == -1 else row for row in shown]

    def _execute(self) -> None:
        (self._folder / "shown.json").unlink(missing_ok=True)
        log = self._folder / "simulation.log"
        environment = simulator_environment(self._manifest.top, self._folder)
        environment["COCOTB_TEST_MODULES"] = "lgc.verify.mutate.testbench"
        setup = Setup(folder=self._folder, environment=environment, timeout=self._timeout)
        with or_not_checked():
            code = run([str(self._program)], log, setup, what="the mutants' simulation")
        if not (self._folder / "shown.json").exists():
            raise NotCheckedError(f"the mutants' simulation did not run to its end: {reason(log, code)}")


def _expected(
    manifest: Manifest, scores: NDArray[np.int64], classes: NDArray[np.int64]
) -> dict[str, NDArray[np.uint8]]:
    """Bytes (B, n) of each output port."""
    found = {}
    if manifest.port("scores"):
        bits = (scores[:, :, None] >> np.arange(manifest.score_width)) & 1
        found["scores"] = np.packbits(bits.reshape(len(bits), -1).astype(np.bool_), axis=1, bitorder="little")
    if port := manifest.port("class_id"):
        bits = (classes[:, None] >> np.arange(port.width)) & 1
        found["class_id"] = np.packbits(bits.astype(np.bool_), axis=1, bitorder="little")
    return found
