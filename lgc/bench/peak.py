"""What one core does at most, measured: the bound beside what a kernel does."""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lgc.backend.c import KernelCounts
from lgc.runtime import library
from lgc.tools.watchdog import scratch

TERNARY_BITS = 512
"""Words that have functions of three in one instruction."""
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
        functions: of three words that were made shortly before, in a second; 0 where that is no instruction.
    """

    word_bits: int
    operations: float
    loads: float
    functions: float = 0.0

    def images(self, counts: KernelCounts) -> dict[str, float]:
        """Images a second if nothing counted but a kernel's operations, its functions of three words, or its loads."""
        bounds = {"operations": self.word_bits * self.operations / max(1, counts.operations)}
        if self.functions and counts.functions:
            bounds["functions of three words"] = self.word_bits * self.functions / counts.functions
        return bounds | {"loads": self.word_bits * self.loads / max(1, counts.reads)}


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
        bits = int(code.word_bits())
        measured = (code.operations, code.loads, *([code.functions] if bits == TERNARY_BITS else []))
        return Peak(bits, *(_rate(run, start, repeats) for run in measured))


def _rate(run: Callable[..., object], memory: ctypes.c_void_p, repeats: int) -> float:
    best = 0.0
    for _ in range(repeats):
        begun = time.thread_time()
        run(memory, ctypes.c_size_t(_ROUNDS))
        best = max(best, _ROUNDS * _CHAINS / (time.thread_time() - begun))
    return best
