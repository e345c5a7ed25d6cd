"""Standard output and error, where they are closed or cannot take any more."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import click

from lgc.ends import ending, paragraph
from lgc.errors import EXIT_INTERRUPTED, LgcWarning


def open_standard_streams() -> None:
    """Give those that are closed a file that takes nothing: else the next file opened would be standard output."""
    with suppress(OSError):
        device = "/dev/full" if os.path.exists("/dev/full") else os.devnull  # noqa: PTH110 - before any import
        while (opened := os.open(device, os.O_RDONLY)) <= 2:
            pass
        os.close(opened)


def flushed(code: int) -> int:
    """The exit code of a command, once all that it printed is written: what could not be is an error too."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError as error:
        code = code or _lost(error)
        _discard(1)
    try:
        if sys.stderr is not None:
            sys.stderr.flush()
    except OSError:
        _discard(2)
    return code


def can_print() -> bool:
    """Whether standard output takes what was printed so far."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError:
        return False
    return True


def _lost(error: OSError) -> int:
    if isinstance(error, BrokenPipeError):
        return EXIT_INTERRUPTED
    code, _ = ending(error)
    with suppress(OSError):
        reason = error.strerror or error
        click.echo(f"lgc: standard output cannot be written: {reason}. Check where it goes, and the disk.", err=True)
    return code


def _discard(number: int) -> None:
    """What is left of a stream goes nowhere: else Python complains at exit, with an exit code of its own."""
    with suppress(OSError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, number)
        os.close(nowhere)


@contextmanager
def noted() -> Iterator[None]:
    """Warnings of lgc's own are one line each."""

    def show(message: Warning | str, category: type[Warning], *place: Any, **more: Any) -> None:
        if issubclass(category, LgcWarning):
            with suppress(OSError):
                click.echo(f"lgc: note: {paragraph(str(message))}", err=True)
        else:
            usual(message, category, *place, **more)

    usual = warnings.showwarning
    with warnings.catch_warnings():
        warnings.showwarning = show
        yield
