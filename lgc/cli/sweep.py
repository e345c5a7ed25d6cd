"""`lgc sweep`: many trainings, and the best network for every price."""

from __future__ import annotations

from typing import Any

import click

from lgc.cli.options import RequestCommand, request_command
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


@request_command("sweep", SweepRequest, examples=_EXAMPLES, kind=_WithCommands)
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors.")
def sweep(asked: SweepRequest, quiet: bool) -> None:
    """Try the points of SPACE, and give the networks that no other beats: table, picture, checkpoints.

    SPACE is a TOML file of settings of `lgc train`; a list of values, or {low, high}, is varied. Settings of `lgc
    compile` stand under compile., those of the study under sweep. See docs/sweeps.md. `lgc sweep status DIR` and
    `lgc sweep export DIR` look at a sweep; `lgc sweep job DIR N` is one of --emit-jobs.
    """
    import lgc.driver.sweep as driver
    from lgc.cli._console import console, progress, show

    out = console(quiet=quiet)
    with progress(out) as told:
        result = driver.sweep(asked, told)
    show(out, result.sheet())


@request_command("status", SweepStatusRequest)
def status(asked: SweepStatusRequest) -> None:
    """Show how far the sweep in DIR is, and its best networks so far."""
    import lgc.driver.sweep_status as driver
    from lgc.cli._console import console, show

    show(console(), driver.sweep_status(asked).sheet())


@request_command("export", SweepExportRequest)
def export(asked: SweepExportRequest) -> None:
    """Write all trials of the sweep in DIR as a table."""
    import lgc.driver.sweep_status as driver
    from lgc.cli._console import console, show

    show(console(), driver.sweep_export(asked).sheet())


@request_command("job", SweepJobRequest)
def job(asked: SweepJobRequest) -> None:
    """Do job NUMBER of those that --emit-jobs wrote to DIR."""
    import lgc.driver.sweep_jobs as driver
    from lgc.cli._console import console, show

    show(console(), driver.sweep_job(asked).sheet())


COMMANDS: dict[str, click.Command] = {"status": status, "export": export, "job": job}
