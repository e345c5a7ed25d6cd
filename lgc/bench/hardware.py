"""The tables of docs/hardware.md: networks on targets, measured, beside the estimates."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import perf_counter
from typing import Any

import lgc
from lgc.backend.base import write
from lgc.backend.verilog import Verilog
from lgc.driver.bench import BenchHardware
from lgc.driver.read import load_source
from lgc.driver.workers import check_tools, open_workers
from lgc.errors import LgcError, NotCheckedError
from lgc.farm import Task, answers, check_version, digest_of, progress_here
from lgc.ir import Circuit
from lgc.mapping.estimate import estimate
from lgc.mapping.heads import all_heads
from lgc.mapping.pipeline import most_stages
from lgc.parts.part import Part, find_part, parts
from lgc.passes import optimize
from lgc.progress import Progress
from lgc.synth.flow import SynthOptions, synthesize
from lgc.synth.report import Result
from lgc.synth.yosys import nand2_area
from lgc.tools.watchdog import scratch

SMALL = 10_000
"""Lookup tables of a part up to which the serial head is measured too."""


@dataclass(frozen=True)
class HardwareRow:
    """A network on a part.

    Attributes:
        estimated: lookup tables that `lgc estimate` says; 0 for standard cells, which it knows nothing of.
        result: what was measured, which may be part of it; None if nothing was.
        problem: what stopped the measurement, as a sentence.
    """

    part: Part
    head: str
    estimated: int
    result: Result | None
    problem: str = ""

    @property
    def error(self) -> float | None:
        """The estimate's relative error."""
        luts = self.result.value("luts") if self.result else None
        return self.estimated / luts - 1 if luts else None

    @property
    def share(self) -> float | None:
        """How much of the part the circuit takes, above 1 if it does not fit; None where there is no bound."""
        has = {"sites": self.part.luts, "ffs": self.part.ffs, "bram": self.part.bram}
        found = {name: self.result.value(name) for name in has} if self.result else {}
        return max(((value or 0) / has[name] for name, value in found.items() if has[name]), default=None)


def jobs(circuit: Circuit, part: Part, stages: int) -> Iterator[Verilog]:
    """How an optimised circuit is compiled for a part, class out: by the smallest head, on small parts serially too.

    Args:
        stages: register stages, or as many as the circuit has places for.
    """
    plain = Verilog(top="net", outputs="class", fabric=part.fabric)
    settled = replace(plain, head=replace(plain, pipeline=stages).choice(circuit, part).head)
    yield replace(settled, pipeline=min(stages, most_stages(settled.placed(circuit).levels)))
    if 0 < part.luts <= SMALL:
        yield from (replace(plain, head=head.name) for head in all_heads() if not head.is_streaming)


def measure_on(
    circuit: Circuit,
    part: Part,
    verilog: Verilog,
    *,
    options: SynthOptions,
    progress: Progress | None = None,
) -> HardwareRow:
    """Compile an optimised circuit for a part and measure it there."""
    guess = 0
    if not part.is_asic:
        guess = estimate(
            circuit,
            lut=part.lut_size,
            head=verilog.head,
            outputs="class",
            pipeline=verilog.pipeline,
            family=part.family,
        ).luts
    try:
        with scratch("lgc-table-") as folder:
            source = folder / "net.v"
            write(verilog, circuit, source)
            result = synthesize(source, part, options, progress)
    except LgcError as error:
        return HardwareRow(part, verilog.head, guess, None, str(error))
    return HardwareRow(part, verilog.head, guess, result, str(result.problems[0]) if result.problems else "")


@dataclass(frozen=True)
class HardwareTable:
    """A network on all parts; its rows are measured as they are asked for."""

    title: str
    rows: Iterator[HardwareRow]
    measured: list[HardwareRow] = field(default_factory=list)

    def __iter__(self) -> Iterator[HardwareRow]:
        for one in self.rows:
            self.measured.append(one)
            yield one

    def as_json(self) -> dict[str, Any]:
        """What was measured so far."""
        found = [
            {"part": one.part.name, "head": one.head, "problem": one.problem or None, "estimated": one.estimated,
             "result": None if one.result is None else one.result.as_json()}
            for one in self.measured
        ]  # fmt: skip
        return {"title": self.title, "rows": found}


def rows(asked: BenchHardware, progress: Progress) -> Iterator[HardwareTable]:
    """A table a network. Whatever is wrong with the files is said before anything is measured."""
    if asked.liberty:
        nand2_area(asked.liberty)
    chosen = [find_part(part) for part in asked.part] or [
        one for one in parts().values() if asked.liberty or not one.is_asic
    ]
    circuits = [optimize(load_source(model).circuit) for model in asked.models]
    measured = [_Measured(model.name, circuit, asked) for model, circuit in zip(asked.models, circuits, strict=True)]
    return (
        HardwareTable(
            f"`{one.name}`, {one.circuit.netlist.num_nodes:,} gates after -O2, "
            f"at most {asked.pipeline} register stages:",
            _rows(one, chosen, progress),
        )
        for one in measured
    )


@dataclass(frozen=True, eq=False)
class _Measured:
    """A network, and how it is measured on each part."""

    name: str
    circuit: Circuit
    asked: BenchHardware

    def options(self, part: Part) -> SynthOptions:
        asked = self.asked
        return SynthOptions(
            seeds=tuple(range(1, asked.seeds + 1)), route=asked.route, timeout=asked.timeout,
            liberty=asked.liberty.absolute() if asked.liberty and part.is_asic else None,
        )  # fmt: skip

    def task(self, part: Part) -> Task:
        asked = self.asked
        liberty = hashlib.sha256(asked.liberty.read_bytes()).hexdigest() if asked.liberty and part.is_asic else ""
        request = {
            "task": "hardware", "lgc": lgc.__version__, "circuit": self.circuit.digest(), "part": part.name,
            "pipeline": asked.pipeline, "seeds": asked.seeds, "route": asked.route, "timeout": asked.timeout,
            "liberty": liberty,
        }  # fmt: skip
        return {"request": request, "network": self, "part": part}


def measure_part(task: Task) -> list[HardwareRow]:
    """A network on one part, in every way that its table has.

    Raises:
        NotCheckedError: a file is not here, or another one.
    """
    request, network, part = task["request"], task["network"], task["part"]
    check_version(request)
    options, progress, found = network.options(part), progress_here(), []
    _check_liberty(options.liberty, request["liberty"])
    for verilog in jobs(network.circuit, part, request["pipeline"]):
        start = perf_counter()
        found.append(measure_on(network.circuit, part, verilog, options=options, progress=progress))
        progress.note(f"{network.name} on {part.name}, {verilog.head}: {perf_counter() - start:.0f} s")
    return found


def _check_liberty(path: Path | None, digest: str) -> None:
    if path is None:
        return
    if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != digest:
        raise NotCheckedError(
            "a worker has not the cell library of who asks", where=str(path),
            hint="Copy the file to the same place on every machine",
        )  # fmt: skip


def _rows(network: _Measured, chosen: list[Part], progress: Progress) -> Iterator[HardwareRow]:
    """Rows in the order of the parts, each as soon as it and those before it are measured."""
    tasks = [network.task(part) for part in chosen]
    order = deque(dict.fromkeys(digest_of(task["request"]) for task in tasks))
    known: dict[str, list[HardwareRow]] = {}
    with open_workers(network.asked, progress, most=len(order)) as farm:
        check_tools(farm, "yosys", also=[f"nextpnr:{one.name}" for one in chosen if one.family.nextpnr])
        for digest, found in answers(farm, measure_part, tasks):
            known[digest] = found
            while order and order[0] in known:
                yield from known[order.popleft()]


def markdown(tables: Iterable[HardwareTable]) -> Iterator[str]:
    """The tables of docs/hardware.md, line by line."""
    for one in tables:
        yield from ("", one.title, "")
        yield from table(one)


_HEADINGS = (
    "| part | head | LUTs | of the part | estimated | error | FFs | carry | levels "
    "| Fmax, MHz | latency, ns | images/s |"
)


def table(rows: Iterable[HardwareRow]) -> Iterator[str]:
    """Lines of a table, each as soon as its row is measured; what was not measured stays empty, and says why below."""
    yield _HEADINGS
    yield "|---" * (_HEADINGS.count("|") - 1) + "|"
    notes: list[str] = []
    for row in rows:
        fits = row.share is None or row.share <= 1
        if row.problem and fits:
            notes.append(f"{len(notes) + 1}. {row.part.name}, {row.head}: {row.problem}")
        mark = f" [{len(notes)}]" if row.problem and fits else ""
        share = "" if row.share is None else f"{100 * row.share:.0f} %"
        guess = f"{row.estimated:,}" if row.estimated else ""
        error = "" if row.error is None else f"{round(100 * row.error):+d} %"
        counts = [_cell(row.result, name) for name in ("ffs", "carry", "levels")]
        rates = [_cell(row.result, name) for name in ("fmax", "latency_ns", "images_per_second")]
        if not fits:
            rates[0] = "does not fit"
        cells = [f"{row.part.name}{mark}", row.head, _area(row.result), share, guess, error, *counts, *rates]
        yield f"| {' | '.join(cells)} |"
    yield from ["", *notes] if notes else []


def _area(result: Result | None) -> str:
    """Lookup tables; of standard cells what a NAND goes into."""
    nands = _cell(result, "nand2")
    return f"{nands} NAND2" if nands else _cell(result, "luts")


def _cell(result: Result | None, name: str) -> str:
    value = result.value(name) if result else None
    if value is None:
        return ""
    if name == "images_per_second":
        return f"{value / 1e6:,.3g} M"
    return f"{value:,.1f}" if name in ("fmax", "latency_ns") else f"{value:,.0f}"
