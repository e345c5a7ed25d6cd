"""The ports of the emitted circuit, and how they behave in time."""

from __future__ import annotations

from lgc.report.blocks import Block, Chapter, Code, Figure, Listing, Text
from lgc.report.subject import Subject
from lgc.report.waves import waveform

_MOST_COLUMNS = 200


def ports(subject: Subject) -> Chapter:
    """Ports, their waveform, and the columns of a sample on them."""
    lead = "What a design around the circuit connects to, and when."
    made = subject.hardware
    if made is None:
        hint = Text("No hardware of this network was found. `lgc compile` writes it, with a manifest of its ports:")
        return Chapter("ports", "Ports", lead, (hint, Code(f"lgc compile {subject.model_word} -o net.v")))
    manifest = made.manifest
    rows = tuple((one.name, one.direction, str(one.width), one.meaning) for one in manifest.ports)
    blocks: list[Block] = [Listing(("port", "direction", "bits>", "meaning"), rows, f"Module {manifest.top}")]
    names = [one.name for one in manifest.ports if one.name != "rst"]
    if manifest.latency:
        said = f"Two inputs, and their results {manifest.latency} rising edges later."
    else:
        said = "The circuit is combinational: a result follows its input as soon as the gates have settled."
    blocks.append(Figure(waveform(manifest.latency, manifest.interval, names, said), said))
    if manifest.columns and "at" in manifest.columns[0]:
        cells = tuple(
            (str(one["name"]), str(one["kind"]), str(one["at"]), str(one["bits"]), str(one["formula"]))
            for one in manifest.columns[:_MOST_COLUMNS]
        )
        left = len(manifest.columns) - len(cells)
        title = (
            f"Columns on the port{f', the first {_MOST_COLUMNS}; {left:,} more are in the manifest' if left else ''}"
        )
        blocks.append(Listing(("column", "kind", "lowest bit>", "bits>", "code"), cells, title, folded=True))
    return Chapter("ports", "Ports", lead, blocks)
