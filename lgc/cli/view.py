"""`lgc view`: the gates, wires and votes of a model in a browser."""

from __future__ import annotations

from lgc.cli.options import request_command
from lgc.cli.output import OutputOptions
from lgc.driver.view import ViewRequest

_EXAMPLES = (
    "lgc view model.pt --data test.npz",
    "lgc view model.pt --no-open    # prints where the page is",
)


@request_command("view", ViewRequest, OutputOptions, examples=_EXAMPLES)
def view(asked: ViewRequest, output: OutputOptions) -> None:
    """Open the gates, wires and votes of MODEL in a browser, as a file; no server runs.

    Choose a class to see all that it depends on, put a sample in and see what is 1, and search for a gate by layer and
    neuron, as a mismatch names it.
    """
    import lgc.driver.view as driver

    output.run(driver.view, asked)
