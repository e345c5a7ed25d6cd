"""The one protocol of progress: whoever works tells it, whoever shows it listens."""

from __future__ import annotations

import math
import sys
import threading
import time
from contextlib import suppress
from typing import Protocol, TextIO

_MOVING, _STANDING = 0.1, 10.0
"""Seconds between two lines, where they replace each other and where they stay."""


class Progress(Protocol):
    """Hears how far a piece of work has come. Implementations may be called from several threads."""

    def step(self, name: str, done: int = 0, total: int | None = None) -> None:
        """A step has begun or gone on.

        Args:
            name: what is done, for people: ``simulate``, ``yosys: abc9``.
            done: how much of it; 0 at its beginning.
            total: of how much, if that is known.
        """

    def note(self, text: str) -> None:
        """A line worth keeping: an epoch's accuracy, a measurement."""


class Silence:
    """Progress that nobody watches."""

    def step(self, name: str, done: int = 0, total: int | None = None) -> None:
        """See :class:`Progress`."""

    def note(self, text: str) -> None:
        """See :class:`Progress`."""


class Within:
    """Progress of a part of the work: its steps bear the part's name in front.

    Args:
        progress: of all of it.
        part: for people: ``3 register stages``.
    """

    def __init__(self, progress: Progress, part: str) -> None:
        self._progress, self._part = progress, part

    def step(self, name: str, done: int = 0, total: int | None = None) -> None:
        """See :class:`Progress`."""
        self._progress.step(f"{self._part}: {name}", done, total)

    def note(self, text: str) -> None:
        """See :class:`Progress`."""
        self._progress.note(f"{self._part}: {text}")


class ProgressLine:
    """Progress as text: a line that is written over and over in a terminal or a notebook, else one now and then.

    Args:
        every_note: every note is a line of its own.
        stream: where to; by default standard output.
    """

    def __init__(self, *, every_note: bool = False, stream: TextIO | None = None) -> None:
        self._stream = stream if stream is not None else sys.stdout
        self._every_note = every_note
        self._moves = self._stream.isatty() or type(self._stream).__module__.startswith("ipykernel")
        self._lock = threading.Lock()
        self._told, self._part, self._width, self._at = "", "", 0, -math.inf

    def step(self, name: str, done: int = 0, total: int | None = None) -> None:
        """See :class:`Progress`."""
        with self._lock:
            self._part = f"{name} {done / total:4.0%}" if total else name
            if not self._every_note:
                self._show()

    def note(self, text: str) -> None:
        """See :class:`Progress`."""
        with self._lock:
            if self._every_note or not text.startswith("epoch "):
                self._write(text, "\n")
            else:
                self._told = text

    def close(self) -> None:
        """Show the last of it, and end the line."""
        with self._lock:
            if self._part and not self._every_note:
                self._at = -math.inf
                self._show()
                if self._moves:
                    self._stream.write("\n")
            self._stream.flush()

    def _show(self) -> None:
        now = time.monotonic()
        if now - self._at >= (_MOVING if self._moves else _STANDING):
            self._at = now
            self._write(f"{self._part}  {self._told}", "" if self._moves else "\n")

    def _write(self, text: str, end: str) -> None:
        text = text.rstrip()
        self._stream.write(f"\r{text:<{self._width}}{end}" if self._moves else f"{text}{end}")
        self._width = 0 if end else len(text)
        self._stream.flush()


class PlainLines:
    """Progress as lines that stay, for logs and dumb terminals: one every ten seconds, also while a step says nothing.

    Args:
        stream: where to.
        every_step: whether each step leaves a line with the time that it took.
        every: seconds between two lines.
    """

    def __init__(self, stream: TextIO, *, every_step: bool = False, every: float = _STANDING) -> None:
        self._stream, self._every_step, self._every = stream, every_step, every
        self._lock, self._ended = threading.Lock(), threading.Event()
        self._began = self._since = time.monotonic()
        self._name, self._done = "", 0
        self._total: int | None = None
        self._beats: threading.Thread | None = None

    def step(self, name: str, done: int = 0, total: int | None = None) -> None:
        """See :class:`Progress`."""
        with self._lock:
            if name != self._name:
                self._leave()
                self._name, self._since = name, time.monotonic()
            self._done, self._total = done, total
            if self._beats is None:
                self._beats = threading.Thread(target=self._beat, daemon=True)
                self._beats.start()

    def note(self, text: str) -> None:
        """See :class:`Progress`."""
        with self._lock:
            self._write(text)

    def close(self) -> None:
        """Stop; the last step is over."""
        self._ended.set()
        with self._lock:
            self._leave()
            self._name = ""

    def _leave(self) -> None:
        if self._every_step and self._name:
            self._write(f"{self._name}: {time.monotonic() - self._since:.1f} s")

    def _beat(self) -> None:
        while not self._ended.wait(self._every):
            with self._lock:
                if self._name:
                    self._write(self._line())

    def _line(self) -> str:
        now = time.monotonic()
        spent = now - self._since
        line = f"{clock(now - self._began)}  {self._name}"
        if not self._total:
            return f"{line}, for {clock(spent)} so far"
        line += f", {self._done:,} of {self._total:,} ({self._done / self._total:.0%})"
        return f"{line}, about {clock(spent * (self._total / self._done - 1))} left" if self._done else line

    def _write(self, text: str) -> None:
        with suppress(OSError, ValueError):  # nobody reads it any more: the work goes on
            self._stream.write(f"{text}\n")
            self._stream.flush()


def clock(seconds: float) -> str:
    """A time for people: 0:07, 12:30, 1:02:03."""
    minutes, rest = divmod(max(0, round(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
