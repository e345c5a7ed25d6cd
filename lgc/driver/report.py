"""Reporting: one file that shows a network and all that is known of it. What `lgc report` does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from lgc.driver.data_request import DataRequest
from lgc.driver.deadline import bounded
from lgc.driver.read import CONFIG_HELP, TIMEOUT, import_options, load_source
from lgc.driver.request import Request, Source, check_outputs
from lgc.driver.sheet import Sheet, Shown
from lgc.progress import Progress, Silence
from lgc.settings import Setting

if TYPE_CHECKING:
    from lgc.driver.read import Loaded
    from lgc.report.blocks import Block, Document
    from lgc.report.subject import Subject

Form = Literal["html", "md"]
_SAMPLES, _GATES = 20, 16_000
_LOOK = "What is to be looked at"


@dataclass(frozen=True)
class _OfModel(Request):
    """Which network."""

    model: Annotated[Source, Setting("A checkpoint or a netlist.", flags=("MODEL",))]


@dataclass(frozen=True)
class ReportRequest(DataRequest, _OfModel):
    """Which network, what is known of it, and where the report goes."""

    output: Annotated[
        Path | None, Setting("File to write: .html, or .md for Markdown.", flags=("-o", "--output"), writes=True)
    ] = None  # fmt: skip
    format: Annotated[
        Form | None, Setting("HTML, or Markdown for the summary of a CI run; by default as the output ends.")
    ] = None  # fmt: skip
    rtl: Annotated[
        Path | None, Setting("Verilog that `lgc compile` wrote; by default that beside MODEL.", metavar="FILE")
    ] = None  # fmt: skip
    result: Annotated[
        tuple[Any, ...],
        Setting("Result of another command, as JSON or JSON lines; in Python also the result itself. May be given "
                "again.", metavar="FILE"),
    ] = ()  # fmt: skip
    beside: Annotated[bool, Setting("Do not look for results beside MODEL and its Verilog.")] = True
    data: Annotated[
        str | None, Setting("Exhibits to count and to look at: a table, .npz, or a data set's name.")
    ] = None  # fmt: skip
    samples: Annotated[
        int, Setting("Exhibits to put into the explorer at most.", low=0, high=200, group=_LOOK)
    ] = _SAMPLES  # fmt: skip
    gates: Annotated[
        int, Setting("Gates in the explorer at most; a larger network is sampled.", low=1, high=64_000, group=_LOOK)
    ] = _GATES  # fmt: skip
    config: Annotated[Path | None, Setting(CONFIG_HELP)] = None
    timeout: Annotated[float | None, TIMEOUT] = None
    facts: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.result, tuple | list):
            object.__setattr__(self, "result", (self.result,))
        super().__post_init__()

    @property
    def form(self) -> Form:
        """The format that was asked for."""
        suffix = self.output.suffix.lower() if self.output is not None else ""
        return self.format or ("md" if suffix in (".md", ".markdown") else "html")


@dataclass(frozen=True, eq=False, repr=False)
class NetworkReport(Shown):
    """A report.

    Attributes:
        document: its sections.
        text: the whole of it, as HTML or Markdown.
        output: where it was written; None where it was not.
        seen: the files that it was made from.
    """

    document: Document
    text: str = field(repr=False)
    output: Path | None = None
    seen: tuple[str, ...] = ()

    def sheet(self) -> Sheet:
        """See :class:`Shown`."""
        from lgc.report.blocks import Cards

        found = [block for section in self.document.sections for block in section.blocks if isinstance(block, Cards)]
        lines = [f"  {card.label}: {card.value} ({card.note})" for one in found for card in one.cards]
        seen = [f"made from {', '.join(self.seen)}"] if self.seen else []
        wrote = [f"wrote {self.output} ({len(self.text.encode()):,} bytes)"] if self.output else []
        return [self.document.name, *lines, *seen, *wrote]

    def as_json(self) -> dict[str, Any]:
        """See :class:`Shown`."""
        from lgc.report.blocks import Cards

        found = [block for section in self.document.sections for block in section.blocks if isinstance(block, Cards)]
        cards = [{"label": card.label, "value": card.value, "note": card.note} for one in found for card in one.cards]
        return {
            "name": self.document.name, "output": None if self.output is None else str(self.output),
            "bytes": len(self.text.encode()), "sections": [one.id for one in self.document.sections],
            "numbers": cards, "made_from": list(self.seen),
        }  # fmt: skip

    def pictures(self) -> Sequence[Block]:
        """See :class:`Shown`: the numbers that matter most; the whole is the file."""
        return [block for section in self.document.sections[:1] for block in section.blocks]


@bounded
def report(asked: ReportRequest, progress: Progress | None = None) -> NetworkReport:
    """One file that shows a network: what it is, reads and gets right, its gates, its hardware, and what was checked.

    Results of other commands are found by their digests: those beside the network and beside its Verilog, and those
    that are given. Exhibits are counted on the spot. What nobody measured or checked says so.

    Raises:
        LgcError: the network, the data or a result that was given cannot be read, or they do not fit each other.
    """
    from lgc.driver.beside import find_results
    from lgc.driver.gather import Look, bare_subject, with_results, with_samples
    from lgc.files import write_text
    from lgc.report.document import document
    from lgc.report.html import html_of
    from lgc.report.markdown import markdown_of

    progress = progress or Silence()
    check_outputs(asked)
    progress.step("read")
    source = load_source(asked.model, import_options(asked.config, asked.facts))
    look = Look(asked.samples, asked.gates)
    subject = bare_subject(source, look)
    progress.step("look for results")
    found = find_results(source, asked.rtl, asked.result, beside=asked.beside)
    subject = with_results(subject, found)
    if asked.data is not None:
        progress.step("count samples")
        subject = with_samples(subject, source, _chosen(asked, source), look)
    progress.step("write")
    made = document(_with_data(subject, asked))
    text = html_of(made) if asked.form == "html" else markdown_of(made)
    if asked.output is not None:
        write_text(asked.output, text)
    seen = tuple(one.name for one in subject.sources if not one.note)
    return NetworkReport(made, text, asked.output, seen)


def _chosen(asked: Any, source: Loaded) -> Any:
    """The samples that were asked for."""
    from lgc.driver.samples import About, find_samples

    return find_samples(
        asked.data, asked.data_dir, about=About.of(source), reading=asked.reading, split=asked.split
    )  # fmt: skip


def _with_data(subject: Subject, asked: ReportRequest) -> Subject:
    """The same, with the data among what it was made from."""
    from dataclasses import replace

    from lgc.report.subject import UsedFile

    first = UsedFile("network", subject.file)
    data = [UsedFile("samples", asked.data)] if asked.data is not None else []
    return replace(subject, sources=(first, *subject.sources, *data))
