"""`lgc runs`: trainings side by side."""

from __future__ import annotations

from lgc.cli.options import request_command
from lgc.cli.output import OutputOptions
from lgc.driver.runs import RunsRequest

_EXAMPLES = (
    "lgc runs a.jsonl b.jsonl               # what differs, and how good each became",
    "lgc runs logs/*.jsonl -o curves.svg    # with all curves in one picture",
)


@request_command("runs", RunsRequest, OutputOptions, examples=_EXAMPLES)
def runs(asked: RunsRequest, output: OutputOptions) -> None:
    """Compare trainings by their logs, which may still grow: settings that differ, accuracies, curves.

    Runs that differ by their seeds alone are counted together, with mean and deviation.
    """
    import lgc.driver.runs as driver

    output.run(lambda asked, _: driver.runs(asked), asked)
