"""`lgc convert`: any readable checkpoint in lgc's own format, hardened."""

from __future__ import annotations

from typing import Any

from lgc.cli.options import request_command
from lgc.cli.output import OutputOptions
from lgc.driver.convert import ConvertRequest
from lgc.driver.read import fact_settings, with_facts

_EXAMPLES = (
    "lgc convert network.pth --classes 10 -o model.pt",
    "lgc convert netlist.blif -o netlist.lgn",
)


@request_command("convert", ConvertRequest, OutputOptions, settings=fact_settings(), examples=_EXAMPLES)
def convert(asked: ConvertRequest, output: OutputOptions, settings: dict[str, Any]) -> None:
    """Write FILE, a checkpoint of any family that lgc reads, in lgc's own format.

    Nothing in FILE is run, and the tool that wrote it need not be installed. What FILE does not say is given by the
    flags below or by a file of facts; `lgc inspect FILE` lists them. A netlist (BLIF, AIGER, Verilog) becomes .lgn.
    """
    import lgc.driver.convert as driver

    output.run(driver.convert, with_facts(asked, settings))
