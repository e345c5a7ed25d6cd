"""A model taken apart: layers that slide, each as a circuit at one position, and the dense layers behind them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from lgc.frontend.conv import ConvLayer, Geometry, PoolLayer
from lgc.frontend.lower import lower
from lgc.frontend.model import CONSTANTS, Layer, Model
from lgc.ir import Builder, Circuit, Encoder, Head

Sliding = ConvLayer | PoolLayer


def taken_apart(model: Model) -> tuple[list[Sliding], list[Layer]] | None:
    """The layers that slide, each reading the one before it, and the dense ones behind the last feature map.

    None if it is no such chain: it does not begin with one that slides, or a layer reads further back.
    """
    slides = [layer for layer in model.layers if not isinstance(layer, Layer)]
    rest = [layer for layer in model.layers[len(slides) :] if isinstance(layer, Layer)]
    if not slides or len(slides) + len(rest) < len(model.layers):
        return None
    if any(layer.source != index for index, layer in enumerate(slides)):
        return None
    far = any(CONSTANTS < stage < len(slides) for layer in rest for stage in layer.sources)
    return None if far else (slides, rest)


def position_circuit(layer: Sliding, together: int = 1) -> Circuit:
    """A layer at one position, unoptimised: from the bits of the field to its outputs, each a class of its own.

    Args:
        together: so many neighbouring positions of a row: the field is that of all of them, side by side, and output
            ``k * together + m`` is kernel k at the m-th.
    """
    g = layer.geometry
    (rows, columns), step = g.field, g.stride[1]
    alone = Geometry(g.channels, rows, columns + (together - 1) * step, g.planes, g.field, (1, step))
    one = replace(layer, geometry=alone, source=0)
    head = Head.equal_groups(one.width, tuple(map(str, range(one.width))))
    return lower(Model(layer.name, Encoder(alone.num_bits), (one,), head))


def dense_circuit(model: Model, rest: Sequence[Layer]) -> Circuit:
    """What stands behind the last feature map, unoptimised: from its bits to the model's scores.

    Args:
        rest: the dense layers there; without any the head counts the bits themselves.
    """
    before = len(model.layers) - len(rest)
    width, name = model.stage_width(before), f"{model.name} dense"
    if not rest:
        return Circuit(name, Encoder(width), Builder(width).build(range(2, 2 + width)), model.head)
    layers = [replace(one, sources=tuple(max(CONSTANTS, stage - before) for stage in one.sources)) for one in rest]
    return lower(Model(name, Encoder(width), tuple(layers), model.head))
