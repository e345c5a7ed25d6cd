"""What is wrong, in sentences for people."""

from __future__ import annotations

from collections.abc import Iterator

from lgc.ir import Circuit
from lgc.ir.naming import comment
from lgc.verify.report import Mismatch, Report

_COLUMNS, _ONES = 6, 24


def explain(report: Report, circuit: Circuit) -> Iterator[str]:
    """What is wrong, a short line each; nothing if all is well."""
    if report.timing:
        yield f"the timing is not that of the manifest: {report.timing}"
    mismatch = report.mismatch
    if mismatch is None:
        return
    ones = [index for index, bit in enumerate(mismatch.bits.tolist()) if bit]
    shown = ", ".join(map(str, ones[:_ONES])) + (", ..." if len(ones) > _ONES else "")
    names = circuit.head.classes
    seen = "not a port" if mismatch.seen_class is None else str(mismatch.seen_class)
    yield f"{report.subject} and model differ on {report.mismatches:,} of {report.vectors:,} vectors"
    yield f"first on {mismatch.label}"
    yield f"expected scores {mismatch.expected_scores}, seen {mismatch.seen_scores or 'not a port'}"
    yield f"expected class {mismatch.expected_class} ({names[mismatch.expected_class]}), seen {seen}"
    yield f"input bits that are one ({len(ones)}): {shown or 'none'}"
    yield from _columns(circuit, mismatch)
    if mismatch.location:
        yield mismatch.location.note


def _columns(circuit: Circuit, mismatch: Mismatch) -> Iterator[str]:
    """The codes of the first columns by their names, where the port takes codes of columns that have some."""
    inputs, codes = circuit.inputs, circuit.encoder.code
    if inputs is None or codes is None:
        return
    values = codes.codes_of_bits(mismatch.bits[None])[0].tolist()
    pairs = zip(inputs.columns[:_COLUMNS], values, strict=False)
    more = ", ..." if len(values) > _COLUMNS else ""
    yield "codes of columns: " + ", ".join(f"{comment(one.name)[:40]} {value}" for one, value in pairs) + more
