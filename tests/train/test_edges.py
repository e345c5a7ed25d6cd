"""Kernels that compare two pixels: what they compute, by the definition in words."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from lgc.frontend.conv import Geometry
from lgc.train.edges import draw_edges

FIELD, KERNELS = 9, 25


@pytest.mark.parametrize(("planes", "arity"), [(1, 2), (1, 6), (3, 4), (7, 6)])
def test_three_in_five_compare_two_pixels_of_a_channel(planes: int, arity: int) -> None:
    geometry = Geometry(2, 3, 3, planes, (3, 3))
    layer = draw_edges(geometry, KERNELS, arity=arity, generator=torch.Generator().manual_seed(planes))
    x = torch.from_numpy(np.random.default_rng(0).random((200, geometry.num_bits)) < 0.5)
    out = layer(x.float())
    wires = layer.harden(0).wires
    channel, pixel, plane = wires // (FIELD * planes), wires // planes % FIELD, wires % planes
    for kernel in range(15):
        assert len(set(channel[kernel])) == 1
        assert len(set(pixel[kernel, ::2])) == len(set(pixel[kernel, 1::2])) == 1
        assert pixel[kernel, 0] != pixel[kernel, 1]
        assert (plane[kernel, ::2] == plane[kernel, 1::2]).all()
        assert len(set(plane[kernel])) == min(planes, arity // 2)
        first, second = x[:, wires[kernel, ::2]], x[:, wires[kernel, 1::2]]
        assert torch.equal(out[:, kernel] > 0.5, (first & ~second).any(dim=1))
    for kernel in range(15, KERNELS):
        assert torch.equal(out[:, kernel] > 0.5, x[:, wires[kernel, 0]])


def test_pixels_thresholds_and_channels_are_all_drawn() -> None:
    geometry = Geometry(3, 5, 5, 7, (5, 5))
    wires = draw_edges(geometry, 400, generator=torch.Generator().manual_seed(0)).harden(0).wires
    assert len(np.unique(wires[:240])) > 0.9 * geometry.field_bits
    other = draw_edges(geometry, 400, generator=torch.Generator().manual_seed(1)).harden(0).wires
    assert (wires != other).mean() > 0.9


def test_nothing_of_it_learns() -> None:
    layer = draw_edges(Geometry(1, 6, 6, 2, (3, 3)), 10, generator=torch.Generator().manual_seed(0))
    assert not any(one.requires_grad for one in layer.parameters())
