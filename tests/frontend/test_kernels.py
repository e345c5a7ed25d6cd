"""Convolutions of other tools stay kernels: what they become, where they cannot, and files that are damaged."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import peer_files as peers
import peer_luts as luts
import peer_torchlogix as tlx
import pytest
import torch
from test_families import options_of, vectors

from lgc.backend.apart import taken_apart
from lgc.errors import LgcError
from lgc.frontend import ConvLayer, Geometry, Layer, PoolLayer, load_model, lower
from lgc.frontend.assemble import Assembler, from_thresholds
from lgc.frontend.kernels import Kernels, append_kernels
from lgc.ir import Encoder, Head
from lgc.ir.interp import scores

Writer = Callable[..., peers.PeerFile]


def read(writer: Writer, folder: Path, **arguments: Any) -> Any:
    file = writer(folder / "net.pth", **arguments)
    return load_model(file.path, options_of(file))


def test_torchlogix_becomes_kernels_pooling_and_dense_layers(tmp_path: Path) -> None:
    model = read(tlx.conv, tmp_path, depth=3)
    conv, pool, dense = model.layers
    assert isinstance(conv, ConvLayer) and isinstance(pool, PoolLayer) and isinstance(dense, Layer)
    assert conv.geometry == Geometry(2, 6, 6, 2, (3, 3), (1, 1), (1, 1))
    assert (conv.kernels, conv.arity, conv.depth) == (3, 2, 3)
    assert pool.geometry == Geometry(3, 6, 6, 1, (2, 2), (2, 2), (1, 1))
    assert taken_apart(model) is not None


def test_a_residual_block_keeps_its_kernels(tmp_path: Path) -> None:
    model = read(tlx.conv, tmp_path, residual=True)
    assert [type(layer) for layer in model.layers] == [ConvLayer, PoolLayer, ConvLayer, Layer, Layer]
    assert model.layers[3].sources == (2, 3)


def test_compactlogic_becomes_kernels_with_the_padding_that_its_offsets_need(tmp_path: Path) -> None:
    model = read(peers.compactlogic_spm, tmp_path)
    assert [type(layer) for layer in model.layers] == [ConvLayer] * 4 + [Layer]
    assert [layer.geometry.out_height for layer in model.layers[:4]] == [5, 5, 3, 3]
    assert all(max(layer.geometry.field) <= 3 for layer in model.layers[:4])


def test_silogic_becomes_kernels_and_pooling_where_it_divides(tmp_path: Path) -> None:
    model = read(luts.silogic_conv, tmp_path)
    assert [type(layer) for layer in model.layers] == [ConvLayer, PoolLayer, ConvLayer, PoolLayer, Layer, Layer]
    assert model.layers[0].geometry == Geometry(2, 8, 8, 1, (3, 3), (1, 1), (1, 1))
    odd = read(luts.silogic_conv, tmp_path, node="multilinear", arity=4, depth=1, side=7)
    assert [type(layer) for layer in odd.layers][:2] == [ConvLayer, Layer]  # 7 rows do not divide into windows of 2


def test_silogic_says_what_its_file_does_not(tmp_path: Path) -> None:
    from lgc.frontend.registry import read_file

    file = luts.silogic_conv(tmp_path / "net.pth")
    assert any("wire_residual" in note for note in read_file(file.path, options_of(file)).job.doubtful)


@pytest.mark.parametrize("order", ["channel", "threshold", "mixed"])
def test_thresholds_of_a_pixel_are_planes_in_either_order(order: str) -> None:
    """And an image that is no stage in order is read bit by bit; the scores are the same."""
    rng = np.random.default_rng(0)
    thresholds = np.sort(rng.random((2 * 4 * 3, 3)), axis=1)
    assembler, bits = from_thresholds(thresholds)
    image = np.moveaxis(bits.reshape(2, 4, 3, 3), -1, 1 if order != "threshold" else 0).reshape(6, 4, 3)
    if order == "mixed":
        image = image[[1, 0, 2, 3, 4, 5]]
    leaves = [rng.integers(0, limit, (4, 3)) for limit in (6, 2, 2)]
    kernels = Kernels("conv", *leaves, rng.integers(0, 256, (4, 1), np.uint64))
    out = append_kernels(assembler, image, kernels, (2, 2), (1, 2), (1, 0))
    assert out.shape == (4, 5, 1)
    model = assembler.finish(out, Head.equal_groups(20, ("a", "b")), "m", "test")
    layer = model.layers[0]
    assert isinstance(layer, Layer) if order == "mixed" else layer.geometry.planes == 3
    x = rng.random((50, 24))
    values = (x[:, :, None] > thresholds).reshape(50, -1)
    expected = np.zeros((50, 4, 5, 1), np.int64)
    for k, y in np.ndindex(4, 5):
        address = np.zeros(50, np.int64)
        for leaf in range(3):
            channel, row, column = (int(one[k, leaf]) for one in leaves)
            if 0 <= y + row - 1 < 4:
                address += values[:, image[channel, y + row - 1, column] - 2].astype(np.int64) << leaf
        expected[:, k, y, 0] = int(kernels.tables[k, 0]) >> address & 1
    flat = expected.reshape(50, 2, 10).sum(2)
    np.testing.assert_array_equal(scores(lower(model), model.encoder.encode(x)), flat)


def test_trees_whose_children_are_in_another_order(tmp_path: Path) -> None:
    """The file says which nodes a node reads; leaves and tables follow."""
    file = tlx.conv(tmp_path / "net.pth", depth=3)
    state = torch.load(file.path, weights_only=True)
    order = torch.tensor([2, 0, 3, 1])
    state["1.tree_weights.0"] = state["1.tree_weights.0"][order]
    state["1.connections._indices_L0"] = state["1.connections._indices_L0"][:, :, :, order]
    state["1.connections._indices_L1"] = torch.argsort(order)[state["1.connections._indices_L1"]]
    torch.save(state, file.path)
    model = load_model(file.path, options_of(file))
    assert isinstance(model.layers[0], ConvLayer)
    x = vectors(file, 100)
    np.testing.assert_array_equal(scores(lower(model), model.encoder.encode(x)), file.scores(x))


def damaged(file: peers.PeerFile, change: Callable[[dict[str, torch.Tensor]], object]) -> str:
    """The refusal of a file after a change of its tensors."""
    content = torch.load(file.path, weights_only=True)
    change(content.get("model_state", content))
    torch.save(content, file.path)
    with pytest.raises(LgcError) as error:
        load_model(file.path, options_of(file))
    return str(error.value)


def put(name: str, value: Any) -> Callable[[dict[str, torch.Tensor]], object]:
    return lambda state: state.update({name: value(state[name])})


@pytest.mark.parametrize(
    ("change", "part"),
    [
        (put("0.offsets_ch", lambda one: one + 100), "reads channel 100"),
        (put("0.offsets_h", lambda one: one[:1]), "offsets_h"),
        (put("0.w", lambda one: one + 1), "winners of a frozen layer"),
        (put("0.gate_sequence", lambda one: one + 16), "gate id"),
        (lambda state: state.pop("2.offsets_w"), "2.offsets_w' is missing"),
    ],
)
def test_damaged_files_of_compactlogic(change: Any, part: str, tmp_path: Path) -> None:
    assert part in damaged(peers.compactlogic_spm(tmp_path / "net.pth"), change)


@pytest.mark.parametrize(
    ("change", "part"),
    [
        (put("blocks.0.leaf_cand", lambda one: one - 1), "no wires"),
        (put("blocks.0.leaf_cand", lambda one: one + 9), "fit 0 sizes"),
        (put("blocks.0.lc_cm", lambda one: one[:1]), "lc_cm"),
        (put("blocks.0.gate_logits.1", lambda one: one[:, :0]), "expected (5, 1, 16)"),
        (put("blocks.2.gate_logits.0", lambda one: one * float("nan")), "NaN"),
        (lambda state: state.pop("blocks.0.gate_logits.1"), "gate_logits.1' is missing"),
        (lambda state: state.update({"blocks.3.leaf_idx": state["blocks.2.leaf_cand"][..., 0]}), "no part of silogic"),
        (lambda state: state.update({"blocks.0.more": torch.ones(3)}), "blocks.0.more"),
        (lambda state: state.update({"head.dec.weight": torch.ones(3)}), "a learned head"),
    ],
)
def test_damaged_files_of_silogic(change: Any, part: str, tmp_path: Path) -> None:
    assert part in damaged(luts.silogic_conv(tmp_path / "net.pth"), change)


@pytest.mark.parametrize(
    ("change", "part"),
    [
        (put("1.tree_weights.0", lambda one: one[:1]), "tree_weights.0"),
        (put("1.tree_weights.1", lambda one: one[:, :1]), "not of 3"),
        (put("1.connections._indices_L0", lambda one: one + 50), "conv1, kernel 0: it reads"),
    ],
)
def test_damaged_files_of_torchlogix(change: Any, part: str, tmp_path: Path) -> None:
    assert part in damaged(tlx.conv(tmp_path / "net.pth"), change)


def test_trees_that_share_their_children_are_bounded(tmp_path: Path) -> None:
    """Forty levels of one node that reads itself twice would be a tree of 2^40 leaves."""
    file = tlx.conv(tmp_path / "net.pth")
    state = torch.load(file.path, weights_only=True)
    for level in range(1, 40):
        state[f"1.tree_weights.{level}"] = state["1.tree_weights.1"]
        state[f"1.connections._indices_L{level}"] = torch.zeros((2, 1), dtype=torch.int64)
    torch.save(state, file.path)
    with pytest.raises(LgcError, match="nodes in one layer's trees"):
        load_model(file.path, options_of(file))


def test_sizes_that_a_small_file_only_claims_are_bounded(tmp_path: Path) -> None:
    file = luts.silogic_conv(tmp_path / "net.pth")
    given = options_of(file).with_defaults({})
    with pytest.raises(LgcError, match="gates once it is unrolled"):
        load_model(file.path, type(given)({**file.options, "input_shape": [2, 1400, 1400]}))
    with pytest.raises(LgcError, match="Give it by --input-shape"):
        load_model(file.path, type(given)({"classes": 2}))


def test_a_field_of_a_million_bits_at_a_million_positions_takes_no_room() -> None:
    geometry = Geometry(1, 2000, 2000, 1, (1000, 1000))
    wires = np.array([[0, 999_999]])
    assert geometry.bits_under(wires).shape == (1, 2, 1001 * 1001)
    assert geometry.bits_under(wires)[0, :, -1].tolist() == [1000 * 2000 + 1000, 1999 * 2000 + 1999]


def test_kernels_behind_the_assembler_need_a_whole_stage() -> None:
    assembler = Assembler(Encoder(12))
    image = assembler.inputs.reshape(1, 4, 3)
    assert assembler.stage_of(image).source == 0
    assert assembler.stage_of(image[:, :3]) is None
    assert assembler.stage_of(image[:, ::-1]) is None
    assert assembler.stage_of(np.zeros_like(image)) is None


def test_the_sidecar_may_say_the_layers_of_compactlogic(tmp_path: Path) -> None:
    """What it says wins over the structure's name; without either it is asked for."""
    file = peers.compactlogic_spm(tmp_path / "net.pth")
    (tmp_path / "meta_data.json").write_text(json.dumps({"args": {"struct": "other"}}))
    with pytest.raises(LgcError, match="stride and out_shape"):
        load_model(file.path, options_of(file))
