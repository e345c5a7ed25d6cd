"""Sums over the entries of tables: what is between a table's operands and its value.

Feature-major as all of training: tables (N, 2^r), operand 0 the lowest address bit; operands (r, N, B); values (N, B).
An operand is a bit or a probability; an entry counts by the product of its operands' probabilities to have its address.
"""

from __future__ import annotations

from functools import cache
from typing import Protocol

import torch
from torch import Tensor

from lgc.tools.cache import lend_home


class Lookups(Protocol):
    """The value of tables, and its gradients."""

    def means(self, tables: Tensor, operands: Tensor) -> Tensor:
        """(N, B): the mean of a table's entries, each as likely as the operands make it."""

    def by_entry(self, upstream: Tensor, operands: Tensor) -> Tensor:
        """(N, 2^r): the gradient by the entries, from that by the values (N, B)."""

    def by_operand(self, upstream: Tensor, tables: Tensor, operands: Tensor) -> Tensor:
        """(r, N, B): the gradient by the operands: upstream times the table's slope."""


def lookups_for(device: torch.device) -> Lookups | None:
    """Triton kernels on a GPU, where Triton is installed; else None: torch's own operations and gradients do."""
    return _triton() if device.type == "cuda" else None


@cache
def _triton() -> Lookups | None:
    lend_home()  # Triton keeps what it compiles
    try:
        from lgc.train.lookups import gpu
    except ImportError:
        return None
    return gpu
