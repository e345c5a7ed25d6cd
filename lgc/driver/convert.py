"""Converting: any readable checkpoint in lgc's own format, hardened."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

from lgc.driver.deadline import bounded
from lgc.driver.inputs import INPUTS_HELP, inputs_line, with_inputs
from lgc.driver.read import Loaded, ReadRequest, load_source
from lgc.driver.request import check_outputs
from lgc.driver.sheet import Sheet, Shown
from lgc.errors import OutputError
from lgc.progress import Progress, Silence
from lgc.settings import Setting


@dataclass(frozen=True, kw_only=True)
class ConvertRequest(ReadRequest):
    """What to convert, and where to."""

    output: Annotated[Path, Setting("A .pt, .safetensors or .lgn file.", flags=("-o", "--output"), writes=True)]
    inputs: Annotated[str | None, Setting(INPUTS_HELP, metavar="INPUTS")] = None


@dataclass(frozen=True, eq=False, repr=False)
class Converted(Shown):
    """What was read, or with ``inputs`` the same that knows its input, and the file that was written."""

    source: Loaded
    path: Path
    stated: bool = False

    def as_json(self) -> dict[str, Any]:
        """See :class:`Shown`."""
        imported = self.source.imported
        return {
            "file": str(self.path), "name": self.source.name,
            "digest": (self.source.model or self.source.circuit).digest(),
            "family": imported.importer.family if imported else None,
            "certain": list(imported.job.certain) if imported else [],
            "doubtful": list(imported.job.doubtful) if imported else [],
        }  # fmt: skip

    def sheet(self) -> Sheet:
        """See :class:`Shown`."""
        model, imported = self.source.model, self.source.imported
        digest = (model or self.source.circuit).digest()[:16]
        inputs = self.source.circuit.inputs
        said = [f"  input: {inputs_line(inputs)}"] if inputs is not None and self.stated else []
        if imported is None:
            return [*said, f"{self.path}: {self.source.name}, digest {digest}"]
        notes = [f"  {note}" for note in imported.job.certain] + [f"  note: {note}" for note in imported.job.doubtful]
        return [*notes, *said, f"{self.path}: {imported.importer.title}, digest {digest}"]


@bounded
def convert(asked: ConvertRequest, progress: Progress | None = None) -> Converted:
    """Write a checkpoint of any family, or a model in memory, in lgc's own format; a netlist becomes .lgn.

    Raises:
        LgcError: it cannot be read, or does not say enough.
        OutputError: the file cannot be written, or a netlist is to become a checkpoint.
    """
    from lgc.files import write_text
    from lgc.frontend import write_model
    from lgc.ir import to_text

    progress = progress or Silence()
    check_outputs(asked)
    progress.step("read")
    found = load_source(asked.source, asked.import_options())
    if asked.inputs is not None:
        found = _stated(found, asked.inputs)
    progress.step("write")
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
    return Converted(found, asked.output, asked.inputs is not None)


def _stated(found: Loaded, text: str) -> Loaded:
    """What was read, with the columns that ``text`` describes."""
    from lgc.frontend import Model, lower

    known = with_inputs(found.model or found.circuit, text)
    model, circuit = (known, lower(known)) if isinstance(known, Model) else (None, known)
    return replace(found, model=model, circuit=circuit)
