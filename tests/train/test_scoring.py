"""Scores on validation samples: the kernel's, which the reference interpreter confirms."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from lgc.errors import MismatchError
from lgc.frontend import lower
from lgc.ir import Encoder, interp
from lgc.progress import Silence
from lgc.train.data import Dataset
from lgc.train.modules import Dense, GroupSum, LogicLayer, LogicNetwork
from lgc.train.parallel import ProcessGroup
from lgc.train.samples import BitEncoder, Samples
from lgc.train.scoring import Validation, model_accuracy
from lgc.train.step import TorchStep, make_step

BITS, CLASSES, COUNT = 12, 4, 2500


@pytest.fixture
def network() -> LogicNetwork:
    return LogicNetwork(Encoder(BITS), [LogicLayer(Dense(BITS, 40), 40)], GroupSum(CLASSES, 3.0))


@pytest.fixture
def samples() -> Samples:
    rng = np.random.default_rng(0)
    x = rng.integers(0, 2, (COUNT, BITS)).astype(np.uint8)
    return Samples.of(x, rng.integers(0, CLASSES, COUNT), torch.device("cpu"))


def validation(step, samples: Samples) -> Validation:
    return Validation(step, BitEncoder(Encoder(BITS), 1, torch.device("cpu")), samples)


def test_kernel_and_interpreter_tell_the_same(network: LogicNetwork, samples: Samples) -> None:
    """Of more samples than are scored at a time, once before scores are confirmed and once after."""
    hardened = network.harden()
    right = interp.classify(lower(hardened), samples.x.numpy() > 0) == samples.labels.numpy()
    for step in (make_step(network, 256, ProcessGroup()), TorchStep(network)):
        of_step = validation(step, samples)
        for _ in range(2):
            found, loss = of_step(hardened)
            np.testing.assert_array_equal(found, right)
            assert 1 < loss < 2


def test_the_interpreter_confirms_once(network: LogicNetwork, samples: Samples, monkeypatch) -> None:
    step, hardened = make_step(network, 256, ProcessGroup()), network.harden()
    if isinstance(step, TorchStep):
        pytest.skip("no C compiler: the interpreter scores")
    of_step = validation(step, samples)
    first, _ = of_step(hardened)
    monkeypatch.setattr("lgc.train.scoring.lower", lambda model: pytest.fail("interpreted again"))
    np.testing.assert_array_equal(of_step(hardened)[0], first)


def test_a_circuit_that_is_not_what_is_trained_is_refused(network: LogicNetwork, samples: Samples) -> None:
    other = LogicNetwork(Encoder(BITS), [LogicLayer(Dense(BITS, 40), 40)], GroupSum(CLASSES, 3.0)).harden()
    step = make_step(network, 256, ProcessGroup())
    if isinstance(step, TorchStep):
        pytest.skip("no C compiler: the interpreter scores")
    with pytest.raises(MismatchError, match=r"differ for \d+ of 64 samples"):
        validation(step, samples)(other)


class Steps(Silence):
    """Keeps what is told."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, int, int | None]] = []

    def step(self, name: str, done: int = 0, total: int | None = None) -> None:
        self.seen.append((name, done, total))


def test_the_test_samples_are_counted_aloud(network: LogicNetwork, samples: Samples) -> None:
    """Of large networks the interpreter takes minutes: a step stands before each of several blocks."""
    x, y, steps = samples.x.numpy() > 0, samples.labels.numpy(), Steps()
    data = Dataset("d", x, y, x, y, ("a", "b", "c", "d"), (BITS,))
    hardened = network.harden()
    assert model_accuracy(hardened, data, steps) == (interp.classify(lower(hardened), x) == y).mean()
    assert steps.seen == [("test samples", done, COUNT) for done in range(0, COUNT, 512)]
