"""`lgc doctor`: every external part at once."""

from __future__ import annotations

import click

from lgc.cli.options import PlainCommand
from lgc.errors import EXIT_TOOL


@click.command(cls=PlainCommand)
def doctor() -> None:
    """Show every external part: found or missing, its version, what needs it, and how to install it.

    Exit code 3 if a part is missing that compiling and verifying need.
    """
    import lgc.driver.doctor as driver
    from lgc.cli._console import console, show

    result = driver.doctor()
    show(console(), result.sheet())
    if not result.complete:
        raise click.exceptions.Exit(EXIT_TOOL)
