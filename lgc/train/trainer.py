"""The training loop: straight-through logic layers, Adam, and selection by the accuracy of the discrete network."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

import numpy as np
import torch
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from torch import Tensor
from torch.nn.functional import cross_entropy

import lgc
from lgc.errors import InputError, OptionError, OutputError
from lgc.frontend import Model, write_model
from lgc.ir import Encoder
from lgc.train.augment import shift_table, shifted
from lgc.train.config import TrainConfig
from lgc.train.data import Dataset, load
from lgc.train.modules import Dense, Fixed, GroupSum, LogicLayer, LogicNetwork

_EVAL_BATCH = 1000
_ENCODE_BATCH = 4096


@dataclass(frozen=True, eq=False)
class Split:
    """Encoded samples: uint8 bits (samples, inputs) and classes."""

    bits: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)


def train(config: TrainConfig, *, console: Console | None = None) -> Model:
    """Train, and give the hardened model of the best epoch by hard validation accuracy.

    Interrupting with Ctrl-C after the first epoch ends the training and keeps the best model so far.

    Args:
        console: where progress is shown; None shows none.

    Raises:
        InputError: the data set is unusable.
        OptionError: the configuration does not fit the data set.
        OutputError: the checkpoint or the log cannot be written.
    """
    data = load(config.dataset, config.data_dir, seed=config.seed)
    network = build_network(config, data)
    with _open_log(config.log) as log:
        return _Run(config, data, network, log, console or Console(quiet=True)).run()


def build_network(config: TrainConfig, data: Dataset) -> LogicNetwork:
    """A network for the data set, initialised from the seed.

    Raises:
        OptionError: the gates do not divide into the classes.
    """
    encoder = Encoder(data.num_features)
    if data.x.dtype != np.bool_:
        encoder = Encoder(data.num_features, np.tile(sorted(config.thresholds), (data.num_features, 1)))
    generator = torch.Generator().manual_seed(config.seed)
    layers = []
    for index in range(config.layers):
        width = encoder.num_bits if index == 0 else config.gates
        connectome = (Dense if index == 0 else Fixed)(width, config.gates, generator=generator)
        layers.append(LogicLayer(connectome, config.gates, generator=generator))
    return LogicNetwork(encoder, layers, GroupSum(len(data.classes), config.tau))


class _Run:
    """The state of one training run."""

    def __init__(self, config: TrainConfig, data: Dataset, network: LogicNetwork, log: IO[str] | None, console: Console) -> None:
        self.config, self.data, self.network, self.log, self.console = config, data, network, log, console
        rng = np.random.default_rng(config.seed)
        order = torch.from_numpy(rng.permutation(len(data.x)))
        count = round(config.validation * len(order))
        if not 0 < count < len(order):
            raise InputError(f"{len(order)} samples are too few to train and to validate", where=config.dataset)
        full = self._encode(data.x, data.y)
        self.validation = Split(full.bits[order[:count]], full.labels[order[:count]])
        self.training = Split(full.bits[order[count:]], full.labels[order[count:]])
        self.steps = max(1, len(self.training) // config.batch)
        self.generator = torch.Generator().manual_seed(config.seed + 1)
        self.moves = shift_table(data.feature_shape, network.encoder.num_thresholds, config.shift) if config.shift else None
        self.optimizer = torch.optim.Adam(network.parameters(), lr=config.lr, fused=True)
        self.schedule = torch.optim.lr_scheduler.CosineAnnealingLR(self.optimizer, config.epochs * self.steps)
        self.best: Model | None = None
        self.started = time.monotonic()

    def run(self) -> Model:
        """All epochs, then the one look at the test set."""
        self._write_log(event="start", lgc=lgc.__version__, dataset=self.data.name, **self.config.hyperparameters())
        interrupted = False
        try:
            self._epochs()
        except KeyboardInterrupt:
            if self.best is None:
                raise
            interrupted = True
        assert self.best is not None
        return self._finish(self.best, interrupted)

    def _epochs(self) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=self.console) as progress:
            task = progress.add_task("training", total=self.config.epochs * self.steps)
            for epoch in range(1, self.config.epochs + 1):
                loss, accuracy = self._epoch(lambda: progress.advance(task))
                validation = self._accuracy(self.validation)
                self._keep_best(epoch, validation)
                self._write_log(
                    event="epoch", epoch=epoch, loss=round(loss, 5), train_accuracy=round(accuracy, 5),
                    validation_accuracy=round(validation, 5), seconds=round(time.monotonic() - self.started, 1),
                )  # fmt: skip
                progress.console.print(
                    f"epoch {epoch:3d}  loss {loss:.4f}  training {accuracy:7.2%}  validation (hard) {validation:7.2%}"
                )

    def _epoch(self, advance: Any) -> tuple[float, float]:
        """One pass over the training samples: mean loss, and accuracy as seen in training."""
        self.network.train()
        order = torch.randperm(len(self.training), generator=self.generator)
        loss_sum, correct, seen = 0.0, 0, 0
        for step in range(self.steps):
            rows = order[step * self.config.batch : (step + 1) * self.config.batch]
            bits, labels = self.training.bits[rows], self.training.labels[rows]
            if self.moves is not None:
                bits = shifted(bits, self.moves, self.generator)
            logits = self.network(bits.float())
            loss = cross_entropy(logits, labels)
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            self.schedule.step()
            loss_sum += loss.item() * len(rows)
            correct += int((logits.argmax(dim=1) == labels).sum())
            seen += len(rows)
            advance()
        if not math.isfinite(loss_sum):
            raise OptionError("the loss is no finite number: training diverged", hint="Lower --lr or raise --tau")
        return loss_sum / seen, correct / seen

    def _accuracy(self, split: Split) -> float:
        """Accuracy of the discrete network."""
        correct = 0
        for bits, labels in zip(split.bits.split(_EVAL_BATCH), split.labels.split(_EVAL_BATCH), strict=True):
            correct += int((self.network.scores(bits).argmax(dim=1) == labels).sum())
        return correct / len(split)

    def _keep_best(self, epoch: int, validation: float) -> None:
        if self.best is not None and validation <= self.best.training["validation_accuracy"]:
            return
        record = {
            "dataset": self.data.name,
            "seed": self.config.seed,
            "epochs": self.config.epochs,
            "best_epoch": epoch,
            "hyperparameters": self.config.hyperparameters(),
            "validation_accuracy": validation,
            "train_samples": len(self.training),
            "validation_samples": len(self.validation),
            "lgc": lgc.__version__,
        }
        self.best = self.network.harden(
            name=self.config.name or self.data.name,
            classes=self.data.classes,
            feature_shape=self.data.feature_shape,
            training=record,
        )
        self._save(self.best)

    def _finish(self, best: Model, interrupted: bool) -> Model:
        test = self._encode(self.data.x_test, self.data.y_test)
        accuracy = _model_accuracy(best, test)
        record = {**best.training, "test_accuracy": accuracy, "test_samples": len(test)}
        if interrupted:
            record["interrupted"] = True
        model = replace(best, training=record)
        self._save(model)
        self._write_log(
            event="end", best_epoch=record["best_epoch"], validation_accuracy=round(record["validation_accuracy"], 5),
            test_accuracy=round(accuracy, 5), seconds=round(time.monotonic() - self.started, 1),
            digest=model.digest(), interrupted=interrupted,
        )  # fmt: skip
        return model

    def _encode(self, x: np.ndarray[Any, Any], y: np.ndarray[Any, Any]) -> Split:
        encode = self.network.encoder.encode
        parts = [encode(x[i : i + _ENCODE_BATCH]) for i in range(0, len(x), _ENCODE_BATCH)]
        return Split(torch.from_numpy(np.concatenate(parts).view(np.uint8)), torch.from_numpy(y))

    def _save(self, model: Model) -> None:
        if self.config.output is not None:
            write_model(model, self.config.output)

    def _write_log(self, **entry: Any) -> None:
        if self.log is not None:
            self.log.write(json.dumps(entry) + "\n")
            self.log.flush()


def _model_accuracy(model: Model, split: Split) -> float:
    """Accuracy of a hardened model, through the reference interpreter."""
    from lgc.frontend import lower
    from lgc.ir import interp

    classes = interp.classify(lower(model), split.bits.numpy().view(np.bool_))
    return float((classes == split.labels.numpy()).mean())


@contextmanager
def _open_log(path: Path | None) -> Iterator[IO[str] | None]:
    if path is None:
        yield None
        return
    try:
        log = path.open("w", encoding="utf-8")
    except OSError as error:
        raise OutputError(f"the log cannot be written ({error.strerror})", where=str(path)) from None
    with log:
        yield log
