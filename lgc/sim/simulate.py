"""What every simulator is: built from a text, run on vectors, and the bits that it writes made sense of."""

from __future__ import annotations

import json
import os
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypedDict

import numpy as np
from numpy.typing import NDArray

from lgc.backend.manifest import Manifest
from lgc.errors import NotCheckedError
from lgc.ir import interp
from lgc.sim.schedule import Clock, schedule, timing_fault
from lgc.tools.find import missing
from lgc.tools.run import Setup, or_not_checked, reason, run

Bits = NDArray[np.bool_]


@dataclass(frozen=True)
class Internal:
    """A signal inside the design: hierarchical path below the top, and width in bits."""

    path: str
    width: int


@dataclass(frozen=True, eq=False)
class Observed:
    """What the design showed for B vectors.

    Attributes:
        scores: int64 (B, C), or None if they are no port.
        classes: int64 (B,), or None if it is no port.
        internal: per requested signal, bool (B, width).
        timing: what ``out_valid`` did that it must not, as a sentence; None if nothing.
    """

    scores: NDArray[np.int64] | None
    classes: NDArray[np.int64] | None
    internal: dict[str, Bits]
    timing: str | None = None


class SimulationJob(TypedDict):
    """What a simulator is to do, as its ``job.json`` says; stimulus and results lie beside it as raw bytes.

    Keys:
        folder: holds all files.
        rows, row_bytes: of the stimulus, one row an evaluation.
        port: that the rows go to.
        clocks: of a clocked design: (row, ``in_valid``, ``rst``, row whose result is due after the edge or -1).
        outputs: name and width in bits of what is recorded.
        internal: path and width of signals inside the design that are too.
    """

    folder: str
    rows: int
    row_bytes: int
    port: str
    clocks: list[tuple[int, bool, bool, int]]
    outputs: list[tuple[str, int]]
    internal: list[tuple[str, int]]


@dataclass
class Simulator(ABC):
    """What simulates a Verilog text, built in a folder.

    Attributes:
        manifest: of the text.
        folder: for all files; it exists.
        lanes: samples per evaluation; 1 is the text as hardware sees it.
        timeout: seconds that a run may take.
        program: what :meth:`build` built.
    """

    manifest: Manifest
    folder: Path
    lanes: int = 1
    timeout: float = 3600.0
    program: Path = field(init=False)

    @abstractmethod
    def build(self, source: Path) -> None:
        """Build the program that simulates a file.

        Raises:
            MissingToolError: what it takes is missing.
            ToolError: it failed; what it printed is in the folder.
        """

    @abstractmethod
    def command(self, trace_file: Path | None = None) -> list[str]:
        """What runs the job that lies in the folder.

        Args:
            trace_file: waveforms to write.
        """

    def prepare(self, job: SimulationJob) -> None:
        """Write what the program needs besides ``job.json``."""
        del job

    def environment(self) -> Mapping[str, str]:
        """The process environment: that of a simulator under cocotb."""
        return simulator_environment(self.manifest.top, self.folder)

    def run(
        self,
        bits: Bits,
        *,
        internal: Sequence[Internal] = (),
        trace_file: Path | None = None,
        progress: Callable[[int], None] | None = None,
    ) -> Observed:
        """Simulate vectors.

        Args:
            bits: bool (B, I), encoded inputs.
            internal: signals to record too; only with one lane.
            progress: called with the number of vectors done.

        Raises:
            NotCheckedError: the simulation did not run to its end.
        """
        rows = _stimulus(bits, self.lanes)
        clocks = self._clocks(len(rows))
        job = self._job(rows, clocks, internal)
        self._execute(trace_file, progress)
        outputs, inside = job["outputs"], job["internal"]
        columns = self._results(len(rows), [width for _, width in outputs + inside])
        ports = dict(zip([name for name, _ in outputs], columns, strict=False))
        inner = zip([path for path, _ in inside], columns[len(outputs) :], strict=True)
        valid = self._valid(len(clocks) or len(rows))
        return Observed(
            scores=self._scores(ports.get("scores"), len(bits)),
            classes=self._classes(ports.get("class_id"), len(bits)),
            internal={path: values[: len(bits)] for path, values in inner},
            timing=timing_fault(clocks, valid, self.manifest.latency),
        )

    def _clocks(self, rows: int) -> list[Clock]:
        manifest = self.manifest
        return schedule(rows, manifest.latency, manifest.interval) if manifest.latency else []

    def _job(self, rows: NDArray[np.uint8], clocks: list[Clock], internal: Sequence[Internal]) -> SimulationJob:
        """The job, written down for the program."""
        ports = [port for port in self.manifest.ports if port.direction == "output" and port.name != "out_valid"]
        job: SimulationJob = {
            "folder": str(self.folder),
            "rows": len(rows),
            "row_bytes": rows.shape[1],
            "port": self.manifest.input_port,
            "clocks": [(clock.row, clock.valid, clock.reset, clock.due) for clock in clocks],
            "outputs": [(port.name, port.width * self.lanes) for port in ports],
            "internal": [(signal.path, signal.width) for signal in internal],
        }
        (self.folder / "stimulus.bin").write_bytes(rows.tobytes())
        (self.folder / "job.json").write_text(json.dumps(job))
        self.prepare(job)
        return job

    def _execute(self, trace_file: Path | None, progress: Callable[[int], None] | None) -> None:
        results = self.folder / "results.bin"
        results.unlink(missing_ok=True)
        (self.folder / "valid.bin").unlink(missing_ok=True)
        (self.folder / "progress").unlink(missing_ok=True)
        log = self.folder / "simulation.log"
        writes = (trace_file.parent,) if trace_file else ()
        setup = Setup(folder=self.folder, environment=self.environment(), timeout=self.timeout, writes=writes)

        def tick() -> None:
            if progress:
                progress(self._done() * self.lanes)

        with or_not_checked():
            code = run(self.command(trace_file), log, setup, what="the simulation", tick=tick)
        if not results.exists():
            why = reason(log, code)
            raise NotCheckedError(f"the simulation did not run to its end: {why}", hint=f"Its log is {log}")

    def _done(self) -> int:
        try:
            return int((self.folder / "progress").read_text() or 0)
        except (OSError, ValueError):
            return 0

    def _results(self, evaluations: int, widths: list[int]) -> list[Bits]:
        """Per signal, bool (evaluations, width)."""
        sizes = [-(-width // 8) for width in widths]
        raw = np.frombuffer((self.folder / "results.bin").read_bytes(), np.uint8)
        if raw.size != evaluations * sum(sizes):
            raise NotCheckedError(f"the simulation wrote {raw.size} bytes, not {evaluations * sum(sizes)}: not checked")
        table = raw.reshape(evaluations, sum(sizes))
        ends = np.cumsum(sizes)
        return [
            np.unpackbits(table[:, end - size : end], axis=1, bitorder="little", count=width).astype(np.bool_)
            for end, size, width in zip(ends, sizes, widths, strict=True)
        ]

    def _valid(self, steps: int) -> NDArray[np.uint8]:
        """``out_valid`` after each step, uint8 (steps,)."""
        file = self.folder / "valid.bin"
        seen = np.frombuffer(file.read_bytes() if file.exists() else b"", np.uint8)
        if seen.size != steps:
            raise NotCheckedError(f"the simulation wrote out_valid of {seen.size} clocks, not {steps}: not checked")
        return seen

    def _scores(self, values: Bits | None, vectors: int) -> NDArray[np.int64] | None:
        if values is None:
            return None
        manifest = self.manifest
        fields = self._samples(values).reshape(-1, len(manifest.classes), manifest.score_width)
        return _integers(fields, signed=manifest.score_signed)[:vectors]

    def _classes(self, values: Bits | None, vectors: int) -> NDArray[np.int64] | None:
        if values is None:
            return None
        port = self.manifest.port("class_id")
        assert port is not None
        return _integers(self._samples(values), signed=False)[:vectors]

    def _samples(self, values: Bits) -> Bits:
        """Rows of an evaluation, net i of lane k at i*lanes + k, to rows of a sample."""
        nets = values.shape[1] // self.lanes
        return values.reshape(-1, nets, self.lanes).swapaxes(1, 2).reshape(-1, nets)


def _integers(fields: Bits, *, signed: bool) -> NDArray[np.int64]:
    """Bits (..., w), least significant first, to numbers."""
    weights = np.int64(1) << np.arange(fields.shape[-1], dtype=np.int64)
    if signed:
        weights[-1] = -weights[-1]
    return (fields * weights).sum(axis=-1)


def _stimulus(bits: Bits, lanes: int) -> NDArray[np.uint8]:
    """Rows of bytes, one an evaluation: net i of lane k is bit i*lanes + k."""
    if lanes == 1:
        return np.packbits(bits, axis=1, bitorder="little")
    assert lanes == 64, "a lane vector is one machine word"
    words = interp.pack(bits)
    return np.ascontiguousarray(words.T).astype("<u8").view(np.uint8)


def cocotb_config() -> Any:
    """cocotb's module of paths.

    Raises:
        MissingToolError: cocotb is not installed.
    """
    try:
        from cocotb_tools import config
    except ImportError:
        raise missing("cocotb") from None
    return config


def simulator_environment(top: str, folder: Path) -> dict[str, str]:
    """What cocotb needs to find Python, the testbench and the top module."""
    import find_libpython

    config = cocotb_config()
    libpython = find_libpython.find_libpython()
    if libpython is None:
        raise NotCheckedError(
            "this Python has no shared library, which a simulator needs to run cocotb: not checked",
            hint="Use a Python built with --enable-shared (Debian: python3 with libpython3)",
        )
    return os.environ | {
        "GPI_USERS": f"{libpython};{config.pygpi_entry_point()}",
        "PYGPI_PYTHON_BIN": sys.executable,
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        "COCOTB_TOPLEVEL": top,
        "COCOTB_TEST_MODULES": "lgc.sim.testbench",
        "COCOTB_RESULTS_FILE": str(folder / "cocotb.xml"),
        "COCOTB_LOG_LEVEL": "WARNING",
        "COCOTB_ANSI_OUTPUT": "0",
        "TOPLEVEL_LANG": "verilog",
        "LGC_SIM_JOB": str(folder / "job.json"),
    }
