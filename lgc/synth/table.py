"""The tables of docs/hardware.md: networks on targets, measured, beside the estimates."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from lgc.backend.base import write
from lgc.backend.verilog import Verilog
from lgc.errors import LgcError
from lgc.ir import Circuit
from lgc.synth.estimate import estimate
from lgc.synth.flow import SynthOptions, synthesize
from lgc.synth.report import Result
from lgc.synth.targets import Target

_FABRICS = {"ice40": "ice40", "ecp5": "ecp5", "gowin": "gowin", "xc7": "xc7"}


@dataclass(frozen=True)
class Row:
    """A network on a target.

    Attributes:
        estimated: lookup tables that `lgc estimate` says.
        problem: what stopped the measurement, as a sentence.
    """

    target: Target
    head: str
    estimated: int
    result: Result | None
    problem: str = ""

    @property
    def error(self) -> float | None:
        """The estimate's relative error."""
        luts = self.result.value("luts") if self.result else None
        return self.estimated / luts - 1 if luts else None


def measure(
    circuit: Circuit, target: Target, *, pipeline: int, options: SynthOptions, tell: Callable[[str], None] | None = None
) -> Row:
    """Compile an optimised circuit for a target, class out, and measure it there."""
    verilog = Verilog(top="net", pipeline=pipeline, outputs="class", fabric=_FABRICS.get(target.family.name, "generic"))
    head = verilog.choice().head
    guess = estimate(circuit, lut=target.lut_size, head=head, outputs="class", pipelined=pipeline > 2).luts
    try:
        with tempfile.TemporaryDirectory(prefix="lgc-table-") as folder:
            source = Path(folder) / "net.v"
            write(verilog, circuit, source)
            result = synthesize(source, target, options, tell)
    except LgcError as error:
        return Row(target, head, guess, None, str(error))
    return Row(target, head, guess, result, str(result.problems[0]) if result.problems else "")


def markdown(rows: Sequence[Row]) -> str:
    """A table for people; what was not measured stays empty, and says why below."""
    lines = [
        "| target | head | LUTs | estimated | error | FFs | carry | levels | Fmax, MHz | latency, ns | images/s |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    notes: list[str] = []
    for row in rows:
        mark = ""
        if row.problem:
            notes.append(f"{len(notes) + 1}. {row.target.name}: {row.problem}")
            mark = f" [{len(notes)}]"
        names = ("luts", "ffs", "carry", "levels", "fmax", "latency_ns", "images_per_second")
        luts, *others = (_cell(row.result, name) for name in names)
        error = "" if row.error is None else f"{100 * row.error:+.0f} %"
        cells = [f"{row.target.name}{mark}", row.head, luts, f"{row.estimated:,}", error, *others]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, "", *notes]).rstrip()


def _cell(result: Result | None, name: str) -> str:
    value = result.value(name) if result else None
    if value is None:
        return ""
    if name == "images_per_second":
        return f"{value / 1e6:,.1f} M"
    return f"{value:,.1f}" if name in ("fmax", "latency_ns") else f"{value:,.0f}"
