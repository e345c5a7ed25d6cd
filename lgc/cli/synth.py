"""`lgc synth`: what a Verilog file takes on a part, and how fast it is there."""

from __future__ import annotations

import click

from lgc.cli.options import request_command
from lgc.driver.synth import SynthRequest

_EXAMPLES = (
    "lgc synth net.v --part ecp5-85k --seeds 5 --clock 150MHz",
    "lgc synth net.v --part xc7-a35t --no-route                # yosys alone",
    "lgc synth net.v --part ice40-up5k --board icebreaker --bitstream net.bin",
)


@request_command("synth", SynthRequest, examples=_EXAMPLES)
@click.option("--list", "list_parts", is_flag=True, help="List the parts and stop.")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors.")
def synth(asked: SynthRequest, list_parts: bool, quiet: bool) -> None:
    """Synthesise RTL, what `lgc compile` wrote, with yosys, and place and route it with nextpnr.

    The circuit is placed between registers, so that it may have more ports than the part has pins; with --pins its
    ports are the pins of a board. Every number says whether it was measured, and by which tool.
    """
    import lgc.driver.synth as driver
    from lgc.cli._console import console, progress, show

    out = console(quiet=quiet)
    if list_parts:
        show(out, driver.list_parts().sheet())
        return
    with progress(out) as told:
        result = driver.synth(asked, told)
    show(out, result.sheet())
    if result.problem is not None:
        raise result.problem
