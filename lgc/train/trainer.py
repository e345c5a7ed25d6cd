"""The training loop: straight-through logic layers, Adam, and selection by the accuracy of the discrete network."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

import numpy as np
import torch
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from torch import Tensor

import lgc
from lgc.errors import InputError, OptionError, OutputError
from lgc.frontend import Model, lower, write_model
from lgc.ir import Encoder, interp
from lgc.train.augment import make_augment
from lgc.train.config import TrainConfig
from lgc.train.data import Dataset, load_dataset
from lgc.train.modules import Dense, Fixed, GroupSum, LogicLayer, LogicNetwork
from lgc.train.samples import BitEncoder, Epochs, Samples, epoch_generator
from lgc.train.sheet import write_contact_sheet
from lgc.train.step import make_step

_BATCH = 1000  # samples at a time outside of training
_BLOCK = 4096  # the same in the interpreter


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


def draw_contact_sheet(config: TrainConfig, path: Path) -> None:
    """Write a PNG of augmented training samples; nothing is trained.

    Raises:
        LgcError: the data set is unusable, is not of images, or is not augmented; or the file cannot be written.
    """
    data = load_dataset(config.dataset, config.data_dir, seed=config.seed)
    augment = make_augment(config, data.feature_shape)
    if augment is None:
        raise OptionError("a contact sheet shows augmented samples, but there is no augmentation", hint="Add --augment")
    samples = Samples.of(data.train, data.train_y, torch.device("cpu"))
    generator = epoch_generator(config.seed, 1, "augment")
    write_contact_sheet(path, samples.x, data.feature_shape, data.scale, augment, generator)


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


class _Run:
    """The state of one training run."""

    def __init__(self, config: TrainConfig, data: Dataset, log: IO[str] | None, console: Console) -> None:
        self.config, self.data, self.log, self.console = config, data, log, console
        self.device = torch.device("cpu")
        self.encoder = _encoder(config, data)
        self.to_bits = BitEncoder(self.encoder, data.scale, self.device)
        self.training, self.validation = self._split()
        candidates = self._candidates()
        self.network = build_network(config, self.encoder, len(data.classes), candidates)
        self.steps = max(1, len(self.training) // config.batch)
        augment = make_augment(config, data.feature_shape)
        self.epochs = Epochs(self.training.x, data.feature_shape, augment, config.seed)
        self.step = make_step(self.network, config.batch)
        self.best: Model | None = None
        self.started = time.monotonic()

    def _split(self) -> tuple[Samples, Samples]:
        """The training samples, split by seed into those to train on and those to validate on."""
        full = Samples.of(self.data.train, self.data.train_y, self.device)
        order = torch.from_numpy(np.random.default_rng(self.config.seed).permutation(len(full))).to(self.device)
        count = round(self.config.validation * len(full))
        if not 0 < count < len(full):
            raise InputError(f"{len(full)} samples are too few to train and to validate", where=self.config.dataset)
        return full.take(order[count:]), full.take(order[:count])

    def _candidates(self) -> Tensor:
        """Inputs that are 1, and also 0, in at least the part ``rarest`` of the samples; all if there are none."""
        counts = sum(self.to_bits(x).sum(dim=0, dtype=torch.int64) for x in torch.split(self.training.x, _BATCH))
        assert isinstance(counts, Tensor)
        rate = counts / len(self.training)
        often = torch.nonzero(torch.minimum(rate, 1 - rate) >= self.config.rarest).flatten()
        return often if len(often) else torch.arange(self.encoder.num_bits)

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
        finally:
            self.epochs.close()
        assert self.best is not None
        return self._finish(self.best, interrupted)

    def _epochs(self) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=self.console) as progress:
            task = progress.add_task("training", total=self.config.epochs * self.steps)
            for epoch in range(1, self.config.epochs + 1):
                loss, accuracy = self._epoch(epoch, lambda: progress.advance(task))
                validation = self._accuracy(self.validation)
                self._keep_best(epoch, validation)
                self._write_log(
                    event="epoch", epoch=epoch, loss=round(loss, 5), train_accuracy=round(accuracy, 5),
                    validation_accuracy=round(validation, 5), seconds=round(time.monotonic() - self.started, 1),
                )  # fmt: skip
                progress.console.print(
                    f"epoch {epoch:3d}  loss {loss:.4f}  training {accuracy:7.2%}  validation (hard) {validation:7.2%}"
                )

    def _epoch(self, epoch: int, advance: Callable[[], None]) -> tuple[float, float]:
        """One pass over the training samples: mean loss, and accuracy as seen in training."""
        self.network.train()
        x, labels, size = self.epochs.features(epoch), self.training.labels, self.config.batch
        order = torch.randperm(len(x), generator=epoch_generator(self.config.seed, epoch, "order")).to(self.device)
        loss_sum, correct = 0.0, 0
        for index, rows in enumerate(torch.split(order, size)[: self.steps]):
            self.step.lr = self.config.learning_rate((epoch - 1 + index / self.steps) / self.config.epochs)
            loss, right = self._step(x[rows], labels[rows])
            loss_sum += loss * len(rows)
            correct += right
            advance()
        seen = min(len(order), self.steps * size)
        if not math.isfinite(loss_sum):
            raise OptionError("the loss is no finite number: training diverged", hint="Lower --lr or raise --tau")
        return loss_sum / seen, correct / seen

    def _step(self, x: Tensor, labels: Tensor) -> tuple[float, int]:
        """One update: the loss, and how many samples were right before it."""
        return self.step(self.to_bits(x), labels)

    def _accuracy(self, samples: Samples) -> float:
        """Accuracy of the discrete network."""
        batches = zip(torch.split(samples.x, _BATCH), torch.split(samples.labels, _BATCH), strict=True)
        return sum(int((self._classify(x) == labels).sum()) for x, labels in batches) / len(samples)

    def _classify(self, x: Tensor) -> Tensor:
        return self.network.scores(self.to_bits(x)).argmax(dim=1)

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
        accuracy = _model_accuracy(best, self.data)
        record = {**best.training, "test_accuracy": accuracy, "test_samples": len(self.data.test)}
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

    def _save(self, model: Model) -> None:
        if self.config.output is not None:
            write_model(model, self.config.output)

    def _write_log(self, **entry: Any) -> None:
        if self.log is not None:
            self.log.write(json.dumps(entry) + "\n")
            self.log.flush()


def _model_accuracy(model: Model, data: Dataset) -> float:
    """Accuracy of a hardened model on the test set, through the reference interpreter."""
    circuit, x = lower(model), data.test_x
    blocks = [interp.classify(circuit, model.encoder.encode(x[i : i + _BLOCK])) for i in range(0, len(x), _BLOCK)]
    return float((np.concatenate(blocks) == data.test_y).mean())


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
