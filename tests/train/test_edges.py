"""Drawn kernels: what they compute, by the definition in words."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from lgc.frontend.conv import Geometry
from lgc.train.edges import draw_edges

FIELD, KERNELS = 9, 40


def seen(channels: int, planes: int, arity: int):
    """A layer over one position, samples, what it makes of them, and where its operands lie."""
    geometry = Geometry(channels, 3, 3, planes, (3, 3))
    layer = draw_edges(geometry, KERNELS, arity=arity, generator=torch.Generator().manual_seed(planes))
    x = torch.from_numpy(np.random.default_rng(0).random((300, geometry.num_bits)) < 0.5)
    wires = layer.harden(0).wires
    return x, layer(x.float()) > 0.5, wires, (wires // (FIELD * planes), wires // planes % FIELD, wires % planes)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(("planes", "arity"), [(1, 2), (1, 6), (3, 4), (7, 6)])
def test_four_in_ten_or_eight_compare_sides_of_a_field(channels: int, planes: int, arity: int) -> None:
    x, out, wires, (channel, pixel, plane) = seen(channels, planes, arity)
    of_one_channel, of_two, of_a_pixel = [], [], []
    for kernel in range(KERNELS):
        first, second = x[:, wires[kernel, ::2]], x[:, wires[kernel, 1::2]]
        if kernel % 10 >= 8:
            bit = x[:, wires[kernel, 0]]
            assert torch.equal(out[:, kernel], bit if kernel % 10 == 8 else ~bit)
        elif channels > 1 and kernel % 10 in (3, 7):
            of_a_pixel.append(kernel)
            assert torch.equal(out[:, kernel], (first & ~second).any(dim=1))
            assert len(set(pixel[kernel])) == 1 and len(set(channel[kernel])) == 2
            assert (plane[kernel, ::2] == plane[kernel, 1::2]).all()
            assert len(set(plane[kernel])) == min(planes, arity // 2)
        else:
            (of_one_channel if len(set(channel[kernel])) == 1 else of_two).append(kernel)
            least = arity // 4 + 1  # the first whole number above a quarter
            assert torch.equal(out[:, kernel], first.sum(dim=1) - second.sum(dim=1) >= least)
            assert len(set(plane[kernel])) == 1
            assert len(set(channel[kernel, ::2])) == len(set(channel[kernel, 1::2])) == 1
            assert len(set(pixel[kernel])) == arity
    sizes = [len(of_one_channel), len(of_two), len(of_a_pixel)]
    assert sizes == ([32, 0, 0] if channels == 1 else [16, 8, 8])


def test_a_field_of_fewer_pixels_than_inputs_has_no_pixel_on_both_sides() -> None:
    geometry = Geometry(1, 1, 3, 1, (1, 3))
    layer = draw_edges(geometry, KERNELS, generator=torch.Generator().manual_seed(0))
    wires = layer.harden(0).wires
    for kernel in range(8):
        assert not set(wires[kernel, ::2]) & set(wires[kernel, 1::2])
        assert len(set(wires[kernel])) == 2
    x = torch.tensor([[0.0, 0, 1], [0, 1, 0], [1, 0, 0], [1, 1, 0], [1, 0, 1], [0, 1, 1]])
    assert ((layer(x)[:, :8] > 0.5).sum(dim=0) == 2).all()  # of three pixels, two of them seen


def test_pixels_thresholds_and_channels_are_all_drawn() -> None:
    geometry = Geometry(3, 5, 5, 7, (5, 5))
    wires = draw_edges(geometry, 400, generator=torch.Generator().manual_seed(0)).harden(0).wires
    assert len(np.unique(wires)) > 0.9 * geometry.field_bits
    other = draw_edges(geometry, 400, generator=torch.Generator().manual_seed(1)).harden(0).wires
    assert (wires != other).mean() > 0.9


def test_nothing_of_it_learns() -> None:
    layer = draw_edges(Geometry(1, 6, 6, 2, (3, 3)), 10, generator=torch.Generator().manual_seed(0))
    assert not any(one.requires_grad for one in layer.parameters())
