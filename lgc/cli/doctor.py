"""`lgc doctor`: every external part at once."""

from __future__ import annotations

import click

from lgc.cli.options import request_command
from lgc.cli.output import OutputOptions
from lgc.driver.doctor import TASKS
from lgc.errors import EXIT_TOOL


@request_command("doctor", OutputOptions)
@click.option("--for", "task", type=click.Choice([*TASKS]), help="Only what this command needs.")
def doctor(output: OutputOptions, task: str | None) -> None:
    """Show every external part: found or missing, its version, what needs it, and how to install it.

    Exit code 3 if a part is missing that is needed: by the command that --for names, else to compile and verify.
    """
    import lgc.driver.doctor as driver

    result = driver.doctor(task or "")
    output.check()
    output.show(result)
    if not result.complete:
        raise click.exceptions.Exit(EXIT_TOOL)
