"""What every command says about its output: quiet, verbose, JSON. And the one way to run a verb and show it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import click

from lgc.driver.request import Request, Setting, check_outputs
from lgc.driver.sheet import json_text, write_json
from lgc.errors import LgcError, OptionError

if TYPE_CHECKING:
    from rich.console import Console

    from lgc.driver.progress import Progress
    from lgc.driver.sheet import Shown

R = TypeVar("R", bound="Shown")
_GROUP = "OutputOptions"
_SCREEN = "-"


@dataclass(frozen=True)
class OutputOptions(Request):
    """How much a command prints, and whether for people or for machines."""

    quiet: Annotated[
        bool, Setting("Print nothing but errors.", flags=("-q", "--quiet"), group=_GROUP)
    ] = False  # fmt: skip
    verbose: Annotated[
        bool, Setting("Print more: details, and each step with its time.", flags=("-v", "--verbose"), group=_GROUP)
    ] = False  # fmt: skip
    json: Annotated[
        Path | None,
        Setting("Print JSON, or write it to PATH.json beside what is printed.", metavar="[PATH.json]", group=_GROUP,
                writes=True, bare=_SCREEN),
    ] = None  # fmt: skip

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.quiet and self.verbose:
            raise OptionError("--quiet and --verbose contradict each other", hint="Give one of them")

    @property
    def file(self) -> Path | None:
        """Where JSON is written; None if it is printed, or nobody wants any."""
        return None if self.json is None or str(self.json) == _SCREEN else self.json

    @property
    def console(self) -> Console:
        """Standard output for people; it is silent where nothing but JSON or errors are wanted."""
        from lgc.cli._console import console

        return console(quiet=self.quiet or str(self.json) == _SCREEN)

    @contextmanager
    def progress(self) -> Iterator[Progress]:
        """How far a command is, on standard error: a bar in a terminal, else a line every ten seconds."""
        from lgc.cli._console import console, progress

        with progress(console(error=True, quiet=self.quiet), verbose=self.verbose) as told:
            yield told

    def check(self, *asked: Request) -> None:
        """Find out before the work that the JSON can be written, and over nothing that is read or written too.

        Raises:
            OptionError, OutputError: it cannot.
        """
        if self.file is not None:
            check_outputs(*asked, self)

    def run(self, verb: Callable[[Any, Progress], R], asked: Any) -> R:
        """Run a verb and show its result, even one that comes with an error.

        Raises:
            LgcError: from the verb.
        """
        self.check(asked)
        try:
            with self.progress() as told:
                result = verb(asked, told)
        except LgcError as error:
            if error.result is not None:
                with suppress(OSError, SystemExit):  # the exit code tells of it, too, whoever reads the rest
                    self.show(error.result)
            raise
        self.show(result)
        return result

    def show(self, result: Shown) -> None:
        """The result for people and for machines, as was asked for."""
        self.print(result)
        self.write(result.as_json())

    def print(self, result: Shown) -> None:
        """The result for people."""
        from lgc.cli._console import show

        show(self.console, [*(result.details() if self.verbose else ()), *result.sheet()])

    def write(self, document: Any) -> None:
        """The result for machines, where they want it.

        Args:
            document: what :mod:`json` takes.
        """
        if self.json is None:
            return
        if self.file is None:
            click.echo(json_text(document), nl=False)
        else:
            write_json(self.file, document)
