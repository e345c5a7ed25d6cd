"""What the network is, what matters most of it, and how it was trained."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lgc.report.blocks import Block, Card, Cards, Chapter, Code, Figure, Listing, State, Text
from lgc.report.charts import line_chart
from lgc.report.subject import Subject, shell_word

_SHOWN_CLASSES = 40
_PARTS = {"train": "training", "validation": "validation", "test": "the test"}
_CURVES = {
    "training": "train_accuracy",
    "validation": "validation_accuracy",
    "validation, soft": "soft_accuracy",
}


def summary(subject: Subject) -> Chapter:
    """The numbers that matter most."""
    cards = (*_network_cards(subject), *_hardware_cards(subject), *_check_cards(subject))
    lead = "What somebody wants to know first. What was not measured says which command measures it."
    return Chapter("summary", "At a glance", lead, (Cards(cards),))


def _network_cards(subject: Subject) -> Iterator[Card]:
    netlist, found = subject.circuit.netlist, subject.evaluated
    stated = subject.training.get("test_accuracy")
    if found is not None:
        yield Card("accuracy", f"{100 * found.accuracy:.2f} %", f"{found.correct:,} of {found.samples:,} samples")
    elif isinstance(stated, float) and 0 <= stated <= 1:
        yield Card("accuracy", f"{100 * stated:.2f} %", "as training states it; --data counts it anew", "open")
    else:
        yield Card("accuracy", "not measured", "give --data", "open")
    left = subject.optimised.netlist
    yield Card("gates", f"{netlist.num_nodes:,}", f"{left.num_nodes:,} after -O2, depth {left.depth}")


def _hardware_cards(subject: Subject) -> Iterator[Card]:
    made = subject.syntheses[0] if subject.syntheses else None
    luts, fmax = (made.value(name) if made else None for name in ("luts", "fmax"))
    if made and luts is not None:
        yield Card("lookup tables", f"{luts:,.0f}", f"measured on {made.part}")
    elif subject.estimates:
        least = min(subject.estimates, key=lambda one: one.sites)
        yield Card("lookup tables", f"~{least.luts:,}", f"estimated, LUT{least.lut}, head {least.head}", "open")
    if made and fmax is not None:
        state: State | None = None if made.meets_clock is None else "good" if made.meets_clock else "bad"
        yield Card("clock", f"{fmax:.1f} MHz", f"measured, median of {len(made.seeds)} seeds", state)
    else:
        yield Card("clock", "not measured", "lgc synth", "open")
    if subject.hardware:
        clocks = subject.hardware.manifest.latency
        yield Card("latency", f"{clocks} clocks" if clocks != 1 else "1 clock", _in_time(clocks, fmax))


def _in_time(clocks: int, fmax: float | None) -> str:
    if not clocks:
        return "combinational: no registers"
    return f"{1000 * clocks / fmax:.1f} ns at {fmax:.1f} MHz" if fmax else "from input to result"


def _check_cards(subject: Subject) -> Iterator[Card]:
    compared, proof = subject.check("verify"), subject.certificate
    if proof is not None:
        yield Card("verification", proof.result, f"for {proof.domain}", proof.state)
    elif compared is not None:
        yield Card("verification", compared.share, compared.text, compared.state)
    else:
        yield Card("verification", "not checked", "lgc verify", "open")


def model(subject: Subject) -> Chapter:
    """What the file is, what it reads and gives, and what it was trained on."""
    circuit = subject.circuit
    classes = circuit.head.classes
    named = ", ".join(classes[:_SHOWN_CLASSES]) + (", …" if len(classes) > _SHOWN_CLASSES else "")
    rows = [
        ("file", subject.file),
        ("kind", f"{subject.family}, {subject.form}" if subject.form else subject.family),
        ("reads", _reads(subject)),
        ("gives", f"{len(classes)} classes: {named}"),
        ("votes", _votes(subject)),
        ("digest", subject.digest),
        *_trained(subject),
    ]
    tables: list[Block] = [Listing(("what", "value"), tuple(rows))]
    settings = _settings(subject.training.get("hyperparameters"))
    if settings:
        tables.append(Listing(("setting", "value"), settings, "How it was trained", folded=True))
    return Chapter("model", "The network", "What the file says of itself.", tables)


def _reads(subject: Subject) -> str:
    encoder, shape = subject.circuit.encoder, subject.shape
    form = f" ({' by '.join(map(str, shape))})" if shape and len(shape) > 1 else ""
    if encoder.code is not None:
        return f"{len(encoder.code.columns):,} columns as whole numbers, {encoder.num_bits:,} bits"
    count = encoder.num_thresholds
    kind = "bits already" if encoder.thresholds is None else f"{count} threshold{'s' if count > 1 else ''} each"
    return f"{encoder.num_features:,} features{form}, {kind}: {encoder.num_bits:,} bits"


def _votes(subject: Subject) -> str:
    head = subject.circuit.head
    sizes = sorted(set(head.sizes.tolist()))
    each = f"{sizes[0]:,}" if len(sizes) == 1 else f"{sizes[0]:,} to {sizes[-1]:,}"
    return f"{each} a class; the {head.tie} of equal largest sums wins; tau {head.tau:g}"


def _trained(subject: Subject) -> Iterator[tuple[str, str]]:
    training, split = subject.training, subject.split
    if isinstance(training.get("dataset"), str):
        yield "trained on", training["dataset"]
    counts = [f"{split[name]:,} for {what}" for name, what in _PARTS.items() if type(split.get(name)) is int]
    if not counts:
        names = {"train_samples": "training", "validation_samples": "validation", "test_samples": "the test"}
        counts = [f"{training[key]:,} for {what}" for key, what in names.items() if type(training.get(key)) is int]
    if counts:
        yield "samples", ", ".join(counts)
    best, of = training.get("best_epoch"), training.get("epochs")
    if type(best) is int and type(of) is int:
        yield "epoch", f"{best} of {of}, the best on the validation samples"
    if isinstance(training.get("lgc"), str):
        yield "trained by", f"lgc {training['lgc']}"


def _settings(found: Any) -> tuple[tuple[str, str], ...]:
    if not isinstance(found, Mapping):
        return ()
    return tuple((str(name), _plain(value)) for name, value in found.items())


def _plain(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def training(subject: Subject) -> Chapter:
    """The course of training."""
    lead = "How accuracy and loss went, epoch by epoch. Validation decides which epoch is kept."
    if subject.epochs is None:
        hint = Text("No log of this network's training was found. `lgc train` writes one:")
        name = subject.training.get("dataset") or "DATA"
        return Chapter(
            "training",
            "Training",
            lead,
            (hint, Code(f"lgc train {shell_word(str(name))} -o {subject.model_word} --log log.jsonl")),
        )
    epochs = subject.epochs
    x = [row["epoch"] for row in epochs.rows]
    found = {name: curve for name, key in _CURVES.items() if (curve := epochs.curve(key)) is not None}
    shares = {name: [100 * value for value in one] for name, one in found.items()}
    blocks: list[Block] = []
    if shares:
        last = ", ".join(f"{name} {one[-1]:.2f} %" for name, one in shares.items())
        said = f"Accuracy in percent by epoch; in the last one: {last}."
        blocks.append(Figure(line_chart(x, shares, "epoch", said), said, _epoch_table(subject, shares)))
    loss = epochs.curve("loss")
    if loss is not None:
        said = f"Loss by epoch, from {loss[0]:.4g} to {loss[-1]:.4g}."
        blocks.append(Figure(line_chart(x, {"loss": loss}, "epoch", said), said))
    return Chapter("training", "Training", lead, blocks)


def _epoch_table(subject: Subject, shares: Mapping[str, list[float]]) -> Listing:
    assert subject.epochs is not None
    numbers = [f"{row['epoch']:.0f}" for row in subject.epochs.rows]
    rows = zip(numbers, *([f"{value:.2f}" for value in one] for one in shares.values()), strict=True)
    return Listing(("epoch>", *(f"{name}, %>" for name in shares)), tuple(rows), "All epochs", folded=True)
