"""`lgc inspect`: what a file is, what is certain about it, and what must be said beside it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lgc.cli._import import import_options

if TYPE_CHECKING:
    from rich.console import Console

    from lgc.errors import LgcError
    from lgc.frontend import ImportOptions
    from lgc.frontend.importer import Importer, ImportJob
    from lgc.frontend.summary import Summary

_GATES_SHOWN = 4


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")
@import_options()
def inspect(file: Path, as_json: bool, source: ImportOptions) -> None:
    """Explain FILE: its family, what is certain, what is ambiguous and which flag settles it.

    A file that says enough is also read, and its layers, gates and inputs are counted. Nothing in it is run.
    """
    from lgc.errors import LgcError
    from lgc.frontend.containers.content import read_content
    from lgc.frontend.importer import ImportJob
    from lgc.frontend.registry import read_job, recognise
    from lgc.frontend.summary import summarise

    content = read_content(file)
    family = source.given.get("family")
    importer = recognise(content, family)
    job = ImportJob(content, source)
    summary: Summary | None = None
    problem: LgcError | None = None
    try:
        summary = summarise(read_job(importer, job))
    except LgcError as error:
        problem = error
    report = {
        "file": str(file),
        "bytes": file.stat().st_size,
        "container": content.container,
        "family": importer.family,
        "title": importer.title,
        "certain": job.certain,
        "doubtful": job.doubtful,
        "facts": _facts(importer, job),
        "problem": str(problem) if problem else None,
        "circuit": summary.as_json() if summary else None,
    }
    if as_json:
        click.echo(json.dumps(report, indent=2))
        return
    _print(report, summary)


def _facts(importer: Importer, job: ImportJob) -> list[dict[str, Any]]:
    """What no file of the family says, or not every one: the value in force, and the flag."""
    from lgc.frontend.facts import FACTS

    rows = []
    for name in importer.unsaid:
        value = job.facts.get(name)
        text = None if value is None else str(value)[:40]
        rows.append({"fact": name, "value": text, "flag": FACTS[name][0], "meaning": FACTS[name][1]})
    return rows


def _print(report: dict[str, Any], summary: Summary | None) -> None:
    from rich.console import Console
    from rich.markup import escape

    console = Console(highlight=False)
    console.print(f"[bold]{escape(report['file'])}[/]: {escape(report['title'])}")
    console.print(f"  {report['container']} file of {report['bytes']:,} bytes")
    for note in report["certain"]:
        console.print(f"  [green]certain[/]    {escape(note)}", soft_wrap=True)
    for note in report["doubtful"]:
        console.print(f"  [yellow]ambiguous[/]  {escape(note)}", soft_wrap=True)
    if summary is None:
        console.print(f"  [red]not read[/]   {escape(report['problem'])}", soft_wrap=True)
    _print_facts(console, report["facts"])
    if summary is not None:
        _print_summary(console, summary)


def _print_facts(console: Console, facts: list[dict[str, Any]]) -> None:
    from rich.markup import escape
    from rich.table import Table

    if not facts:
        return
    table = Table(title="What files of this family do not say, or not all of them", title_justify="left", box=None)
    for heading in ("fact", "given", "flag", "meaning"):
        table.add_column(heading)
    for row in facts:
        table.add_row(row["fact"], escape(row["value"] or "-"), row["flag"], row["meaning"])
    console.print(table)


def _print_summary(console: Console, summary: Summary) -> None:
    from rich.markup import escape
    from rich.table import Table

    encoder = f"{summary.thresholds} thresholds each" if summary.thresholds else "bits already"
    console.print(f"  digest      {summary.digest}")
    console.print(f"  form        {summary.form}")
    console.print(f"  features    {summary.features:,} ({encoder}), {summary.features_used:,} of them used")
    console.print(
        f"  nodes       {summary.nodes:,}, {summary.live_nodes:,} of them reach an output; depth {summary.depth}"
    )
    console.print(
        f"  head        {len(summary.classes)} classes of {summary.outputs:,} outputs, tau {summary.tau:g}, "
        f"{summary.tie} maximum wins"
    )
    console.print(f"  gates       {escape(_gates(summary.gates, 16))}", soft_wrap=True)
    if not summary.layers:
        return
    table = Table(box=None)
    for heading, side in (("layer", "left"), ("nodes", "right"), ("inputs", "right"), ("reads", "left"),
                          ("bits used", "right"), ("live", "right"), ("most frequent", "left")):  # fmt: skip
        table.add_column(heading, justify=side)  # type: ignore[arg-type]  # left and right are legal
    for layer in summary.layers:
        numbers = (f"{layer.nodes:,}", str(layer.arity), escape(layer.reads), f"{layer.used:,}", f"{layer.live:,}")
        table.add_row(escape(layer.name), *numbers, escape(_gates(layer.gates, _GATES_SHOWN)))
    console.print(table)


def _gates(gates: tuple[tuple[str, int], ...], limit: int) -> str:
    shown = ", ".join(f"{name} {count:,}" for name, count in gates[:limit])
    return f"{shown}, ..." if len(gates) > limit else shown
