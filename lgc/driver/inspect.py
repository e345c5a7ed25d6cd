"""Inspecting: what a file is, what is certain about it, and what must be said beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lgc.driver.deadline import bounded
from lgc.driver.inputs import inputs_line, inputs_sheet
from lgc.driver.read import ReadRequest, load_source
from lgc.driver.sheet import Grid, Sheet, Shown
from lgc.errors import LgcError
from lgc.progress import Progress, Silence

if TYPE_CHECKING:
    from lgc.frontend import Model
    from lgc.frontend.importer import Importer, ImportJob
    from lgc.frontend.summary import LayerSummary, Summary
    from lgc.ir import Circuit, Inputs, Label

_GATES_SHOWN, _ALL_GATES = 4, 16
_LABELS = 20
_PARTS = {"train": "training", "validation": "validation", "test": "the test"}


@dataclass(frozen=True)
class InspectRequest(ReadRequest):
    """What to explain: as for reading, but what a file does not say is named and no error."""


@dataclass(frozen=True)
class FileFact:
    """What no file of a family says, or not every one: the value in force, and the flag that gives it."""

    fact: str
    value: str | None
    flag: str
    meaning: str


@dataclass(frozen=True, eq=False, repr=False)
class Inspection(Shown):
    """What a file or an object is.

    Attributes:
        name: of the file.
        container: what kind of file it is; empty for an object.
        certain, doubtful: notes on what was recognised.
        facts: what the file does not say.
        problem: why it could not be read.
        summary: of the circuit; None if it could not be read.
        inputs: what the columns of a sample are; None if the file does not say.
        labels: of the classes, as the data had them; None if they are the numbers from 0.
        split: which samples training kept for what; empty if the file does not say.
    """

    name: str
    size: int
    container: str
    family: str
    title: str
    certain: tuple[str, ...] = ()
    doubtful: tuple[str, ...] = ()
    facts: tuple[FileFact, ...] = ()
    problem: LgcError | None = None
    summary: Summary | None = None
    inputs: Inputs | None = None
    labels: tuple[Label, ...] | None = None
    split: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """See :class:`Shown`."""
        fields: dict[str, Any] = {"file": self.name, "bytes": self.size, "container": self.container}
        fields |= {"family": self.family, "title": self.title}
        fields |= {"certain": list(self.certain), "doubtful": list(self.doubtful)}
        fields |= {"facts": [vars(one) for one in self.facts]}
        fields |= {"problem": str(self.problem) if self.problem else None}
        fields |= {"circuit": self.summary.as_json() if self.summary else None}
        fields |= {
            "inputs": None if self.inputs is None else self.inputs.to_json(),
            "labels": None if self.labels is None else list(self.labels), "split": dict(self.split) or None,
        }  # fmt: skip
        return fields

    def sheet(self) -> Sheet:
        """See :class:`Shown`."""
        lines: list[str | Grid] = [f"{self.name}: {self.title}"]
        lines += [f"  {self.container} file of {self.size:,} bytes"] if self.container else []
        lines += [f"  certain    {note}" for note in self.certain]
        lines += [f"  ambiguous  {note}" for note in self.doubtful]
        lines += [f"  not read   {self.problem}"] if self.problem else []
        if self.facts:
            rows = tuple((one.fact, one.value or "-", one.flag, one.meaning) for one in self.facts)
            title = "What files of this family do not say, or not all of them"
            lines.append(Grid(("fact", "given", "flag", "meaning"), rows, title))
        return [*lines, *(_circuit_lines(self.summary) if self.summary else ()), *self._known()]

    def _known(self) -> Iterator[str | Grid]:
        """What the network knows of its input, its classes and its training."""
        if self.inputs is not None:
            yield f"  input       {inputs_line(self.inputs)}"
            yield from inputs_sheet(self.inputs)
        if self.labels is not None:
            yield f"  labels      {', '.join(map(str, self.labels[:_LABELS]))}{', ...' * (len(self.labels) > _LABELS)}"
        if self.split:
            yield f"  samples     {split_line(self.split)}"


def split_line(split: Mapping[str, Any]) -> str:
    """Which samples training kept for what, as a sentence."""
    counts = [f"{split[name]:,} for {what}" for name, what in _PARTS.items() if isinstance(split.get(name), int)]
    if "seed" in split:
        return f"{', '.join(counts)}; held out by seed {split['seed']}"
    return ", ".join(counts) + ("; the test samples were given" if split.get("given") else "")


def _circuit_lines(summary: Summary) -> Iterator[str | Grid]:
    encoder = f"{summary.thresholds} thresholds each" if summary.thresholds else "bits already"
    yield f"  digest      {summary.digest}"
    yield f"  form        {summary.form}"
    yield f"  features    {summary.features:,} ({encoder}), {summary.features_used:,} of them used"
    yield f"  nodes       {summary.nodes:,}, {summary.live_nodes:,} of them reach an output; depth {summary.depth}"
    classes = f"{len(summary.classes)} classes of {summary.outputs:,} outputs"
    yield f"  head        {classes}, tau {summary.tau:g}, {summary.tie} maximum wins"
    yield f"  gates       {_gates(summary.gates, _ALL_GATES)}"
    rows = []
    for layer in summary.layers:
        numbers = (f"{layer.nodes:,}", str(layer.arity), layer.reads, f"{layer.used:,}", f"{layer.live:,}")
        rows.append((layer.name, *numbers, _gates(layer.gates, _GATES_SHOWN)))
    if rows:
        yield Grid(("layer", "nodes>", "inputs>", "reads", "bits used>", "live>", "most frequent"), tuple(rows))
    slides = tuple(_slide(layer) for layer in summary.layers if layer.geometry is not None)
    if slides:
        yield Grid(("layer", "kernels>", "image>", "field>", "stride>", "padding>", "positions>"), slides)


def _slide(layer: LayerSummary) -> tuple[str, ...]:
    """The row of a layer that slides over an image."""
    shape = layer.geometry or {}
    planes = (shape["planes"],) if shape["planes"] > 1 else ()
    image = (shape["channels"], shape["height"], shape["width"], *planes)
    pairs = (image, shape["field"], shape["stride"], shape["padding"], shape["positions"])
    return layer.name, f"{layer.kernels:,}", *(" x ".join(map(str, pair)) for pair in pairs)


def _gates(gates: tuple[tuple[str, int], ...], limit: int) -> str:
    shown = ", ".join(f"{name} {count:,}" for name, count in gates[:limit])
    return f"{shown}, ..." if len(gates) > limit else shown


@bounded
def inspect(asked: InspectRequest, progress: Progress | None = None) -> Inspection:
    """Explain a file: its family, what is certain, what is ambiguous, and which flag settles it.

    A file that says enough is also read, and its layers, gates and inputs are counted. Nothing in it is run.

    Raises:
        LgcError: the file cannot be opened, or belongs to no known family.
    """
    (progress or Silence()).step("read")
    if isinstance(asked.source, str | Path):
        return _inspect_file(Path(asked.source), asked)
    from lgc.frontend.summary import summarise

    found = load_source(asked.source)
    network = found.model if found.model is not None else found.circuit
    summary = summarise(network)
    return Inspection(
        found.name, 0, "", summary.family, type(asked.source).__name__, summary=summary, **_said(network)
    )  # fmt: skip


def _said(network: Model | Circuit) -> dict[str, Any]:
    """What a network knows beside its gates."""
    from lgc.frontend import Model
    from lgc.ir.inputs import LABELS

    if isinstance(network, Model):
        return {"inputs": network.inputs, "labels": network.labels, "split": network.split}
    return {"inputs": network.inputs, "labels": network.labels if LABELS in network.metadata else None}


def _inspect_file(path: Path, asked: InspectRequest) -> Inspection:
    from lgc.frontend.containers.content import read_content
    from lgc.frontend.registry import new_job, read_job, recognise
    from lgc.frontend.summary import summarise

    options = asked.import_options()
    content = read_content(path)
    importer = recognise(content, options.given.get("family"))
    job = new_job(content, options)
    summary, problem, said = None, None, {}
    try:
        network = read_job(importer, job)
        summary, said = summarise(network), _said(network)
    except LgcError as error:
        problem = error
    return Inspection(
        str(path), path.stat().st_size, content.container, importer.family, importer.title, tuple(job.certain),
        tuple(job.doubtful), tuple(_facts(importer, job)), problem, summary, **said,
    )  # fmt: skip


def _facts(importer: Importer, job: ImportJob) -> Iterator[FileFact]:
    from lgc.frontend.facts import FACTS

    for name in importer.unsaid:
        value = job.facts.get(name)
        yield FileFact(name, None if value is None else str(value)[:40], FACTS[name].flag, FACTS[name].meaning)
