"""The report as a whole: which sections it has, in which order."""

from __future__ import annotations

from collections.abc import Callable

from lgc import __version__
from lgc.report.blocks import Chapter, Document
from lgc.report.sections import checks, data, hardware, model, ports
from lgc.report.subject import Subject

SECTIONS: tuple[Callable[[Subject], Chapter], ...] = (
    model.summary,
    model.model,
    data.accuracy,
    data.explorer,
    data.inputs,
    data.gate_functions,
    model.training,
    hardware.area,
    hardware.latency,
    ports.ports,
    checks.verification,
    checks.origin,
)
"""All of them, in order: a section says what is missing rather than being missing itself."""


def document(subject: Subject) -> Document:
    """The report of a network."""
    made = f"Made by lgc {__version__} from {subject.file}, model {subject.digest[:16]}."
    return Document(subject.name, made, tuple(section(subject) for section in SECTIONS))


def explorer_document(subject: Subject) -> Document:
    """The explorer alone."""
    made = f"Made by lgc {__version__} from {subject.file}, model {subject.digest[:16]}."
    return Document(subject.name, made, (data.explorer(subject),))
