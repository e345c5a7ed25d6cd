"""What the kernel needs around layers over images: zeros outside, positions, and windows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import torch
from torch import Tensor

from lgc.frontend.conv import Geometry
from lgc.train.conv import ConvLogicLayer, OrPool
from lgc.train.fused import kernel
from lgc.train.fused.layer import FusedLayer, Positions
from lgc.train.parallel import ProcessGroup

_WORD = 64


def conv_stages(layer: ConvLogicLayer, group: ProcessGroup) -> Iterator[Pad | FusedLayer]:
    """A layer of kernels as steps of the kernel: zeros around the image, then a level of the trees at a time."""
    geometry = layer.geometry
    if geometry.padding != (0, 0):
        yield Pad(geometry)
        rows, columns = geometry.padding
        geometry = replace(
            geometry, height=geometry.height + 2 * rows, width=geometry.width + 2 * columns, padding=(0, 0)
        )
    under = torch.from_numpy(geometry.bits_under())  # without padding each position is a move of the first
    places = Positions(under[:, 0], under[0] - under[0, 0])
    for level in layer.levels:
        yield FusedLayer(level, group, places)  # type: ignore[arg-type]
        positions = torch.arange(geometry.positions)
        places = Positions(torch.arange(len(level.logits)) * geometry.positions, positions)  # type: ignore[arg-type]


class Pad:
    """Zeros around an image."""

    def __init__(self, geometry: Geometry) -> None:
        top, left = geometry.padding
        height, width = geometry.height + 2 * top, geometry.width + 2 * left
        whole = torch.arange(geometry.channels * height * width * geometry.planes)
        image = whole.view(geometry.channels, height, width, -1)
        self.rows = len(whole)
        self.inside = image[:, top : top + geometry.height, left : left + geometry.width].flatten()

    def forward(self, x: Tensor) -> Tensor:
        """Packed rows of the image to those of the larger one."""
        y = torch.zeros(self.rows, x.shape[1], dtype=x.dtype)
        y[self.inside] = x
        return y

    def gradient(self, _x: Tensor, upstream: Tensor) -> Tensor:
        """By the image, from that by the larger one."""
        return upstream.index_select(0, self.inside)


class Windows:
    """ORs of windows."""

    def __init__(self, layer: OrPool) -> None:
        size = layer.geometry.field[0] * layer.geometry.field[1]
        channels = replace(layer.geometry, channels=1)
        under = torch.from_numpy(channels.bits_under()).t()  # (windows, bits) of one channel
        first = torch.arange(layer.geometry.channels).view(-1, 1, 1) * channels.num_bits
        self.windows = (first + under).reshape(-1, size).to(torch.int32)

    def forward(self, x: Tensor) -> Tensor:
        """Packed rows of the image to those of its windows."""
        y = torch.empty(len(self.windows), x.shape[1], dtype=x.dtype)
        kernel.call("lgc_pool", *self.windows.shape, _WORD * x.shape[1], self.windows, x, y)
        return y

    def gradient(self, x: Tensor, upstream: Tensor) -> Tensor:
        """By the image, from that by the windows, of which the head may give one row for several."""
        each = upstream.repeat_interleave(len(self.windows) // len(upstream), dim=0).contiguous()
        gradient = torch.empty(len(x), upstream.shape[1])
        kernel.call("lgc_pool_gradient", *self.windows.shape, upstream.shape[1], self.windows, x, each, gradient)
        return gradient
