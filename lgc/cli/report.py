"""`lgc report`: one file that shows a model and all that is known of it."""

from __future__ import annotations

import click

from lgc.cli.options import request_command
from lgc.cli.output import OutputOptions
from lgc.driver.report import ReportRequest
from lgc.errors import OptionError

_EXAMPLES = (
    "lgc report model.pt -o report.html --data test.npz",
    "lgc report model.pt --rtl net.v --result synth.json -o report.html",
    "lgc report model.pt --rtl net.v --format md    # for the summary of a CI run",
)


@request_command("report", ReportRequest, OutputOptions, examples=_EXAMPLES)
def report(asked: ReportRequest, output: OutputOptions) -> None:
    """Show MODEL and all that is known of it in one file, which opens without a network.

    Results of other commands are found by their digests beside MODEL and its Verilog. The report has the network to
    explore, its accuracy, what it reads, its gates, area, clock, latency, ports, and what was checked of it. Markdown
    without -o is printed.
    """
    import lgc.driver.report as driver

    if asked.output is None and asked.form == "html":
        raise OptionError("a report in HTML needs a file", hint="For example -o report.html; or --format md, printed")
    if asked.output is not None:
        output.run(driver.report, asked)
        return
    output.check(asked)
    with output.progress() as told:
        result = driver.report(asked, told)
    output.write(result.as_json())
    if not output.quiet and (output.json is None or output.file is not None):
        click.echo(result.text, nl=False)
