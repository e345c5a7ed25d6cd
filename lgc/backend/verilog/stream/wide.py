"""Several pixels a clock: neighbours in a row, taken together as one pixel with as many times the bits.

An image of W columns and T bits a channel is, bit for bit, one of W/N columns and N*T bits. A layer of it reads fields
that are N columns wide, or several of that, and where its stride is less than N it computes neighbouring positions at
once. Those are N pixels of the next layer's image, or fewer. So all that slides, slides as ever.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np

from lgc.backend.apart import Sliding, position_circuit
from lgc.errors import OptionError
from lgc.frontend.conv import Geometry
from lgc.ir import FIRST_INPUT, Circuit, Encoder


@dataclass(frozen=True, eq=False)
class Wide:
    """A layer that takes several pixels at once.

    Attributes:
        layer: what it is pixel by pixel.
        rate: pixels that it takes.
        geometry: of the image of wide pixels; it has a position for so many positions of the layer.
        together: positions that it computes at once, side by side.
    """

    layer: Sliding
    rate: int
    geometry: Geometry
    together: int

    @property
    def before(self) -> int:
        """Columns of the wide field before those of the first position."""
        return self.geometry.padding[1] * self.rate - self.layer.geometry.padding[1]

    def circuit(self) -> Circuit:
        """The layer there, unoptimised: output ``k * together + m`` is kernel k at the m-th position."""
        circuit = position_circuit(self.layer, self.together)
        return circuit if self.rate == 1 else _placed(circuit, self)


def widened(layer: Sliding, rate: int) -> Wide:
    """A layer that takes so many pixels of a row at once.

    Raises:
        OptionError: rows, stride or positions do not divide, or a field of whole wide pixels is larger than a row.
    """
    g = layer.geometry
    if rate == 1:
        return Wide(layer, 1, g, 1)
    together = _together(layer, rate)
    step = max(1, g.stride[1] // rate)
    pad = -(-g.padding[1] // rate)
    columns = -(-(pad * rate - g.padding[1] + g.field[1] + (together - 1) * g.stride[1]) // rate)
    while columns <= 2 * pad or (g.width // rate + 2 * pad - columns) // step + 1 > g.out_width // together:
        columns += 1
    if columns > g.width // rate + pad:
        raise _refused(layer, rate, f"has a field of {columns} times {rate} columns then, more than a row")
    geometry = replace(
        g, width=g.width // rate, planes=g.planes * rate, field=(g.field[0], columns), stride=(g.stride[0], step),
        padding=(g.padding[0], pad),
    )  # fmt: skip
    assert geometry.out_width * together == g.out_width, "on the right there are as many columns of padding"
    return Wide(layer, rate, geometry, together)


def fitting_rates(layers: Sequence[Sliding]) -> list[int]:
    """Pixels that such a chain can take at once, besides one."""
    found, width = [], layers[0].geometry.width
    for rate in range(2, width + 1):
        with suppress(OptionError):
            taken = rate
            for layer in layers:
                taken = widened(layer, taken).together
            found.append(rate)
    return found


def _together(layer: Sliding, rate: int) -> int:
    """Positions of a layer that lie in so many pixels."""
    g = layer.geometry
    stride = g.stride[1]
    if g.width % rate:
        raise _refused(layer, rate, f"has rows of {g.width} pixels, which {rate} does not divide")
    if stride % rate and rate % stride:
        raise _refused(layer, rate, f"has a stride of {stride}")
    together = max(1, rate // stride)
    if g.out_width % together:
        raise _refused(layer, rate, f"computes {together} of its {g.out_width} columns at once, which does not divide")
    return together


def _refused(layer: Sliding, rate: int, why: str) -> OptionError:
    return OptionError(
        f"{layer.name} takes {rate} pixels a clock, and {why}",
        hint="Leave out --pixels-per-clock: one pixel a clock always does",
    )


def _placed(circuit: Circuit, wide: Wide) -> Circuit:
    """A circuit of the columns that are read, with the whole field as its inputs."""
    geometry, nets = wide.geometry, circuit.netlist
    bits = np.arange(geometry.field_bits).reshape(
        geometry.channels * geometry.field[0], -1, geometry.planes // wide.rate
    )
    read = wide.layer.geometry.field[1] + (wide.together - 1) * wide.layer.geometry.stride[1]
    inputs = bits[:, wide.before : wide.before + read].reshape(-1) + FIRST_INPUT
    nodes = np.arange(nets.first_node, nets.num_nets) + geometry.field_bits - nets.num_inputs
    places = np.concatenate([np.arange(FIRST_INPUT), inputs, nodes])
    netlist = replace(nets, num_inputs=geometry.field_bits, fanin=places[nets.fanin], outputs=places[nets.outputs])
    return replace(circuit, encoder=Encoder(geometry.field_bits), netlist=netlist)
