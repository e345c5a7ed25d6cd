"""Converting: any readable checkpoint in lgc's own format, hardened."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from lgc.driver.deadline import bounded
from lgc.driver.read import Loaded, ReadRequest, load_source
from lgc.driver.request import check_outputs
from lgc.driver.sheet import Sheet, Shown
from lgc.errors import OutputError
from lgc.settings import Setting


@dataclass(frozen=True, kw_only=True)
class ConvertRequest(ReadRequest):
    """What to convert, and where to."""

    output: Annotated[Path, Setting("A .pt, .safetensors or .lgn file.", flags=("-o", "--output"), writes=True)]


@dataclass(frozen=True, eq=False, repr=False)
class Converted(Shown):
    """What was read, and the file that was written."""

    source: Loaded
    path: Path

    def sheet(self) -> Sheet:
        """See :class:`Shown`."""
        model, imported = self.source.model, self.source.imported
        digest = (model or self.source.circuit).digest()[:16]
        if imported is None:
            return [f"{self.path}: {self.source.name}, digest {digest}"]
        notes = [f"  {note}" for note in imported.job.certain] + [f"  note: {note}" for note in imported.job.doubtful]
        return [*notes, f"{self.path}: {imported.importer.title}, digest {digest}"]


@bounded
def convert(asked: ConvertRequest) -> Converted:
    """Write a checkpoint of any family, or a model in memory, in lgc's own format; a netlist becomes .lgn.

    Raises:
        LgcError: it cannot be read, or does not say enough.
        OutputError: the file cannot be written, or a netlist is to become a checkpoint.
    """
    from lgc.files import write_text
    from lgc.frontend import write_model
    from lgc.ir import to_text

    check_outputs(asked)
    found = load_source(asked.source, asked.import_options())
    if asked.output.suffix == ".lgn":
        write_text(asked.output, to_text(found.circuit))
    elif found.model is None:
        raise OutputError(
            "a netlist has no layers, which a checkpoint consists of",
            where=str(asked.output),
            hint="Give the output the suffix .lgn",
        )
    else:
        write_model(found.model, asked.output)
    return Converted(found, asked.output)
