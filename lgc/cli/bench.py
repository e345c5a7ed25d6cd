"""`lgc bench`: measurements, as the tables of docs/benchmarks.md."""

from __future__ import annotations

import click


@click.command()
@click.option("--gates", multiple=True, type=click.IntRange(20), help="Sizes; by default 8k, 64k, 256k and 1M.")
@click.option("--repeats", type=click.IntRange(1), default=3, show_default=True, help="Runs; the median counts.")
def bench(gates: tuple[int, ...], repeats: int) -> None:
    """Measure compilation against the number of gates: time by step and peak memory, a process each."""
    from lgc.bench import SIZES, bench_compile, markdown

    click.echo(markdown([bench_compile(size, repeats) for size in gates or SIZES]))
