"""`lgc compile`: a checkpoint or netlist to hardware or C."""

from __future__ import annotations

from dataclasses import replace

import click

from lgc.cli.options import request_command
from lgc.cli.output import OutputOptions
from lgc.driver.compile_request import CompileRequest
from lgc.errors import OptionError

_EXAMPLES = (
    "lgc compile model.pt -o net.v                                   # combinational, portable",
    "lgc compile model.pt -o net.v --pipeline 8 --fabric ecp5        # lookup tables of a part, a result a clock",
    "lgc compile model.pt -o net.v --part ecp5-85k --clock 150MHz    # as many register stages as that takes",
    "lgc compile model.pt -o net.v --input features --interface uart --board icebreaker",
    "lgc compile model.pt -o net.c                                   # C99 with a header",
)
_TWO = "--pipeline 2"


@request_command("compile", CompileRequest, OutputOptions, examples=_EXAMPLES)
@click.option("--registered", is_flag=True, hidden=True)
def compile(asked: CompileRequest, output: OutputOptions, registered: bool) -> None:  # noqa: A001 - the command's name
    """Compile MODEL (a checkpoint or a .lgn netlist) to the format that the suffix of -o names.

    Every level keeps every score: O0 changes nothing, O1 folds constants and drops dead gates,
    O2 also merges gates and absorbs inverters. O3 also uses that a feature's bits are ordered:
    its scores are those of every feature, but not of bits that no feature gives.
    """
    import lgc.driver.compile as driver

    if registered:
        asked = _as_pipeline(asked)
    output.run(driver.compile, asked)
    if registered:
        click.echo(f"lgc: --registered is now {_TWO}; the former name goes with the next release", err=True)


def _as_pipeline(asked: CompileRequest) -> CompileRequest:
    """What ``--registered`` stood for."""
    if asked.pipeline not in (None, 2):
        raise OptionError(f"--registered is {_TWO}, not {asked.pipeline}", hint="Give one of the two")
    return replace(asked, pipeline=2)
