"""A model taken apart: layers that slide, each as a circuit at one position, and the dense layers behind them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from lgc.frontend.conv import ConvLayer, Geometry, PoolLayer
from lgc.frontend.lower import lower
from lgc.frontend.model import CONSTANTS, AnyLayer, Layer, Model
from lgc.ir import Builder, Circuit, Encoder, Head
from lgc.ir.netlist import MAX_ARITY

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


def with_narrow_pools(model: Model) -> Model:
    """The same network, whose windows of more bits than a table has are pooled along the row, and then along columns.

    As an OR of ORs that is the same function. A stream needs far less for it: of a window of 8 x 8 six tables in place
    of fourteen, sixteen bits of the field in place of 64, and an eighth of the line buffers.
    """
    layers: list[AnyLayer] = []
    stages = {CONSTANTS: CONSTANTS, 0: 0}  # of the model, as stages of the new one
    for index, layer in enumerate(model.layers, 1):
        if isinstance(layer, Layer):
            layers.append(replace(layer, sources=tuple(stages[stage] for stage in layer.sources)))
        elif isinstance(layer, PoolLayer) and _is_wide(layer.geometry):
            g = layer.geometry
            along = replace(g, field=(1, g.field[1]), stride=(1, g.stride[1]), padding=(0, g.padding[1]))
            down = replace(g, width=along.out_width, field=(g.field[0], 1), stride=(g.stride[0], 1),
                           padding=(g.padding[0], 0))  # fmt: skip
            layers.append(PoolLayer(f"{layer.name}_rows", along, stages[layer.source]))
            layers.append(PoolLayer(layer.name, down, len(layers)))
        else:
            layers.append(replace(layer, source=stages[layer.source]))
        stages[index] = len(layers)
    return replace(model, layers=tuple(layers))


def _is_wide(window: Geometry) -> bool:
    """Whether a window has several rows and columns, and more bits than one table."""
    return min(window.field) > 1 and window.field[0] * window.field[1] > MAX_ARITY


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
