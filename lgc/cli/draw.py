"""`lgc draw`: a model, or the part of it that tells most, as a drawing."""

from __future__ import annotations

from lgc.cli.options import request_command
from lgc.cli.output import OutputOptions
from lgc.driver.draw import DrawRequest

_EXAMPLES = (
    "lgc draw model.pt -o model.svg",
    "lgc draw model.pt -o three.svg --class 3 --top 8 --data test.npz --sample 18",
    "lgc draw model.pt -o gate.png --gate 'layer1[537]'    # the gate that a mismatch names",
)


@request_command("draw", DrawRequest, OutputOptions, examples=_EXAMPLES)
def draw(asked: DrawRequest, output: OutputOptions) -> None:
    """Draw MODEL with names of inputs, symbols of gates, votes, sums and the class, as SVG or PNG.

    A model of up to 60 gates is drawn whole. Of a larger one those votes are drawn that tell most.
    """
    import lgc.driver.draw as driver

    output.run(driver.draw, asked)
