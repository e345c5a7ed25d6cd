"""`lgc doctor`: every external part at once."""

from __future__ import annotations

import click

from lgc.cli.options import PlainCommand
from lgc.driver.doctor import TASKS
from lgc.errors import EXIT_TOOL


@click.command(cls=PlainCommand)
@click.option("--for", "task", type=click.Choice([*TASKS]), help="Only what this command needs.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def doctor(task: str | None, as_json: bool) -> None:
    """Show every external part: found or missing, its version, what needs it, and how to install it.

    Exit code 3 if a part is missing that is needed: by the command that --for names, else to compile and verify.
    """
    import lgc.driver.doctor as driver
    from lgc.cli._console import console, show

    result = driver.doctor(task or "")
    if as_json:
        click.echo(result.to_json())
    else:
        show(console(), result.sheet())
    if not result.complete:
        raise click.exceptions.Exit(EXIT_TOOL)
