"""Training with several seeds: what of an accuracy is luck, and the best network by validation."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lgc.driver.sheet import Grid
from lgc.errors import OptionError
from lgc.progress import Progress, Within

if TYPE_CHECKING:
    from lgc.frontend import Model
    from lgc.train.config import TrainConfig

_COLUMNS = {"validation": "validation_accuracy", "test": "test_accuracy"}


@dataclass(frozen=True)
class SeedRun:
    """A training with one seed, by its record."""

    seed: int
    record: Mapping[str, Any]


def train_seeds(
    config: TrainConfig, seeds: int, run: Callable[[TrainConfig, Progress], Model], progress: Progress
) -> tuple[Model, tuple[SeedRun, ...]]:
    """Train with the seeds from the configuration's on, and write the network of the best validation accuracy.

    Each training has a log of its own, ``NAME-s3.jsonl``, if one is asked for.

    Args:
        run: trains, and writes what the configuration names.

    Raises:
        OptionError: something that is of one training is asked for.
        LgcError: a training fails.
    """
    if config.folds:
        raise OptionError("--folds and --seeds both train several times", hint="Give one of them")
    best: Model | None = None
    runs = []
    for seed in range(config.seed, config.seed + seeds):
        one = replace(config, seed=seed, output=None, log=_named(config.log, seed))
        model = run(one, Within(progress, f"seed {seed}"))
        runs.append(SeedRun(seed, model.training))
        if model.training.get("interrupted"):
            raise KeyboardInterrupt
        if best is None or _accuracy(model) > _accuracy(best):
            best = model
    assert best is not None
    if config.output is not None:
        from lgc.frontend import write_model

        write_model(best, config.output)
    return best, tuple(runs)


def _accuracy(model: Model) -> float:
    return float(model.training["validation_accuracy"])


def _named(log: Path | None, seed: int) -> Path | None:
    return None if log is None else log.with_name(f"{log.stem}-s{seed}{log.suffix}")


def seed_grid(runs: Sequence[SeedRun]) -> Grid:
    """Accuracies by seed, with mean and deviation below."""
    columns = {
        name: [float(one.record[key]) for one in runs] for name, key in _COLUMNS.items() if key in runs[0].record
    }
    rows = [(str(one.seed), *(f"{values[index]:.2%}" for values in columns.values())) for index, one in enumerate(runs)]
    rows.append(("mean", *(f"{statistics.fmean(values):.2%}" for values in columns.values())))
    rows.append(("deviation", *(f"{statistics.stdev(values):.2%}" for values in columns.values())))
    return Grid(("seed>", *(f"{name}>" for name in columns)), tuple(rows), f"{len(runs)} seeds")
