"""The data of a sweep's trials: the same on every machine, or nothing is trained."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lgc.errors import InputError, NotCheckedError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lgc.train.config import TrainConfig
    from lgc.train.data import Dataset

_FEWEST, _MOST = 2, 1000


def config_of(request: Mapping[str, Any], data_dir: str | None = None) -> TrainConfig:
    """The settings of the training that a request asks for.

    Raises:
        OptionError: they do not go together.
    """
    from lgc.driver.train import TrainRequest

    settings = {name: tuple(value) if isinstance(value, list) else value for name, value in request["train"].items()}
    preset: Any = settings.pop("preset", None)
    if data_dir is not None:
        settings["data_dir"] = Path(data_dir)
    return TrainRequest(preset=preset, settings=settings).train_config()


@lru_cache(maxsize=2)
def _load(source: str, data_dir: Path | None, loading: Any) -> Dataset:
    from lgc.train.data import load_dataset

    return load_dataset(source, data_dir, loading=loading)


def load_data(config: TrainConfig) -> Dataset:
    """The data set; what the last trials used is still there."""
    return _load(config.dataset, config.data_dir, config.loading)


def without_test(data: Dataset) -> Dataset:
    """The data set without its test samples: nothing of a sweep is chosen by them."""
    return replace(data, test=data.test[:0], test_y=data.test_y[:0])


def held_out(config: TrainConfig, data: Dataset) -> NDArray[Any]:
    """Features (B, F) of validation samples of a training, at most 1,000, in an order that has nothing to do with them.

    Raises:
        InputError: they are too few.
    """
    from lgc.train.samples import divided

    _, rows = divided(data, config.validation, config.seed, config.dataset)
    if len(rows) < _FEWEST:
        raise InputError("toggles need two validation samples", where=config.dataset, hint="Raise --validation")
    return data.train_x[np.random.default_rng(0).permutation(rows)[:_MOST]]


def data_digest(config: TrainConfig) -> str:
    """Of all samples, those of the test too.

    Raises:
        InputError: the data are not there.
    """
    return _digest_of(config.dataset, config.data_dir, config.loading)


@lru_cache(maxsize=2)
def _digest_of(source: str, data_dir: Path | None, loading: Any) -> str:
    data = _load(source, data_dir, loading)
    found = hashlib.sha256()
    for array in (data.train, data.train_y, data.test, data.test_y):
        found.update(f"{array.dtype} {array.shape}".encode())
        found.update(array.tobytes())
    return found.hexdigest()[:32]


def check_data(task: Mapping[str, Any]) -> None:
    """Refuse to train on other data than the sweep began with.

    Raises:
        NotCheckedError: they differ here, or are not here.
    """
    try:
        found = data_digest(config_of({"train": task["first"]}, task.get("data_dir")))
    except InputError as error:
        raise NotCheckedError(
            f"a worker has no data: {error.message}", where=error.where or platform.node(), hint=error.hint
        ) from None
    if found != task["request"]["data"]:
        raise NotCheckedError(
            f"this worker's data set '{task['first'].get('dataset', '')}' is not the one that the sweep began with",
            where=platform.node(), hint="Copy the data to every machine, or name a folder that all see: --data-dir",
        )  # fmt: skip
