"""What is wrong, in sentences for people."""

from __future__ import annotations

from collections.abc import Iterator

from lgc.ir import Circuit
from lgc.verify.report import Report


def explain(report: Report, circuit: Circuit) -> Iterator[str]:
    """What is wrong, sentence by sentence; nothing if all is well."""
    if report.timing:
        yield f"the timing is not that of the manifest: {report.timing}"
    mismatch = report.mismatch
    if mismatch is None:
        return
    ones = [index for index, bit in enumerate(mismatch.bits.tolist()) if bit]
    shown = ", ".join(map(str, ones[:24])) + (", ..." if len(ones) > 24 else "")
    names = circuit.head.classes
    seen = "not a port" if mismatch.seen_class is None else str(mismatch.seen_class)
    yield (
        f"{report.subject} and model differ on {report.mismatches:,} of {report.vectors:,} vectors; "
        f"first on {mismatch.label}: "
        f"expected scores {mismatch.expected_scores}, seen {mismatch.seen_scores or 'not a port'}; "
        f"expected class {mismatch.expected_class} ({names[mismatch.expected_class]}), seen {seen}; "
        f"input bits that are one ({len(ones)}): {shown or 'none'}"
    )
    if mismatch.location:
        yield mismatch.location.note
