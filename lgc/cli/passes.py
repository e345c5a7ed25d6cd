"""`lgc passes`: what the optimiser is made of."""

from __future__ import annotations

import click


@click.command()
def passes() -> None:
    """List the passes, the pipelines of each -O level, and the local rewrites with their algebra."""
    from rich.table import Table

    from lgc.cli._console import console as new_console
    from lgc.passes import PASSES, PIPELINES, Pass
    from lgc.passes.rules import RULES

    console = new_console()
    table = Table("pass", "what it does")
    for name, type_ in PASSES.items():
        table.add_row(name, (type_.__doc__ or "").splitlines()[0])
    console.print(table)
    for level, pipeline in PIPELINES.items():
        steps = [
            item.name if isinstance(item, Pass) else "repeat(" + ", ".join(one.name for one in item.passes) + ")"
            for item in pipeline
        ]
        console.print(f"{level}: {', '.join(steps) or 'nothing'}")
    rows = Table("rewrite", "algebra")
    for rule in RULES:
        rows.add_row(rule.name, rule.algebra)
    console.print(rows)
