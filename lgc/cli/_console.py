"""Where commands print: sheets of results, and progress."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from lgc.errors import OptionError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID
    from rich.table import Table

    from lgc.driver.progress import Progress
    from lgc.driver.sheet import Grid, Sheet


_NEVER = 1e6
VARIABLE = "LGC_PROGRESS"
"""The environment variable with the seconds between two lines of progress; 0 is for none but notes."""


def console(*, quiet: bool = False, error: bool = False) -> Console:
    """Standard output, or error. Names of models, classes and files are text: ``[/x]`` means nothing in them."""
    from rich.console import Console

    return Console(highlight=False, markup=False, emoji=False, quiet=quiet, stderr=error)


def show(out: Console, sheet: Sheet) -> None:
    """Print lines and tables. No word of a table is cut, for it may be one to type: see :func:`_print_grid`."""
    for one in sheet:
        if isinstance(one, str):
            out.print(one, soft_wrap=True)
        else:
            _print_grid(out, one)


def _print_grid(out: Console, grid: Grid) -> None:
    """A table if it fits into the terminal; else a line for each of its cells. What is piped has room for any."""
    table = _table(grid)
    wide = out.measure(table, options=out.options.update(max_width=_ANY)).maximum
    if out.is_terminal and wide > out.width:
        for line in _records(grid):
            out.print(line, soft_wrap=True)
        return
    table.width = wide
    out.print(table, width=wide, soft_wrap=True)


_ANY = 100_000


def _table(grid: Grid) -> Table:
    from rich.table import Table

    table = Table(title=grid.title or None, title_justify="left")
    for name, right in zip(grid.names, grid.right, strict=True):
        table.add_column(name, justify="right" if right else "left", no_wrap=True)
    for row in grid.rows:
        table.add_row(*row)
    return table


def _records(grid: Grid) -> Iterator[str]:
    """A row after the other: its first cell, and under it the others with their headings."""
    if grid.title:
        yield grid.title
    for first, *rest in grid.rows:
        yield first
        yield from (f"  {name}: {cell}" for name, cell in zip(grid.names[1:], rest, strict=True) if cell)


class TerminalBar:
    """Progress as a line of the terminal, which is there from the first step on: an error before it stands alone."""

    def __init__(self, bar: RichProgress) -> None:
        self._bar = bar
        self._task: TaskID | None = None

    def step(self, name: str, done: int = 0, total: int | None = None) -> None:
        if self._task is None:
            self._bar.start()
            self._task = self._bar.add_task(name, total=total)
        self._bar.update(self._task, description=name, completed=done, total=total)

    def stop(self) -> None:
        if self._task is not None:
            self._bar.stop()

    def note(self, text: str) -> None:
        self._bar.console.print(text, soft_wrap=True)


@contextmanager
def progress(out: Console, *, verbose: bool = False) -> Iterator[Progress]:
    """How far the work is: a bar with an estimate of the time left, or lines where a bar cannot be drawn.

    Args:
        out: standard error; quiet is silence.
        verbose: whether each step leaves a line with the time that it took.
    """
    from lgc.driver.progress import PlainLines, Silence

    every = _seconds()
    if out.quiet:
        yield Silence()
        return
    if verbose or not out.is_terminal or out.is_dumb_terminal:
        lines = PlainLines(sys.stderr, every_step=verbose, every=every or _NEVER)
        try:
            yield lines
        finally:
            lines.close()
        return
    line = TerminalBar(_bar(out))
    try:
        yield line
    finally:
        line.stop()


def _seconds() -> float:
    """How often a line says how far the work is, where no bar can be drawn; 0 is never."""
    text = os.environ.get(VARIABLE, "10")
    try:
        return max(0.0, float(text))
    except ValueError:
        raise OptionError(f"{VARIABLE} is '{text}'", hint="Give seconds, or 0 for no such lines") from None


def _bar(out: Console) -> RichProgress:
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
    from rich.progress import Progress as RichProgress

    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn(),
    )  # fmt: skip
    return RichProgress(*columns, console=out, transient=True)
