"""What the network gets right, what it reads, and which functions its gates are."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from lgc.report.blocks import Block, Chapter, Code, Explorer, Figure, Listing, Text
from lgc.report.charts import Bar, bars, maps, square
from lgc.report.explore import explorer_network
from lgc.report.functions import FAMILIES, MEANING, SYMMETRIES, Functions, count_functions
from lgc.report.naming import feature_names
from lgc.report.reads import Reads, as_images, count_reads, image_shape, most_read
from lgc.report.results import Counted
from lgc.report.subject import Subject

_MOST_MATRIX, _MOST_BARS, _WORST = 40, 24, 5


def accuracy(subject: Subject) -> Chapter:
    """The confusion matrix."""
    lead = "How many samples are right, and which classes are taken for which."
    found = subject.evaluated
    if found is None:
        hint = Text("No samples were counted. Give them to the report, or count them by themselves:")
        return Chapter("accuracy", "Accuracy", lead, (hint, Code(f"lgc report {subject.model_word} --data test.npz")))
    said = f"{found.correct:,} of {found.samples:,} samples are right: {100 * found.accuracy:.2f} %."
    blocks: list[Block] = [Text(said), *([Text(f"Counted: {found.counted}.")] if found.counted else [])]
    blocks += [Text(f"Note: {note}.") for note in found.warnings]
    blocks += matrix(found)
    worst = _confused(found)
    if worst:
        blocks.append(Listing(("label", "taken for", "samples>"), worst, "What is confused most"))
    return Chapter("accuracy", "Accuracy", lead, blocks)


def matrix(found: Counted) -> list[Block]:
    """The confusion matrix in colour, with a table by class; of many classes the table alone."""
    if len(found.classes) > _MOST_MATRIX:
        return [_recalls(found)]
    caption = "Rows are labels, columns predictions. Blue is right; red is wrong, the darker the more often."
    label = f"confusion matrix: {found.correct:,} of {found.samples:,} samples are right"
    return [Figure(square(found.confusion, found.classes, label), caption, _recalls(found))]


def _recalls(found: Counted) -> Listing:
    rows = []
    for index, name in enumerate(found.classes):
        right, labels, taken = (
            int(one)
            for one in (found.confusion[index, index], found.confusion[index].sum(), found.confusion[:, index].sum())
        )
        recall, precision = (f"{100 * right / whole:.1f} %" if whole else "-" for whole in (labels, taken))
        rows.append((name, f"{labels:,}", f"{right:,}", recall, precision))
    return Listing(("class", "samples>", "right>", "recall>", "precision>"), tuple(rows), "By class", folded=True)


def _confused(found: Counted) -> tuple[tuple[str, ...], ...]:
    wrong = found.confusion.copy()
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")[:_WORST]
    places = [divmod(int(one), len(wrong)) for one in order]
    return tuple((found.classes[a], found.classes[b], f"{wrong[a, b]:,}") for a, b in places if wrong[a, b])


def inputs(subject: Subject) -> Chapter:
    """Which pixels or features are read."""
    circuit, reads = subject.circuit, count_reads(subject.circuit)
    names = feature_names(circuit)
    lead = "Which inputs the gates read that reach a vote. What nobody reads costs nothing in hardware."
    said = Text(f"{reads.used:,} of {len(names):,} {'columns' if circuit.encoder.code else 'features'} are read.")
    shape = image_shape(circuit, subject.shape)
    blocks: list[Block] = [said, *(_images(subject, reads, shape) if shape else _bars(reads, names))]
    return Chapter("inputs", "What it reads", lead, blocks)


def _images(subject: Subject, reads: Reads, shape: tuple[int, int, int]) -> Iterator[Block]:
    every = as_images(reads.features, shape)
    grids = {"all classes": every}
    said = f"How often each pixel is read, by class; the darkest of them {int(every.max()):,} times by all together."
    yield Figure(maps(grids, "how often each pixel is read"), "How often each pixel is read, by the whole network.")
    if reads.by_class is not None and subject.circuit.head.num_classes > 1:
        by_class = {
            f"{index}: {name}" if name != str(index) else name: as_images(reads.by_class[index], shape)
            for index, name in enumerate(subject.circuit.head.classes)
        }
        yield Figure(maps(by_class, said), "The same for each class alone: the gates behind its votes.")
    names = feature_names(subject.circuit)
    yield Listing(("pixel", "reads>"), _most(reads, names), "The pixels that are read most", folded=True)


def _most(reads: Reads, names: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    return tuple((names[index], f"{reads.features[index]:,}") for index in most_read(reads.features, _MOST_BARS))


def _bars(reads: Reads, names: tuple[str, ...]) -> Iterator[Block]:
    shown = most_read(reads.features, _MOST_BARS)
    if not shown:
        yield Text("No gate reads any input: every score is constant.")
        return
    rows = [Bar(names[index], (("c1", float(reads.features[index])),), f"{reads.features[index]:,}") for index in shown]
    rest = reads.used - len(shown)
    said = f"How often each feature is read{f'; {rest:,} more are read less often' if rest > 0 else ''}."
    yield Figure(bars(rows, said), said, Listing(("feature", "reads>"), _most(reads, names), "In numbers", folded=True))


def gate_functions(subject: Subject) -> Chapter:
    """Gates by function, tables by symmetry."""
    found = count_functions(subject.circuit.netlist)
    lead = "Which functions were learned, as training left them, before any optimisation."
    blocks = [*_gates(found), *_tables(found)]
    return Chapter("gates", "Gates", lead, blocks or [Text("The network has no gates.")])


def _gates(found: Functions) -> Iterator[Block]:
    if not found.gates:
        return
    total = sum(found.gates.values())
    rows = [
        Bar(name, ((FAMILIES[name], float(count)),), f"{count:,} ({100 * count / total:.1f} %)")
        for name, count in found.gates.items()
    ]
    said = f"{total:,} gates of two inputs by function."
    used = dict.fromkeys(FAMILIES[name] for name in found.gates)
    legend = {colour: MEANING[colour] for colour in used}
    table = Listing(
        ("function", "gates>"), tuple((name, f"{n:,}") for name, n in found.gates.items()), "In numbers", True
    )
    yield Figure(bars(rows, said, legend=legend), said, table)


def _tables(found: Functions) -> Iterator[Block]:
    total = sum(found.tables.values())
    if not total:
        return
    about = dict(SYMMETRIES)
    rows = [
        Bar(name, (("c4", float(count)),), f"{count:,} ({100 * count / total:.1f} %)")
        for name, count in found.tables.items()
    ]
    said = f"{total:,} lookup tables by their symmetry."
    cells = tuple((name, f"{count:,}", about[name]) for name, count in found.tables.items())
    table = Listing(("symmetry", "tables>", "the table"), cells, "What the kinds mean", folded=True)
    yield Figure(bars(rows, said), said, table)
    depends = [
        Bar(f"{n} inputs" if n != 1 else "1 input", (("c4", float(c)),), f"{c:,}") for n, c in found.read.items()
    ]
    said = "How many inputs the tables really depend on."
    yield Figure(bars(depends, said), said)


def explorer(subject: Subject) -> Chapter:
    """The network to be looked at."""
    network, said = explorer_network(subject)
    lead = "The network itself: every gate, wire and vote. Choose a class, a vote or a gate to see what it depends on."
    return Chapter("explorer", "Explore the network", lead, (Explorer(network, said),))
