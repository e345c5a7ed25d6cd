"""`lgc train`: a network of logic gates from a data set."""

from __future__ import annotations

import types
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from lgc.errors import MissingToolError, OptionError
from lgc.train.config import PRESETS, SETTINGS, TrainConfig, merged, read_config, read_preset

_NAME = "train"
_EXIT_INTERRUPTED = 130
_FLAGS = {"output": ("-o", "--output"), "thresholds": ("--threshold",)}
_ENVIRONMENT = {"data_dir": "LGC_DATA"}

Command = Callable[..., Any]


def _settings(command: Command) -> Command:
    """An option for every setting of TrainConfig. None stands for one that is not given."""
    for name, one in reversed(SETTINGS.items()):
        hint, setting = one.hint, one.setting
        if name == "dataset":
            continue
        flags = _FLAGS.get(name, (f"--{name.replace('_', '-')}",))
        kind, several = _kind(hint, setting.choices)
        default = getattr(TrainConfig, name)
        shown = ", ".join(map(str, default)) if isinstance(default, tuple) else default
        text = setting.help + ("" if default is None else f"  [default: {shown}]")
        command = click.option(
            *flags, name, type=kind, multiple=several, default=None, help=text, envvar=_ENVIRONMENT.get(name)
        )(command)
    return command


def _kind(hint: Any, choices: tuple[str, ...]) -> tuple[Any, bool]:
    """A click type for a type of Python, and whether the option may be repeated."""
    options = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    if float in options and str in options:
        return _number_or_word, False
    if choices:
        return click.Choice(choices), False
    if any(typing.get_origin(option) is tuple for option in options):
        return str, True
    return (click.Path(path_type=Path) if Path in options else options[0]), False


def _number_or_word(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


_number_or_word.__name__ = "float or word"  # as the help shows it


@click.command(_NAME)
@click.argument("dataset", required=False)
@click.option("--preset", type=click.Choice(PRESETS), help="Start from a recipe; flags change it.")
@click.option(
    "--config", "file", type=click.Path(path_type=Path), help="TOML file of settings, named as the flags; flags win."
)
@click.option("--resume", is_flag=True, help="Go on with the run that was stopped while it wrote this output.")
@click.option(
    "--contact-sheet", type=click.Path(path_type=Path), help="PNG of augmented samples; without -o, nothing is trained."
)
@_settings
@click.pass_context
def train(
    ctx: click.Context, /, dataset: str | None, preset: str | None, file: Path | None, resume: bool,
    contact_sheet: Path | None, **given: Any,
) -> None:  # fmt: skip
    """Train on DATASET: mnist, fashion-mnist, cifar-10, digits, or a .npz file with X and y.

    The checkpoint is that of the epoch with the best validation accuracy of the discrete network. Ctrl-C keeps the best
    so far, and --resume goes on to what would have come.
    """
    environment = {name: given[name] for name in _ENVIRONMENT if _came_from(ctx, name, ParameterSource.ENVIRONMENT)}
    flags = {name: value for name, value in given.items() if _came_from(ctx, name, ParameterSource.COMMANDLINE)}
    if "thresholds" in flags:
        flags["thresholds"] = _thresholds(flags["thresholds"])
    if dataset is not None:
        flags["dataset"] = dataset
    config = merged(environment, read_preset(preset) if preset else {}, read_config(file) if file else {}, flags)
    if config.output is None and contact_sheet is None:
        raise OptionError("where is the checkpoint to be written?", hint="Add -o model.pt")
    trainer = _trainer()
    if contact_sheet is not None:
        trainer.draw_contact_sheet(config, contact_sheet)
        click.echo(f"{contact_sheet}: augmented samples")
    if config.output is not None:
        _train(trainer, config, resume)


def _came_from(ctx: click.Context, name: str, source: ParameterSource) -> bool:
    return ctx.get_parameter_source(name) is source


def _thresholds(values: tuple[str, ...]) -> tuple[float, ...] | str:
    """Numbers, or the one specification."""
    if len(values) == 1 and ":" in values[0]:
        return values[0]
    try:
        return tuple(map(float, values))
    except ValueError:
        raise OptionError(
            f"the thresholds are {', '.join(values)}", hint="Give numbers, or one of uniform:T and distributive:T"
        ) from None


def _trainer() -> types.ModuleType:
    try:
        import lgc.train.trainer as trainer
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        raise MissingToolError(
            "training needs torch, which is not installed", hint="`pip install lgc[train]`"
        ) from None
    return trainer


def _train(trainer: types.ModuleType, config: TrainConfig, resume: bool) -> None:
    import os

    from rich.console import Console

    model = trainer.train(config, console=Console(stderr=True), go_on=resume)
    record = model.training
    if int(os.environ.get("RANK", "0")) > 0:  # torchrun's other processes
        return
    if record.get("interrupted"):
        click.echo(
            f"{config.output}: stopped; epoch {record['best_epoch']} of {record['epochs']} is the best so far, "
            f"validation {record['validation_accuracy']:.2%}. Go on with --resume."
        )
        raise click.exceptions.Exit(_EXIT_INTERRUPTED)
    click.echo(
        f"{config.output}: {model.num_nodes} gates, epoch {record['best_epoch']} of {record['epochs']}, "
        f"validation {record['validation_accuracy']:.2%}, test {record['test_accuracy']:.2%}"
    )
