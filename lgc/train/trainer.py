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
from lgc.frontend import Model, lower, write_model
from lgc.ir import Encoder, interp
from lgc.train.augment import shift_table, shifted
from lgc.train.config import TrainConfig
from lgc.train.data import Dataset, load_dataset
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

    def take(self, rows: Tensor) -> Split:
        """Some of the samples."""
        return Split(self.bits[rows], self.labels[rows])


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
    if config.output is not None:
        _check_output(config.output)
    data = load_dataset(config.dataset, config.data_dir, seed=config.seed)
    with _open_log(config.log) as log:
        return _Run(config, data, log, console or Console(quiet=True)).run()


def build_network(
    config: TrainConfig, encoder: Encoder, classes: int, candidates: Tensor | None = None
) -> LogicNetwork:
    """A network initialised from the seed.

    Args:
        candidates: the inputs that the first layer chooses among; None for all.

    Raises:
        OptionError: the gates do not divide into the classes.
    """
    generator = torch.Generator().manual_seed(config.seed)
    wiring: Dense | Fixed = Dense(encoder.num_bits, config.gates, candidates=candidates, generator=generator)
    layers = [LogicLayer(wiring, config.gates, generator=generator)]
    for _ in range(1, config.layers):
        wiring = Fixed(config.gates, config.gates, generator=generator)
        layers.append(LogicLayer(wiring, config.gates, generator=generator))
    return LogicNetwork(encoder, layers, GroupSum(classes, config.tau))


def _encoder(config: TrainConfig, data: Dataset) -> Encoder:
    if data.train_x.dtype == np.bool_:
        return Encoder(data.num_features)
    return Encoder(data.num_features, np.tile(sorted(config.thresholds), (data.num_features, 1)))


def _candidates(bits: Tensor, rarest: float) -> Tensor:
    """The inputs that are 1, and also 0, in at least the part ``rarest`` of the samples; all if there are none."""
    rate = bits.sum(dim=0, dtype=torch.int64) / len(bits)
    often = torch.nonzero(torch.minimum(rate, 1 - rate) >= rarest).flatten()
    return often if len(often) else torch.arange(bits.shape[1])


class _Run:
    """The state of one training run."""

    def __init__(self, config: TrainConfig, data: Dataset, log: IO[str] | None, console: Console) -> None:
        self.config, self.data, self.log, self.console = config, data, log, console
        self.encoder = _encoder(config, data)
        self.training, self.validation = self._split()
        candidates = _candidates(self.training.bits, config.rarest)
        self.network = build_network(config, self.encoder, len(data.classes), candidates)
        self.steps = max(1, len(self.training) // config.batch)
        self.generator = torch.Generator().manual_seed(config.seed + 1)
        self.moves: Tensor | None = None
        if config.shift:
            self.moves = shift_table(data.feature_shape, self.encoder.num_thresholds, config.shift)
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=config.lr, fused=True)
        self.schedule = torch.optim.lr_scheduler.CosineAnnealingLR(self.optimizer, config.epochs * self.steps)
        self.best: Model | None = None
        self.started = time.monotonic()

    def _split(self) -> tuple[Split, Split]:
        """The encoded samples, split by seed into those to train on and those to validate on."""
        full = self._encode(self.data.train_x, self.data.train_y)
        order = torch.from_numpy(np.random.default_rng(self.config.seed).permutation(len(full)))
        count = round(self.config.validation * len(full))
        if not 0 < count < len(full):
            raise InputError(f"{len(full)} samples are too few to train and to validate", where=self.config.dataset)
        return full.take(order[count:]), full.take(order[:count])

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
            loss, right = self._step(self.training.take(rows))
            loss_sum += loss * len(rows)
            correct += right
            seen += len(rows)
            advance()
        if not math.isfinite(loss_sum):
            raise OptionError("the loss is no finite number: training diverged", hint="Lower --lr or raise --tau")
        return loss_sum / seen, correct / seen

    def _step(self, batch: Split) -> tuple[float, int]:
        """One update: the loss, and how many samples were right before it."""
        bits = batch.bits if self.moves is None else shifted(batch.bits, self.moves, self.generator)
        logits = self.network(bits.float())
        loss = cross_entropy(logits, batch.labels)
        self.optimizer.zero_grad()
        torch.autograd.backward(loss)
        self.optimizer.step()
        self.schedule.step()
        return loss.item(), int((logits.argmax(dim=1) == batch.labels).sum())

    def _accuracy(self, split: Split) -> float:
        """Accuracy of the discrete network."""
        correct = 0
        for bits, labels in zip(
            torch.split(split.bits, _EVAL_BATCH), torch.split(split.labels, _EVAL_BATCH), strict=True
        ):
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
        test = self._encode(self.data.test_x, self.data.test_y)
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
        parts = [self.encoder.encode(x[i : i + _ENCODE_BATCH]) for i in range(0, len(x), _ENCODE_BATCH)]
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
    classes = interp.classify(lower(model), split.bits.numpy().view(np.bool_))
    return float((classes == split.labels.numpy()).mean())


def _check_output(path: Path) -> None:
    """Find out before the training, not after its first epoch, that the checkpoint cannot be written."""
    if path.suffix not in (".pt", ".safetensors"):
        raise OutputError(
            f"unknown suffix '{path.suffix}'", where=str(path), hint="Checkpoints are .pt or .safetensors files"
        )
    if not path.parent.is_dir():
        raise OutputError("cannot write: there is no such folder", where=str(path), hint=f"Make {path.parent} first")


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
