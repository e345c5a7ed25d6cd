"""The flags that say what a peer's file does not; shared by every command that reads one."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from lgc.frontend import ImportOptions

_FLAGS: dict[str, dict[str, Any]] = {
    "family": {"help": "Which tool's file it is, if recognition fails."},
    "classes": {"metavar": "N|NAMES", "help": "Number of classes, or their names separated by commas."},
    "features": {"type": int, "help": "Number of input features."},
    "input_shape": {"metavar": "C,H,W", "help": "Shape of one sample."},
    "thresholds": {"metavar": "T|FILE", "help": "Encoder: numbers separated by commas, or a .npy file (T) or (F,T)."},
    "bit_order": {"type": click.Choice(["feature-major", "threshold-major"]), "help": "Order of the encoder's bits."},
    "tau": {"type": float, "help": "Scale of the scores; changes no decision."},
    "beta": {"type": float, "help": "Offset of the scores; changes no decision."},
    "tie": {"type": click.Choice(["first", "last"]), "help": "Which of several largest scores is the class."},
    "parametrization": {"type": click.Choice(["raw", "warp", "light"]), "help": "torchlogix: how tables are stored."},
    "torchlogix_version": {"metavar": "VERSION", "help": "torchlogix: the version that trained it."},
    "feature_dim": {"type": int, "help": "torchlogix: the axis that the encoder's bits widen."},
    "widths": {"metavar": "N,N,...", "help": "LILogicNet npz: the true number of gates of each layer."},
    "pass_input": {"metavar": "yes|no", "help": "LILogicNet: every layer also reads the input."},
    "pass_residual": {"metavar": "yes|no", "help": "LILogicNet: every layer also reads the stage before the last."},
    "seed": {"type": int, "help": "difflogic: seed of the wiring."},
    "dataset": {"metavar": "NAME", "help": "difflogic: mnist, mnist20x20, cifar-10-3-thresholds, ..."},
    "preamble": {"type": int, "help": "difflogic: size of the training set that was split first; 0 for none."},
    "built_on": {"type": click.Choice(["cpu", "cuda"]), "help": "difflogic: where the model was built."},
    "connections": {"type": click.Choice(["random", "unique"]), "help": "difflogic: how wiring was drawn."},
    "check": {"metavar": "FILE", "help": "difflogic: .npz with X and y, or a netlist, that proves the wiring."},
    "min_accuracy": {"type": float, "help": "difflogic: accuracy to reach on --check."},
    "top": {"metavar": "MODULE", "help": "Verilog: the top module."},
}


def import_options(*, exclude: tuple[str, ...] = ()) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Adds the flags to a command, which gets one argument ``source: ImportOptions`` in their place."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def wrapper(*args: Any, config: Path | None, **kwargs: Any) -> Any:
            given = {name: kwargs.pop(f"source_{name}") for name in _FLAGS if name not in exclude}
            return function(*args, source=_options(config, given), **kwargs)

        wrapped: Callable[..., Any] = wrapper
        for name, settings in reversed(_FLAGS.items()):
            if name not in exclude:
                flag = "--source-top" if name == "top" else f"--{name.replace('_', '-')}"
                wrapped = click.option(flag, f"source_{name}", **settings)(wrapped)
        path = click.Path(path_type=Path, dir_okay=False)
        return click.option("--config", type=path, help="JSON or TOML file of what the checkpoint does not say.")(
            wrapped
        )

    return decorate


def config_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Adds ``--config`` alone, for commands whose own flags are about something else: ``source: ImportOptions``."""

    @functools.wraps(function)
    def wrapper(*args: Any, config: Path | None, **kwargs: Any) -> Any:
        return function(*args, source=_options(config, {}), **kwargs)

    path = click.Path(path_type=Path, dir_okay=False)
    text = "JSON or TOML file of what another tool's checkpoint does not say; see `lgc convert --help`."
    return click.option("--config", type=path, help=text)(wrapper)


def _options(config: Path | None, given: dict[str, Any]) -> ImportOptions:
    from lgc.frontend import ImportOptions

    classes = given.get("classes")
    if isinstance(classes, str) and not classes.isdecimal():
        given["classes"] = tuple(classes.split(","))
    return ImportOptions.of(config, **given)
