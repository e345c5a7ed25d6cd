"""`lgc eval`: accuracy and confusion matrix."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from lgc.cli._import import config_option

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from lgc.frontend import ImportOptions
    from lgc.runtime.predictor import Engine

_NAME = "eval"


@click.command(_NAME)
@click.argument("model", type=click.Path(path_type=Path))
@click.option("--data", required=True, help="An .npz file with X and y, or a data set's name.")
@click.option("--data-dir", type=click.Path(path_type=Path), help="Folder with the data set's files.")
@click.option(
    "-O", "level", type=click.Choice(["0", "1", "2", "3"]), default="0", show_default=True, help="Optimise first."
)
@click.option(
    "--engine",
    type=click.Choice(["auto", "c", "numpy"]),
    default="auto",
    show_default=True,
    help="What computes: compiled C, numpy, or C where it is built or worth building. The numbers are the same.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@config_option
def eval_(
    model: Path,
    data: str,
    data_dir: Path | None,
    level: str,
    engine: Engine,
    as_json: bool,
    source: ImportOptions,
) -> None:
    """Accuracy of MODEL (a checkpoint or a netlist) on a data set, as `lgc.load(MODEL).predict` gives it."""
    import numpy as np

    from lgc.cli._data import load_bits
    from lgc.errors import InputError
    from lgc.frontend import load_circuit
    from lgc.passes import optimize
    from lgc.runtime import Predictor

    circuit = optimize(load_circuit(model, source), f"O{level}")
    bits, labels = load_bits(data, data_dir, circuit.encoder)
    if labels is None:
        raise InputError("the data has no labels y", where=data)
    if not len(bits):
        raise InputError("the data has no samples", where=data)
    count = circuit.head.num_classes
    if labels.min() < 0 or labels.max() >= count:
        wrong = labels[(labels < 0) | (labels >= count)][0]
        raise InputError(
            f"label {wrong} in data for a model of {count} classes", where=data, hint="Labels are 0 to C-1"
        )
    predicted = Predictor(circuit, engine=engine, samples=len(bits)).predict(bits)
    confusion = np.zeros((count, count), np.int64)
    np.add.at(confusion, (labels, predicted), 1)
    if as_json:
        _print_json(circuit.head.classes, confusion)
    else:
        _print_table(circuit.name, circuit.head.classes, confusion)


globals()[_NAME] = eval_


def _print_json(classes: tuple[str, ...], confusion: NDArray[np.int64]) -> None:
    import json

    total, right = int(confusion.sum()), int(confusion.trace())
    fields = {
        "samples": total,
        "correct": right,
        "accuracy": right / total,
        "classes": classes,
        "confusion": confusion.tolist(),
    }
    click.echo(json.dumps(fields))


def _print_table(name: str, classes: tuple[str, ...], confusion: NDArray[np.int64]) -> None:
    from rich.table import Table

    from lgc.cli._console import console as new_console

    total, right = int(confusion.sum()), int(confusion.trace())
    console = new_console()
    if len(classes) <= 20:
        table = Table(title="rows: label, columns: prediction", title_justify="left")
        for heading in ("", *classes, "recall"):
            table.add_column(heading, justify="right")
        for index, row in enumerate(confusion):
            recall = f"{100 * row[index] / row.sum():.1f} %" if row.sum() else "-"
            table.add_row(classes[index], *(str(value) for value in row), recall)
        console.print(table)
    console.print(f"{name}: {right:,} of {total:,} right, accuracy {100 * right / total:.2f} %")
