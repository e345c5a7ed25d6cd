"""Autograd and torch's Adam as the reference of a step in C; its tests share it."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from lgc.train.fused import FusedStep
from lgc.train.modules import LogicNetwork


def steps_agree(
    step: FusedStep, mine: LogicNetwork, plain: LogicNetwork, batches: Iterable[tuple[Tensor, Tensor]]
) -> None:
    """Loss, samples that are right, and parameters after each step of Adam at 0.05.

    Args:
        step: of ``mine``.
        plain: an equal network.
        batches: bits and labels.
    """
    adam = torch.optim.Adam(plain.parameters(), lr=0.05)
    for bits, labels in batches:
        logits = plain(bits.float())
        loss = cross_entropy(logits, labels)
        adam.zero_grad()
        torch.autograd.backward(loss)
        adam.step()
        found, right = step(bits, labels)
        assert found == pytest.approx(loss.item(), rel=1e-5)
        assert right == int((logits.argmax(dim=1) == labels).sum())
        for (name, a), b in zip(mine.named_parameters(), plain.parameters(), strict=True):
            # Adam divides by the gradient's size: where it is all but zero, rounding decides the direction of a step.
            assert torch.isclose(a, b, atol=2e-3).float().mean() > 0.97, name
        plain.load_state_dict(mine.state_dict())  # an entry that rounding has changed is another circuit
