"""`lgc estimate`: area and depth in lookup tables, without synthesis."""

from __future__ import annotations

from lgc.cli.options import request_command
from lgc.cli.output import OutputOptions
from lgc.driver.estimate import EstimateRequest

_EXAMPLES = (
    "lgc estimate model.pt",
    "lgc estimate model.pt --part ecp5-25k    # with its carry chains, and the head that is built for it",
)


@request_command("estimate", EstimateRequest, OutputOptions, examples=_EXAMPLES)
def estimate(asked: EstimateRequest, output: OutputOptions) -> None:
    """Estimate lookup tables and depth of MODEL by stage, for each head, without synthesis."""
    import lgc.driver.estimate as driver

    output.run(driver.estimate, asked)
