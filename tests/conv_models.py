"""Networks with convolution: drawn at random, and what they compute by a naive loop."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lgc.frontend import ConvLayer, Geometry, Layer, Model, PoolLayer
from lgc.ir import Encoder, Head


@dataclass(frozen=True)
class Slide:
    """A layer to draw: ``kernels`` of arity and depth, or pooling if there are none."""

    field: tuple[int, int]
    kernels: int = 0
    arity: int = 2
    depth: int = 1
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (0, 0)


def draw(
    image: tuple[int, int, int],
    slides: list[Slide],
    rng: np.random.Generator,
    *,
    dense: int = 0,
    thresholds: int = 0,
    any_head: bool = False,
) -> Model:
    """A model of random tables over an image (C, H, W), its votes in two classes; ``any_head``: of any sizes."""
    channels, height, width = image
    encoder = Encoder(channels * height * width, _thresholds(channels * height * width, thresholds, rng))
    layers: list[Layer | ConvLayer | PoolLayer] = []
    planes = max(1, thresholds)
    for index, slide in enumerate(slides):
        geometry = Geometry(channels, height, width, planes, slide.field, slide.stride, slide.padding)
        name = f"layer{index + 1}"
        if slide.kernels:
            leaves = slide.arity**slide.depth
            wires = rng.integers(0, geometry.field_bits, (slide.kernels, leaves))
            shape = (slide.kernels, (leaves - 1) // (slide.arity - 1))
            layers.append(ConvLayer(name, geometry, wires, tables(shape, slide.arity, rng), index))
        else:
            layers.append(PoolLayer(name, geometry, index))
        channels, height, width, planes = slide.kernels or channels, geometry.out_height, geometry.out_width, 1
    if dense:
        wires = rng.integers(0, layers[-1].width, (dense, 4))
        layers.append(Layer(f"layer{len(layers) + 1}", wires, tables((dense,), 4, rng), (len(layers),)))
    width = layers[-1].width
    if any_head:
        cut = int(rng.integers(0, width + 1))
        head = Head(np.array([0, cut, width]), rng.integers(-3, 4, 2), ("no", "yes"))
    else:
        head = Head.equal_groups(width, ("no", "yes"))
    return Model("drawn", encoder, tuple(layers), head)


def tables(shape: tuple[int, ...], arity: int, rng: np.random.Generator) -> NDArray[np.uint64]:
    """Random truth tables."""
    words = rng.integers(0, 1 << 64, shape, np.uint64, endpoint=False)
    return words >> np.uint64(64 - (1 << arity))


def _thresholds(features: int, count: int, rng: np.random.Generator) -> NDArray[np.float64] | None:
    return np.sort(rng.random((features, count)), axis=1) if count else None


def naive(model: Model, bits: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Scores (B, C), pixel by pixel."""
    return np.array([_votes(model, [int(bit) for bit in sample]) for sample in bits])


def _votes(model: Model, sample: list[int]) -> list[int]:
    stages = [sample]
    for layer in model.layers:
        values = [bit for stage in layer.sources for bit in (stages[stage] if stage >= 0 else [0, 1])]
        if isinstance(layer, Layer):
            stages.append([_look(layer.tables[n], [values[w] for w in layer.wires[n]]) for n in range(layer.width)])
        else:
            stages.append(_slide(layer, values))
    size = len(stages[-1]) // model.head.num_classes
    return [sum(stages[-1][i : i + size]) for i in range(0, len(stages[-1]), size)]


def _slide(layer: ConvLayer | PoolLayer, values: list[int]) -> list[int]:
    g = layer.geometry
    outputs = []
    for channel in range(layer.kernels if isinstance(layer, ConvLayer) else g.channels):
        for oy in range(g.out_height):
            for ox in range(g.out_width):
                pixels = {}
                for c in range(g.channels):
                    for dy in range(g.field[0]):
                        for dx in range(g.field[1]):
                            for t in range(g.planes):
                                y, x = oy * g.stride[0] + dy - g.padding[0], ox * g.stride[1] + dx - g.padding[1]
                                inside = 0 <= y < g.height and 0 <= x < g.width
                                bit = values[((c * g.height + y) * g.width + x) * g.planes + t] if inside else 0
                                pixels[((c * g.field[0] + dy) * g.field[1] + dx) * g.planes + t] = bit
                outputs.append(_kernel(layer, channel, pixels))
    return outputs


def _kernel(layer: ConvLayer | PoolLayer, channel: int, pixels: dict[int, int]) -> int:
    if isinstance(layer, PoolLayer):
        window = layer.geometry.field[0] * layer.geometry.field[1]
        return max(pixels[channel * window + i] for i in range(window))
    values, node, arity = [pixels[int(wire)] for wire in layer.wires[channel]], 0, layer.arity
    while len(values) > 1:
        groups = [values[i : i + arity] for i in range(0, len(values), arity)]
        values = [_look(layer.tables[channel, node + i], group) for i, group in enumerate(groups)]
        node += len(groups)
    return values[0]


def _look(table: np.uint64, operands: list[int]) -> int:
    return int(table) >> sum(bit << i for i, bit in enumerate(operands)) & 1
