"""What one core does at most, measured: the bound beside what a kernel does."""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lgc.runtime import library
from lgc.tools.watchdog import scratch

_CHAINS = 12  # of peak.c
_BYTES = 64 * (_CHAINS + 2)
_ROUNDS = 200_000


@dataclass(frozen=True)
class Peak:
    """Of one core, on words as wide as the C code's.

    Attributes:
        word_bits: samples in a word.
        operations: AND, OR, XOR and the like on words, in a second.
        loads: of words from the first cache, in a second.
    """

    word_bits: int
    operations: float
    loads: float

    def images(self, operations: int, reads: int) -> tuple[float, float]:
        """Images a second if nothing but the operations of a kernel counted, and if nothing but its loads did."""
        return self.word_bits * self.operations / max(1, operations), self.word_bits * self.loads / max(1, reads)


def measure_peak(repeats: int = 9) -> Peak:
    """Measure it on this core; the best of several runs.

    Raises:
        MissingToolError, ToolError: there is no working C compiler.
    """
    with scratch("lgc-peak-") as folder:
        path = folder / "peak.so"
        library.compile_source(Path(__file__).with_name("peak.c"), path)
        code = ctypes.CDLL(str(path))
        memory = ctypes.create_string_buffer(_BYTES + 64)
        start = ctypes.c_void_p((ctypes.addressof(memory) + 63) // 64 * 64)
        rates = [_rate(run, start, repeats) for run in (code.operations, code.loads)]
        return Peak(int(code.word_bits()), *rates)


def _rate(run: Callable[..., object], memory: ctypes.c_void_p, repeats: int) -> float:
    best = 0.0
    for _ in range(repeats):
        begun = time.thread_time()
        run(memory, ctypes.c_size_t(_ROUNDS))
        best = max(best, _ROUNDS * _CHAINS / (time.thread_time() - begun))
    return best
