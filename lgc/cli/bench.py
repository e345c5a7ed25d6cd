"""`lgc bench`: measurements, as the tables of docs/benchmarks.md."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.option("--gates", multiple=True, type=click.IntRange(20), help="Sizes; by default 8k, 64k, 256k and 1M.")
@click.option("--repeats", type=click.IntRange(1), default=3, show_default=True, help="Runs; the median counts.")
@click.option("--infer", type=click.Path(path_type=Path), metavar="MODEL", help="Measure software inference of MODEL.")
def bench(gates: tuple[int, ...], repeats: int, infer: Path | None) -> None:
    """Measure compilation against the number of gates: time by step and peak memory, a process each.

    With --infer, measure the C code of a model instead: images a second, and what bounds them.
    """
    if infer is not None:
        _print_inference(infer)
        return
    from lgc.bench import SIZES, bench_compile, markdown

    click.echo(markdown([bench_compile(size, repeats) for size in gates or SIZES]))


def _print_inference(model: Path) -> None:
    from lgc.frontend import load_circuit
    from lgc.runtime.bench import bench as measure

    click.echo("| what | value | unit | includes |\n|---|---|---|---|")
    for row in measure(load_circuit(model)):
        click.echo(f"| {row.name} | {row.value:,.4g} | {row.unit} | {row.includes} |")
