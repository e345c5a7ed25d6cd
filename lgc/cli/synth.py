"""`lgc synth`: what a Verilog file takes on a part, and how fast it is there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from lgc.synth.report import Number, Result

_FILE = click.Path(path_type=Path)


@click.command()
@click.argument("rtl", type=_FILE, required=False)
@click.option("--target", "target_name", metavar="NAME", help="The part; --list shows all.")
@click.option("--list", "list_targets", is_flag=True, help="List the targets and stop.")
@click.option("--clock", metavar="FREQUENCY", help="Clock to reach: 150MHz, 0.2GHz. By default only what to aim at.")
@click.option("--seeds", type=click.IntRange(1), default=1, show_default=True, help="Seeds of nextpnr to try.")
@click.option("--jobs", type=click.IntRange(1), help="Seeds at a time; by default one a core.")
@click.option("--no-route", is_flag=True, help="Stop after yosys: counts, but no Fmax.")
@click.option("--pins", type=_FILE, help="The board's constraints (.pcf, .lpf, .cst, .ccf): the ports are its pins.")
@click.option("--board", metavar="NAME", help="As given to `lgc compile --board`: its top and pins beside RTL.")
@click.option("--bitstream", type=_FILE, help="Write the best seed's bitstream; needs --board or --pins.")
@click.option("--liberty", type=_FILE, help="Cell library of --target asic.")
@click.option("--top", help="Top module of Verilog that has no manifest.")
@click.option("--json", "json_path", type=_FILE, help="Write the result as JSON.")
@click.option("--netlist", type=_FILE, help="Write yosys's netlist as Verilog.")
@click.option(
    "--timeout", type=click.FloatRange(0, min_open=True), default=3600, show_default=True,
    help="Seconds that yosys, and nextpnr for each seed, may take.",
)  # fmt: skip
@click.option("--no-cache", is_flag=True, help="Measure again what was measured before.")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors.")
def synth(
    rtl: Path | None, target_name: str | None, list_targets: bool, clock: str | None, seeds: int, jobs: int | None,
    no_route: bool, pins: Path | None, board: str | None, bitstream: Path | None, liberty: Path | None, top: str | None,
    json_path: Path | None, netlist: Path | None, timeout: float, no_cache: bool, quiet: bool,
) -> None:  # fmt: skip
    """Synthesise RTL, what `lgc compile` wrote, with yosys, and place and route it with nextpnr.

    The circuit is placed between registers, so that it may have more ports than the part has pins; with --pins its
    ports are the pins of a board. Every number says whether it was measured, and by which tool.
    """
    from lgc.cli._console import console as new_console
    from lgc.errors import OptionError
    from lgc.files import write_text
    from lgc.parts.part import find_part
    from lgc.synth.flow import SynthOptions, synthesize

    console = new_console(quiet=quiet)
    if list_targets:
        _print_targets(console)
        return
    if rtl is None or target_name is None:
        raise OptionError("give a Verilog file and --target NAME", hint="`lgc synth --list` shows the targets")
    part = find_part(target_name)
    _check_outputs((json_path, netlist, bitstream), (rtl, rtl.with_suffix(".json"), pins, liberty))
    options = SynthOptions(
        clock=parse_clock(clock) if clock else 0.0, seeds=tuple(range(1, seeds + 1)), jobs=jobs or 0,
        route=not no_route, pins=pins, board=board or "", bitstream=bitstream, liberty=liberty, timeout=timeout,
        top=top or "", cache=not no_cache, netlist=netlist,
    )  # fmt: skip
    with _progress(console) as tell:
        result = synthesize(rtl, part, options, tell)
    console.print(_table(result))
    for note in (result.synthesis, result.placement):
        if note:
            console.print(note, soft_wrap=True)
    if json_path:
        write_text(json_path, result.to_json())
    if result.problems:
        raise result.problems[0]
    if clock and result.meets_clock is False:
        fmax = result.value("fmax")
        raise OptionError(
            f"the circuit reaches {fmax:.1f} MHz on {part.name}, not {result.clock:g} MHz",
            hint="Compile it with more register ranks: `lgc compile --pipeline N`",
        )


def _check_outputs(written: Sequence[Path | None], read: Sequence[Path | None]) -> None:
    """The manifest lies beside the circuit under its name: a result of that name would be written over it."""
    from lgc.errors import OptionError

    inputs = {path.resolve(): path for path in read if path is not None}
    for path in written:
        if path is not None and path.resolve() in inputs:
            raise OptionError(
                f"{path.name} is an input of this run, and would be written over", hint="Give the output another name"
            )


def parse_clock(text: str) -> float:
    """``150MHz`` to megahertz.

    Raises:
        OptionError: it is no frequency.
    """
    import re

    from lgc.errors import OptionError

    match = re.fullmatch(r"\s*(\d+(?:\.\d*)?)\s*([kMG]?)(?:Hz)?\s*", text, re.IGNORECASE)
    value = float(match[1]) * {"k": 1e-3, "m": 1.0, "g": 1e3, "": 1.0}[match[2].lower()] if match else 0.0
    if not value:
        raise OptionError(f"--clock {text} is no frequency", hint="Write it as 150MHz")
    return value


@contextmanager
def _progress(console: Any) -> Iterator[Any]:
    """A line that says what runs, and for how long; yields a function of the step's name."""
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("starting", total=None)
        yield lambda what: bar.update(task, description=what)


def _print_targets(console: Any) -> None:
    from rich.table import Table

    from lgc.parts.part import parts

    table = Table("target", "part", "luts", "flip-flops", "block RAMs", "flow")
    for one in parts().values():
        flow = " + ".join(filter(None, [one.family.synth.split()[0], one.family.nextpnr]))
        sizes = (f"{count:,}" if count else "" for count in (one.luts, one.ffs, one.bram))
        table.add_row(one.name, one.chip, *sizes, flow)
    console.print(table)


def _table(result: Result) -> Any:
    from rich.table import Table

    title = f"{result.source} on {result.part} ({result.chip})"
    table = Table(title=f"{title}: PARTIAL" if result.partial else title, title_justify="left")
    for heading in ("what", "value", "unit", "how", "by"):
        table.add_column(heading, justify="right" if heading == "value" else "left", no_wrap=heading != "by")
    rows = [*result.numbers.items(), *((f"  luts in {name}", one) for name, one in result.stages.items())]
    for name, one in rows:
        table.add_row(name.replace("_", " "), _value(one), one.unit, one.how, one.by.partition(" ")[0])
    tool = result.placement.partition(" ")[0]
    for kind, (used, available) in result.used.items():
        if used:
            table.add_row(f"  {kind}", f"{used:,}", f"of {available:,}", "measured", tool)
    return table


def _value(number: Number) -> str:
    whole = float(number.value).is_integer() or number.value >= 1e5
    return f"{number.value:,.0f}" if whole else f"{number.value:,.2f}"
