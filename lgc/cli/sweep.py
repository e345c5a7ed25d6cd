"""`lgc sweep`: many trainings, and the best network for every price."""

from __future__ import annotations

from typing import Any

import click

from lgc.cli.options import RequestCommand, request_command
from lgc.cli.output import OutputOptions
from lgc.driver.sweep_request import SweepExportRequest, SweepJobRequest, SweepRequest, SweepStatusRequest

_EXAMPLES = (
    "lgc sweep space.toml -o runs --trials 24                # on all cores",
    "lgc sweep -o runs --resume --trials 48                  # go on, with more",
    "lgc sweep status runs                                   # how far it is",
    "lgc sweep export runs -o trials.json",
    "lgc sweep space.toml -o runs --scheduler tcp://host:8786",
    "lgc compile runs#3 -o net.v                             # the network of trial 3",
)


class _WithCommands(RequestCommand):
    """A command whose first word may be another one's name."""

    def make_context(self, info_name: Any, args: list[str], parent: Any = None, **extra: Any) -> click.Context:
        """See click."""
        if args and args[0] in COMMANDS:
            return COMMANDS[args[0]].make_context(f"{info_name} {args[0]}", args[1:], parent, **extra)
        return super().make_context(info_name, args, parent, **extra)


@request_command("sweep", SweepRequest, OutputOptions, examples=_EXAMPLES, kind=_WithCommands)
def sweep(asked: SweepRequest, output: OutputOptions) -> None:
    """Try the points of SPACE, and give the networks that no other beats: table, picture, checkpoints.

    SPACE is a TOML file of settings of `lgc train`; a list of values, or {low, high}, is varied. Settings of `lgc
    compile` stand under compile., those of the study under sweep. See docs/sweeps.md. `lgc sweep status DIR` and
    `lgc sweep export DIR` look at a sweep; `lgc sweep job DIR N` is one of --emit-jobs.
    """
    import lgc.driver.sweep as driver

    output.run(driver.sweep, asked)


@request_command("status", SweepStatusRequest, OutputOptions)
def status(asked: SweepStatusRequest, output: OutputOptions) -> None:
    """Show how far the sweep in DIR is, and its best networks so far."""
    import lgc.driver.sweep_status as driver

    output.run(lambda asked, _: driver.sweep_status(asked), asked)


@request_command("export", SweepExportRequest, OutputOptions)
def export(asked: SweepExportRequest, output: OutputOptions) -> None:
    """Write all trials of the sweep in DIR as a table."""
    import lgc.driver.sweep_status as driver

    output.run(lambda asked, _: driver.sweep_export(asked), asked)


@request_command("job", SweepJobRequest, OutputOptions)
def job(asked: SweepJobRequest, output: OutputOptions) -> None:
    """Do job NUMBER of those that --emit-jobs wrote to DIR."""
    import lgc.driver.sweep_jobs as driver

    output.run(lambda asked, _: driver.sweep_job(asked), asked)


COMMANDS: dict[str, click.Command] = {"status": status, "export": export, "job": job}
