"""Evaluating: accuracy on a data set, and which classes are taken for which."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from lgc.driver.compile_request import Level
from lgc.driver.deadline import bounded
from lgc.driver.read import CONFIG_HELP, TIMEOUT, import_options, load_source
from lgc.driver.request import Request, Source
from lgc.driver.sheet import Grid, Sheet, Shown
from lgc.errors import InputError
from lgc.settings import Setting

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_MOST_CLASSES = 20


@dataclass(frozen=True)
class EvalRequest(Request):
    """Which network, on which data."""

    model: Annotated[Source, Setting("A checkpoint or a netlist.", flags=("MODEL",))]
    data: Annotated[str, Setting("An .npz file with X and y, or a data set's name.")]
    data_dir: Annotated[Path | None, Setting("Folder with the data set's files.")] = None
    level: Annotated[Level, Setting("Optimise first.", flags=("-O",))] = "0"
    engine: Annotated[
        Literal["auto", "c", "numpy"],
        Setting("What computes: compiled C, numpy, or C where it is worth building. The numbers are the same."),
    ] = "auto"  # fmt: skip
    config: Annotated[Path | None, Setting(CONFIG_HELP)] = None
    timeout: Annotated[float | None, TIMEOUT] = None
    facts: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "level", str(self.level).removeprefix("O"))
        super().__post_init__()


@dataclass(frozen=True, eq=False, repr=False)
class Evaluation(Shown):
    """How many samples were right.

    Attributes:
        confusion: int64 (C, C), rows are labels, columns predictions.
    """

    name: str
    classes: tuple[str, ...]
    confusion: NDArray[np.int64]

    @property
    def samples(self) -> int:
        """All samples."""
        return int(self.confusion.sum())

    @property
    def correct(self) -> int:
        """Those that were right."""
        return int(self.confusion.trace())

    @property
    def accuracy(self) -> float:
        """The share of samples that were right."""
        return self.correct / self.samples

    def to_json(self) -> str:
        """For machines."""
        fields = {name: getattr(self, name) for name in ("samples", "correct", "accuracy", "classes")}
        return json.dumps(fields | {"confusion": self.confusion.tolist()})

    def sheet(self) -> Sheet:
        """See :class:`Shown`."""
        lines: list[str | Grid] = []
        if len(self.classes) <= _MOST_CLASSES:
            rows = []
            for index, row in enumerate(self.confusion):
                recall = f"{100 * row[index] / row.sum():.1f} %" if row.sum() else "-"
                rows.append((self.classes[index], *map(str, row), recall))
            headings = ("label>", *(f"{name}>" for name in self.classes), "recall>")
            lines.append(Grid(headings, tuple(rows), "rows: label, columns: prediction"))
        share = f"accuracy {100 * self.accuracy:.2f} %"
        return [*lines, f"{self.name}: {self.correct:,} of {self.samples:,} right, {share}"]


@bounded
def eval(asked: EvalRequest) -> Evaluation:  # noqa: A001 - the verb's name
    """Accuracy of a network on a data set, as ``lgc.load_source(model).predict`` gives it.

    Raises:
        LgcError: the network or the data cannot be read, do not fit each other, or the data have no labels.
    """
    import numpy as np

    from lgc.driver.data import load_bits
    from lgc.passes import optimize
    from lgc.runtime import Predictor

    circuit = optimize(load_source(asked.model, import_options(asked.config, asked.facts)).circuit, f"O{asked.level}")
    bits, labels = load_bits(asked.data, asked.data_dir, circuit.encoder, classes=circuit.head.classes)
    if labels is None:
        raise InputError("the data has no labels y", where=asked.data, hint="Save them as y beside X")
    if not len(bits):
        raise InputError("the data has no samples", where=asked.data)
    count = circuit.head.num_classes
    predicted = Predictor(circuit, engine=asked.engine, samples=len(bits)).predict(bits)
    confusion = np.zeros((count, count), np.int64)
    np.add.at(confusion, (labels, predicted), 1)
    return Evaluation(circuit.name, circuit.head.classes, confusion)
