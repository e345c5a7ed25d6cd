"""Kernels that compare pixels: drawn once and not learned, for layers behind them to choose from."""

from __future__ import annotations

import torch

from lgc.errors import OptionError
from lgc.frontend.conv import Geometry
from lgc.train.conv import ConvLogicLayer
from lgc.train.nodes import TableLayer
from lgc.train.wiring import Fixed

_COMPARE = 0.6  # the part of the kernels that compare; the others pass one bit on
_SURE = 8.0  # the logit of an entry: its probability is 0 or 1, but for 0.0003


def draw_edges(
    geometry: Geometry, kernels: int, *, arity: int = 6, generator: torch.Generator | None = None
) -> ConvLogicLayer:
    """Kernels of which three in five say where one pixel is brighter than another; the others are copies of a bit.

    A comparison takes two pixels of the field, of one channel, and arity / 2 thresholds. It is 1 where the first pixel
    is above one of them and the second is not: the bits of an edge. Unlike a pixel above a threshold, this does not
    depend on how bright the whole image is. All is drawn, and nothing of it is learned: training costs next to nothing.

    Args:
        geometry: the image, and how the field moves over it; its planes are the thresholds of a pixel.
        kernels: their number.
        arity: inputs of a table: 2, 4 or 6.
        generator: the source of pixels and thresholds.

    Raises:
        OptionError: the arity is odd, or the field has one pixel only.
    """
    if arity % 2:
        raise OptionError(f"edges of {arity} inputs are asked for", hint="Give them an even number: a2, a4 or a6")
    pixels = geometry.field[0] * geometry.field[1]
    if pixels < 2:
        raise OptionError("edges compare two pixels, but the field has one", hint="Give a larger field, such as e64k3")
    wires = Fixed(geometry.field_bits, kernels, operands=arity, generator=generator)
    compare = round(_COMPARE * kernels)
    for kernel in range(compare):
        wires.index[:, kernel] = _compared(geometry, pixels, arity // 2, generator)
    layer = TableLayer(wires, kernels, generator=generator)
    address = torch.arange(1 << arity)
    above = torch.zeros_like(address, dtype=torch.bool)
    for operand in range(0, arity, 2):
        above |= (address >> operand & 3) == 1  # the first pixel, and not the second
    entries = torch.where(torch.arange(kernels).unsqueeze(1) < compare, above, (address & 1).bool())
    layer.logits.data = _SURE * (2 * entries.float() - 1)
    layer.logits.requires_grad_(False)
    return ConvLogicLayer(geometry, layer)


def _compared(geometry: Geometry, pixels: int, levels: int, generator: torch.Generator | None) -> torch.Tensor:
    """int64 (2 * levels,): bits of the field. Of fewer thresholds than levels some come twice."""
    channel = int(torch.randint(geometry.channels, (1,), generator=generator))
    first, second = torch.randperm(pixels, generator=generator)[:2].tolist()
    planes = torch.randperm(geometry.planes, generator=generator)[:levels].tolist()
    planes = (planes * levels)[:levels]
    places = [(channel * pixels + pixel) * geometry.planes + plane for plane in planes for pixel in (first, second)]
    return torch.tensor(places)
