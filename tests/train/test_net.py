"""Networks over images as ``--net`` names them: the language, the layers it makes, and training them."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from lgc.cli import cli
from lgc.errors import OptionError
from lgc.frontend import read_model
from lgc.frontend.conv import ConvLayer
from lgc.ir import Encoder
from lgc.train import TrainConfig
from lgc.train.build import build_network
from lgc.train.conv import ConvLogicLayer, OrPool
from lgc.train.fused import kernel
from lgc.train.history import Entry
from lgc.train.modules import LogicNetwork, TableLayer
from lgc.train.net import Conv, Edges, Pooling, Tables, parse_net, pixels_alike
from lgc.train.trainer import train
from lgc.train.wiring import Dense, Fixed, TopK

IMAGES = Encoder(2 * 12 * 12, np.tile([[0.3, 0.6]], (288, 1)))


def built(net: str, shape: tuple[int, ...] = (2, 12, 12), **settings: Any) -> LogicNetwork:
    config = TrainConfig("digits", net=net, **{"wiring": ("topk:20",), **settings})
    return build_network(config, IMAGES, 5, shape=shape)


def kernels(layer: object) -> ConvLogicLayer:
    assert isinstance(layer, ConvLogicLayer)
    return layer


def test_the_language() -> None:
    assert parse_net("c64k5s2p1t3, o2,c128k3,d2000") == (
        Conv(64, 5, 2, 1, 3), Pooling(2), Conv(128, 3), Tables(2000),
    )  # fmt: skip
    assert parse_net("c10k3p2") == (Conv(10, 3, padding=2),)
    assert parse_net("e32k7p3,e8k3s2a4,d20") == (Edges(32, 7, padding=3), Edges(8, 3, 2, arity=4), Tables(20))
    assert parse_net("c9k3t2a3,d70a6,d20a2") == (Conv(9, 3, depth=2, arity=3), Tables(70, 6), Tables(20, 2))


@pytest.mark.parametrize(
    ("net", "message"),
    [("c64", "layer 'c64'"), ("c64k5,,d100", "layer ''"), ("k5c64", "layer 'k5c64'"), ("c64k5s0", "c64k5s0"),
     ("c64k5p1s2", "c64k5p1s2"), ("o2,c64k5", "begins with pooling"), ("d100,c64k5", "behind 'd100'"),
     ("c8k3t9", "trees of 9 levels"), ("d20a7", "tables of 7 inputs in 'd20a7'"),
     ("c8k3a1", "tables of 1 inputs"), ("c8k3a5t2", "c8k3a5t2"), ("o2a4", "o2a4"),
     ("e8k3", "ends with edges"), ("c8k3,e8k3", "ends with edges"), ("e8k3t2,d10", "e8k3t2"),
     ("d10,e8k3,d20", "behind"),
     ("c9k3,d100,o2", "behind 'd100'"), ("c64k5 d100", "layer 'c64k5 d100'")],
)  # fmt: skip
def test_what_is_no_net(net: str, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        TrainConfig("digits", net=net)


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"gates": 100}, "gates are given"), ({"layers": 2}, "layers are given"), ({"parametrisation": "gates"}, "gates")],
)
def test_what_does_not_go_with_a_net(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        TrainConfig("digits", net="c8k3,d100", **settings)


def test_tables_of_six_are_what_suits() -> None:
    config = TrainConfig("digits", net="c8k3,d100")
    assert (config.parametrisation, config.arity) == ("tables", 6)
    assert TrainConfig("digits", net="c8k3,d100", for_part="ecp5-25k").arity == 4
    assert TrainConfig("digits", net="c8k3,d100", arity=2).arity == 2


def test_layers_and_their_wires() -> None:
    network = built("c6k3s2p1t2,o3,c8k2,d40", wiring=("topk:36", "topk:5", "fixed"), arity=3)
    first, pool, second, dense = network.layers
    assert isinstance(first, ConvLogicLayer)
    assert first.shape == (6, 6, 6)
    assert isinstance(first.levels[0].connectome, Dense)  # of a field of 36 bits 36 candidates are all
    assert [level.width for level in first.levels] == [18, 6]
    assert isinstance(pool, OrPool)
    assert pool.shape == (6, 2, 2)
    assert isinstance(second, ConvLogicLayer)
    assert isinstance(second.levels[0].connectome, TopK)
    assert second.shape == (8, 1, 1)
    assert isinstance(dense, TableLayer)
    assert isinstance(dense.connectome, Fixed)
    assert network.head.tau == pytest.approx((40 / 5) ** 0.5 / 2)


def test_each_layer_may_have_its_own_number_of_inputs() -> None:
    network = built("c6k3t2a2,c8k2,d40a5,d20a6", arity=3)
    assert [layer.arity for layer in map(kernels, network.layers[:2])] == [2, 3]
    assert [len(layer.harden(0).wires[0]) for layer in network.layers] == [4, 3, 5, 6]  # a tree of two levels has four
    network.harden()


def copies_first_operand(layer: object) -> bool:
    assert isinstance(layer, TableLayer)
    agree = ((layer.logits[:, 1::2] > 0).float().mean() + (layer.logits[:, ::2] < 0).float().mean()) / 2
    return float(agree) > 0.95


def test_two_dense_layers_start_at_random_as_without_a_net() -> None:
    assert not copies_first_operand(built("d40,d20").layers[0])
    assert copies_first_operand(built("d40,d40,d20").layers[0])
    assert copies_first_operand(built("d40,d20", table_init="residual").layers[0])


def test_all_but_the_last_layer_start_as_their_first_operand() -> None:
    first, second = map(kernels, built("c6k3t2,c10k3t2", arity=4).layers)
    for level, copies in zip([*first.levels, *second.levels], (True, True, True, False), strict=True):
        assert copies_first_operand(level) is copies
    random = kernels(built("c6k3,c10k3", table_init="random").layers[0]).levels[0]
    assert isinstance(random, TableLayer)
    assert float((random.logits > 0).float()[:, 1::2].mean()) < 0.8


@pytest.mark.parametrize(
    ("net", "message"),
    [("c8k13,d10", "layer 1 of the net 'c8k13,d10': a field of 13 x 13 is larger than the image of 12 x 12"),
     ("c8k5s2,c8k5,d10", "layer 2 .* field of 5 x 5 is larger than the image of 4 x 4"),
     ("c20k3s9,o3,d20", "layer 2 .* windows of 3 x 3 do not divide an image of 2 x 2"),
     ("c8k3,o3,d10", "windows of 3 x 3 do not divide an image of 10 x 10"),
     ("c8k3p3,d10", "padding of 3 x 3"),
     ("c8k3,c7k3", "448 gates do not divide into 5 classes"),
     ("c8k3,d12", "12 gates do not divide"), ("e8k3a5,d10", "layer 1 .* edges of 5 inputs"),
     ("e8k1,d10", "layer 1 .* the field has one")],
)  # fmt: skip
def test_what_does_not_fit_the_image(net: str, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        built(net)


@pytest.mark.parametrize(
    ("net", "shape", "pixels"),
    [("c8k3,d10", (2, 5, 7), 35), ("e8k3,o2,d10", (5, 7), 35), ("d20,d10", (2, 5, 7), 1), ("", (2, 5, 7), 1),
     ("c8k3,d10", (9,), 1)],
)  # fmt: skip
def test_pixels_have_the_thresholds_of_their_channel_under_kernels(
    net: str, shape: tuple[int, ...], pixels: int
) -> None:
    assert pixels_alike(net, shape) == pixels


def test_features_that_are_no_image() -> None:
    with pytest.raises(OptionError, match="are none"):
        built("c8k3,d10", shape=(288,))
    assert [layer.width for layer in built("d20,d10", shape=(288,)).layers] == [20, 10]


SETTINGS: dict[str, Any] = {
    "net": "c10k3p1t2,o2,c20k3,d100a5", "arity": 4, "wiring": ("topk:16",), "epochs": 3, "lr": 0.05, "redraw": 1,
    "augment": "shift", "tau": 3.0, "thresholds": "uniform:2", "batch": 32,
}  # fmt: skip


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("net") / "whole.pt"
    train(TrainConfig("digits", output=output, **SETTINGS))
    return output


def test_training_keeps_the_kernels_and_learns(whole: Path) -> None:
    model = read_model(whole)
    assert [type(layer).__name__ for layer in model.layers] == ["ConvLayer", "PoolLayer", "ConvLayer", "Layer"]
    first = model.layers[0]
    assert isinstance(first, ConvLayer)
    assert (first.kernels, first.depth, first.geometry.planes) == (10, 2, 2)
    assert model.training["hyperparameters"]["net"] == SETTINGS["net"]
    assert model.training["test_accuracy"] > 0.5
    assert len(whole.read_bytes()) < 40_000


def test_behind_edges_wires_choose_among_all_bits() -> None:
    """The inputs of the network that are worth a wire are none of the edges'."""
    config = TrainConfig("digits", net="e50k3,d400", wiring=("topk:20",))
    network = build_network(config, IMAGES, 5, torch.arange(100), shape=(2, 12, 12))
    wires = network.layers[1].connectome
    assert isinstance(wires, TopK)
    assert wires.in_bits == 5000 and len(torch.unique(wires.candidates)) == 5000


def test_edges_stay_as_they_were_drawn(tmp_path: Path) -> None:
    """And none of the candidates of --wiring, which counts layers that learn, is theirs."""
    path, settings = tmp_path / "m.pt", {**SETTINGS, "net": "e12k3s2p1a4,c20k2,d100", "wiring": ("topk:8", "topk:16")}
    train(TrainConfig("digits", output=path, **settings))
    layer = read_model(path).layers[0]
    network = build_network(TrainConfig("digits", **settings), Encoder(64, np.tile([[5.3, 10.6]], (64, 1))), 10,
                            shape=(8, 8))  # fmt: skip
    drawn = kernels(network.layers[0]).harden(0)
    assert isinstance(layer, ConvLayer)
    assert np.array_equal(layer.wires, drawn.wires) and np.array_equal(layer.tables, drawn.tables)
    assert kernels(network.layers[1]).levels[0].connectome.candidates.shape[1] == 8  # type: ignore[union-attr]


@pytest.mark.parametrize("epoch", [1, 2])
def test_a_stopped_run_goes_on_to_the_same_bits(whole: Path, epoch: int, tmp_path: Path) -> None:
    """Stopped within an epoch, before and after candidates were redrawn."""
    config = TrainConfig("digits", output=tmp_path / "m.pt", **SETTINGS)

    def stop(entry: Entry) -> None:
        if entry["event"] == "epoch" and entry["epoch"] == epoch:
            os.kill(os.getpid(), signal.SIGINT)

    train(config, on_entry=stop)
    assert (tmp_path / "m.resume.pt").exists()
    train(config, go_on=True)
    assert read_model(tmp_path / "m.pt").digest() == read_model(whole).digest()


def test_without_the_kernel_the_modules_train(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel, "load_kernel", lambda: None)
    model = train(TrainConfig("digits", **{**SETTINGS, "net": "c4k3p1,o2,d50", "epochs": 1}))
    assert model.training["validation_accuracy"] > 0.2
    assert [type(layer).__name__ for layer in model.layers] == ["ConvLayer", "PoolLayer", "Layer"]


def test_the_command_line_says_what_is_wrong(tmp_path: Path) -> None:
    result = CliRunner().invoke(cli, ["train", "digits", "--net", "c8k9,d100", "-o", str(tmp_path / "m.pt")])
    assert result.exit_code != 0
    assert "a field of 9 x 9 is larger than the image of 8 x 8" in str(result.exception)
    assert not list(tmp_path.iterdir())
