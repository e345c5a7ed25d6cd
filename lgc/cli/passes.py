"""`lgc passes`: what the optimiser is made of."""

from __future__ import annotations

from lgc.cli.options import request_command
from lgc.cli.output import OutputOptions


@request_command("passes", OutputOptions)
def passes(output: OutputOptions) -> None:
    """List the passes, what each -O level runs, and the local rewrites with their algebra."""
    import lgc.driver.passes as driver

    output.check()
    output.show(driver.passes())
