"""Sums over the candidates of top-k wires in torch operations.

In small blocks of operands: what a block gathers stays in the cache, and never (M, K, B) is at once in memory.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

BLOCK_BYTES = 2 << 20


def mixture(x: Tensor, p: Tensor, candidates: Tensor) -> Tensor:
    """See :class:`lgc.train.candidates.Sums`."""
    out = x.new_zeros(len(p), x.shape[1])
    for k in range(p.shape[1]):  # one candidate of every operand
        out.addcmul_(x.index_select(0, candidates[:, k]), p[:, k : k + 1])
    return out


def by_candidate(x: Tensor, upstream: Tensor, candidates: Tensor) -> Tensor:
    """See :class:`lgc.train.candidates.Sums`."""
    out = x.new_empty(candidates.shape)
    for part in _blocks(candidates, upstream):
        index = candidates[part]
        gathered = x.index_select(0, index.flatten()).view(*index.shape, -1)
        out[part] = torch.bmm(gathered, upstream[part].unsqueeze(2)).squeeze(2)
    return out


def by_input(upstream: Tensor, p: Tensor, candidates: Tensor, inputs: int) -> Tensor:
    """See :class:`lgc.train.candidates.Sums`."""
    out = upstream.new_zeros(inputs, upstream.shape[1])
    for part in _blocks(candidates, upstream):
        out.index_add_(
            0, candidates[part].flatten(), (upstream[part].unsqueeze(1) * p[part].unsqueeze(2)).flatten(0, 1)
        )
    return out


def _blocks(candidates: Tensor, upstream: Tensor) -> Iterator[slice]:
    rows, k = candidates.shape
    length = max(1, BLOCK_BYTES // (upstream.element_size() * k * upstream.shape[1]))
    return (slice(start, start + length) for start in range(0, rows, length))
