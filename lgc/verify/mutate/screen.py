"""One simulator that holds all mutants, and which vector shows which of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lgc.backend.manifest import Manifest
from lgc.backend.verilog.rtl import Rtl
from lgc.errors import NotCheckedError
from lgc.sim.schedule import schedule
from lgc.sim.verilator import build_program
from lgc.tools.run import Setup, or_not_checked, reading, reason, run
from lgc.verify.mutate.text import Edit, choose

Bits = NDArray[np.bool_]
TIMING = -2
"""Instead of a vector: ``out_valid`` shows it."""
_UNSHOWN = -1
_DRIVER = Path(__file__).with_name("screen_driver.cpp")


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
        self._program = build_program(source, rtl.manifest.top, _DRIVER, folder, _macros(rtl.manifest))

    def run(
        self,
        mutants: Sequence[int],
        bits: Bits,
        scores: NDArray[np.int64],
        classes: NDArray[np.int64],
        progress: Callable[[int], None] | None = None,
    ) -> list[int | None]:
        """Simulate mutants (0 is the text without a fault), each until it shows.

        Args:
            bits: bool (B, I), vectors, in the order they are tried.
            scores, classes: what is right, int64 (B, C) and (B,).
            progress: called with the number of mutants done.

        Returns:
            Per mutant the index of the first vector that shows it, :data:`TIMING`, or None if none does.

        Raises:
            NotCheckedError: the simulation did not run to its end.
        """
        manifest, folder = self._manifest, self._folder
        clocks = schedule(len(bits), manifest.latency, manifest.interval) if manifest.latency else []
        table = [(clock.row, clock.valid, clock.reset, clock.due) for clock in clocks]
        stimulus = np.packbits(bits, axis=1, bitorder="little")
        files = {"stimulus": stimulus, "mutants": np.array(mutants, "<i8"), "clocks": np.array(table, "<i8")}
        for name, values in (files | _expected(manifest, scores, classes)).items():
            (folder / f"{name}.bin").write_bytes(values.tobytes())
        self._execute(stimulus.shape[1], progress)
        with reading("the mutants' simulation", folder):
            shown = np.frombuffer((folder / "shown.bin").read_bytes(), "<i8").tolist()
        if len(shown) != len(mutants):
            raise NotCheckedError(f"{len(shown)} of {len(mutants)} mutants were simulated: not checked")
        return [None if row == _UNSHOWN else row for row in shown]

    def _execute(self, row_bytes: int, progress: Callable[[int], None] | None) -> None:
        for name in ("shown.bin", "progress"):
            (self._folder / name).unlink(missing_ok=True)
        log, setup = self._folder / "simulation.log", Setup(folder=self._folder, timeout=self._timeout)

        def tick() -> None:
            if progress:
                progress(self._done())

        with or_not_checked():
            code = run([str(self._program), str(row_bytes)], log, setup, what="the mutants' simulation", tick=tick)
        if not (self._folder / "shown.bin").exists():
            raise NotCheckedError(f"the mutants' simulation did not run to its end: {reason(log, code)}")

    def _done(self) -> int:
        try:
            return int((self._folder / "progress").read_text() or 0)
        except (OSError, ValueError):
            return 0


def _macros(manifest: Manifest) -> dict[str, str | int]:
    """What ports there are, for the driver: of an output how many bytes a row of it has."""
    found: dict[str, str | int] = {"LGC_INPUT": manifest.input_port}
    for name, macro in (("scores", "LGC_SCORES"), ("class_id", "LGC_CLASS")):
        if port := manifest.port(name):
            found[macro] = -(-port.width // 8)
    return found | ({"LGC_CLOCKED": 1} if manifest.latency else {})


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
