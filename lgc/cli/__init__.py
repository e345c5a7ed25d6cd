"""The command line: parse, call, map errors to exit codes. Nothing heavy is imported before a command runs."""

from __future__ import annotations

import contextlib
import importlib
import io
import signal
import sys
import threading
import warnings
from collections.abc import Iterator
from typing import Any

import click

from lgc import __version__
from lgc.errors import LgcError, LgcWarning

# Name -> module with a click command of that name (dashes become underscores), and its one-line help.
COMMANDS: dict[str, tuple[str, str]] = {
    "train": ("lgc.cli.train", "Train a logic-gate network."),
    "compile": ("lgc.cli.compile", "Compile a checkpoint into hardware or C."),
    "verify": ("lgc.cli.verify", "Check bit for bit that Verilog is the model."),
    "estimate": ("lgc.cli.estimate", "Estimate area and depth in lookup tables, without synthesis."),
    "synth": ("lgc.cli.synth", "Synthesise, place and route Verilog: area, clock, bitstream."),
    "eval": ("lgc.cli.eval", "Accuracy of a model on a data set, with the confusion matrix."),
    "inspect": ("lgc.cli.inspect", "Explain what is in a checkpoint."),
    "convert": ("lgc.cli.convert", "Write any readable checkpoint in lgc's own format."),
    "passes": ("lgc.cli.passes", "List the optimisation passes, and those of each level."),
    "bench": ("lgc.cli.bench", "Measure the compiler, side by side in one run."),
    "cache": ("lgc.cli.cache", "Show, check and clear what is built once and kept."),
    "doctor": ("lgc.cli.doctor", "Show every external part: found, version, how to install."),
    "completion": ("lgc.cli.completion", "Print the shell completion script."),
}

EXIT_INTERRUPTED = 130


class _LazyGroup(click.Group):
    """A group whose commands are imported when they are used, not when help lists them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in COMMANDS:
            return None
        command = getattr(importlib.import_module(COMMANDS[cmd_name][0]), cmd_name.replace("-", "_"))
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            import difflib

            close = difflib.get_close_matches(args[0], COMMANDS, n=1)
            if close:
                raise click.UsageError(f"{error.message} Did you mean '{close[0]}'?", ctx) from None
            raise

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="lgc")
def cli() -> None:
    """lgc, the logic-gate compiler: train networks of logic gates, and compile them into verified hardware."""


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; every user's mistake ends as one paragraph and an exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # names hold what a terminal may not be able to show
    end_like_an_interrupt()
    try:
        with noted():
            sys.exit(_run(arguments))
    except LgcError as error:
        click.echo(f"lgc: {_paragraph(str(error))}", err=True)
        sys.exit(error.exit_code)
    except click.exceptions.Exit as error:
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        click.echo("lgc: interrupted", err=True)
        sys.exit(EXIT_INTERRUPTED)
    except BrokenPipeError:
        sys.stderr.close()  # else Python complains about the pipe once more at exit
        sys.exit(EXIT_INTERRUPTED)
    except MemoryError:
        click.echo("lgc: out of memory. The network is too large for this machine.", err=True)
        sys.exit(2)


@contextlib.contextmanager
def noted() -> Iterator[None]:
    """Warnings of lgc's own are one line each."""

    def show(message: Warning | str, category: type[Warning], *place: Any, **more: Any) -> None:
        if issubclass(category, LgcWarning):
            click.echo(f"lgc: note: {_paragraph(str(message))}", err=True)
        else:
            usual(message, category, *place, **more)

    usual = warnings.showwarning
    with warnings.catch_warnings():
        warnings.showwarning = show
        yield


def end_like_an_interrupt() -> None:
    """SIGTERM, and a terminal that is closed, as Ctrl-C: temporary files are removed, and the tools that run are ended.

    The tools are no part of the terminal's process group: nobody else would end them.
    """
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        if signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:  # `nohup` asks for the contrary
            signal.signal(signal.SIGHUP, signal.default_int_handler)


def _run(arguments: list[str] | None) -> int:
    """The exit code of a command that ends well."""
    try:
        result: Any = cli.main(arguments, prog_name="lgc", standalone_mode=False)
    except SystemExit as error:
        if error.code == 1:  # so click and rich leave when nobody reads the pipe any more; here 1 is a mismatch
            raise BrokenPipeError from None
        raise
    return result if isinstance(result, int) else 0


def _paragraph(text: str) -> str:
    """One line without control characters, whatever names and file contents the message quotes."""
    return "".join(char if char.isprintable() else " " if char in "\n\t" else "?" for char in text)
