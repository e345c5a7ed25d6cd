"""Sums over the candidates of top-k wires: what is between a layer's inputs and its operands.

All of it is feature-major: inputs x (D, B), operands (M, B), candidates int64 (M, K).
"""

from __future__ import annotations

from functools import cache
from typing import Protocol

import torch
from torch import Tensor

from lgc.tools.cache import lend_home
from lgc.train.candidates import blocks


class Sums(Protocol):
    """The three sums of a choice among candidates, of which each has a probability p (M, K)."""

    def mixture(self, x: Tensor, p: Tensor, candidates: Tensor) -> Tensor:
        """(M, B): ``sum_k p[m, k] x[candidates[m, k]]``."""

    def by_candidate(self, x: Tensor, upstream: Tensor, candidates: Tensor) -> Tensor:
        """(M, K): ``sum_b upstream[m, b] x[candidates[m, k], b]``, the gradient of a mixture by its p."""

    def by_input(self, upstream: Tensor, p: Tensor, candidates: Tensor, inputs: int) -> Tensor:
        """(D, B): ``p[m, k] upstream[m]`` added up for each input, the gradient of a mixture by its x."""


def sums_for(device: torch.device) -> Sums:
    """The sums in the form for a device: Triton kernels on a GPU, where Triton is installed, else :mod:`blocks`."""
    return (_triton() if device.type == "cuda" else None) or blocks


@cache
def _triton() -> Sums | None:
    lend_home()  # Triton keeps what it compiles
    try:
        from lgc.train.candidates import gpu
    except ImportError:
        return None
    return gpu
