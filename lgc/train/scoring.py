"""How good a network is: on validation samples after an epoch, and on the test samples at the end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import cross_entropy

from lgc.errors import MismatchError
from lgc.frontend import Model, lower
from lgc.ir import Circuit, interp
from lgc.progress import Progress
from lgc.train.data import Dataset
from lgc.train.modules import LogicNetwork
from lgc.train.samples import BitEncoder, Samples
from lgc.train.step import Step
from lgc.train.wiring import Chooser

_BATCH = 2048  # samples at a time
_BLOCK = 512  # the same in the interpreter, which takes seconds for them where a network has kernels
_CONFIRMED = 64  # samples of which the interpreter confirms the scores

Right = NDArray[np.bool_]


class Validation:
    """Scores of the discrete network on samples, of the step's kernel where it has one; else of the interpreter.

    The first time the reference interpreter confirms the kernel's scores of a few samples.

    Args:
        step: that trains the network.
        to_bits: the encoder.
        samples: what to score.
    """

    def __init__(self, step: Step, to_bits: BitEncoder, samples: Samples) -> None:
        self.step, self.to_bits, self.samples = step, to_bits, samples
        self.confirmed = False

    def __call__(self, hardened: Model) -> tuple[Right, float]:
        """Of each sample (n,), whether the discrete network gets it right; and the mean loss of its scores.

        Raises:
            MismatchError: what is trained is not what is compiled, which is a fault of lgc.
        """
        samples, parts, loss = self.samples, [], 0.0
        circuit = None if self.confirmed else lower(hardened)
        for x, labels in zip(torch.split(samples.x, _BATCH), torch.split(samples.labels, _BATCH), strict=True):
            scores = self._scores(self.to_bits(x), circuit)
            parts.append((scores.argmax(dim=1) == labels).cpu())
            loss += float(cross_entropy(scores.double() / hardened.head.tau, labels, reduction="sum"))
        return torch.cat(parts).numpy(), loss / len(samples)

    def _scores(self, bits: Tensor, circuit: Circuit | None) -> Tensor:
        """int64 (samples, classes); the circuit is given as long as scores are not confirmed."""
        scores = self.step.scores(bits)
        if circuit is not None and scores is None:
            return _interpreted(bits, circuit)
        assert scores is not None
        if circuit is not None and not self.confirmed:
            expected = _interpreted(bits[:_CONFIRMED].cpu(), circuit)
            differ = int((expected != scores[:_CONFIRMED].cpu()).any(dim=1).sum())
            if differ:
                raise MismatchError(
                    f"the network that is trained and its circuit differ for {differ} of {len(expected)} samples",
                    hint="This is a fault of lgc: please report it, with the command and the log of the training",
                )
            self.confirmed = True
        return scores


def _interpreted(bits: Tensor, circuit: Circuit) -> Tensor:
    """int64 (samples, classes) by the reference interpreter, which works on 64 samples at a time."""
    return torch.from_numpy(interp.scores(circuit, bits.numpy().view(np.bool_)))


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


def model_accuracy(model: Model, data: Dataset, told: Progress | None = None) -> float:
    """Accuracy of a hardened model on the test samples, through the reference interpreter.

    Args:
        told: hears how many samples are done.
    """
    circuit, x, right = lower(model), data.test_x, 0
    for i in range(0, len(x), _BLOCK):
        if told is not None:
            told.step("test samples", i, len(x))
        classes = interp.classify(circuit, model.encoder.encode(x[i : i + _BLOCK]))
        right += int((classes == data.test_y[i : i + _BLOCK]).sum())
    return right / len(x)
