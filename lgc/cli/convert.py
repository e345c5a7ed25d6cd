"""`lgc convert`: any readable checkpoint in lgc's own format, hardened."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from lgc.cli._import import import_options

if TYPE_CHECKING:
    from lgc.frontend import ImportOptions


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", required=True, type=click.Path(path_type=Path), help="A .pt, .safetensors or .lgn file."
)
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors.")
@import_options()
def convert(file: Path, output: Path, quiet: bool, source: ImportOptions) -> None:
    """Write FILE, a checkpoint of any family that lgc reads, in lgc's own format.

    Nothing in FILE is run, and the tool that wrote it need not be installed. What FILE does not say is given by the
    flags below or by a file of facts; `lgc inspect FILE` lists them. A netlist (BLIF, AIGER, Verilog) becomes .lgn.
    """
    from lgc.errors import OutputError
    from lgc.frontend import Model, lower, write_model
    from lgc.frontend.registry import read_file
    from lgc.ir import Circuit, to_text

    imported = read_file(file, source)
    result = imported.result
    if output.suffix == ".lgn":
        from lgc.files import write_text

        write_text(output, to_text(lower(result) if isinstance(result, Model) else result))
    elif isinstance(result, Circuit):
        raise OutputError(
            "a netlist has no layers, which a checkpoint consists of",
            where=str(output),
            hint="Give the output the suffix .lgn",
        )
    else:
        write_model(result, output)
    if quiet:
        return
    for note in imported.job.certain:
        click.echo(f"  {note}")
    for note in imported.job.doubtful:
        click.echo(f"  note: {note}")
    click.echo(f"{output}: {imported.importer.title}, digest {result.digest()[:16]}")
