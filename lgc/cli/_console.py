"""Where commands print."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console


def console(*, quiet: bool = False) -> Console:
    """Standard output. Names of models, classes and files are text: ``[/x]`` and ``:smile:`` mean nothing in them."""
    from rich.console import Console

    return Console(highlight=False, markup=False, emoji=False, quiet=quiet)
