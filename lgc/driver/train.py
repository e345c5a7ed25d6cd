"""Training: what `lgc train` does."""

from __future__ import annotations

import os
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from lgc.driver.request import Request, check_apart, check_outputs
from lgc.driver.seeds import SeedRun, seed_grid, train_seeds
from lgc.driver.sheet import Grid, Sheet, Shown
from lgc.errors import OptionError
from lgc.progress import Progress, Silence
from lgc.settings import Setting
from lgc.tools.find import missing
from lgc.train.config import PRESETS, TrainConfig, merged, read_config, read_preset, without_choices_of_part

if TYPE_CHECKING:
    from lgc.frontend import Model

__all__ = ["TrainConfig", "TrainRequest", "Trained", "need_output", "train"]

DATA_VARIABLE = "LGC_DATA"


@dataclass(frozen=True)
class TrainRequest(Request):
    """What to train on, and how. Later sources of settings win: a preset, a file, ``settings``.

    Attributes:
        settings: by the names of :class:`lgc.train.config.TrainConfig`.
        on_epoch: is given each epoch's entry of the log and its discrete network; what is true ends the training.
    """

    dataset: Annotated[
        str | None,
        Setting("mnist, fashion-mnist, cifar-10, digits, or a .npz file with X and y.", flags=("DATASET",)),
    ] = None  # fmt: skip
    preset: Annotated[
        str | None,
        Setting(
            "Start from a recipe, such as mnist-fast; flags change it. A name that is none shows all.",
            choices=PRESETS, metavar="NAME",
        ),
    ] = None  # fmt: skip
    config: Annotated[Path | None, Setting("TOML file of settings, named as the flags; flags win.")] = None
    resume: Annotated[bool, Setting("Go on with the run that was stopped while it wrote this output.")] = False
    contact_sheet: Annotated[
        Path | None, Setting("PNG of augmented samples; without -o, nothing is trained.", writes=True)
    ] = None  # fmt: skip
    seeds: Annotated[
        int,
        Setting("Train so many times, from --seed on; -o is the best by validation, and mean and deviation are shown.",
                low=1, high=1000),
    ] = 1  # fmt: skip
    settings: Mapping[str, Any] = field(default_factory=dict)
    on_epoch: Callable[[Mapping[str, Any], Any], Any] | None = None

    def train_config(self) -> TrainConfig:
        """All settings together.

        Raises:
            OptionError: no data set is named, a setting is out of its range, or two do not go together.
            InputError: the file of settings cannot be read.
        """
        data = os.environ.get(DATA_VARIABLE)
        environment = {"data_dir": Path(data)} if data else {}
        preset = read_preset(self.preset) if self.preset else {}
        file = read_config(self.config) if self.config else {}
        if self.settings.get("for_part", file.get("for_part")) is not None:
            preset = without_choices_of_part(preset)
        named = {"dataset": self.dataset} if self.dataset is not None else {}
        return merged(environment, preset, file, dict(self.settings), named)


@dataclass(frozen=True, eq=False, repr=False)
class Trained(Shown):
    """A trained network.

    Attributes:
        model: the best epoch's, hardened; None where only a contact sheet was drawn, or by a process that does not
            write.
        output: the checkpoint; None if none was written.
        runs: the trainings, where there were several seeds.
    """

    model: Model | None
    output: Path | None
    contact_sheet: Path | None = None
    runs: tuple[SeedRun, ...] = ()

    @property
    def record(self) -> Mapping[str, Any]:
        """What the training says of itself: epochs, accuracies, settings."""
        return self.model.training if self.model is not None else {}

    @property
    def interrupted(self) -> bool:
        """Whether it was stopped before its last epoch."""
        return bool(self.record.get("interrupted"))

    def as_json(self) -> dict[str, Any]:
        """See :class:`Shown`."""
        return {
            "output": None if self.output is None else str(self.output), "interrupted": self.interrupted,
            "contact_sheet": None if self.contact_sheet is None else str(self.contact_sheet),
            "training": dict(self.record), "seeds": {str(one.seed): dict(one.record) for one in self.runs},
        }  # fmt: skip

    def sheet(self) -> Sheet:
        """See :class:`Shown`."""
        lines: list[str | Grid] = [f"{self.contact_sheet}: augmented samples"] if self.contact_sheet else []
        lines += [seed_grid(self.runs)] if self.runs else []
        if self.model is None:
            return lines
        record = self.record
        epoch = f"epoch {record['best_epoch']} of {record['epochs']}"
        if self.interrupted:
            return [
                *lines,
                f"{self.output}: stopped; {epoch} is the best so far, validation {record['validation_accuracy']:.2%}. "
                "Go on with --resume.",
            ]
        accuracies = f"validation {record['validation_accuracy']:.2%}, test {record['test_accuracy']:.2%}"
        what = "tables" if record["hyperparameters"]["parametrisation"] == "tables" else "gates"
        price = f", {record['luts']:,} lookup tables by estimate" if "luts" in record else ""
        return [
            *lines, f"{self.output or self.model.name}: {self.model.num_nodes:,} {what}, {epoch}, {accuracies}{price}"
        ]  # fmt: skip


def train(asked: TrainRequest, progress: Progress | None = None) -> Trained:
    """Train a network; the checkpoint is that of the epoch with the best validation accuracy of the discrete network.

    Raises:
        MissingToolError: torch is not installed.
        LgcError: the data or a setting is unusable, or the checkpoint cannot be written.
    """
    config = asked.train_config()
    check_outputs(asked)
    trainer = load_trainer()
    _check_apart(asked, config)
    if asked.contact_sheet is not None:
        trainer.draw_contact_sheet(config, asked.contact_sheet)
        if config.output is None:
            return Trained(None, None, asked.contact_sheet)
    told = progress or Silence()
    if asked.seeds > 1:
        if asked.resume:
            raise OptionError("a run of several seeds cannot be resumed", hint="Resume the run of one --seed")
        best, runs = train_seeds(
            config, asked.seeds, lambda one, told: trainer.train(one, progress=told, on_epoch=asked.on_epoch), told
        )  # fmt: skip
        return Trained(best, config.output, asked.contact_sheet, runs)
    model = trainer.train(config, progress=told, go_on=asked.resume, on_epoch=asked.on_epoch)
    writes = int(os.environ.get("RANK", "0")) == 0  # not torchrun's other processes
    return Trained(model if writes else None, config.output, asked.contact_sheet)


def _check_apart(asked: TrainRequest, config: TrainConfig) -> None:
    """Refuse a run whose files, those beside the named ones too, are not all different from each other and its inputs.

    Raises:
        OptionError: they are not.
    """
    from lgc.train.places import side_files

    reads = [Path(one) for one in (config.dataset, asked.config) if one]
    named = {"-o": config.output, "--log": config.log, "--contact-sheet": asked.contact_sheet, **side_files(config)}
    check_apart(reads, {flag: path for flag, path in named.items() if path is not None})


def need_output(asked: TrainRequest) -> None:
    """Refuse a run on the command line that would leave nothing behind.

    Raises:
        OptionError: neither a checkpoint nor a contact sheet is to be written.
    """
    if asked.train_config().output is None and asked.contact_sheet is None:
        raise OptionError("where is the checkpoint to be written?", hint="Add -o model.pt")


def load_trainer() -> types.ModuleType:
    """The trainer's module.

    Raises:
        MissingToolError: torch is not installed.
    """
    try:
        import lgc.train.trainer as trainer
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        raise missing("torch", "training") from None
    return trainer
