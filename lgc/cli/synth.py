"""`lgc synth`: what a Verilog file takes on a part, and how fast it is there."""

from __future__ import annotations

import click

from lgc.cli.options import request_command
from lgc.cli.output import OutputOptions
from lgc.driver.synth import SynthRequest

_EXAMPLES = (
    "lgc synth net.v --part ecp5-85k --seeds 5 --clock 150MHz",
    "lgc synth net.v --part xc7-a35t --no-route                # yosys alone",
    "lgc synth net.v --part ice40-up5k --board icebreaker --bitstream net.bin",
)


@request_command("synth", SynthRequest, OutputOptions, examples=_EXAMPLES)
@click.option("--list", "list_parts", is_flag=True, help="List the parts and stop.")
def synth(asked: SynthRequest, output: OutputOptions, list_parts: bool) -> None:
    """Synthesise RTL, what `lgc compile` wrote, with yosys, and place and route it with nextpnr.

    The circuit is placed between registers, so that it may have more ports than the part has pins; with --pins its
    ports are the pins of a board. Every number says whether it was measured, and by which tool.
    """
    import lgc.driver.synth as driver

    if list_parts:
        output.show(driver.list_parts())
        return
    result = output.run(driver.synth, asked)
    if result.problem is not None:
        raise result.problem
