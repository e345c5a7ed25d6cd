"""`lgc eval`: accuracy and confusion matrix."""

from __future__ import annotations

import click

from lgc.cli.options import request_command
from lgc.driver.eval import EvalRequest

_EXAMPLES = (
    "lgc eval model.pt --data test.npz",
    "lgc eval model.pt --data mnist --data-dir data --json",
)


@request_command("eval", EvalRequest, examples=_EXAMPLES)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def eval(asked: EvalRequest, as_json: bool) -> None:  # noqa: A001 - the command's name
    """Accuracy of MODEL (a checkpoint or a netlist) on a data set, as `lgc.load(MODEL).predict` gives it."""
    import lgc.driver.eval as driver
    from lgc.cli._console import console, show

    result = driver.eval(asked)
    if as_json:
        click.echo(result.to_json())
    else:
        show(console(), result.sheet())
