"""Evaluating: accuracy on a data set, and which classes are taken for which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from lgc.driver.compile_request import Level
from lgc.driver.data_request import DataRequest
from lgc.driver.deadline import bounded
from lgc.driver.read import CONFIG_HELP, TIMEOUT, import_options, load_source
from lgc.driver.request import Request, Source
from lgc.driver.sheet import Grid, Sheet, Shown
from lgc.errors import InputError
from lgc.progress import Progress, Silence
from lgc.settings import Setting

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from lgc.driver.samples import Chosen
    from lgc.frontend import Model
    from lgc.ir import Circuit
    from lgc.report.blocks import Block

Engine = Literal["auto", "c", "numpy"]

_MOST_CLASSES = 20


@dataclass(frozen=True)
class _EvalRequest(Request):
    """Which network, on which data."""

    model: Annotated[Source, Setting("A checkpoint or a netlist.", flags=("MODEL",))]
    data: Annotated[str, Setting("A table, an .npz file with X and y, or a data set's name.")]


@dataclass(frozen=True)
class EvalRequest(DataRequest, _EvalRequest):
    """Which network, on which samples."""

    level: Annotated[Level, Setting("Optimise first.", flags=("-O",))] = "0"
    engine: Annotated[
        Engine,
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
        classes: names of the classes, as the data have them.
        confusion: int64 (C, C), rows are labels, columns predictions.
        split: which samples were counted: test, validation, train or all.
        counted: the same as a sentence, with what is known of their part in training.
        warnings: what people should know of the data, as sentences without their full stop.
    """

    name: str
    classes: tuple[str, ...]
    confusion: NDArray[np.int64]
    split: str = "all"
    counted: str = ""
    warnings: tuple[str, ...] = ()

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

    def as_json(self) -> dict[str, Any]:
        """See :class:`Shown`."""
        names = ("samples", "correct", "accuracy", "classes", "split", "counted", "warnings")
        fields = {name: getattr(self, name) for name in names}
        return fields | {"confusion": self.confusion.tolist()}

    def pictures(self) -> Sequence[Block]:
        """See :class:`Shown`: the confusion matrix in colour."""
        from lgc.report.results import Counted
        from lgc.report.sections.data import matrix

        return matrix(Counted(self.classes, self.confusion))

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
        lines += [f"note: {text}" for text in self.warnings]
        lines += [f"counted: {self.counted}"] if self.counted else []
        return [*lines, f"{self.name}: {self.correct:,} of {self.samples:,} right, {share}"]


@bounded
def eval(asked: EvalRequest, progress: Progress | None = None) -> Evaluation:  # noqa: A001 - the verb's name
    """Accuracy of a network on a data set, as ``lgc.load(model).predict`` gives it.

    Of the data that the network was trained on the test samples are counted, which the checkpoint knows by their
    digest; the result says which samples it counted.

    Raises:
        LgcError: the network or the data cannot be read, do not fit each other, or the data have no labels.
    """
    from lgc.driver.samples import About, find_samples
    from lgc.passes import optimize

    progress = progress or Silence()
    progress.step("read")
    source = load_source(asked.model, import_options(asked.config, asked.facts))
    circuit = optimize(source.circuit, f"O{asked.level}")
    samples = find_samples(
        asked.data, asked.data_dir, about=About.of(source), reading=asked.reading, split=asked.split
    )  # fmt: skip
    if samples.labels is None:
        raise InputError("the data has no labels y", where=asked.data, hint="Save them as y beside X")
    if not len(samples):
        raise InputError("the data has no samples", where=asked.data)
    progress.step(f"classify {len(samples):,} samples")
    model = source.model if asked.level == "0" else None  # a level is asked for to see what it does to the gates
    return counted(circuit, samples, *predicted(circuit, samples, asked.engine, model))


def counted(circuit: Circuit, samples: Chosen, classes: NDArray[np.int64], notes: tuple[str, ...]) -> Evaluation:
    """How many samples with labels are right.

    Args:
        classes: (n,), what the network takes them for.
        notes: what is to be said of the samples.
    """
    import numpy as np

    from lgc.data.labels import class_names
    from lgc.ir.inputs import LABELS

    count = circuit.head.num_classes
    assert samples.labels is not None
    confusion = np.zeros((count, count), np.int64)
    np.add.at(confusion, (samples.labels, classes), 1)
    names = class_names(circuit.labels) if LABELS in circuit.metadata else circuit.head.classes
    return Evaluation(circuit.name, names, confusion, samples.part, samples.told, notes)


def predicted(
    circuit: Circuit, samples: Chosen, engine: Engine, model: Model | None = None
) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Classes (n,), and what is to be said of the samples; ``model`` is what the circuit was lowered from."""
    from lgc.data.raw import known
    from lgc.driver.data import are_bits, load_bits
    from lgc.runtime import Predictor

    predictor = Predictor(circuit, model=model, engine=engine, samples=len(samples))
    inputs = None if samples.are_features else circuit.inputs
    if inputs is None or samples.packed or are_bits(samples, circuit.encoder.num_bits):
        return predictor.predict(load_bits(samples, circuit.encoder)), ()
    try:
        rows = known(samples.rows, inputs, samples.columns)
    except InputError as error:
        raise error.at(samples.where) from None
    return predictor.predict(rows), rows.notes
