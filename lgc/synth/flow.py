"""From a Verilog file to a :class:`Result`: yosys, nextpnr over seeds, bitstream, all cached by digest."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from lgc.errors import InputError, LgcError, OptionError
from lgc.farm import Workers
from lgc.files import replacing
from lgc.parts.boards import BOARDS
from lgc.parts.part import Part, check_clock, check_measurable
from lgc.progress import Progress, Silence, Within
from lgc.synth.design import Design, read_design
from lgc.synth.harness import without_unread
from lgc.synth.nextpnr import Placement, find_nextpnr, pack_bitstream
from lgc.synth.remembered import KIND, digest, within_limit
from lgc.synth.report import ESTIMATED, MEASURED, STATED, Result
from lgc.synth.seeds import LAYOUT, Seeds
from lgc.synth.yosys import Synthesised, SynthesisJob, nand2_area, read_synthesised, run_synthesis
from lgc.tools.entries import found, kept
from lgc.tools.find import has_program
from lgc.tools.watchdog import scratch
from lgc.tools.yosys import find_yosys


@dataclass(frozen=True)
class SynthOptions:
    """How to synthesise.

    Attributes:
        clock: MHz to aim at; 0 is the board's oscillator, or without a board the part's own.
        seeds: of nextpnr.
        route: whether to place and route, where the part's family can.
        pins: the board's constraints; the top's ports are then pins, and no registers are put around it.
        board: as given to `lgc compile --board`: top, wrapper and pins lie beside the file.
        bitstream: file to write; needs ``pins`` or ``board``.
        liberty: cells, for the part ``asic``.
        timeout: seconds that yosys, and nextpnr for each seed, may take.
        top: the top module, where there is no manifest.
        netlist: file to write yosys's netlist to, as Verilog.
        cache: whether to use what an earlier run measured of the same files with the same tools.
    """

    clock: float = 0.0
    seeds: tuple[int, ...] = (1,)
    route: bool = True
    pins: Path | None = None
    board: str = ""
    bitstream: Path | None = None
    liberty: Path | None = None
    timeout: float = 3600.0
    top: str = ""
    netlist: Path | None = None
    cache: bool = True


def synthesize(
    source: Path, part: Part, options: SynthOptions, progress: Progress | None = None, farm: Workers | None = None
) -> Result:
    """Synthesise a Verilog file.

    Args:
        farm: who places and routes, a seed a task; by default this process.

    Returns:
        What was found. Whatever stopped the flow after yosys is among the result's ``problems``.

    Raises:
        OptionError, InputError: something that was given is unusable.
        ToolError, MissingToolError: yosys failed or is missing.
    """
    progress = progress or Silence()
    clock = options.clock or _board_clock(options.board) or part.clock
    _check(part, options, clock)
    design = read_design(source, top=options.top, pins=options.pins, board=options.board)
    result = Result(design.name, design.sha256(), design.top, part.name, part.chip, clock)
    if design.latency is not None:
        result.add("latency", design.latency, "clocks", STATED, "manifest")
    made = _cached_yosys(design, part, options, progress)
    result.netlist = made.folder / "netlist.v"
    _add_synthesised(result, made, options)
    _copy_netlist(result.netlist, options.netlist)
    if options.route and part.family.nextpnr:
        _placed_too(result, made, design, part, options, Seeds(options.seeds, progress, farm, options.cache))
    return result


def _placed_too(
    result: Result, made: Synthesised, design: Design, part: Part, options: SynthOptions, seeds: Seeds
) -> None:
    if part.family.is_optional and not has_program(part.family.nextpnr):
        result.placement = f"not placed: {part.family.nextpnr} is not on PATH"
        return
    try:
        _check_fit(result, part)
        _route(result, _placement(result.clock, made, design, part, options), design, options, seeds)
    except LgcError as error:
        result.problems.append(error)


def _copy_netlist(netlist: Path, wanted: Path | None) -> None:
    if wanted is not None:
        with replacing(wanted) as temporary:
            shutil.copyfile(netlist, temporary)


def _board_clock(name: str) -> float:
    """MHz of a board's oscillator; 0 without a board."""
    return BOARDS[name].clock / 1e6 if name in BOARDS else 0.0


def _check(part: Part, options: SynthOptions, clock: float) -> None:
    check_clock(part, clock)
    if options.clock:
        check_measurable(part)
    if part.is_asic and options.liberty is None:
        raise OptionError("standard cells need a Liberty file", hint="Give --liberty FILE.lib")
    if options.liberty is not None:
        if not part.is_asic:
            raise OptionError(f"{part.name} has no use for a Liberty file", hint="--liberty goes with --part asic")
        nand2_area(options.liberty)  # reads it: a bad file is refused before yosys runs
    if options.bitstream is not None and (not (options.pins or options.board) or not part.family.pack):
        raise OptionError(
            "a bitstream needs a part that has one, and a top whose ports are pins",
            hint="Give --board NAME, or --pins FILE",
        )
    board = BOARDS.get(options.board)
    if board is not None and part.name not in board.parts:
        raise OptionError(
            f"the board {board.name} does not come with {part.name}",
            hint=f"It is for --part {', '.join(board.parts)}",
        )
    if not options.seeds:
        raise OptionError("there are no seeds", hint="Give --seeds N, at least 1")


def _cached_yosys(design: Design, part: Part, options: SynthOptions, progress: Progress) -> Synthesised:
    pins = bool(design.constraints)
    wrap = bool(part.family.nextpnr) and not pins and bool(design.ports)
    job = SynthesisJob(design, part, options.liberty, pins, wrap)
    tool = str(find_yosys())
    liberty = options.liberty.read_bytes() if options.liberty else b""
    parts = [tool, design.top, "\n".join(job.script()), repr(design.ports), repr(part.family)]
    key = digest(*design.texts, liberty, *(part.encode() for part in parts))
    folder = found(KIND, key) if options.cache else None
    if folder is not None:
        progress.step("yosys: as measured before")
        return read_synthesised(job, folder)

    def build(folder: Path) -> None:
        with within_limit(key, options.timeout, f"yosys, {design.name}", cache=options.cache):
            run_synthesis(job, folder, timeout=options.timeout, listen=Within(progress, "yosys").step)

    return read_synthesised(job, kept(KIND, key, build))


def _add_synthesised(result: Result, made: Synthesised, options: SynthOptions) -> None:
    result.synthesis = f"{made.tool}: {made.command}"
    by = made.tool
    if options.liberty is None:
        result.add_counts(made.counts, by)
        return
    result.add("cells", sum(made.counts.types.values()), "cells", MEASURED, by)
    result.add("ffs", made.counts.ffs, "ffs", MEASURED, by)
    result.add("levels", made.counts.levels, "cells in a row", MEASURED, by)
    result.add("area", made.area, "of the Liberty file", MEASURED, by)
    unit = nand2_area(options.liberty)
    if unit:
        result.add("nand2", made.area / unit, "NAND2 equivalents", MEASURED, by)
    if made.delay_ns:
        result.add("delay_ns", made.delay_ns, "ns", ESTIMATED, "ABC's stime, without wires")


def _check_fit(result: Result, part: Part) -> None:
    for name, has in (("sites", part.luts), ("ffs", part.ffs), ("bram", part.bram)):
        needs = int(result.value(name) or 0)
        if has and needs > has:
            what = {"sites": "lookup tables", "ffs": "flip-flops", "bram": "block RAMs"}[name]
            raise InputError(
                f"the circuit does not fit: it needs {needs:,} {what}, and {part.name} has {has:,}",
                hint="Take a larger part; `lgc estimate` says which will do",
            )


def _route(result: Result, wanted: Placement, design: Design, options: SynthOptions, seeds: Seeds) -> None:
    part, tool = wanted.part, find_nextpnr(wanted.part)
    found = seeds.place_all(wanted, tool)
    result.problems += [one.problem for one in found if one.problem is not None]
    placed = [one.placed for one in found]
    how = "ports at the pins of a board" if design.constraints else "out of context, with registers at all ports"
    if part.family.untimed:
        result.add_untimed(placed, str(tool), how, part.family.untimed)
    else:
        result.add_placed(placed, str(tool), how, design.latency, design.interval)
    best = max((one for one in found if one.problem is None), key=lambda one: one.placed.fmax, default=None)
    if options.bitstream is not None and best is not None:
        _write_bitstream(options.bitstream, best.layout, part, options.timeout)
        result.bitstream = options.bitstream.name


def _placement(clock: float, made: Synthesised, design: Design, part: Part, options: SynthOptions) -> Placement:
    netlist = made.folder / ("circuit.json" if design.constraints else "harness.json")
    if not netlist.exists():
        raise InputError("only a circuit with a manifest can be placed without pins", where=design.name)
    placed = netlist.read_bytes()
    return Placement(
        design=placed if design.constraints else without_unread(placed, part.family),
        part=part,
        clock=clock,
        driven=bool(options.clock and part.family.timing),
        constraints=design.constraints or part.harness_pins,
        bitstream=LAYOUT if options.bitstream else "",
        timeout=options.timeout,
    )


def _write_bitstream(path: Path, layout: bytes, part: Part, timeout: float) -> None:
    with scratch("lgc-pack-") as folder:
        (folder / LAYOUT).write_bytes(layout)
        packed = folder / f"packed{part.family.suffix}"
        pack_bitstream(part, folder / LAYOUT, packed, folder, timeout)
        with replacing(path) as temporary:
            temporary.write_bytes(packed.read_bytes())
