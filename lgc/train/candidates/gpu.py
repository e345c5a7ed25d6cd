"""Sums over the candidates of top-k wires as Triton kernels, for a GPU: see :class:`lgc.train.candidates.Sums`.

Gather and sum are one kernel, so that what is gathered lives in registers. No two programs write to the same place:
nothing is added atomically, and a sum is in the same order each time. Sums are float32, whatever the inputs are.

With TRITON_INTERPRET=1 in the environment before Triton is imported, they run on a CPU, slowly; so they are tested.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

_SAMPLES = tl.constexpr(512)  # of a program that has one row
_TILE_CHOICES = tl.constexpr(32)  # of a program that has a tile
_TILE_SAMPLES = tl.constexpr(64)  # of a program that has a tile: 64 floats are two lines of the cache


def mixture(x: Tensor, p: Tensor, candidates: Tensor) -> Tensor:
    """See :class:`lgc.train.candidates.Sums`."""
    (rows, k), samples = p.shape, x.shape[1]
    out = x.new_empty(rows, samples)
    grid = (rows, triton.cdiv(samples, _SAMPLES.value))
    _mixture[grid](x.contiguous(), p.contiguous(), candidates, out, samples, k)
    return out


def by_candidate(x: Tensor, upstream: Tensor, candidates: Tensor) -> Tensor:
    """See :class:`lgc.train.candidates.Sums`."""
    (rows, k), samples = candidates.shape, x.shape[1]
    out = torch.empty(rows, k, dtype=torch.float32, device=x.device)
    grid = (rows, triton.cdiv(k, _TILE_CHOICES.value))
    _by_candidate[grid](x.contiguous(), upstream.contiguous(), candidates, out, samples, k)
    return out


def by_input(upstream: Tensor, p: Tensor, candidates: Tensor, inputs: int) -> Tensor:
    """See :class:`lgc.train.candidates.Sums`. Each input adds up the operands that it is a candidate of."""
    k, samples = candidates.shape[1], upstream.shape[1]
    of_input, order = candidates.flatten().sort(stable=True)
    begin = torch.searchsorted(of_input, torch.arange(inputs + 1, device=of_input.device))
    out = upstream.new_empty(inputs, samples)
    grid = (inputs, triton.cdiv(samples, _SAMPLES.value))
    _by_input[grid](upstream.contiguous(), p.contiguous(), order, begin, out, samples, k)
    return out


@triton.jit
def _mixture(x, p, candidates, out, samples, k):
    """A block of samples of one operand."""
    row = tl.program_id(0).to(tl.int64)
    sample = tl.program_id(1) * _SAMPLES + tl.arange(0, _SAMPLES)
    inside = sample < samples
    total = tl.zeros([_SAMPLES], tl.float32)
    for choice in range(k):
        source = tl.load(candidates + row * k + choice)
        weight = tl.load(p + row * k + choice)
        total += weight * tl.load(x + source * samples + sample, mask=inside, other=0.0)
    tl.store(out + row * samples + sample, total, mask=inside)


@triton.jit
def _by_candidate(x, upstream, candidates, out, samples, k):
    """Some candidates of one operand, over all samples, a tile at a time."""
    row = tl.program_id(0).to(tl.int64)
    choice = tl.program_id(1) * _TILE_CHOICES + tl.arange(0, _TILE_CHOICES)
    given = choice < k
    source = tl.load(candidates + row * k + choice, mask=given, other=0)
    total = tl.zeros([_TILE_CHOICES], tl.float32)
    for start in range(0, samples, _TILE_SAMPLES):
        sample = start + tl.arange(0, _TILE_SAMPLES)
        inside = sample < samples
        gradient = tl.load(upstream + row * samples + sample, mask=inside, other=0.0)
        place = source[:, None] * samples + sample[None, :]
        value = tl.load(x + place, mask=given[:, None] & inside[None, :], other=0.0)
        total += tl.sum(value * gradient[None, :], axis=1)
    tl.store(out + row * k + choice, total, mask=given)


@triton.jit
def _by_input(upstream, p, order, begin, out, samples, k):
    """A block of samples of one input; ``order`` has the places in p of each input's operands, from ``begin`` on."""
    target = tl.program_id(0).to(tl.int64)
    sample = tl.program_id(1) * _SAMPLES + tl.arange(0, _SAMPLES)
    inside = sample < samples
    total = tl.zeros([_SAMPLES], tl.float32)
    for place in range(tl.load(begin + target), tl.load(begin + target + 1)):
        choice = tl.load(order + place)
        gradient = tl.load(upstream + (choice // k) * samples + sample, mask=inside, other=0.0)
        total += tl.load(p + choice) * gradient
    tl.store(out + target * samples + sample, total, mask=inside)
