"""`lgc train`: a network of logic gates from a data set."""

from __future__ import annotations

from pathlib import Path

import click

from lgc.errors import MissingToolError

_NAME = "train"


@click.command(_NAME)
@click.argument("dataset")
@click.option(
    "-o", "--output", required=True, type=click.Path(path_type=Path), help="Checkpoint to write, .pt or .safetensors."
)
@click.option("--data-dir", type=click.Path(path_type=Path), envvar="LGC_DATA", help="Folder with the data files.")
@click.option("--name", help="Name of the model; by default the data set's.")
@click.option("--gates", type=int, default=8000, show_default=True, help="Gates a layer.")
@click.option("--layers", type=int, default=1, show_default=True, help="Layers; the first has learned wiring.")
@click.option("--epochs", type=int, default=20, show_default=True)
@click.option("--batch", type=int, default=256, show_default=True, help="Samples a step.")
@click.option("--lr", type=float, default=0.075, show_default=True, help="Learning rate of Adam, falling as a cosine.")
@click.option("--tau", type=float, default=12.0, show_default=True, help="Scale of the scores in the loss.")
@click.option("--seed", type=int, default=0, show_default=True)
@click.option(
    "--threshold", "thresholds", type=float, multiple=True, default=(0.25,), show_default=True,
    help="A bit is 1 where the feature is above it; give several for several bits a feature.",
)  # fmt: skip
@click.option("--shift", type=int, default=0, show_default=True, help="Move training images by up to so many pixels.")
@click.option("--log", type=click.Path(path_type=Path), help="JSON-lines file for the course of training.")
def train(dataset: str, data_dir: Path | None, output: Path, **options: object) -> None:
    """Train on DATASET: mnist, fashion-mnist, digits, or a .npz file with X and y.

    The checkpoint is that of the epoch with the best validation accuracy of the discrete network; Ctrl-C keeps the
    best so far.
    """
    from lgc.train import TrainConfig

    config = TrainConfig(dataset, data_dir, output, **options)  # type: ignore[arg-type]  # click has the types
    try:
        import lgc.train.trainer as trainer
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        raise MissingToolError(
            "training needs torch, which is not installed", hint="`pip install lgc[train]`"
        ) from None
    from rich.console import Console

    model = trainer.train(config, console=Console(stderr=True))
    record = model.training
    stopped = " (interrupted)" if record.get("interrupted") else ""
    click.echo(
        f"{output}: {model.num_nodes} gates, epoch {record['best_epoch']} of {record['epochs']}{stopped}, "
        f"validation {record['validation_accuracy']:.2%}, test {record['test_accuracy']:.2%}"
    )
