"""Sums over the entries of tables as Triton kernels, for a GPU: see :class:`lgc.train.lookups.Lookups`.

Torch's operations go through memory for every operand, with arrays as large as all entries of all samples; here they
stay in registers. A program has one table, so nothing is added atomically, and a sum is in the same order each time.

With TRITON_INTERPRET=1 in the environment before Triton is imported, they run on a CPU, slowly; so they are tested.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

_SAMPLES = tl.constexpr(64)  # of a program at a time: with 64 entries 4,096 numbers, 32 for each of 128 threads
_NONE = tl.constexpr(-1)


def means(tables: Tensor, operands: Tensor) -> Tensor:
    """See :class:`lgc.train.lookups.Lookups`."""
    arity, rows, samples = operands.shape
    out = torch.empty(rows, samples, dtype=torch.float32, device=operands.device)
    _means[_grid(rows, samples)](tables.contiguous(), operands.contiguous(), out, rows, samples, arity)
    return out


def by_entry(upstream: Tensor, operands: Tensor) -> Tensor:
    """See :class:`lgc.train.lookups.Lookups`."""
    arity, rows, samples = operands.shape
    out = torch.empty(rows, 1 << arity, dtype=torch.float32, device=operands.device)
    _by_entry[(rows,)](upstream.contiguous(), operands.contiguous(), out, rows, samples, arity)
    return out


def by_operand(upstream: Tensor, tables: Tensor, operands: Tensor) -> Tensor:
    """See :class:`lgc.train.lookups.Lookups`."""
    arity, rows, samples = operands.shape
    out = torch.empty(arity, rows, samples, dtype=torch.float32, device=operands.device)
    pointers = upstream.contiguous(), tables.contiguous(), operands.contiguous(), out
    _by_operand[_grid(rows, samples)](*pointers, rows, samples, arity)
    return out


def _grid(rows: int, samples: int) -> tuple[int, int]:
    return rows, triton.cdiv(samples, _SAMPLES.value)


@triton.jit
def _weights(operands, row, sample, rows, samples, arity: tl.constexpr, without: tl.constexpr):
    """Of each entry, (2^r, samples): the product over the operands, but for one, of what they give to its address."""
    entry = tl.arange(0, 1 << arity)[:, None]
    weight = tl.full([1 << arity, _SAMPLES], 1.0, tl.float32)
    for s in tl.static_range(arity):
        if s != without:
            value = tl.load(operands + (s * rows + row) * samples + sample, mask=sample < samples, other=0.0)[None, :]
            weight *= tl.where((entry >> s) & 1 == 1, value, 1.0 - value)
    return weight


@triton.jit
def _means(tables, operands, out, rows, samples, arity: tl.constexpr):
    """A block of samples of one table."""
    row = tl.program_id(0).to(tl.int64)
    sample = tl.program_id(1) * _SAMPLES + tl.arange(0, _SAMPLES)
    inside = sample < samples
    table = tl.load(tables + (row << arity) + tl.arange(0, 1 << arity))
    weight = _weights(operands, row, sample, rows, samples, arity, _NONE)
    tl.store(out + row * samples + sample, tl.sum(weight * table[:, None], axis=0), mask=inside)


@triton.jit
def _by_entry(upstream, operands, out, rows, samples, arity: tl.constexpr):
    """All entries of one table, over all samples, a block at a time."""
    row = tl.program_id(0).to(tl.int64)
    total = tl.zeros([1 << arity], tl.float32)
    for start in range(0, samples, _SAMPLES):
        sample = start + tl.arange(0, _SAMPLES)
        inside = sample < samples
        gradient = tl.load(upstream + row * samples + sample, mask=inside, other=0.0)
        weight = _weights(operands, row, sample, rows, samples, arity, _NONE)
        total += tl.sum(weight * gradient[None, :], axis=1)
    tl.store(out + (row << arity) + tl.arange(0, 1 << arity), total)


@triton.jit
def _by_operand(upstream, tables, operands, out, rows, samples, arity: tl.constexpr):
    """A block of samples of one table, an operand after the other."""
    row = tl.program_id(0).to(tl.int64)
    sample = tl.program_id(1) * _SAMPLES + tl.arange(0, _SAMPLES)
    inside = sample < samples
    entry = tl.arange(0, 1 << arity)
    table = tl.load(tables + (row << arity) + entry)
    gradient = tl.load(upstream + row * samples + sample, mask=inside, other=0.0)
    for s in tl.static_range(arity):
        weight = _weights(operands, row, sample, rows, samples, arity, s)
        signed = tl.where((entry >> s) & 1 == 1, table, -table)
        slope = tl.sum(weight * signed[:, None], axis=0)
        tl.store(out + (s * rows + row) * samples + sample, gradient * slope, mask=inside)
