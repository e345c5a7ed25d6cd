"""Kernels that compare pixels: drawn once and not learned, for layers behind them to choose from."""

from __future__ import annotations

import torch
from torch import Tensor

from lgc.errors import OptionError
from lgc.frontend.conv import Geometry
from lgc.train.conv import ConvLogicLayer
from lgc.train.nodes import TableLayer
from lgc.train.wiring import Fixed

_SURE = 8.0  # the logit of an entry: its probability is 0 or 1, but for 0.0003
_KINDS = ("edge", "edge", "contrast", "colour", "edge", "edge", "contrast", "colour", "copy", "inverse")


def draw_edges(
    geometry: Geometry, kernels: int, *, arity: int = 6, generator: torch.Generator | None = None
) -> ConvLogicLayer:
    """Kernels of which eight in ten compare pixels; one in ten copies a bit of the field, and one inverts one.

    Of ten kernels, four compare arity / 2 pixels with as many others: one is 1 where, of the first, more are above a
    threshold than of the others, by more than a quarter of the pixels. That is an edge in some direction. Unlike a
    pixel above a threshold, it does not depend on how bright the whole image is. Two compare pixels of one channel so
    with pixels of another. Two compare two channels of one pixel, at arity / 2 thresholds: 1 where the first is above
    any and the second is not. In an image of one channel all eight are of the first kind. All is drawn, and nothing of
    it is learned: training costs next to nothing.

    Args:
        geometry: the image, and how the field moves over it; its planes are the thresholds of a pixel.
        kernels: their number.
        arity: inputs of a table: 2, 4 or 6.
        generator: the source of pixels, channels and thresholds.

    Raises:
        OptionError: the arity is odd, or the field has one pixel only.
    """
    if arity % 2:
        raise OptionError(f"edges of {arity} inputs are asked for", hint="Give them an even number: a2, a4 or a6")
    if geometry.field[0] * geometry.field[1] < 2:
        raise OptionError("edges compare two pixels, but the field has one", hint="Give a larger field, such as e64k3")
    wires = Fixed(geometry.field_bits, kernels, operands=arity, generator=generator)
    layer = TableLayer(wires, kernels, generator=generator)
    tables = _tables(arity)
    for kernel in range(kernels):
        kind = _KINDS[kernel % len(_KINDS)]
        if geometry.channels == 1 and kind in ("contrast", "colour"):
            kind = "edge"
        if kind in ("edge", "contrast"):
            wires.index[:, kernel] = _sides(geometry, arity // 2, kind == "edge", generator)
        elif kind == "colour":
            wires.index[:, kernel] = _channels(geometry, arity // 2, generator)
        layer.logits.data[kernel] = _SURE * (2 * tables[kind].float() - 1)
    layer.logits.requires_grad_(False)
    return ConvLogicLayer(geometry, layer)


def _tables(arity: int) -> dict[str, Tensor]:
    """bool (2^arity,) of each kind. Operands 0, 2 and 4 are of the first side, 1, 3 and 5 of the other."""
    address = torch.arange(1 << arity)
    bits = torch.stack([address >> operand & 1 for operand in range(arity)])
    first, second = bits[::2], bits[1::2]
    edge = 4 * (first.sum(0) - second.sum(0)) > arity
    return {
        "edge": edge, "contrast": edge, "colour": ((first == 1) & (second == 0)).any(0), "copy": bits[0] == 1,
        "inverse": bits[0] == 0,
    }  # fmt: skip


def _sides(geometry: Geometry, size: int, same: bool, generator: torch.Generator | None) -> Tensor:
    """int64 (2 * size,): bits of the field at one threshold, of one channel or the sides of two, side by side.

    Of a field of fewer pixels some come twice, but none on both sides.
    """
    pixels = geometry.field[0] * geometry.field[1]
    drawn = torch.randperm(pixels, generator=generator).tolist()
    half = min(size, pixels // 2)
    plane = int(torch.randint(geometry.planes, (1,), generator=generator))
    channels = torch.randperm(geometry.channels, generator=generator).tolist()
    sides = [(channels[0], drawn[:half]), (channels[0 if same else 1], drawn[half : 2 * half])]
    places = [
        (channel * pixels + among[i % half]) * geometry.planes + plane for i in range(size) for channel, among in sides
    ]
    return torch.tensor(places)


def _channels(geometry: Geometry, size: int, generator: torch.Generator | None) -> Tensor:
    """int64 (2 * size,): bits of two channels of a pixel, threshold by threshold; of few thresholds some come twice."""
    pixels = geometry.field[0] * geometry.field[1]
    first, second = torch.randperm(geometry.channels, generator=generator)[:2].tolist()
    pixel = int(torch.randint(pixels, (1,), generator=generator))
    planes = torch.randperm(geometry.planes, generator=generator)[:size].tolist()
    planes = (planes * size)[:size]
    return torch.tensor(
        [(channel * pixels + pixel) * geometry.planes + plane for plane in planes for channel in (first, second)]
    )
