"""Unrolling: convolution and pooling to dense layers, a copy of each kernel at each position."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lgc.frontend.conv import ConvLayer, PoolLayer
from lgc.frontend.model import CONSTANTS, Layer, Model

PADDING = -1
"""In place of a wire: the constant 0."""


def unrolled(model: Model) -> Model:
    """The same network of dense layers only; the model itself if it has no others.

    A level of a kernel's tree, or of a wide OR, becomes a layer. Node i of kernel k at position p is neuron
    ``(k*nodes + i)*P + p`` of it. An operand in the padding is the constant 0.
    """
    if all(isinstance(layer, Layer) for layer in model.layers):
        return model
    layers: list[Layer] = []
    stages = {CONSTANTS: CONSTANTS, 0: 0}  # of the model, as stages of the unrolled one
    for index, layer in enumerate(model.layers):
        if isinstance(layer, Layer):
            layers.append(replace(layer, sources=tuple(stages[stage] for stage in layer.sources)))
        else:
            layers += _dense(layer, stages[layer.source], len(layers))
        stages[index + 1] = len(layers)
    return replace(model, layers=tuple(layers))


def level_names(layer: ConvLayer | PoolLayer) -> list[str]:
    """The names of the dense layers that a layer unrolls to: its own for the last, a number behind it for others."""
    return [f"{layer.name}.{level + 1}" for level in range(len(layer.levels) - 1)] + [layer.name]


def _dense(layer: ConvLayer | PoolLayer, source: int, before: int) -> Iterator[Layer]:
    """The dense layers of one that slides; ``before`` layers stand in front of them."""
    for level, (name, (wires, tables)) in enumerate(zip(level_names(layer), dense_levels(layer), strict=True)):
        sources: tuple[int, ...] = (source,) if level == 0 else (before + level,)
        if (wires == PADDING).any():
            wires, sources = np.where(wires == PADDING, 0, wires + 2), (CONSTANTS, *sources)
        yield Layer(name, wires, tables, sources)


def dense_levels(layer: ConvLayer | PoolLayer) -> Iterator[tuple[NDArray[np.int64], NDArray[np.uint64]]]:
    """Wires (M, r) and tables (M,) of each dense layer that a layer unrolls to.

    The first reads bits of the image, where :data:`PADDING` is a constant; each other the one before it.
    """
    return _trees(layer) if isinstance(layer, ConvLayer) else _ors(layer)


def _trees(layer: ConvLayer) -> Iterator[tuple[NDArray[np.int64], NDArray[np.uint64]]]:
    """Wires and tables of each level of the kernels."""
    positions, arity, first = layer.geometry.positions, layer.arity, 0
    for nodes in layer.levels:
        if first:
            below = np.arange(layer.kernels * nodes * arity * positions).reshape(-1, arity, positions)
        else:
            below = layer.geometry.bits_under(layer.wires).reshape(-1, arity, positions)
        tables = layer.tables[:, first : first + nodes].reshape(-1)
        yield below.swapaxes(1, 2).reshape(-1, arity), np.repeat(tables, positions)
        first += nodes


def _ors(layer: PoolLayer) -> Iterator[tuple[NDArray[np.int64], NDArray[np.uint64]]]:
    """Wires and tables of each level of ORs over the windows."""
    geometry = layer.geometry
    window = geometry.field[0] * geometry.field[1]
    values = geometry.bits_under().reshape(geometry.channels, window, geometry.positions)
    for arity in layer.levels:
        missing = -values.shape[1] % arity
        values = np.concatenate([values, np.full((len(values), missing, geometry.positions), PADDING)], axis=1)
        groups = values.reshape(len(values), -1, arity, geometry.positions).swapaxes(2, 3)
        wires = groups.reshape(-1, arity)
        yield wires, np.full(len(wires), ((1 << (1 << arity)) - 1) & ~1, np.uint64)
        values = np.arange(len(wires)).reshape(len(values), -1, geometry.positions)
