"""The command line: parse, call, map errors to exit codes. Nothing heavy is imported before a command runs."""

from __future__ import annotations

import importlib
import io
import signal
import sys
import threading
from contextlib import suppress
from typing import Any

import click

from lgc import __version__
from lgc.cli._streams import can_print, flushed, noted, open_standard_streams
from lgc.ends import EXIT_CODES, ending, show_traceback
from lgc.errors import EXIT_FAULT, EXIT_INTERRUPTED, EXIT_OK, EXIT_USER

# Name -> module with a click command of that name (dashes become underscores), and its one-line help.
COMMANDS: dict[str, tuple[str, str]] = {
    "train": ("lgc.cli.train", "Train a logic-gate network."),
    "runs": ("lgc.cli.runs", "Compare trainings by their logs: settings, accuracies, curves."),
    "sweep": ("lgc.cli.sweep", "Find the best networks for their price: many trainings, on one machine or many."),
    "compile": ("lgc.cli.compile", "Compile a checkpoint into hardware or C."),
    "verify": ("lgc.cli.verify", "Check bit for bit that Verilog is the model."),
    "estimate": ("lgc.cli.estimate", "Estimate area and depth in lookup tables, without synthesis."),
    "synth": ("lgc.cli.synth", "Synthesise, place and route Verilog: area, clock, bitstream."),
    "eval": ("lgc.cli.eval", "Accuracy of a model on a data set, with the confusion matrix."),
    "report": ("lgc.cli.report", "One file that shows a model and all that is known of it."),
    "view": ("lgc.cli.view", "Open the gates, wires and votes of a model in a browser."),
    "draw": ("lgc.cli.draw", "Draw a model with gates, votes and sums, as SVG or PNG."),
    "inspect": ("lgc.cli.inspect", "Explain what is in a checkpoint."),
    "convert": ("lgc.cli.convert", "Write any readable checkpoint in lgc's own format."),
    "passes": ("lgc.cli.passes", "List the optimisation passes, and those of each level."),
    "bench": ("lgc.cli.bench", "Measure the compiler, side by side in one run."),
    "cache": ("lgc.cli.cache", "Show, check and clear what is built once and kept."),
    "doctor": ("lgc.cli.doctor", "Show every external part: found, version, how to install."),
    "completion": ("lgc.cli.completion", "Print the shell completion script."),
}


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

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        with formatter.section("Exit codes"):
            formatter.write_dl([(str(code), text) for code, text in EXIT_CODES.items()])


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="lgc")
def cli() -> None:
    """lgc, the logic-gate compiler: train networks of logic gates, and compile them into verified hardware."""


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; whatever goes wrong ends as one paragraph and an exit code."""
    open_standard_streams()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # names hold what a terminal may not be able to show
    end_like_an_interrupt()
    sys.exit(flushed(_ended(arguments)))


def _ended(arguments: list[str] | None) -> int:
    """Run a command; its exit code."""
    try:
        with noted():
            return _run(arguments)
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.Abort:
        return _told(KeyboardInterrupt())
    except click.ClickException as error:
        with suppress(OSError):
            error.show()
        return EXIT_USER
    except BaseException as error:
        if isinstance(error.__context__, KeyboardInterrupt):  # click could not even print a line about it
            return EXIT_INTERRUPTED
        if isinstance(error, OSError) and error.filename is None and not can_print():
            return EXIT_OK  # it is what failed, and is told of at the end
        return _told(error)


def _told(error: BaseException) -> int:
    """Say what went wrong, if anybody can hear it; the exit code."""
    code, text = ending(error)
    with suppress(OSError):
        if code == EXIT_FAULT:
            show_traceback(error)
        if text:
            click.echo(f"lgc: {text}", err=True)
    return code


def end_like_an_interrupt() -> None:
    """SIGTERM, and a terminal that is closed, as Ctrl-C: temporary files are removed, and the tools that run are ended.

    The tools are no part of the terminal's process group: nobody else would end them.
    """
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        if signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:  # `nohup` asks for the contrary
            signal.signal(signal.SIGHUP, signal.default_int_handler)


def _run(arguments: list[str] | None) -> int:
    """The exit code of a command that ends well.

    Raises:
        LibraryExitError: a library ended the program.
    """
    try:
        result: Any = cli.main(arguments, prog_name="lgc", standalone_mode=False)
    except SystemExit as error:
        if isinstance(
            error.__context__, BrokenPipeError
        ):  # so click and rich leave when nobody reads the pipe any more
            raise BrokenPipeError from None
        raise LibraryExitError(f"a library ended the program with {error.code!r}") from error
    return result if isinstance(result, int) else 0


class LibraryExitError(Exception):
    """A library called ``sys.exit``: whatever its code is, the command is not done."""
