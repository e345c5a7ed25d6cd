"""Samples on the training device: how features become bits, and what augmentation makes of them each epoch."""

from __future__ import annotations

import math
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lgc.data.split import split
from lgc.errors import InputError
from lgc.ir import Encoder
from lgc.numbers import real_array
from lgc.train.augment import Augment, augmented
from lgc.train.data import Dataset

_BATCH = 2048  # samples at a time


@dataclass(frozen=True, eq=False)
class Samples:
    """Features (n, F) as stored in the data set, and int64 classes (n,)."""

    x: Tensor
    labels: Tensor

    @staticmethod
    def of(x: NDArray[Any], labels: NDArray[np.int64], device: torch.device) -> Samples:
        """Arrays as tensors on a device."""
        x = real_array(x)
        return Samples(torch.from_numpy(np.array(x)).to(device), torch.from_numpy(labels).to(device))

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, rows: Tensor) -> Samples:
        """Some of the samples."""
        return Samples(self.x[rows], self.labels[rows])


class BitEncoder:
    """What :meth:`lgc.ir.Encoder.encode` computes, on tensors and from stored values.

    Args:
        encoder: of the model, whose thresholds are in units of features.
        scale: a feature is a stored byte over ``scale``, as float32; 1 for features stored as they are.
    """

    def __init__(self, encoder: Encoder, scale: int, device: torch.device) -> None:
        self.cuts: Tensor | None = None
        if encoder.thresholds is None:
            return
        thresholds: NDArray[Any] = encoder.thresholds
        if scale != 1:  # compare bytes: the largest byte that is not above the threshold, or -1
            values = np.arange(256, dtype=np.float32) / np.float32(scale)
            thresholds = np.searchsorted(values.astype(np.float64), thresholds, side="right").astype(np.int16) - 1
        self.cuts = torch.from_numpy(np.array(thresholds)).to(device)

    def __call__(self, x: Tensor) -> Tensor:
        """Stored features (n, F) to bits as bytes, uint8 (n, I)."""
        if self.cuts is None:
            return x.to(torch.uint8)
        return (x.unsqueeze(-1) > self.cuts).flatten(1).view(torch.uint8)


def divided(data: Dataset, part: float, seed: int, where: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The training samples to train on and those to validate on: of tables, the same part of every class.

    Raises:
        InputError: they are too few.
    """
    count = round(part * len(data.train))
    try:
        if not 0 < count < len(data.train):
            raise InputError(f"{len(data.train)} samples are too few to train and to validate")
        if not data.is_images:
            return split(data.train_y, part, seed, data.groups)
    except InputError as error:
        raise error.at(where) from None
    order = np.random.default_rng(seed).permutation(len(data.train))
    return order[count:], order[:count]


def useful_inputs(to_bits: BitEncoder, x: Tensor, rarest: float, *, distinct: bool) -> Tensor:
    """Inputs, int64 ascending, that are 1, and also 0, in at least the part ``rarest`` of the samples; all if none is.

    Args:
        x: stored features (n, F).
        distinct: of inputs that are equal in all samples, only the first.
    """
    counts, marks = torch.zeros((), dtype=torch.int64, device=x.device), torch.zeros_like(x[0, 0], dtype=torch.int64)
    generator = torch.Generator().manual_seed(0)
    for block in torch.split(x, _BATCH):
        bits = to_bits(block)
        counts = counts + bits.sum(dim=0, dtype=torch.int64)
        if distinct:  # equal inputs have equal sums of random numbers, others have not: 64 bits tell them apart
            drawn = torch.randint(-(1 << 63), (1 << 63) - 1, (len(block), 1), generator=generator).to(x.device)
            marks = marks + (bits * drawn).sum(dim=0)
    rate = counts.cpu() / len(x)
    often = torch.nonzero(torch.minimum(rate, 1 - rate) >= rarest).flatten()
    if distinct and len(often):
        _, first = np.unique(marks.cpu().numpy()[often.numpy()], return_index=True)
        often = often[torch.from_numpy(np.sort(first))]
    return often if len(often) else torch.arange(len(rate))


class Epochs:
    """The training features of each epoch. The next epoch's are augmented in the background on one thread.

    What an epoch looks like depends on the seed and its number only.

    Args:
        x: stored features (n, F).
        shape: of a sample as an image.
        augment: None for no augmentation.
        until: the last epoch that is augmented.
    """

    def __init__(
        self, x: Tensor, shape: tuple[int, ...], augment: Augment | None, seed: int, until: float = math.inf
    ) -> None:
        self.x, self.shape, self.augment, self.seed, self.until = x, shape, augment, seed, until
        self.pool = ThreadPoolExecutor(1, initializer=torch.set_num_threads, initargs=(1,))
        self.ahead: dict[int, Future[Tensor]] = {}

    def features(self, epoch: int) -> Tensor:
        """Of all the training samples in their order, as stored features (n, F)."""
        if self.augment is None or epoch > self.until:
            return self.x
        if self.x.device.type != "cpu":
            return self._augmented(epoch)
        now = self.ahead.pop(epoch, None) or self.pool.submit(self._augmented, epoch)
        self.ahead = {epoch + 1: self.pool.submit(self._augmented, epoch + 1)} if epoch < self.until else {}
        return now.result()

    def close(self) -> None:
        """Wait for no more epochs."""
        self.pool.shutdown(cancel_futures=True)

    @torch.no_grad()
    def _augmented(self, epoch: int) -> Tensor:
        assert self.augment is not None
        generator = epoch_generator(self.seed, epoch, "augment", self.x.device)
        return augmented(self.x, self.shape, self.augment, generator)


def epoch_generator(seed: int, epoch: int, purpose: str, device: torch.device | str = "cpu") -> torch.Generator:
    """A generator of its own for every seed, epoch and purpose."""
    state = np.random.SeedSequence([seed, epoch, *purpose.encode()]).generate_state(1, np.uint64)
    return torch.Generator(device).manual_seed(int(state[0] >> np.uint64(1)))
