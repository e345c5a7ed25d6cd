"""`lgc train`: a network of logic gates from a data set."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import click

from lgc.cli.options import request_command
from lgc.cli.output import OutputOptions
from lgc.driver.train import TrainConfig, TrainRequest
from lgc.errors import EXIT_INTERRUPTED, OptionError

_EXAMPLES = (
    "lgc train --preset mnist-8k -o model.pt               # a recipe, 98.5 % on MNIST",
    "lgc train mnist --gates 4000 --epochs 10 -o model.pt  # settings of your own",
    "lgc train --preset mnist-lut-1k --for ecp5-25k -o model.pt  # tables and thresholds that a part likes",
    "lgc train data.npz --threshold distributive:8 -o model.pt",
    "lgc train --preset mnist-8k -o model.pt --resume      # go on after Ctrl-C",
)


@request_command("train", TrainRequest, OutputOptions, settings=TrainConfig, examples=_EXAMPLES)
def train(asked: TrainRequest, output: OutputOptions, settings: dict[str, Any]) -> None:
    """Train on DATASET: mnist, fashion-mnist, cifar-10, digits, or a .npz file with X and y.

    The checkpoint is that of the epoch with the best validation accuracy of the discrete network. Ctrl-C keeps the best
    so far, and --resume goes on to what would have come.
    """
    import lgc.driver.train as driver
    from lgc.cli._curve import with_curve

    if "thresholds" in settings:
        settings["thresholds"] = _thresholds(settings["thresholds"])
    asked = replace(asked, settings=settings)
    driver.need_output(asked)
    result = output.run(lambda asked, told: driver.train(asked, with_curve(told)), asked)
    if result.interrupted:
        raise click.exceptions.Exit(EXIT_INTERRUPTED)


def _thresholds(values: tuple[str, ...]) -> tuple[float, ...] | str:
    """Numbers, or the one specification."""
    if len(values) == 1 and ":" in values[0]:
        return values[0]
    try:
        return tuple(map(float, values))
    except ValueError:
        raise OptionError(
            f"the thresholds are {', '.join(values)}",
            hint="Give numbers, or one of uniform:T, distributive:T, mixed:T, rounded:T and rounded-mixed:T",
        ) from None
