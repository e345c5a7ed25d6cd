"""Cross-validation: every sample is tested once, by a network that has not seen it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from lgc.data.split import folds
from lgc.errors import InputError, OptionError
from lgc.progress import Progress
from lgc.train.config import TrainConfig
from lgc.train.data import Dataset


def measured(
    config: TrainConfig, data: Dataset, run: Callable[[TrainConfig, Dataset], float], progress: Progress
) -> dict[str, Any]:
    """Accuracy in each fold, mean and deviation, as entries of a training record.

    The folds are of all samples, those held out for the test among them, unless the test samples are given or samples
    belong together: then they are of the training samples.

    Args:
        run: a training that leaves nothing behind, to its test accuracy.

    Raises:
        OptionError: one fold.
        InputError: fewer samples, or groups, than folds.
    """
    if config.folds < 2:
        raise OptionError(f"folds is {config.folds}", hint="Give at least 2")
    whole = data if data.groups is not None or data.split.get("given") or not len(data.test) else _joined(data)
    try:
        parts = folds(whole.train_y, config.folds, config.split_seed, whole.groups)
    except InputError as error:
        raise error.at(config.dataset) from None
    quiet = replace(config, output=None, log=None, folds=0)
    found = []
    for number, (rest, held) in enumerate(parts, 1):
        fold = replace(
            whole, train=whole.train[rest], train_y=whole.train_y[rest], test=whole.train[held],
            test_y=whole.train_y[held], groups=None if whole.groups is None else whole.groups[rest], notes=(),
        )  # fmt: skip
        found.append(run(quiet, fold))
        progress.note(f"fold {number} of {config.folds}: {found[-1]:.2%} of {len(held):,} samples")
    mean, deviation = float(np.mean(found)), float(np.std(found, ddof=1))
    progress.note(f"cross-validation: {mean:.2%}, deviation {deviation:.2%}. Now the model itself.")
    return {"folds": found, "folds_mean": mean, "folds_deviation": deviation}


def _joined(data: Dataset) -> Dataset:
    """With the samples that are held out among those to train on."""
    return replace(
        data, train=np.concatenate([data.train, data.test]), train_y=np.concatenate([data.train_y, data.test_y])
    )
