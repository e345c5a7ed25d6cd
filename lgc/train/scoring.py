"""How good a network is: on validation samples after an epoch, and on the test samples at the end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import cross_entropy

from lgc.frontend import Model, lower
from lgc.ir import interp
from lgc.train.data import Dataset
from lgc.train.modules import LogicNetwork
from lgc.train.samples import BitEncoder, Samples
from lgc.train.wiring import Chooser

_BATCH = 2048  # samples at a time
_BLOCK = 4096  # the same in the interpreter

Right = NDArray[np.bool_]


def validated(network: LogicNetwork, hardened: Model, to_bits: BitEncoder, samples: Samples) -> tuple[Right, float]:
    """Of each sample (n,), whether the discrete network gets it right; and the mean loss of its scores."""
    circuit, parts, loss = lower(hardened), [], 0.0
    for x, labels in zip(torch.split(samples.x, _BATCH), torch.split(samples.labels, _BATCH), strict=True):
        bits = to_bits(x)
        if bits.device.type == "cpu":  # the interpreter works on 64 samples at a time
            scores = torch.from_numpy(interp.scores(circuit, bits.numpy().view(np.bool_)))
        else:
            scores = network.scores(bits)
        parts.append((scores.argmax(dim=1) == labels).cpu())
        loss += float(cross_entropy(scores.double() / hardened.head.tau, labels, reduction="sum"))
    return torch.cat(parts).numpy(), loss / len(samples)


def class_mean(right: Right, labels: Tensor) -> float:
    """Accuracy as the mean of that of each class that there is, however many samples it has."""
    y = labels.cpu().numpy()
    counts = np.bincount(y)
    return float((np.bincount(y, right)[counts > 0] / counts[counts > 0]).mean())


def soft_accuracy(network: LogicNetwork, to_bits: BitEncoder, samples: Samples, right: Right) -> dict[str, float]:
    """Accuracy of the mixture that gradients come from, and what is lost on choosing, on the same few samples.

    Args:
        samples: those few.
        right: of all samples, whether the discrete network gets them right.
    """
    with soft_estimators(network), torch.no_grad():
        predicted = network(to_bits(samples.x).float()).argmax(dim=1)
    soft = float((predicted == samples.labels).float().mean())
    return {"soft_accuracy": soft, "gap": soft - float(right[: len(samples)].mean())}


@contextmanager
def soft_estimators(network: LogicNetwork) -> Iterator[None]:
    """For the block, every choice in the network is the mixture of its candidates."""
    before = [(part, part.estimator) for part in network.modules() if isinstance(part, Chooser)]
    spread, network.head.spread = network.head.spread, None  # tau stays as it is
    for part, _ in before:
        part.estimator = "soft"
    try:
        yield
    finally:
        network.head.spread = spread
        for part, estimator in before:
            part.estimator = estimator


def model_accuracy(model: Model, data: Dataset) -> float:
    """Accuracy of a hardened model on the test samples, through the reference interpreter."""
    circuit, x = lower(model), data.test_x
    blocks = [interp.classify(circuit, model.encoder.encode(x[i : i + _BLOCK])) for i in range(0, len(x), _BLOCK)]
    return float((np.concatenate(blocks) == data.test_y).mean())
