"""Waveforms of a few vectors, by Verilator."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from lgc.errors import LgcError, OptionError
from lgc.files import replacing
from lgc.sim.verilator import VerilatorSimulator
from lgc.tools.watchdog import gone_if_killed
from lgc.verify.comparison import Comparison
from lgc.verify.formats.verilog import VerilogText
from lgc.verify.report import Report
from lgc.verify.vectors import Bits, VectorSet

_MOST_VECTORS = 16


def check_waves(target: Path | None) -> None:
    """Refuse a waveform file of an unknown format.

    Raises:
        OptionError: so it is.
    """
    if target and _format(target) not in ("vcd", "fst"):
        raise OptionError(f"--waves {target}", hint="The file's suffix is .vcd or .fst")


def write_waves(comparison: Comparison[VerilogText], report: Report, sets: Sequence[VectorSet], target: Path) -> None:
    """Waveforms of the vector that differs, else of the first ones; an obstacle does not hide a difference.

    Args:
        report: of a check of these sets; it is told of an obstacle.
        target: a ``.vcd`` or ``.fst`` file.

    Raises:
        LgcError: they cannot be made or written, and there is no difference.
    """
    comparison.progress.step("waves")
    shown = np.concatenate([one.bits[:_MOST_VECTORS] for one in sets])[:_MOST_VECTORS]
    if report.mismatch is not None:
        shown = report.mismatch.bits[None]
    try:
        _simulate(comparison.within("waves"), shown, target)
    except LgcError as error:
        if report.mismatch is None:
            raise
        report.problems.append(f"the waveforms could not be written: {error}")  # the difference is the news


def _simulate(comparison: Comparison[VerilogText], bits: Bits, target: Path) -> None:
    device, folder = comparison.device, comparison.folder
    folder.mkdir(parents=True)
    # First: a folder that cannot be written is noticed before the build.
    with replacing(target) as temporary, gone_if_killed(temporary.resolve()):
        manifest, timeout = device.rtl.manifest, device.options.timeout
        simulator = VerilatorSimulator(manifest, folder, timeout=timeout, trace=_format(target))
        simulator.build(device.path.resolve())
        simulator.run(bits, trace_file=temporary.resolve())


def _format(path: Path) -> str:
    return path.suffix.lstrip(".").lower()
