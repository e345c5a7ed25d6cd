"""Viewing: the explorer of a network in a browser, from a file: no server runs. What `lgc view` does."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from lgc.driver.data_request import DataRequest
from lgc.driver.deadline import bounded
from lgc.driver.read import CONFIG_HELP, TIMEOUT, import_options, load_source
from lgc.driver.request import Request, Source
from lgc.driver.sheet import Sheet, Shown
from lgc.errors import MissingToolError
from lgc.progress import Progress, Silence
from lgc.settings import Setting

if TYPE_CHECKING:
    from lgc.report.blocks import Document


@dataclass(frozen=True)
class _OfModel(Request):
    """Which network."""

    model: Annotated[Source, Setting("A checkpoint or a netlist.", flags=("MODEL",))]


@dataclass(frozen=True)
class ViewRequest(DataRequest, _OfModel):
    """Which network, and what to put into it."""

    data: Annotated[str | None, Setting("Exhibits to put in: a table, .npz, or a data set's name.")] = None
    samples: Annotated[int, Setting("Exhibits at most.", low=0, high=200)] = 20
    gates: Annotated[
        int, Setting("Gates at most; a larger network is sampled.", low=1, high=64_000)
    ] = 16_000  # fmt: skip
    open: Annotated[bool, Setting("Print where the page is, and do not open it.")] = True
    config: Annotated[Path | None, Setting(CONFIG_HELP)] = None
    timeout: Annotated[float | None, TIMEOUT] = None
    facts: Mapping[str, Any] | None = None


@dataclass(frozen=True, eq=False, repr=False)
class Page(Shown):
    """The page that was made.

    Attributes:
        path: where it is, in the folder of temporary files.
        opened: whether a browser was asked to show it.
        said: how much of the network is there.
    """

    path: Path
    opened: bool
    said: tuple[str, ...] = ()

    def sheet(self) -> Sheet:
        """See :class:`Shown`."""
        return [*self.said, str(self.path)]

    def as_json(self) -> dict[str, Any]:
        """See :class:`Shown`."""
        return {"path": str(self.path), "opened": self.opened, "said": list(self.said)}


@bounded
def view(asked: ViewRequest, progress: Progress | None = None) -> Page:
    """Make a page that shows the gates, wires and votes of a network, and open it in a browser.

    The page is a file among the temporary ones. It fetches nothing, and no server runs.

    Raises:
        LgcError: the network or the data cannot be read, or do not fit each other.
        MissingToolError: there is no browser; the message says where the page is.
    """
    from lgc.driver.gather import Look, bare_subject, with_samples
    from lgc.driver.samples import About, find_samples
    from lgc.report.document import explorer_document
    from lgc.report.html import html_of

    progress = progress or Silence()
    progress.step("read")
    source = load_source(asked.model, import_options(asked.config, asked.facts))
    look = Look(asked.samples, asked.gates)
    subject = bare_subject(source, look)
    if asked.data is not None:
        progress.step("count samples")
        chosen = find_samples(
            asked.data, asked.data_dir, about=About.of(source), reading=asked.reading, split=asked.split
        )  # fmt: skip
        subject = with_samples(subject, source, chosen, look)
    document = explorer_document(subject)
    path = _written(html_of(document))
    return Page(path, asked.open and _shown(path), _said(document))


def _said(document: Document) -> tuple[str, ...]:
    from lgc.report.blocks import Explorer

    blocks = (block for section in document.sections for block in section.blocks)
    return tuple(one for block in blocks if isinstance(block, Explorer) for one in block.said)


def _written(text: str) -> Path:
    """A file that stays: the browser reads it after we have ended."""
    folder = Path(tempfile.mkdtemp(prefix="lgc-view-"))
    path = folder / "network.html"
    path.write_text(text, encoding="utf-8")
    return path


def _shown(path: Path) -> bool:
    """Ask a browser.

    Raises:
        MissingToolError: there is none.
    """
    import webbrowser

    if webbrowser.open(path.as_uri()):
        return True
    raise MissingToolError("there is no browser that could be asked", hint=f"Open {path} in one")
