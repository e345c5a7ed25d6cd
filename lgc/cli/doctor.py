"""`lgc doctor`: every external part at once."""

from __future__ import annotations

import sys
from dataclasses import dataclass

import click


@dataclass(frozen=True)
class Part:
    """One external part: found or not, and what needs it."""

    name: str
    version: str | None
    needed_for: str
    install: str
    required: bool = False


@click.command()
def doctor() -> None:
    """Show every external part: found or missing, its version, what needs it, and how to install it.

    Exit code 3 if a part is missing that compiling and verifying need.
    """
    from rich.table import Table

    from lgc.cli._console import console

    parts = _parts()
    table = Table("part", "found", "needed for", "install")
    for part in parts:
        table.add_row(part.name, part.version or "missing", part.needed_for, "" if part.version else part.install)
    console().print(table)
    if any(part.required and part.version is None for part in parts):
        raise click.exceptions.Exit(3)


def _parts() -> list[Part]:
    from lgc.parts.part import parts
    from lgc.tools.detect import found_program, found_version
    from lgc.tools.find import DEPENDENCIES, place_and_route

    python = Part("python", sys.version.split()[0], "everything", "3.11 or newer", required=True)
    found = [(one, found_version(one)) for one in DEPENDENCIES.values()]
    families = {one.family.name: one.family for one in parts().values() if one.family.nextpnr}
    routers = [place_and_route(one.nextpnr, one.wheel, one.name) for one in families.values()]
    found += [(one, found_program(one)) for one in routers]
    return [python, *(Part(str(one), version, one.needed_for, one.hint, one.required) for one, version in found)]
