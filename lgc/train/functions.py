"""The operations that training spends its time in, with hand-written gradients.

Both tensors and gradients are feature-major, (features, samples). Dense wiring over 784 inputs has thousands of
logits a gate, so the gradient of the wires is made in blocks of rows that stay in the cache: probability,
product and softmax gradient are passes over a block, and only the result goes to memory.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from lgc.tools.threads import Threads
from lgc.train.candidates import sums_for
from lgc.train.lookups import Lookups, lookups_for

_BLOCK_BYTES = 2 << 20


class _GatherWires(Function):
    """Forward ``x[argmax(logits)]``. To the logits, backward as ``softmax(logits) @ x``; to x, by the wire taken."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, logits: Tensor) -> Tensor:
        taken = logits.flatten(0, -2).argmax(dim=-1)
        ctx.save_for_backward(x, logits, taken)
        return x.index_select(0, taken).view(*logits.shape[:-1], -1)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, Tensor | None]:
        x, logits, taken = ctx.saved_tensors
        need_x, need_logits = ctx.needs_input_grad
        rows, upstream = logits.flatten(0, -2), grad.flatten(0, -2)
        grad_x = torch.zeros_like(x).index_add_(0, taken, upstream) if need_x else None
        if not need_logits:
            return grad_x, None
        grad_rows = torch.empty_like(rows)
        length = max(1, _BLOCK_BYTES // (rows.element_size() * rows.shape[-1])) if x.device.type == "cpu" else len(rows)

        @torch.no_grad()  # a thread of the pool does not inherit it
        def block(start: int) -> None:
            part = slice(start, start + length)
            p = torch.softmax(rows[part], dim=-1)
            d = torch.mm(upstream[part], x.t(), out=grad_rows[part])
            d.sub_(torch.linalg.vecdot(p, d).unsqueeze(-1)).mul_(p)

        starts = range(0, len(rows), length)
        if len(starts) == 1:
            block(0)
        else:
            list(_pool.map(block, starts))
        return grad_x, grad_rows.view_as(logits)


_pool = Threads(torch.get_num_threads, torch.set_num_threads, (1,))
"""As many threads as torch has, of which each runs torch's operations alone.

Blocks are independent and torch lets go of the interpreter, so a thread takes the next block when it is ready. On a
busy machine this beats torch's own threads, which wait for each other after every operation.
"""


class _MixCandidates(Function):
    """Forward the likeliest candidate (``hard``) or the mixture.

    Backward to the logits as the mixture, and to x by what forward took.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, logits: Tensor, candidates: Tensor, hard: bool) -> Tensor:
        ctx.save_for_backward(x, logits, candidates)
        ctx.hard = hard
        if hard:
            return x.index_select(0, _likeliest(logits, candidates).squeeze(1))
        return sums_for(x.device).mixture(x, torch.softmax(logits, dim=1), candidates)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        x, logits, candidates = ctx.saved_tensors
        need_x, need_logits = ctx.needs_input_grad[:2]
        sums, p = sums_for(x.device), torch.softmax(logits, dim=1)
        grad_x = d = None
        if need_x and ctx.hard:
            taken = _likeliest(logits, candidates)
            grad_x = sums.by_input(grad, torch.ones_like(taken, dtype=p.dtype), taken, len(x))
        elif need_x:
            grad_x = sums.by_input(grad, p, candidates, len(x))
        if need_logits:
            d = sums.by_candidate(x, grad, candidates)
            d.sub_(torch.linalg.vecdot(p, d).unsqueeze(1)).mul_(p)
        return grad_x, d, None, None


def _likeliest(logits: Tensor, candidates: Tensor) -> Tensor:
    """int64 (M, 1): of the candidates (M, K), that with the largest logit."""
    return candidates.gather(1, logits.argmax(dim=1, keepdim=True))


class _MixGates(Function):
    """Forward with the coefficients ``hard``, backward as if they were ``soft``."""

    @staticmethod
    def forward(ctx: Any, soft: Tensor, hard: Tensor, a: Tensor, b: Tensor) -> Tensor:
        ctx.save_for_backward(soft, a, b)
        c0, ca, cb, cab = hard.unsqueeze(-1).unbind(1)
        # (c0 + ca*A) + B*(cb + cab*A)
        return torch.addcmul(cb, cab, a).mul_(b).add_(c0).addcmul_(ca, a)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        soft, a, b = ctx.saved_tensors
        _, ca, cb, cab = soft.unsqueeze(-1).unbind(1)
        grad_a, grad_b = grad * a, grad * b
        sums = [grad.sum(1), grad_a.sum(1), grad_b.sum(1), torch.linalg.vecdot(grad_a, b)]
        # d/dA = g*(ca + cab*B), d/dB = g*(cb + cab*A)
        to_a = grad_b.mul_(cab).addcmul_(grad, ca)
        to_b = grad_a.mul_(cab).addcmul_(grad, cb)
        return torch.stack(sums, dim=1), None, to_a, to_b


class _MixTables(Function):
    """Forward with the entries ``hard``, backward as if they were ``soft``."""

    @staticmethod
    def forward(ctx: Any, soft: Tensor, hard: Tensor, operands: Tensor, lookups: Lookups) -> Tensor:
        ctx.save_for_backward(soft, operands)
        ctx.lookups = lookups
        return lookups.means(hard, operands)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        soft, operands = ctx.saved_tensors
        need_soft, _, need_operands, _ = ctx.needs_input_grad
        to_soft = ctx.lookups.by_entry(grad, operands) if need_soft else None
        return to_soft, None, ctx.lookups.by_operand(grad, soft, operands) if need_operands else None, None


def _multilinear(tables: Tensor, operands: tuple[Tensor, ...]) -> Tensor:
    values = tables.unsqueeze(-1)
    for operand in reversed(operands):
        low, high = values.chunk(2, dim=1)
        values = torch.lerp(low.expand(-1, -1, operand.shape[1]), high, operand.unsqueeze(1))
    return values.squeeze(1)


def gather_wires(x: Tensor, logits: Tensor) -> Tensor:
    """Straight-through wires: inputs (D, B) and logits (..., D) to operands (..., B)."""
    result: Tensor = _GatherWires.apply(x, logits)  # type: ignore[no-untyped-call]
    return result


def mix_candidates(x: Tensor, logits: Tensor, candidates: Tensor, *, hard: bool) -> Tensor:
    """Wires over a few candidates each: inputs (D, B), logits and int64 candidates (M, K), to operands (M, B).

    The value is the likeliest candidate if ``hard``, else the mixture; the gradients are those of the mixture.
    """
    result: Tensor = _MixCandidates.apply(x, logits, candidates, hard)  # type: ignore[no-untyped-call]
    return result


def mix_gates(soft: Tensor, hard: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """Gates ``c0 + ca*A + cb*B + cab*A*B``, with coefficients (N, 4) and operands (N, B).

    The value is that of ``hard``; the gradients are those of ``soft`` and go to ``soft``, ``a`` and ``b``.
    """
    result: Tensor = _MixGates.apply(soft, hard, a, b)  # type: ignore[no-untyped-call]
    return result


def mix_tables(soft: Tensor, hard: Tensor, operands: tuple[Tensor, ...]) -> Tensor:
    """Tables (N, 2^r), operand 0 the lowest address bit, of r operands (N, B): the multilinear mean, (N, B).

    The value is that of ``hard``; the gradients are those of ``soft`` and go to ``soft`` and the operands.
    """
    lookups = lookups_for(soft.device)
    if lookups is not None:
        result: Tensor = _MixTables.apply(soft, hard, torch.stack(operands), lookups)  # type: ignore[no-untyped-call]
        return result
    mean = _multilinear(soft, operands)
    return mean if hard is soft else mean + (_multilinear(hard, operands) - mean).detach()
