"""`lgc passes`: what the optimiser is made of."""

from __future__ import annotations

import click

from lgc.cli.options import PlainCommand


@click.command(cls=PlainCommand)
def passes() -> None:
    """List the passes, what each -O level runs, and the local rewrites with their algebra."""
    import lgc.driver.passes as driver
    from lgc.cli._console import console, show

    show(console(), driver.passes().sheet())
