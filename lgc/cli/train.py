"""`lgc train`: a network of logic gates from a data set."""

from __future__ import annotations

from pathlib import Path

import click

from lgc.errors import MissingToolError, OptionError

_NAME = "train"


@click.command(_NAME)
@click.argument("dataset")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Checkpoint to write, .pt or .safetensors.")
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
@click.option(
    "--augment",
    type=click.Choice(["none", "shift", "affine-elastic", "crop-flip"]),
    default="none",
    show_default=True,
    help="Change training images, anew in every epoch.",
)
@click.option("--rotate", type=float, default=10.0, show_default=True, help="Largest rotation, in degrees.")
@click.option("--shear", type=float, default=10.0, show_default=True, help="Largest shear, in degrees.")
@click.option("--scale", type=float, default=0.1, show_default=True, help="Largest relative change of size.")
@click.option("--shift", type=float, default=1.0, show_default=True, help="Largest move, in pixels.")
@click.option("--elastic-alpha", type=float, default=64.0, show_default=True, help="Strength of the elastic bending.")
@click.option("--elastic-sigma", type=float, default=6.0, show_default=True, help="Its smoothness, in pixels.")
@click.option("--pad", type=int, default=4, show_default=True, help="Largest move of crop-flip, in pixels.")
@click.option("--schedule", type=click.Choice(["cosine", "constant"]), default="cosine", show_default=True)
@click.option("--rarest", type=float, default=0.001, show_default=True, help="Inputs rarer than this get no wires.")
@click.option("--validation", type=float, default=0.1, show_default=True, help="Part held out to select the epoch.")
@click.option("--log", type=click.Path(path_type=Path), help="JSON-lines file for the course of training.")
@click.option(
    "--contact-sheet", type=click.Path(path_type=Path), help="PNG of augmented samples; without -o, nothing is trained."
)
def train(
    dataset: str, data_dir: Path | None, output: Path | None, contact_sheet: Path | None, **options: object
) -> None:
    """Train on DATASET: mnist, fashion-mnist, digits, or a .npz file with X and y.

    The checkpoint is that of the epoch with the best validation accuracy of the discrete network; Ctrl-C keeps the
    best so far.
    """
    from lgc.train import TrainConfig

    if output is None and contact_sheet is None:
        raise OptionError("where is the checkpoint to be written?", hint="Add -o model.pt")
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

    if contact_sheet is not None:
        trainer.draw_contact_sheet(config, contact_sheet)
        click.echo(f"{contact_sheet}: augmented samples")
    if output is None:
        return
    model = trainer.train(config, console=Console(stderr=True))
    record = model.training
    stopped = " (interrupted)" if record.get("interrupted") else ""
    click.echo(
        f"{output}: {model.num_nodes} gates, epoch {record['best_epoch']} of {record['epochs']}{stopped}, "
        f"validation {record['validation_accuracy']:.2%}, test {record['test_accuracy']:.2%}"
    )
