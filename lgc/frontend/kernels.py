"""Another tool's convolution and pooling: as a layer that slides where it reads a whole stage, else as dense layers."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lgc.bounds import GATES, check_bound
from lgc.errors import CheckpointError
from lgc.frontend.assemble import ZERO, Assembler, Bits, Tables
from lgc.frontend.conv import ConvLayer, Geometry, PoolLayer
from lgc.frontend.unroll import PADDING, dense_levels, level_names

Pair = tuple[int, int]
_DEEPEST = 8
"""Levels of a tree that a checkpoint holds."""


@dataclass(frozen=True, eq=False)
class Kernels:
    """N trees of tables, and what their leaves read.

    Attributes:
        name: of the layer.
        channel, row, column: int64 (N, r^d), counted from the first pixel of the field.
        tables: uint64 (N, (r^d - 1)/(r - 1)), as in :class:`lgc.frontend.conv.ConvLayer`.
    """

    name: str
    channel: NDArray[np.int64]
    row: NDArray[np.int64]
    column: NDArray[np.int64]
    tables: Tables


def append_kernels(
    assembler: Assembler, image: Bits, kernels: Kernels, field: Pair, stride: Pair, padding: Pair
) -> Bits:
    """Append kernels at every position of an image (C, H, W); returns the bits (N, H', W').

    Raises:
        CheckpointError: a kernel reads outside its field or a channel that does not exist, the field does not fit the
            image, or the network becomes larger than lgc can handle.
    """
    limits = {"channel": len(image), "row": field[0], "column": field[1]}
    for what, limit in limits.items():
        values = getattr(kernels, what)
        bad = np.argwhere((values < 0) | (values >= limit))
        if len(bad):
            raise CheckpointError(
                f"{kernels.name}, kernel {bad[0][0]}: it reads {what} {values[tuple(bad[0])]}, but there are {limit}",
                hint="The file is damaged, or belongs to another architecture",
            )
    stage = assembler.stage_of(image) if kernels.channel.shape[1] > 1 else None
    channel, plane, planes = kernels.channel, np.zeros_like(kernels.channel), 1
    if stage is not None:
        channel, plane, planes = stage.channel[kernels.channel], stage.plane[kernels.channel], stage.planes
    geometry = Geometry(len(image) // planes, image.shape[1], image.shape[2], planes, field, stride, padding)
    wires = ((channel * field[0] + kernels.row) * field[1] + kernels.column) * planes + plane
    layer = ConvLayer(kernels.name, geometry, wires, kernels.tables, 0)
    return _appended(assembler, image, layer, None if stage is None or layer.depth > _DEEPEST else stage.source)


def append_pool(assembler: Assembler, image: Bits, name: str, field: Pair, stride: Pair, padding: Pair) -> Bits:
    """Append the OR over windows of an image (C, H, W), channel by channel; returns the bits (C, H', W').

    Rows and columns that the last window leaves out are not read.

    Raises:
        CheckpointError: the window does not fit the image, or the network becomes larger than lgc can handle.
    """
    found = assembler.stage_of(image)
    geometry = Geometry(len(image), image.shape[1], image.shape[2], 1, field, stride, padding)
    sizes = zip(image.shape[1:], field, stride, padding, strict=True)
    covered = all((extent + 2 * pad - size) % step == 0 for extent, size, step, pad in sizes)
    whole = found is not None and found.planes == 1 and covered
    return _appended(assembler, image, PoolLayer(name, geometry, 0), found.source if found and whole else None)


def _appended(assembler: Assembler, image: Bits, layer: ConvLayer | PoolLayer, source: int | None) -> Bits:
    """The layer behind a stage; without one its dense layers, which read the image bit by bit."""
    check_bound(layer.num_nodes, GATES, "gates once it is unrolled", CheckpointError)
    if source is not None:
        bits = assembler.slide(replace(layer, source=source))
    else:
        bits = image.reshape(-1)
        for name, (wires, tables) in zip(level_names(layer), dense_levels(layer), strict=True):
            bits = assembler.layer(np.where(wires == PADDING, ZERO, bits[wires]), tables, name)
    return bits.reshape(-1, layer.geometry.out_height, layer.geometry.out_width)
