"""The pipeline of a compiled circuit as a table: what each rank costs, and what lies before it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

    from lgc.mapping.pipeline import Pipeline


def print_ranks(console: Console, pipeline: Pipeline) -> None:
    """One line a rank, and the sums; nothing if there are no ranks."""
    if not pipeline.latency:
        return
    from rich.table import Table

    table = Table(title="register ranks", title_justify="left")
    for heading in ("rank", "behind", "registers", "LUTs in a row before it (estimated)"):
        table.add_column(heading, justify="left" if heading == "behind" else "right")
    for number, rank in enumerate(pipeline.ranks(), 1):
        table.add_row(str(number), str(rank.behind), f"{rank.registers:,}", f"{rank.delay:.1f}")
    console.print(table)
    console.print(
        f"latency {pipeline.latency} clocks, {pipeline.registers + pipeline.latency:,} registers (estimated), "
        f"at most {pipeline.delay:.1f} LUTs in a row (estimated; {pipeline.whole_delay:.1f} without ranks)"
    )
