"""Where commands print: sheets of results, and progress."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

    from lgc.driver.progress import Progress
    from lgc.driver.sheet import Sheet


def console(*, quiet: bool = False, error: bool = False) -> Console:
    """Standard output, or error. Names of models, classes and files are text: ``[/x]`` means nothing in them."""
    from rich.console import Console

    return Console(highlight=False, markup=False, emoji=False, quiet=quiet, stderr=error)


def show(out: Console, sheet: Sheet) -> None:
    """Print lines and tables."""
    from rich.table import Table

    for one in sheet:
        if isinstance(one, str):
            out.print(one, soft_wrap=True)
            continue
        table = Table(title=one.title or None, title_justify="left")
        for name, right in zip(one.names, one.right, strict=True):
            table.add_column(name, justify="right" if right else "left")
        for row in one.rows:
            table.add_row(*row)
        out.print(table)


class _Bar:
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
def progress(out: Console, *, stays: bool = False) -> Iterator[Progress]:
    """A line that says what runs, how much of it is done, for how long, and how long it will take.

    Args:
        stays: whether the line is left there at the end.
    """
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
    from rich.progress import Progress as RichProgress

    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn(),
    )  # fmt: skip
    bar = RichProgress(*columns, console=out, transient=not stays, disable=not (stays or out.is_terminal))
    line = _Bar(bar)
    try:
        yield line
    finally:
        line.stop()
