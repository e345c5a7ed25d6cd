"""Reading back what `lgc compile` wrote: whose Verilog it is, and which line is which neuron."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lgc.backend.manifest import Manifest, read_manifest
from lgc.backend.ours import manifest_of
from lgc.backend.verilog.grammar import (
    CIRCUIT_MARK,
    GATE_LINE,
    MODULE_LINE,
    SOURCE_MARK,
    TITLE,
    GateText,
    header,
    marked,
    split_header,
)  # fmt: skip
from lgc.errors import InputError


@dataclass(frozen=True)
class GateLine:
    """One gate of the emitted text: entry ``index`` of ``vector`` is neuron ``neuron`` of ``layer``."""

    vector: str
    index: int
    expression: str
    layer: str
    neuron: int
    line: int


@dataclass(frozen=True)
class Rtl:
    """An emitted Verilog file and its manifest.

    Attributes:
        kind: what the file is, as messages call it.
        source: of a netlist, which is followed by the models of its cells, what yosys made it of.
        netlist: of a netlist, the part of the text that yosys wrote; what is around it comes with yosys.
    """

    path: Path
    manifest: Manifest
    text: str
    model_digest: str
    kind: str = "Verilog"
    source: Rtl | None = None
    netlist: str = ""

    @property
    def is_untouched(self) -> bool:
        """Whether the text is what lgc wrote, byte for byte: the body has its digest, and the header is that of it."""
        lines, body = split_header(self.text)
        if (title := TITLE.fullmatch(lines[0])) is None:
            return False
        circuit = self.manifest.circuit_digest
        return self.text == header(title[1], title[2], self.model_digest, circuit, body) + body

    @property
    def version(self) -> str:
        """The version of lgc that the first line names; empty if it names none."""
        title = TITLE.fullmatch(split_header(self.text)[0][0])
        return title[2] if title else ""

    def gates(self) -> list[GateLine]:
        """All gate lines that name a neuron, in order."""
        found = []
        for number, line in enumerate(self.text.split("\n"), 1):
            match = GATE_LINE.match(line)
            gate = GateText.of(match) if match else None
            place = gate.place() if gate else None
            if gate and place:
                found.append(GateLine(gate.vector, gate.index, gate.expression, *place, number))
        return found

    def vectors(self) -> dict[str, tuple[str, int]]:
        """Module and width of each vector that gate lines write."""
        found: dict[str, tuple[str, int]] = {}
        current = ""
        for line in self.text.split("\n"):
            if match := MODULE_LINE.match(line):
                current = match[1]
            elif match := GATE_LINE.match(line):
                gate = GateText.of(match)
                module, width = found.get(gate.vector, (current, 0))
                found[gate.vector] = (module, max(width, gate.index + 1))
        return found


def read_rtl(path: Path, manifest_path: Path | None = None) -> Rtl:
    """Read a Verilog file that lgc wrote, and its manifest.

    Raises:
        InputError: missing, not from lgc, or the manifest belongs to another file.
    """
    try:
        with path.open(encoding="utf-8", newline="") as stream:  # as it is: a lone \r ends no comment
            text = stream.read()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error  # without the path, which stands before it
        raise InputError(
            f"the Verilog cannot be read ({reason})", where=str(path), hint="Give the file that `lgc compile` wrote"
        ) from None
    lines, _ = split_header(text)
    digest, circuit = marked(lines, SOURCE_MARK), marked(lines, CIRCUIT_MARK)
    if digest is None or circuit is None:
        raise InputError(
            "this Verilog was not written by lgc: it has no digests in its first lines",
            where=str(path),
            hint="Give the file that `lgc compile` wrote",
        )
    beside = manifest_path or manifest_of(path)
    manifest = read_manifest(beside)
    check_same_compilation(manifest, circuit, beside, "Verilog")
    return Rtl(path, manifest, text, digest)


def check_same_compilation(manifest: Manifest, circuit: str, path: Path, what: str) -> None:
    """Refuse a manifest of another circuit than the file's.

    Raises:
        InputError: it is.
    """
    if manifest.circuit_digest != circuit:
        raise InputError(
            f"the manifest belongs to another compilation than the {what}",
            where=str(path),
            hint="Compile again, and keep the two files together",
        )
