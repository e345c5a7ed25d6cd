"""`lgc completion`: scripts for bash, zsh and fish."""

from __future__ import annotations

import click

from lgc.cli.options import PlainCommand


@click.command(cls=PlainCommand)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the completion script of SHELL; `eval "$(lgc completion bash)"` turns it on."""
    from click.shell_completion import get_completion_class

    from lgc.cli import cli

    complete = get_completion_class(shell)
    assert complete is not None
    click.echo(complete(cli, {}, "lgc", "_LGC_COMPLETE").source())
