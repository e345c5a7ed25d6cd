"""All that is known of a network in one place, for its report: from its file, from results beside it, from data."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lgc.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from lgc.backend.manifest import Manifest
    from lgc.driver.beside import Findings
    from lgc.driver.read import Loaded
    from lgc.driver.samples import Chosen
    from lgc.ir import Circuit
    from lgc.mapping.estimate import Estimate
    from lgc.mapping.pipeline import Pipeline
    from lgc.report.results import Counted
    from lgc.report.subject import Exhibits, Hardware, Subject

_EMITTED = 60_000
"""Nodes up to which a circuit is emitted again, to see with which options its Verilog was."""


@dataclass(frozen=True)
class Look:
    """How much of a network is to be looked at.

    Attributes:
        samples: to put into the explorer.
        gates: in the explorer at most.
    """

    samples: int
    gates: int


def bare_subject(source: Loaded, look: Look) -> Subject:
    """A network with what its file says, and nothing else."""
    from lgc import __version__
    from lgc.passes import optimize
    from lgc.report.subject import Subject

    model = source.model
    said: dict[str, Any] = {"family": "netlist"}
    if model is not None:
        said = {
            "family": model.family, "form": model.form, "training": model.training, "split": model.split,
            "shape": model.feature_shape,
        }  # fmt: skip
    return Subject(
        source.circuit.name, source.path.name if source.path else source.name, source.circuit,
        optimize(source.circuit, "O2"), source.digest, **said, limit=look.gates,
        versions={"lgc": __version__, "Python": platform.python_version()},
    )  # fmt: skip


def with_results(subject: Subject, found: Findings) -> Subject:
    """The same with the results that were found."""
    from lgc.driver.remade import commands

    hardware = _hardware(found, subject.optimised) if found.rtl is not None else None
    full = replace(
        subject,
        epochs=found.epochs,
        evaluated=found.evaluated,
        hardware=hardware,
        estimates=tuple(_estimates(subject.optimised)),
        syntheses=tuple(found.syntheses),
        certificate=found.certificate,
        checks=tuple(found.checks.values()),
        sources=tuple(found.sources),
        versions={**subject.versions, **dict(_tools(found))},
    )
    return replace(full, commands=tuple(commands(full)))


def _tools(found: Findings) -> Iterator[tuple[str, str]]:
    """Versions of the tools that results say."""
    if found.certificate is not None:
        yield from found.certificate.tools.items()
    for made in found.syntheses:
        for number in made.numbers.values():
            name, _, version = number.by.partition(" ")
            if version[:1].isdigit():
                yield name, version


def _estimates(optimised: Circuit) -> Iterator[Estimate]:
    """Of plain arithmetic, of a large network for one size of lookup tables: other heads take long to estimate."""
    from lgc.mapping.choose import GENERIC, choose_head
    from lgc.mapping.estimate import estimate

    head = choose_head(optimised, GENERIC).head
    for lut in (4, 6) if optimised.netlist.num_nodes <= _EMITTED else (6,):
        yield estimate(optimised, lut=lut, head=head)


def _hardware(found: Findings, optimised: Circuit) -> Hardware:
    """The Verilog and its manifest.

    Raises:
        InputError: there is no manifest, or it is of another network.
    """
    from lgc.backend.manifest import read_manifest
    from lgc.backend.ours import manifest_of
    from lgc.report.subject import Hardware

    rtl = found.rtl
    assert rtl is not None
    manifest = read_manifest(manifest_of(rtl))
    if manifest.model_digest != found.source.digest:
        raise InputError("this Verilog is of another network", where=str(rtl), hint="Compile this one, or leave it out")
    found.note("hardware", rtl.name)
    sha256 = next((one for one, name in found.hashes.items() if name == rtl.name), "")
    pipeline, head = _placed(rtl, manifest, found.source.circuit, optimised)
    return Hardware(rtl.name, manifest, sha256, pipeline, head)


def _placed(rtl: Path, manifest: Manifest, circuit: Circuit, optimised: Circuit) -> tuple[Pipeline | None, str]:
    """Where the register stages of a text stand, and its head: known if lgc writes the same text by plain options."""
    import io

    from lgc.backend.verilog import Verilog
    from lgc.backend.verilog.grammar import split_header
    from lgc.mapping.encoder import lower_encoder
    from lgc.passes import optimize

    if optimised.netlist.num_nodes > _EMITTED or not manifest.latency:
        return None, ""
    if manifest.features is not None and circuit.encoder.code is None:
        optimised = optimize(lower_encoder(circuit, manifest.features), "O2")
    if manifest.circuit_digest != optimised.digest():
        return None, ""
    names = {port.name for port in manifest.ports}
    outputs = "both" if {"class_id", "scores"} <= names else "class" if "class_id" in names else "scores"
    made = Verilog(top=manifest.top, pipeline=manifest.latency, outputs=outputs).settled(optimised)
    stream = io.StringIO()
    made.emit(optimised, stream)
    body = split_header(rtl.read_text(encoding="utf-8", errors="replace"))[1]
    same = split_header(stream.getvalue())[1] == body
    return (made.placed(optimised), made.head) if same else (None, "")


def with_samples(subject: Subject, source: Loaded, chosen: Chosen, look: Look) -> Subject:
    """The same with samples counted, and some of them to look at.

    Raises:
        InputError: they do not fit the network.
    """
    from lgc.driver.eval import counted, predicted
    from lgc.report.results import Counted

    if not len(chosen):
        raise InputError("the data has no samples", where=chosen.where)
    classes, notes = predicted(source.circuit, chosen, "auto", source.model)
    evaluated: Counted | None = None
    if chosen.labels is not None:
        found = counted(source.circuit, chosen, classes, notes)
        evaluated = Counted(found.classes, found.confusion, found.counted, found.warnings)
    rows = _telling(classes, chosen.labels, look.samples, source.circuit.head.num_classes)
    samples = _samples(source.circuit, chosen, rows, classes)
    return replace(subject, evaluated=evaluated or subject.evaluated, samples=samples)


def _telling(
    classes: NDArray[np.int64], labels: NDArray[np.int64] | None, count: int, num_classes: int
) -> NDArray[np.int64]:
    """Exhibits that tell most: one of each class that is right, then some that are wrong, then others."""
    import numpy as np

    right = np.ones(len(classes), np.bool_) if labels is None else classes == labels
    firsts = [np.flatnonzero((classes == one) & right)[:1] for one in range(num_classes)]
    order = np.concatenate([*firsts, np.flatnonzero(~right)[: max(1, count // 2)], np.arange(len(classes))])
    _, places = np.unique(order, return_index=True)
    return np.asarray(order[np.sort(places)][:count], np.int64)


def _samples(circuit: Circuit, chosen: Chosen, rows: NDArray[np.int64], classes: NDArray[np.int64]) -> Exhibits:
    from lgc.driver.data import load_bits
    from lgc.ir import interp
    from lgc.report.subject import Exhibits

    labels = None if chosen.labels is None else chosen.labels[rows]
    some = replace(chosen, rows=chosen.rows[rows], labels=labels)
    bits = load_bits(some, circuit.encoder, inputs=circuit.inputs)
    names = tuple(f"sample {row}" for row in rows.tolist())
    return Exhibits(names, bits, labels, classes[rows], interp.scores(circuit, bits))
