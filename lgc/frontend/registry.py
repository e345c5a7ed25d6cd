"""The page that lists every family of files, in the order in which they are tried.

A file is recognised by its contents, never by its name. Families whose signature is stricter come first, and those of
installed distributions (docs/extending.md) last.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from lgc.errors import CheckpointError, LgcError, OptionError
from lgc.frontend.chain import check_all_read
from lgc.frontend.checkpoint import read_model
from lgc.frontend.containers.content import Content, read_content
from lgc.frontend.facts import ImportOptions
from lgc.frontend.families import (
    aiger,
    blif,
    compactlogic,
    difflogic,
    dwn,
    forks,
    lilogic,
    lilogic_npz,
    own,
    silogic,
    torchlogix,
    verilog_in,
)
from lgc.frontend.importer import Importer, ImportJob
from lgc.frontend.model import Model
from lgc.frontend.stated import stated_facts
from lgc.ir import Circuit, parse_text
from lgc.plugins import broken, load_object, plugins

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint


def _is_native(content: Content) -> bool:
    return isinstance(content.entries.get("lgc"), str)


def _read_native(job: ImportJob) -> Model:
    return read_model(job.content.path)


def _is_lgn(content: Content) -> bool:
    return content.container == "text" and content.data[:64].lstrip().startswith(b"lgn ")


def _read_lgn(job: ImportJob) -> Circuit:
    try:
        text = job.content.data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise CheckpointError(f"it is no UTF-8 text ({error.reason})", where=str(job.content.path)) from None
    return parse_text(text, str(job.content.path))


IMPORTERS: tuple[Importer, ...] = (
    Importer("lgc", "lgc checkpoint (docs/checkpoint.md)", _is_native, _read_native),
    Importer("lgn", "lgc netlist text (docs/ir.md)", _is_lgn, _read_lgn),
    own.IMPORTER,  # `.logits` with `.connectome.`
    lilogic_npz.IMPORTER,
    lilogic.IMPORTER,  # (16, N), the only family stored gates-first
    compactlogic.IMPORTER,  # has `.weights` like difflogic, and `.gate_sequence`
    forks.SALON64,  # difflogic plus `.conn_a`, `.conn_b`
    forks.VISUALIZER,  # difflogic under `logic_layers.`, plus `connections`
    difflogic.IMPORTER,
    dwn.IMPORTER,
    silogic.IMPORTER,
    torchlogix.IMPORTER,
    blif.IMPORTER,
    aiger.IMPORTER,
    verilog_in.IMPORTER,
)


GROUP = "lgc.importers"
"""The entry points by which installed distributions add importers, named by their family."""


@dataclass(frozen=True)
class Imported:
    """A file that was read: what it is, and what was found out on the way."""

    result: Model | Circuit
    importer: Importer
    job: ImportJob


def recognise(content: Content, family: str | None = None) -> Importer:
    """The importer for a file's content.

    Raises:
        OptionError: ``family`` is unknown.
        CheckpointError: no family matches, or not the one that is asked for.
        ToolError: a distribution adds something that is no importer.
    """
    own = {importer.family: importer for importer in IMPORTERS}
    if family is not None:
        return own.get(family) or _added_family(family, own)
    for importer in IMPORTERS:
        if importer.matches(content):
            return importer
    for point in plugins(GROUP, own).values():
        importer = _loaded(point)
        if _matches(importer, content, point):
            return importer
    keys = ", ".join(list(content.state)[:5])
    raise CheckpointError(
        f"no known family has such a content ({f'tensors: {keys[:200]}' if keys else content.container})",
        where=str(content.path),
        hint="docs/formats.md lists what lgc reads",
    )


def _added_family(family: str, own: Collection[str]) -> Importer:
    added = plugins(GROUP, own)
    if family not in added:
        raise OptionError(f"--family is '{family[:40]}'", hint=f"Known: {', '.join([*own, *added])}")
    return _loaded(added[family])


def _loaded(point: EntryPoint) -> Importer:
    found = load_object(point)
    if not isinstance(found, Importer):
        raise broken(point, "that is no lgc.frontend.importer.Importer")
    if found.family != point.name:
        raise broken(point, f"the importer's family is '{found.family}'")
    return found


def _matches(importer: Importer, content: Content, point: EntryPoint) -> bool:
    try:
        return bool(importer.matches(content))
    except Exception as error:  # a stranger's importer sees every file that nobody else knows
        raise broken(point, f"it fails on {content.path} ({type(error).__name__}: {str(error)[:120]})") from error


def read_file(path: Path | str, options: ImportOptions | None = None) -> Imported:
    """Read a file of any known family.

    Raises:
        LgcError: with the file, and what is missing or wrong.
    """
    path = Path(path)
    options = options or ImportOptions()
    content = read_content(path)
    family = options.given.get("family")
    importer = recognise(content, str(family) if family is not None else None)
    job = new_job(content, options)
    return Imported(read_job(importer, job), importer, job)


def new_job(content: Content, options: ImportOptions) -> ImportJob:
    """The job of reading a file whose content is there; what it says beside its tensors is known from the start."""
    facts, doubts = stated_facts(content.entries)
    others = partial(_read_other, options.only(verilog_in.FACTS_OF_SOURCES))  # a lambda could not be pickled
    return ImportJob(content, options.with_defaults(facts), others, doubtful=doubts)


def _read_other(options: ImportOptions, path: Path) -> Model | Circuit:
    return read_file(path, options).result


def read_job(importer: Importer, job: ImportJob) -> Model | Circuit:
    """Run an importer; whatever a hostile file provokes becomes one error with the file's name.

    Raises:
        LgcError: what is missing or wrong.
    """
    where = str(job.content.path)
    try:
        result = importer.read(job)
        if importer.idle is not None:
            check_all_read(job.content, job.read, importer.idle)
        return result
    except LgcError as error:
        raise error.at(where) from None
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        # A hostile file can break an assumption that no test of ours thought of; that is its fault, said plainly.
        raise CheckpointError(
            f"its tensors contradict each other ({type(error).__name__}: {str(error)[:120]})", where=where
        ) from error
