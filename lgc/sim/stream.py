"""A streaming circuit in Verilator, under a driver of our own: a clock of cocotb would cost more than the circuit's."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgc.backend.manifest import Manifest
from lgc.errors import NotCheckedError
from lgc.sim.verilator import build_program
from lgc.tools.run import Setup, or_not_checked, reason, run

_DRIVER = Path(__file__).with_name("stream_driver.cpp")
_IDLE_LIMIT = 4096
"""Clocks for which nothing may happen, besides those that a frame and its result take."""


@dataclass(frozen=True)
class Frame:
    """A frame as it is sent.

    Attributes:
        row: which image.
        beats: how many are sent; the last one has tlast.
        gaps, waits: of 256 clocks, those without a beat, and those in which no result is taken; what is above 256 are
            clocks, from its first one on, in which none is.
        settle: clocks without a beat behind it; -1 is until all results are there.
        reset: a reset stands in the place of the last beat.
        optional: a reset may come before its result.
    """

    row: int
    beats: int
    gaps: int = 0
    waits: int = 0
    settle: int = 0
    reset: bool = False
    optional: bool = False


@dataclass(frozen=True, eq=False)
class Streaming:
    """What came out of frames.

    Attributes:
        frame: int64 (R,), of each result its frame; -1 where nobody waited for one.
        came: int64 (R,), the clock at which it was there.
        flag: bool (R,), tuser.
        reply: uint8 (R, bytes).
        first, last: int64 (frames,), the clocks that took a frame's first and last pixel; -1 for none.
        errors: pulses of ``frame_error``.
        faults: what the protocol forbids, as sentences.
    """

    frame: NDArray[np.int64]
    came: NDArray[np.int64]
    flag: NDArray[np.bool_]
    reply: NDArray[np.uint8]
    first: NDArray[np.int64]
    last: NDArray[np.int64]
    errors: int
    faults: tuple[str, ...]


@dataclass
class StreamSimulator:
    """A simulator of a streaming circuit, built in a folder.

    Attributes:
        manifest: of the text.
        folder: for all files; it exists.
        timeout: seconds that a run may take.
        mutant: of a text with faults to choose from, which one is there; 0 is none of them.
    """

    manifest: Manifest
    folder: Path
    timeout: float = 3600.0
    mutant: int = 0
    program: Path = field(init=False)

    def build(self, source: Path, *, mutants: bool = False) -> None:
        """Build the program that simulates a file.

        Args:
            mutants: the text has faults to choose from.

        Raises:
            MissingToolError: Verilator or a C++ compiler is missing.
            ToolError: one of them failed; what it printed is in the folder.
        """
        macros = {"LGC_MUTANTS": 1} if mutants else {}
        self.program = build_program(source, self.manifest.top, _DRIVER, self.folder, macros)

    def send(
        self, beats: NDArray[np.uint8], frames: Sequence[Frame], progress: Callable[[int], None] | None = None
    ) -> Streaming:
        """Send frames.

        Args:
            beats: uint8 (images, pixels, bytes), what a whole frame of each image is.
            progress: called with the number of frames sent.

        Raises:
            NotCheckedError: the simulation did not run to its end.
        """
        folder = self.folder
        for name in ("results.bin", "progress"):
            (folder / name).unlink(missing_ok=True)
        (folder / "beats.bin").write_bytes(beats.tobytes())
        plan = (struct.pack("<6q", f.row, f.beats, f.gaps, f.waits, f.settle, int(f.reset)) for f in frames)
        (folder / "plan.bin").write_bytes(b"".join(plan))
        stream = self._stream
        limit = _IDLE_LIMIT + (stream["frames"] + 8) * (self.manifest.latency + self.manifest.interval)
        numbers = (stream["beat_bytes"], stream["reply_bytes"], beats.shape[1], limit, self.mutant)
        log = folder / "simulation.log"
        setup = Setup(folder=folder, timeout=self.timeout)

        def tick() -> None:
            if progress:
                progress(self._done())

        with or_not_checked():
            code = run([str(self.program), *map(str, numbers)], log, setup, what="the simulation", tick=tick)
        if not (folder / "results.bin").exists():
            raise NotCheckedError(f"the simulation did not run to its end: {reason(log, code)}",
                                  hint=f"Its log is {log}")  # fmt: skip
        return self._read(len(frames))

    @property
    def _stream(self) -> dict[str, Any]:
        assert self.manifest.stream is not None
        return self.manifest.stream

    def _done(self) -> int:
        try:
            return int((self.folder / "progress").read_text() or 0)
        except (OSError, ValueError):
            return 0

    def _read(self, count: int) -> Streaming:
        size = self._stream["reply_bytes"]
        kind = np.dtype([("frame", "<i8"), ("came", "<i8"), ("flag", "u1"), ("reply", "u1", (size,))])
        raw, clocks = (self.folder / "results.bin").read_bytes(), (self.folder / "frames.bin").read_bytes()
        faults = tuple((self.folder / "faults.txt").read_text().splitlines())
        if (len(raw) - 16) % kind.itemsize or len(clocks) % 16 or (len(clocks) != 16 * count and not faults):
            raise NotCheckedError(f"the simulation wrote {len(raw)} and {len(clocks)} bytes: not checked")
        table, ends = np.frombuffer(raw[:-16], kind), np.frombuffer(clocks, "<i8").reshape(-1, 2)
        return Streaming(
            table["frame"], table["came"], table["flag"].astype(np.bool_), table["reply"], ends[:, 0], ends[:, 1],
            int.from_bytes(raw[-8:], "little"), faults,
        )  # fmt: skip
