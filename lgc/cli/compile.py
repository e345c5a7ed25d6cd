"""`lgc compile`: a checkpoint or netlist to hardware or C."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from lgc.cli._clock import clock_options
from lgc.cli._hardware import hardware_options
from lgc.cli._head import head_options
from lgc.cli._import import config_option

if TYPE_CHECKING:
    from lgc.backend.base import Format
    from lgc.cli._clock import ClockOptions
    from lgc.cli._hardware import HardwareOptions
    from lgc.cli._head import HeadOptions
    from lgc.frontend import ImportOptions
    from lgc.ir import Circuit
    from lgc.passes import PassManager, PassStats

_NAME = "compile"


@click.command(_NAME)
@click.argument("model", type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", required=True, type=click.Path(path_type=Path), help="File to write; its suffix picks the target."
)
@click.option(
    "-O", "level", type=click.Choice(["0", "1", "2", "3"]), default="2", show_default=True, help="Optimisation level."
)
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="NAME=VALUE",
    help="An option of the target, for example pipeline=4.",
)
@click.option(
    "--pipeline", type=click.IntRange(0), metavar="N", help="Verilog: register ranks in all; 0 is combinational."
)
@click.option("--registered", is_flag=True, help="Verilog: one rank at the input and one at the output: --pipeline 2.")
@click.option("--outputs", type=click.Choice(["class", "scores", "both"]), help="Verilog: which results are ports.")
@click.option("--top", help="Verilog: name of the top module; by default the output file's name.")
@clock_options
@head_options
@hardware_options
@click.option("--check", is_flag=True, help="Verify every invariant between passes.")
@click.option(
    "--dump-ir",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write the circuit after each pass to this folder.",
)
@click.option("--stop-after", metavar="PASS[:N]", help="Stop after the (N-th) run of this pass.")
@click.option(
    "--bisect", is_flag=True, help="Compare all scores after each pass and name the first pass that changes one."
)
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors.")
@config_option
def compile_(
    model: Path,
    output: Path,
    level: str,
    settings: tuple[str, ...],
    pipeline: int | None,
    registered: bool,
    outputs: str | None,
    top: str | None,
    check: bool,
    dump_ir: Path | None,
    stop_after: str | None,
    bisect: bool,
    quiet: bool,
    timing: ClockOptions,
    counting: HeadOptions,
    hardware: HardwareOptions,
    source: ImportOptions,
) -> None:
    """Compile MODEL (a checkpoint or a .lgn netlist) to the format that the suffix of -o names.

    Every level keeps every score: O0 changes nothing, O1 folds constants and drops dead gates,
    O2 also merges gates and absorbs inverters. O3 also uses that a feature's bits are ordered:
    its scores are those of every feature, but not of bits that no feature gives.
    """
    from lgc.backend.base import format_class, write
    from lgc.cli._console import console as new_console
    from lgc.cli._head import settle_head
    from lgc.errors import OptionError
    from lgc.frontend import load_circuit
    from lgc.passes import PIPELINES, PassManager

    format_type = format_class(output)
    options = dict(_setting(text) for text in settings)
    if format_type.name == "verilog":
        options.setdefault("top", output.stem)
    if top is not None:
        options["top"] = top
    if registered and pipeline not in (None, 2):
        raise OptionError(f"--registered is --pipeline 2, not {pipeline}", hint="Give one of the two")
    if registered or pipeline is not None:
        options["pipeline"] = str(2 if registered else pipeline)
    if outputs:
        options["outputs"] = outputs
    target = format_type.from_options(options | counting.target_options() | hardware.target_options())
    circuit = hardware.prepare(load_circuit(model, source), format_type, level)
    manager = PassManager(check=check, dump_dir=dump_ir, stop_after=stop_after, bisect_vectors=256 if bisect else 0)
    optimised = manager.run(circuit, PIPELINES[f"O{level}"])
    if manager.broken:
        _report_broken(manager)
    target, reason = settle_head(timing.with_fabric(target), optimised)
    target = timing.place(target, optimised, new_console(quiet=quiet))
    written = write(target, optimised, output)
    if not quiet:
        _print_report(circuit, optimised, manager.stats, level)
        _print_target(target, optimised, reason, written)


# click derives a command's name from its function, and `compile` would shadow the built-in.
globals()[_NAME] = compile_


def _setting(text: str) -> tuple[str, str]:
    from lgc.errors import OptionError

    name, equals, value = text.partition("=")
    if not equals:
        raise OptionError(f"--set {text} has no '='", hint="Write --set NAME=VALUE")
    return name, value


def _report_broken(manager: PassManager) -> None:
    from lgc.errors import MismatchError

    broken = manager.broken
    assert broken is not None
    raise MismatchError(
        f"pass {broken.stats.index}, {broken.stats.name}, changed the scores of random vector {broken.vector} from "
        f"{broken.expected} to {broken.seen}",
        hint="This is a bug in lgc; please report it with the files that --dump-ir DIR writes",
    )


def _print_report(circuit: Circuit, optimised: Circuit, stats: list[PassStats], level: str) -> None:
    from rich.table import Table

    from lgc.cli._console import console as new_console

    before, after = circuit.netlist, optimised.netlist
    console = new_console()
    table = Table(title=f"{circuit.name}: -O{level}", title_justify="left")
    for heading in ("pass", "gates", "depth", "outputs", "ms", "what it did"):
        table.add_column(heading, justify="left" if heading in ("pass", "what it did") else "right")
    table.add_row("(input)", f"{before.num_nodes:,}", str(before.depth), f"{before.num_outputs:,}", "", "")
    for one in stats:
        done = ", ".join(f"{count:,} {name}" for name, count in one.counts.items()) or "nothing"
        cells = (f"{one.nodes_after:,}", str(one.depth_after), f"{one.outputs_after:,}", f"{one.seconds * 1e3:.1f}")
        table.add_row(one.name, *cells, done)
    if stats:
        console.print(table)
    saved = 100 * (1 - after.num_nodes / before.num_nodes) if before.num_nodes else 0.0
    console.print(f"{before.num_nodes:,} -> {after.num_nodes:,} gates ({saved:.1f} % fewer), depth {after.depth}")
    if optimised.encoder.code is not None:
        console.print(f"feature x is the integer {optimised.encoder.code.rule()}", soft_wrap=True)


def _print_target(target: Format, optimised: Circuit, reason: str, written: list[Path]) -> None:
    from lgc.backend.verilog import Verilog
    from lgc.cli._console import console as new_console
    from lgc.cli._head import print_head
    from lgc.cli._ranks import print_ranks

    console = new_console()
    if isinstance(target, Verilog):
        print_head(console, target, optimised, reason)
        print_ranks(console, target.ranks(optimised))
    for path in written:
        console.print(f"wrote {path} ({path.stat().st_size:,} bytes)", soft_wrap=True)
