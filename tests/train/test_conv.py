"""Layers over images as torch modules: what they compute, what they refuse, and what they harden to."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn.functional import max_pool2d

import lgc
from lgc.errors import CheckpointError, InputError, OptionError
from lgc.frontend import lower, read_model, write_model
from lgc.frontend.conv import ConvLayer, Geometry, PoolLayer
from lgc.ir import Encoder, interp
from lgc.train.modules import ConvLogicLayer, Flatten, GroupSum, LogicNetwork, OrPool, TableLayer, Thermometer, TopK
from lgc.train.nodes import LogicLayer
from lgc.train.wiring import Dense, Fixed, Siblings


def made(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def bits(samples: int, width: int, seed: int = 1) -> torch.Tensor:
    return torch.randint(0, 2, (samples, width), generator=made(seed)).float()


geometries = st.builds(
    Geometry,
    channels=st.integers(1, 3), height=st.integers(3, 6), width=st.integers(3, 7), planes=st.integers(1, 2),
    field=st.tuples(st.integers(2, 3), st.integers(2, 3)), stride=st.tuples(st.integers(1, 2), st.integers(1, 3)),
    padding=st.tuples(st.integers(0, 1), st.integers(0, 1)),
)  # fmt: skip


def by_hand(layer: ConvLayer, image: np.ndarray) -> np.ndarray:
    """Bits (N * P,) of one image (C, H, W, T): each kernel's tree at each position, a look-up at a time."""
    geometry, r = layer.geometry, layer.arity
    (kh, kw), (sh, sw), (ph, pw) = geometry.field, geometry.stride, geometry.padding
    padded = np.pad(image, ((0, 0), (ph, ph), (pw, pw), (0, 0)))
    out = []
    for wires, tables in zip(layer.wires, layer.tables, strict=True):
        for y in range(geometry.out_height):
            for x in range(geometry.out_width):
                field = padded[:, y * sh : y * sh + kh, x * sw : x * sw + kw].reshape(-1)
                values, left = [int(field[wire]) for wire in wires], [int(table) for table in tables]
                while len(values) > 1:
                    parts = [values[i : i + r] for i in range(0, len(values), r)]
                    values = [left.pop(0) >> sum(b << j for j, b in enumerate(part)) & 1 for part in parts]
                out.append(values[0])
    return np.array(out)


@given(geometries, st.sampled_from([(2, 1), (2, 3), (3, 2), (4, 1), (6, 1)]))
def test_a_layer_is_what_it_hardens_to(geometry: Geometry, tree: tuple[int, int]) -> None:
    arity, depth = tree
    layer = ConvLogicLayer.drawn(
        geometry, 3, k=min(4, geometry.field_bits), arity=arity, depth=depth, residual=False, generator=made()
    )
    x = bits(5, geometry.num_bits)
    hard = layer.harden(0)
    assert (hard.arity, hard.depth, hard.kernels, hard.width) == (arity, depth, 3, layer.width)
    images = x.numpy().astype(int).reshape(5, geometry.channels, geometry.height, geometry.width, geometry.planes)
    expected = np.stack([by_hand(hard, image) for image in images])
    for mode in (True, False):
        assert np.array_equal(layer.train(mode)(x).detach().numpy(), expected)


def test_pooling_is_the_largest_bit_of_each_window() -> None:
    pool = OrPool((3, 4, 6), (2, 3))
    x = bits(9, 3 * 4 * 6)
    assert torch.equal(pool(x), max_pool2d(x.view(9, 3, 4, 6), (2, 3)).flatten(1))
    assert pool.shape == (3, 2, 2)
    assert pool.width == 12
    hard = pool.harden(4)
    assert isinstance(hard, PoolLayer)
    assert (hard.name, hard.source, hard.width) == ("layer5", 4, 12)


def test_the_gradient_of_a_window_goes_to_bits_that_decide() -> None:
    pool = OrPool((1, 2, 2), 2)
    x = torch.tensor([[0.0, 0, 0, 0], [0, 1, 0, 0], [1, 1, 0, 0]], requires_grad=True)
    pool(x).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [[1, 1, 1, 1], [0, 1, 0, 0], [0, 0, 0, 0]]


def sequence() -> nn.Sequential:
    """Two thresholds, odd sizes, padding, trees, pooling and a dense layer, as people write it."""
    image = Geometry(1, 9, 7, 2, (3, 3), (1, 1), (1, 0))
    conv = ConvLogicLayer.drawn(image, 6, k=8, depth=2, arity=3, generator=made())
    pool = OrPool(conv.shape, (3, 5))
    dense = TableLayer(TopK(pool.width, 20, 6, operands=4, generator=made()), 20, generator=made())
    return nn.Sequential(Thermometer([[0.3, 0.6]] * 63), conv, pool, Flatten(), dense, GroupSum(5, 2.0))


def test_a_sequence_becomes_a_model_that_keeps_its_kernels(tmp_path: Path) -> None:
    module, x = sequence().eval(), np.random.default_rng(0).random((40, 63))
    model = lgc.from_torch(module)
    assert [type(layer).__name__ for layer in model.layers] == ["ConvLayer", "PoolLayer", "Layer"]
    write_model(model, tmp_path / "m.pt")
    again = read_model(tmp_path / "m.pt")
    assert again.digest() == model.digest()
    scores = interp.scores(lower(again), again.encoder.encode(x))
    assert np.array_equal(scores, (2 * module(torch.from_numpy(x))).detach().numpy().round())


def test_the_snippet_of_the_page_runs() -> None:
    page = (Path(__file__).parents[2] / "docs" / "training.md").read_text(encoding="utf-8")
    snippet = next(text for text in re.findall(r"```python\n(.*?)```", page, re.DOTALL) if "ConvLogicLayer" in text)
    names: dict[str, Any] = {}
    exec(snippet, names)
    assert names["logits"].shape == (32, 10)
    assert [layer.name for layer in names["model"].layers] == ["layer1", "layer2", "layer3"]


def test_a_state_dict_of_kernels_is_refused_as_it_names_no_geometry(tmp_path: Path) -> None:
    torch.save(sequence().state_dict(), tmp_path / "state.pt")
    with pytest.raises(CheckpointError, match="does not say of which size"):
        lgc.read(tmp_path / "state.pt")


def test_soft_estimators_mix() -> None:
    geometry = Geometry(1, 4, 4, 1, (3, 3))
    levels = [TableLayer(Dense(9, 4, generator=made(), estimator="soft"), 4, estimator="soft", generator=made()),
              TableLayer(Siblings(2, 2), 2, estimator="soft", generator=made())]  # fmt: skip
    layer = ConvLogicLayer(geometry, *levels)
    x = torch.rand(3, 16, generator=made())
    mixed = layer(x).detach()
    assert 0 < float(mixed.min()) < float(mixed.max()) < 1
    network = LogicNetwork(Encoder(16), [layer], GroupSum(2, 1.0))
    assert network(x).shape == (3, 2)
    with pytest.raises(InputError, match="reads bits, 0 or 1"):
        layer.eval()(x)


def test_what_does_not_fit_is_refused() -> None:
    geometry = Geometry(1, 4, 4, 1, (3, 3))
    with pytest.raises(OptionError, match="choose among 8 bits, but the field has 9"):
        ConvLogicLayer(geometry, TableLayer(Fixed(8, 4), 4))
    leaves = TableLayer(Dense(9, 4), 4)
    for wrong in (TableLayer(Siblings(1, 4), 1), TableLayer(Siblings(3, 2), 3), TableLayer(Dense(4, 2), 2)):
        with pytest.raises(OptionError, match="no level of trees"):
            ConvLogicLayer(geometry, leaves, wrong)
    for depth in (0, 9):
        with pytest.raises(OptionError, match=f"depth {depth}"):
            ConvLogicLayer.drawn(geometry, 2, depth=depth)
    with pytest.raises(OptionError, match="of 7 inputs"):
        ConvLogicLayer.drawn(geometry, 2, arity=7)
    with pytest.raises(OptionError, match="windows of 3 x 3 do not divide an image of 4 x 4"):
        OrPool((1, 4, 4), 3)
    with pytest.raises(CheckpointError, match="larger than the image"):
        Geometry(1, 4, 4, 1, (5, 5))
    conv = ConvLogicLayer.drawn(geometry, 2, k=4)
    with pytest.raises(InputError, match="shape"):
        conv(bits(2, 9))
    with pytest.raises(InputError, match="shape"):
        OrPool((1, 4, 4), 2)(bits(2, 9))
    with pytest.raises(OptionError, match="8 gates do not divide into 3 classes"):
        LogicNetwork(Encoder(16), [conv], GroupSum(3, 1.0))
    with pytest.raises(CheckpointError, match="layer2 reads"):
        dense = LogicLayer(Dense(16, 6), 6)
        LogicNetwork(Encoder(16), [dense, ConvLogicLayer.drawn(geometry, 3, k=4)], GroupSum(3, 1.0)).harden()
