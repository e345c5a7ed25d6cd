"""`lgc inspect`: what a file is, what is certain about it, and what must be said beside it."""

from __future__ import annotations

from typing import Any

from lgc.cli.options import request_command
from lgc.cli.output import OutputOptions
from lgc.driver.inspect import InspectRequest
from lgc.driver.read import fact_settings, with_facts
from lgc.errors import EXIT_TOOL

_EXAMPLES = (
    "lgc inspect model.pt",
    "lgc inspect network.pth --classes 10 --features 784    # another tool's file, and what it does not say",
)


@request_command("inspect", InspectRequest, OutputOptions, settings=fact_settings(), examples=_EXAMPLES)
def inspect(asked: InspectRequest, output: OutputOptions, settings: dict[str, Any]) -> None:
    """Explain FILE: its family, what is certain, what is ambiguous and which flag settles it.

    A file that says enough is also read, and its layers, gates and inputs are counted. Nothing in it is run.
    """
    import lgc.driver.inspect as driver

    result = output.run(driver.inspect, with_facts(asked, settings))
    if result.problem is not None and result.problem.exit_code == EXIT_TOOL:
        raise result.problem  # it says nothing about the file
