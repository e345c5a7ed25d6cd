"""What training makes small: the mean loss of samples, which may count by the size of their class."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy


def class_weights(rule: str, labels: Tensor, classes: int) -> Tensor | None:
    """What a sample of each class counts, float32 (classes,); None if all count 1.

    Args:
        rule: ``none``, or ``balanced``, which makes the samples of every class count alike together, and
            1 on average: n / (classes present * n of the class), as scikit-learn has it.
        labels: int64, of the samples to train on.
    """
    if rule == "none":
        return None
    counts = torch.bincount(labels, minlength=classes)
    present = int((counts > 0).sum())
    return len(labels) / (present * counts.clamp(min=1)).float()


def mean_loss(logits: Tensor, labels: Tensor, weights: Tensor | None = None) -> Tensor:
    """Cross entropy of logits (n, classes), times what each sample counts, over n."""
    if weights is None:
        return cross_entropy(logits, labels)
    return (cross_entropy(logits, labels, reduction="none") * weights[labels]).mean()


def loss_gradient(logits: Tensor, labels: Tensor, weights: Tensor | None = None) -> Tensor:
    """The gradient of the sum of what :func:`mean_loss` is the mean of, by the logits."""
    gradient = torch.softmax(logits, dim=1)
    gradient[torch.arange(len(labels)), labels] -= 1
    return gradient if weights is None else gradient * weights[labels].unsqueeze(1)
