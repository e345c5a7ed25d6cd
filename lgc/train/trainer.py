"""The training loop, and selection by the accuracy of the discrete network."""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

import lgc
from lgc.errors import OptionError
from lgc.frontend import Model, write_model
from lgc.numbers import check_scale
from lgc.parts.part import find_part
from lgc.progress import Progress, Silence
from lgc.train import net, resume
from lgc.train.augment import make_augment
from lgc.train.build import build_network
from lgc.train.config import TrainConfig
from lgc.train.data import Dataset, load_dataset
from lgc.train.defaults import settled
from lgc.train.folds import measured
from lgc.train.history import Entry, History, OnEpoch
from lgc.train.loss import class_weights
from lgc.train.parallel import ProcessGroup, after_fork, joined, pick_device, precision
from lgc.train.places import check_places
from lgc.train.price import make_budget, need_logic, price_of
from lgc.train.samples import BitEncoder, Epochs, Samples, divided, epoch_generator, useful_inputs
from lgc.train.scoring import Validation, class_mean, model_accuracy, soft_accuracy
from lgc.train.sheet import write_contact_sheet
from lgc.train.step import Step, make_step
from lgc.train.stop import StopRequest
from lgc.train.thresholds import make_encoder
from lgc.train.wiring import TopK


def train(
    config: TrainConfig,
    *,
    progress: Progress | None = None,
    go_on: bool = False,
    data: Dataset | None = None,
    on_entry: Callable[[Entry], None] | None = None,
    on_epoch: OnEpoch | None = None,
) -> Model:
    """Train, and give the hardened model of the best epoch by hard validation accuracy.

    Ctrl-C ends it after the step under way, writes its state, and gives the best model so far, which has not seen the
    test set. Under torchrun, all processes train together, and the first one writes.

    Args:
        progress: who hears how far it is, and each epoch's line.
        go_on: resume the run whose state is beside the output.
        data: what to train on, in place of what the configuration names; it may have no test samples.
        on_entry: is given each entry of the history as it is made.
        on_epoch: is given each epoch's entry and discrete network; what is true ends the training there.

    Raises:
        InputError: the data set is unusable, or there is no state to resume.
        OptionError: the configuration does not fit the data set, or is not that of the run to resume.
        OutputError: the checkpoint or the log cannot be written.
    """
    check_places(config, go_on=go_on)
    if config.output is None and go_on:
        raise OptionError("only a run with an output can be resumed", hint="Add -o, as when it was started")
    if config.folds and go_on:
        raise OptionError("the folds were measured when the run was started", hint="Leave out --folds")
    after_fork()
    device = pick_device(config.device)
    with joined(device) as group:
        data = data or _load(config, group)
        told = progress if progress is not None and group.rank == 0 else Silence()
        found = _folds(config, data, device, group, told) if config.folds else {}
        run = Run(config, data, device, group, told)
        run.on_entry, run.on_epoch, run.measured = on_entry, on_epoch, found
        return run.finish() if run.train(go_on) else run.stopped()


def _folds(
    config: TrainConfig, data: Dataset, device: torch.device, group: ProcessGroup, told: Progress
) -> dict[str, Any]:
    """What cross-validation measures, by runs that leave nothing behind."""

    def accuracy(one: TrainConfig, fold: Dataset) -> float:
        run = Run(one, fold, device, group, Silence())
        if not run.train(False):
            raise KeyboardInterrupt
        return float(run.finish().training["test_accuracy"])

    return measured(config, data, accuracy, told)


def _load(config: TrainConfig, group: ProcessGroup) -> Dataset:
    """The data set; files that are missing are fetched by the first process."""
    if group.rank > 0:
        group.wait()
    data = load_dataset(config.dataset, config.data_dir, loading=config.loading)
    if group.rank == 0:
        group.wait()
    return data


def draw_contact_sheet(config: TrainConfig, path: Path) -> None:
    """Write a PNG of augmented training samples; nothing is trained.

    Raises:
        LgcError: the data set is unusable, is not of images, or is not augmented; or the file cannot be written.
    """
    data = load_dataset(config.dataset, config.data_dir, loading=config.loading)
    augment = make_augment(config, data.feature_shape)
    if augment is None:
        raise OptionError("a contact sheet shows augmented samples, but there is no augmentation", hint="Add --augment")
    samples = Samples.of(data.train, data.train_y, torch.device("cpu"))
    generator = epoch_generator(config.seed, 1, "augment")
    white = 255 if data.scale == 1 and data.train.dtype == np.uint8 else data.scale
    write_contact_sheet(path, samples.x, data.feature_shape, white, augment, generator)


class Run:
    """The state of one training run in one process."""

    def __init__(self, config: TrainConfig, data: Dataset, device: torch.device, group: ProcessGroup, told: Progress):
        self.data, self.device, self.group, self.told = data, device, group, told
        rows, held_out = divided(data, config.validation, config.seed, config.dataset)
        self.settled = settled(config, data, data.train_y[rows], len(held_out))
        self.config = config = self.settled.config
        self.part = find_part(config.for_part) if config.for_part is not None else None
        pixels = net.pixels_alike(config.net, data.feature_shape)
        self.encoder = make_encoder(config.thresholds, data.train[rows], data.scale, pixels)
        if data.scale == 1 and self.encoder.thresholds is not None:
            check_scale(self.encoder.thresholds, data.train)
        self.to_bits = BitEncoder(self.encoder, data.scale, device)
        self.training = Samples.of(data.train[rows], data.train_y[rows], device)
        self.validation = Samples.of(data.train[held_out], data.train_y[held_out], device)
        self.network = build_network(
            config, self.encoder, len(data.classes), self._useful(), limits=not data.is_images, shape=data.feature_shape
        ).to(device)
        self.logic = need_logic(self.encoder, data.inputs)
        first = getattr(self.network.layers[0], "connectome", None)
        self.budget = make_budget(config.comparators, len(config.redraws), first, self.logic)
        self.steps = self._steps()
        augment = make_augment(config, data.feature_shape)
        until = round(config.augment_until * config.epochs)
        self.epochs = Epochs(self.training.x, data.feature_shape, augment, config.seed, until)
        self.step = self._make_step()
        self.validated = Validation(self.step, self.to_bits, self.validation)
        self.best: Model | None = None
        self.progress = resume.TrainingPosition()
        self.tally = torch.zeros(2, dtype=torch.float64, device=device)  # loss and samples right, in this epoch
        self.history = History(None)
        self.on_entry: Callable[[Entry], None] | None = None
        self.on_epoch: OnEpoch | None = None
        self.ended = False  # before its last epoch, because on_epoch said so
        self.measured: Mapping[str, Any] = {}  # of cross-validation, for the record
        self.saved = time.monotonic()

    def _steps(self) -> int:
        """Steps an epoch. Of tables the last, smaller one is made too; of many images it is left out."""
        whole, rest = divmod(len(self.training), self.config.batch)
        return max(1, whole + (1 if rest and not self.data.is_images else 0))

    def _useful(self) -> Tensor:
        return useful_inputs(self.to_bits, self.training.x, self.config.rarest, distinct=not self.data.is_images)

    def _make_step(self) -> Step:
        step = make_step(self.network, self.config.batch, self.group)
        step.weights = class_weights(self.config.class_weight, self.training.labels, len(self.data.classes))
        if not step.whole_batches:
            self.group.check(self.config.batch, len(self.training))
        return step

    def train(self, go_on: bool) -> bool:
        """All epochs that are left. Whether it came to the end."""
        for line in (*self.data.notes, *self.settled.chosen, *self.settled.warnings):
            self.told.note(line)
        if go_on:
            self._restore()
        elif self.config.output is not None and resume.state_path(self.config.output).exists():
            self.told.note("An earlier run was stopped here. It is forgotten now; --resume would have gone on with it.")
        log = self.config.log if self.group.rank == 0 else None
        self.history = History(log, self.progress.entries, self.on_entry)
        if go_on:
            self.history.add("resume", epoch=self.progress.epoch, step=self.progress.step)
        else:
            settings = self.config.hyperparameters()
            self.history.add("start", lgc=lgc.__version__, dataset=self.data.name, **settings)
        before, started = self.progress.seconds, time.monotonic()
        total = self.config.epochs * self.steps
        try:
            with StopRequest() as stop:
                for _ in self._updates(stop):
                    done = (self.progress.epoch - 1) * self.steps + self.progress.step
                    self.told.step("training", done, total)
                    self.progress.seconds = before + time.monotonic() - started
        finally:
            self.epochs.close()
        return self.ended or self.progress.epoch > self.config.epochs

    def _updates(self, stop: StopRequest) -> Iterator[None]:
        """One update at a time, until the last or until somebody asks to stop; then the state is saved."""
        while self.progress.epoch <= self.config.epochs:
            for _ in self._epoch():
                yield
                if self.group.sums(float(stop.asked))[0]:
                    return self._save_state()
            self._end_epoch()
            if self.ended:
                return None
            due = time.monotonic() - self.saved > self.config.save_every  # by the clock of any of the processes
            if self.group.sums(float(due))[0] and self.progress.epoch <= self.config.epochs:
                self._save_state()

    def _epoch(self) -> Iterator[None]:
        """The updates that are left in this epoch's pass over the training samples."""
        progress, config = self.progress, self.config
        self.network.train()
        if progress.step == 0 and progress.epoch in config.redraws:
            self.step.redraw(epoch_generator(config.seed, progress.epoch, "redraw"), self._among())
        x, labels = self.epochs.features(progress.epoch), self.training.labels
        order = torch.randperm(len(x), generator=epoch_generator(config.seed, progress.epoch, "order"))
        batches = torch.split(order.to(self.device), config.batch)
        while progress.step < self.steps:
            done = progress.epoch - 1 + progress.step / self.steps
            self.step.lr = config.learning_rate(done / config.epochs)
            batch = batches[progress.step]
            rows = batch if self.step.whole_batches else self.group.share(batch)
            loss, right = self._step(x[rows], labels[rows])
            if self.group.rank == 0 or not self.step.whole_batches:
                self.tally += torch.stack([loss.double() * len(rows), right.double()])
            progress.step += 1
            yield

    def _among(self) -> Tensor | None:
        """The inputs that are left to choose among, at the redraw of this epoch, if comparators are counted."""
        if self.budget is None:
            return None
        wiring = self.network.layers[0].connectome
        assert isinstance(wiring, TopK)
        return self.budget.among(wiring, sum(epoch <= self.progress.epoch for epoch in self.config.redraws))

    def _step(self, x: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """One update: the loss, and how many samples were right before it."""
        with precision(self.config.precision, self.device):
            return self.step(self.to_bits(x), labels)

    def _end_epoch(self) -> None:
        progress = self.progress
        self.step.settle()
        loss_sum, correct = self.group.sums(*self.tally.tolist())
        if not math.isfinite(loss_sum):
            raise OptionError("the loss is no finite number: training diverged", hint="Lower --lr or raise --tau")
        seen = min(len(self.training), self.steps * self.config.batch)
        hardened = self.network.harden(
            name=self.config.name or self.data.name, classes=self.data.classes, feature_shape=self.data.feature_shape
        )
        right, validation_loss = self.validated(hardened)
        validation = float(right.mean())
        accuracies = {"train_accuracy": correct / seen, "validation_accuracy": validation, **self._more(right)}
        price = price_of(hardened, self.part, self.logic) if self.part or self.budget is not None else {}
        self._keep_best(hardened, accuracies, validation_loss, price)
        self.history.add(
            "epoch", epoch=progress.epoch, loss=round(loss_sum / seen, 5),
            **{name: round(value, 5) for name, value in accuracies.items()}, **price,
            seconds=round(progress.seconds, 1),
        )  # fmt: skip
        more = {"balanced_accuracy": "  balanced {:7.2%}", "soft_accuracy": "  soft {:7.2%}", "gap": "  gap {:+7.2%}"}
        self.told.note(
            f"epoch {progress.epoch:3d}  loss {loss_sum / seen:.4f}  training {correct / seen:7.2%}  "
            f"validation {validation:7.2%}"
            + "".join(text.format(accuracies[name]) for name, text in more.items() if name in accuracies)
            + self._priced(price)
        )
        self.tally.zero_()
        progress.next_epoch()
        if self.on_epoch is not None:
            self.ended = self.group.sums(float(bool(self.on_epoch(self.history.entries[-1], hardened))))[0] > 0

    def _more(self, right: NDArray[np.bool_]) -> dict[str, float]:
        """Accuracies on the validation samples that tell something of this configuration only."""
        config, found = self.config, {}
        if config.class_weight != "none":
            found["balanced_accuracy"] = class_mean(right, self.validation.labels)
        if config.soft_samples and (config.estimator, config.wire_estimator) != ("straight-through",) * 2:
            few = self.validation.take(torch.arange(min(config.soft_samples, len(right)), device=self.device))
            found |= soft_accuracy(self.network, self.to_bits, few, right)
        return found

    def _priced(self, price: Mapping[str, int]) -> str:
        """The price for the line of an epoch."""
        tables = f"  {price['luts']:,} LUT{self.part.lut_size}" if self.part is not None and "luts" in price else ""
        return tables + (f"  {price['comparators']:,} comparators" if price else "")

    def _keep_best(
        self, hardened: Model, accuracies: Mapping[str, float], loss: float, price: Mapping[str, int]
    ) -> None:
        """Of several epochs of the same accuracy the one of the smallest loss: few samples tie often.

        Those of too many comparators count only until there is one without.
        """
        name = "validation_accuracy" if self.config.class_weight == "none" else "balanced_accuracy"

        def rank(costs: Mapping[str, Any], accuracy: float, loss: float) -> tuple[bool, float, float]:
            return self.budget is None or costs["comparators"] <= self.budget.most, accuracy, -loss

        if self.best is not None:
            before = self.best.training
            if rank(price, accuracies[name], loss) <= rank(before, before[name], before.get("validation_loss", 0.0)):
                return
        record = {
            "dataset": self.data.name,
            "seed": self.config.seed,
            "epochs": self.config.epochs,
            "best_epoch": self.progress.epoch,
            "hyperparameters": self.config.hyperparameters(),
            "validation_accuracy": accuracies["validation_accuracy"],
            name: accuracies[name],
            "validation_loss": loss,
            **price,
            **self.measured,
            "train_samples": len(self.training),
            "validation_samples": len(self.validation),
            "lgc": lgc.__version__,
        }
        data = self.data
        whole = {**data.split, "train": len(self.training), "validation": len(self.validation)}
        self.best = replace(hardened, training=record, inputs=data.inputs, labels=data.labels, split=whole)
        self._save(self.best)

    def finish(self) -> Model:
        """The one look at the test set, if there is one."""
        assert self.best is not None
        model, tested = self.best, {}
        if len(self.data.test):
            tested = {"test_accuracy": model_accuracy(model, self.data, self.told)}
            model = replace(model, training={**model.training, **tested, "test_samples": len(self.data.test)})
        self._save(model)
        self.history.add(
            "end", best_epoch=model.training["best_epoch"],
            validation_accuracy=round(model.training["validation_accuracy"], 5),
            **{name: round(value, 5) for name, value in tested.items()},
            seconds=round(self.progress.seconds, 1), digest=model.digest(),
        )  # fmt: skip
        self.history.finish()
        if self.config.output is not None and self.group.rank == 0:
            resume.state_path(self.config.output).unlink(missing_ok=True)
        return model

    def stopped(self) -> Model:
        """The best model so far, of a run that somebody stopped."""
        self.history.finish()
        if self.best is None:
            self.told.note("Stopped in the first epoch. Go on with --resume.")
            raise KeyboardInterrupt
        model = replace(self.best, training={**self.best.training, "interrupted": True})
        self._save(model)
        return model

    def _save(self, model: Model) -> None:
        if self.config.output is not None and self.group.rank == 0:
            write_model(model, self.config.output)

    def _save_state(self) -> None:
        # The sums of an epoch under way are those of all processes, so that any number of them can go on.
        loss_sum, correct = self.group.sums(*self.tally.tolist())
        self.step.settle()
        self.saved = time.monotonic()
        if self.config.output is None or self.group.rank > 0:
            return
        progress = replace(self.progress, loss_sum=loss_sum, correct=int(correct), entries=self.history.entries)
        network, step = self.network.state_dict(), self.step.state_dict()
        state = resume.State(self._identity, progress, network, step, self.best)
        resume.write_state(state, resume.state_path(self.config.output))

    def _restore(self) -> None:
        assert self.config.output is not None
        path = resume.state_path(self.config.output)
        state = resume.read_state(path, self._identity)
        self.progress, self.best = state.progress, state.best
        if self.group.rank == 0:
            self.tally += torch.tensor(
                [self.progress.loss_sum, self.progress.correct], dtype=torch.float64, device=self.device
            )
        resume.restore(self.network, self.step, state, path)

    @cached_property
    def _identity(self) -> dict[str, Any]:
        """What a state must have been made with to go on here."""
        digest = hashlib.sha256()
        for array in (self.data.train, self.data.train_y):
            digest.update(np.ascontiguousarray(array).data)
        return {**self.config.hyperparameters(), "step": type(self.step).__name__, "data": digest.hexdigest()[:16]}
