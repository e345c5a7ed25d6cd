"""Synthesising: what a Verilog file takes on a part, and how fast it is there."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

from lgc.driver.clock import parse_clock
from lgc.driver.request import Request, check_outputs
from lgc.driver.sheet import Grid, Sheet, Shown
from lgc.driver.workers_request import WHERE, WorkersRequest
from lgc.errors import LgcError, OptionError
from lgc.progress import Progress, Silence
from lgc.settings import Setting

if TYPE_CHECKING:
    from lgc.driver.compile import Compiled
    from lgc.parts.part import Part
    from lgc.report.blocks import Block
    from lgc.synth.flow import SynthOptions
    from lgc.synth.report import Number, Result

    Rtl: TypeAlias = Path | str | Compiled
else:
    Rtl = Any

_BOARD = "A board"


@dataclass(frozen=True)
class SynthesisRequest(Request):
    """What to synthesise, and for which part."""

    rtl: Annotated[Rtl | None, Setting("A Verilog file that `lgc compile` wrote.", flags=("RTL",))] = None
    part: Annotated[
        str | None, Setting("The part; --list shows all.", former=("--target",), metavar="PART")
    ] = None  # fmt: skip
    clock: Annotated[
        str | None,
        Setting("Clock to reach: 150MHz, 0.2GHz. By default only what to aim at.", metavar="FREQUENCY"),
    ] = None  # fmt: skip
    seeds: Annotated[int, Setting("Seeds of nextpnr to try.", low=1)] = 1
    route: Annotated[bool, Setting("Stop after yosys: counts, but no Fmax.")] = True
    liberty: Annotated[Path | None, Setting("Cell library of --part asic.")] = None
    top: Annotated[str, Setting("Top module of Verilog that has no manifest.")] = ""
    timeout: Annotated[float, Setting("Seconds that yosys, and nextpnr for each seed, may take.", above=0)] = 3600.0
    cache: Annotated[bool, Setting("Measure again what was measured before.")] = True

    board: Annotated[
        str, Setting("As given to `lgc compile --board`: its top and pins beside RTL.", metavar="NAME", group=_BOARD)
    ] = ""  # fmt: skip
    pins: Annotated[
        Path | None,
        Setting("The board's constraints (.pcf, .lpf, .cst, .ccf): the ports are its pins.", group=_BOARD),
    ] = None  # fmt: skip
    bitstream: Annotated[
        Path | None, Setting("Write the best seed's bitstream; needs a board or pins.", group=_BOARD, writes=True)
    ] = None  # fmt: skip

    json: Annotated[Path | None, Setting("Write the result as JSON.", group="Files to write", writes=True)] = None
    netlist: Annotated[
        Path | None, Setting("Write yosys's netlist as Verilog.", group="Files to write", writes=True)
    ] = None


@dataclass(frozen=True)
class SynthRequest(WorkersRequest, SynthesisRequest):
    """The same, and who places and routes."""

    workers: Annotated[
        int | None,
        Setting("Seeds at a time: processes here, of one thread each; with --cluster, jobs.", former=("--jobs",), low=1,
                group=WHERE, shown="one a core"),
    ] = None  # fmt: skip

    def source(self) -> Path:
        """The Verilog file.

        Raises:
            OptionError: there is none, or it is something else.
        """
        path = getattr(self.rtl, "path", self.rtl)
        if not isinstance(path, Path | str):
            raise OptionError("give a Verilog file and --part NAME", hint="`lgc synth --list` shows the parts")
        return Path(path)


@dataclass(frozen=True, eq=False, repr=False)
class Synthesis(Shown):
    """What was found: numbers that say whether they were measured, and by what.

    Attributes:
        result: all of it; ``result.problems`` is what kept it from being complete.
    """

    result: Result
    asked: SynthRequest

    @property
    def problem(self) -> LgcError | None:
        """What stopped the measurement, or the clock that was missed; None if all is well."""
        if self.result.problems:
            return self.result.problems[0]
        if self.asked.clock is None or self.result.meets_clock is not False:
            return None
        fmax = self.result.value("fmax")
        return OptionError(
            f"the circuit reaches {fmax:.1f} MHz on {self.result.part}, not {self.result.clock:g} MHz",
            hint="Compile it with more register stages: `lgc compile --pipeline N`",
        )

    def __getattr__(self, name: str) -> float:
        """A number by its name: ``luts``, ``fmax``, ``latency_ns``."""
        if name.startswith("_") or name == "result" or self.result.value(name) is None:
            raise AttributeError(name)
        value = self.result.value(name)
        assert value is not None
        return value

    def as_json(self) -> dict[str, Any]:
        """See :class:`Shown`."""
        return self.result.as_json()

    def pictures(self) -> Sequence[Block]:
        """See :class:`Shown`: area by stage, use of the part, clocks and the slowest path."""
        from lgc.report.blocks import Figure
        from lgc.report.results import OnPart
        from lgc.report.sections.hardware import synthesis_blocks

        return [one for one in synthesis_blocks(OnPart.of_json(self.as_json())) if isinstance(one, Figure)]

    def sheet(self) -> Sheet:
        """See :class:`Shown`."""
        result = self.result
        title = f"{result.source} on {result.part} ({result.chip}){': PARTIAL' if result.partial else ''}"
        grid = Grid(
            ("what", "value>", "unit", "how", "by"),
            tuple(_rows(result)),
            f"{title}: PARTIAL" if result.partial else title,
        )
        return [grid, *(note for note in (result.synthesis, result.placement) if note)]


def _rows(result: Result) -> Iterator[tuple[str, ...]]:
    stages = ((f"  luts in {name}", one) for name, one in result.stages.items())
    for name, one in (*result.numbers.items(), *stages):
        yield name.replace("_", " "), _value(one), one.unit, one.how, one.by.partition(" ")[0]
    tool = result.placement.partition(" ")[0]
    for kind, (used, available) in result.used.items():
        if used:
            yield f"  {kind}", f"{used:,}", f"of {available:,}", "measured", tool


def _value(number: Number) -> str:
    whole = float(number.value).is_integer() or number.value >= 1e5
    return f"{number.value:,.0f}" if whole else f"{number.value:,.2f}"


def synth(asked: SynthRequest, progress: Progress | None = None) -> Synthesis:
    """Synthesise Verilog that `lgc compile` wrote with yosys, and place and route it with nextpnr.

    The circuit is placed between registers, so that it may have more ports than the part has pins; with ``pins`` its
    ports are the pins of a board.

    Raises:
        LgcError: something that was given is unusable, or yosys failed. What stops the flow after yosys does not raise:
            it is the result's ``problem``.
    """
    from lgc.driver.workers import check_tools, open_workers
    from lgc.files import write_text
    from lgc.parts.part import find_part
    from lgc.synth.flow import synthesize

    rtl = asked.source()
    if asked.part is None:
        raise OptionError("give a Verilog file and --part NAME", hint="`lgc synth --list` shows the parts")
    part = find_part(asked.part)
    check_outputs(asked)
    told = progress or Silence()
    with open_workers(asked, told, default=os.cpu_count() or 1, most=asked.seeds) as farm:
        if asked.route and part.family.nextpnr:
            check_tools(farm, also=(f"nextpnr:{part.name}",))
        result = synthesize(rtl, part, _options(asked), told, farm)
    found = Synthesis(result, asked)
    if asked.json is not None:
        write_text(asked.json, found.result.to_json())
    return found


def _options(asked: SynthRequest) -> SynthOptions:
    from lgc.synth.flow import SynthOptions

    return SynthOptions(
        clock=parse_clock(asked.clock) if asked.clock is not None else 0.0, seeds=tuple(range(1, asked.seeds + 1)),
        route=asked.route, pins=asked.pins, board=asked.board, bitstream=asked.bitstream,
        liberty=asked.liberty, timeout=asked.timeout, top=asked.top, cache=asked.cache, netlist=asked.netlist,
    )  # fmt: skip


@dataclass(frozen=True, eq=False, repr=False)
class PartList(Shown):
    """The parts that lgc knows."""

    parts: tuple[Part, ...]

    def as_json(self) -> list[dict[str, Any]]:
        """See :class:`Shown`."""
        return [
            {"part": one.name, "chip": one.chip, "luts": one.luts, "ffs": one.ffs, "bram": one.bram,
             "nextpnr": one.family.nextpnr or None}
            for one in self.parts
        ]  # fmt: skip

    def sheet(self) -> Sheet:
        """See :class:`Shown`."""
        rows = []
        for one in self.parts:
            flow = " + ".join(filter(None, [one.family.synth.split()[0], one.family.nextpnr]))
            sizes = (f"{count:,}" if count else "" for count in (one.luts, one.ffs, one.bram))
            rows.append((one.name, one.chip, *sizes, flow))
        return [Grid(("part", "chip", "luts>", "flip-flops>", "block RAMs>", "flow"), tuple(rows))]


def list_parts() -> PartList:
    """All parts by name."""
    from lgc.parts.part import parts

    return PartList(tuple(parts().values()))
