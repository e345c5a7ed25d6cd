"""The two operations that training spends its time in, with hand-written gradients.

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

_BLOCK_BYTES = 2 << 20


class _GatherWires(Function):
    """Forward ``x[argmax(logits)]``, backward as ``softmax(logits) @ x``."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, logits: Tensor) -> Tensor:
        rows = logits.flatten(0, -2)
        ctx.save_for_backward(x, logits)
        return x.index_select(0, rows.argmax(dim=-1)).unflatten(0, logits.shape[:-1])

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, Tensor | None]:
        x, logits = ctx.saved_tensors
        need_x, need_logits = ctx.needs_input_grad
        grad_logits = torch.empty_like(logits) if need_logits else None
        grad_x = torch.zeros_like(x) if need_x else None
        rows, upstream = logits.flatten(0, -2), grad.flatten(0, -2)
        block = max(1, _BLOCK_BYTES // (logits.element_size() * logits.shape[-1]))
        for start in range(0, len(rows), block):
            part = slice(start, start + block)
            p = torch.softmax(rows[part], dim=-1)
            if grad_x is not None:
                grad_x.addmm_(p.t(), upstream[part])
            if grad_logits is not None:
                d = torch.mm(upstream[part], x.t(), out=grad_logits.view_as(rows)[part])
                d.sub_((p * d).sum(dim=-1, keepdim=True)).mul_(p)
        return grad_x, grad_logits


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


def gather_wires(x: Tensor, logits: Tensor) -> Tensor:
    """Straight-through wires: inputs (D, B) and logits (..., D) to operands (..., B)."""
    result: Tensor = _GatherWires.apply(x, logits)
    return result


def mix_gates(soft: Tensor, hard: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """Gates ``c0 + ca*A + cb*B + cab*A*B``, with coefficients (N, 4) and operands (N, B).

    The value is that of ``hard``; the gradients are those of ``soft`` and go to ``soft``, ``a`` and ``b``.
    """
    result: Tensor = _MixGates.apply(soft, hard, a, b)
    return result
