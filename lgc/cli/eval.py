"""`lgc eval`: accuracy and confusion matrix."""

from __future__ import annotations

from lgc.cli.options import request_command
from lgc.cli.output import OutputOptions
from lgc.driver.eval import EvalRequest

_EXAMPLES = (
    "lgc eval model.pt --data test.npz",
    "lgc eval model.pt --data mnist --data-dir data --json",
)


@request_command("eval", EvalRequest, OutputOptions, examples=_EXAMPLES)
def eval(asked: EvalRequest, output: OutputOptions) -> None:  # noqa: A001 - the command's name
    """Accuracy of MODEL (a checkpoint or a netlist) on a data set, as `lgc.load(MODEL).predict` gives it."""
    import lgc.driver.eval as driver

    output.run(driver.eval, asked)
