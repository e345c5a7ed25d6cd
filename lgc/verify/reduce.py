"""A vector on which hardware and model differ, reduced to few inputs that are one."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Bits = NDArray[np.bool_]
Differs = Callable[[Bits], Bits]

_ROUNDS = 200


def reduce_vector(
    bits: Bits, differs: Differs, project: Callable[[Bits], Bits] = lambda bits: bits, seconds: float = 60.0
) -> Bits:
    """Clear inputs, in ever smaller chunks, while the vector still shows the difference (delta debugging).

    Args:
        bits: bool (I,), on which ``differs`` holds.
        differs: for vectors (B, I) whether each shows a difference, bool (B,).
        project: brings vectors back among those that are meant.
        seconds: when to be content: no round begins after them.

    Returns:
        bool (I,): none of its ones can be cleared alone, unless rounds or time ran out.
    """
    end = time.monotonic() + seconds
    size = max(1, int(bits.sum()) // 2)
    for _ in range(_ROUNDS):
        ones = np.flatnonzero(bits)
        if not len(ones) or time.monotonic() > end:
            break
        chunks = [ones[start : start + size] for start in range(0, len(ones), size)]
        candidates = np.concatenate([_without(bits, chunk, project) for chunk in chunks])
        fewer = candidates.sum(axis=1) < len(ones)
        good = [chunk for chunk, wrong in zip(chunks, differs(candidates) & fewer, strict=True) if wrong]
        if good:
            together = [_without(bits, np.concatenate(good[: k + 1]), project) for k in range(len(good))]
            bits = _last(together, differs)
        elif size == 1:
            break
        else:
            size //= 2
    return bits


def _without(bits: Bits, places: NDArray[np.int64], project: Callable[[Bits], Bits]) -> Bits:
    cleared = bits.copy()
    cleared[places] = False
    return project(cleared[None])


def _last(candidates: list[Bits], differs: Differs) -> Bits:
    """The last that differs: the one with the most inputs cleared."""
    stacked = np.concatenate(candidates)
    found: Bits = stacked[np.flatnonzero(differs(stacked))[-1]]
    return found
