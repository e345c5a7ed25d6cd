"""The networks that ship beside their recipes are what their logs and READMEs say."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lgc.frontend import Layer, lower, read_model
from lgc.frontend.conv import ConvLayer, PoolLayer
from lgc.ir import interp
from lgc.train.net import Conv, Edges, Item, Pooling, Tables, parse_net

EXAMPLES = Path(__file__).parents[2] / "examples"
FOLDERS = ("mnist/recipes", "mnist/conv", "fashion-mnist", "cifar-10", "cifar-10/conv")
LOGS = sorted(path for folder in FOLDERS for path in (EXAMPLES / folder).glob("*.jsonl"))


def entries(log: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("log", LOGS, ids=lambda path: path.stem)
def test_the_readme_says_what_the_log_does(log: Path) -> None:
    last, text = entries(log)[-1], (log.parent / "README.md").read_text(encoding="utf-8")
    assert f"{last['test_accuracy']:.2%}" in text
    assert f"{last['validation_accuracy']:.2%}" in text


@pytest.mark.parametrize(
    "log", [log for log in LOGS if log.with_suffix(".pt").exists()], ids=lambda path: path.stem
)  # the largest network is not in the repository
def test_the_file_is_the_model_of_the_log(log: Path) -> None:
    first, *_, last = entries(log)
    model = read_model(log.with_suffix(".pt"))
    assert model.digest() == last["digest"]
    settings = model.training["hyperparameters"]
    if first.get("net"):
        assert settings["net"] == first["net"]
        assert [layer_item(layer) for layer in model.layers] == list(map(learned, parse_net(first["net"])))
    else:
        assert settings["gates"] == first["gates"] == model.layers[0].width
    assert round(float(model.training["test_accuracy"]), 5) == last["test_accuracy"]


def learned(item: Item) -> Item:
    """Edges are kernels like others once they are drawn; and arities are not compared."""
    if isinstance(item, Edges):
        return Conv(item.kernels, item.field, item.stride, item.padding)
    return item if isinstance(item, Pooling) else replace(item, arity=0)


def layer_item(layer: Layer | ConvLayer | PoolLayer) -> Conv | Pooling | Tables:
    """The layer as ``--net`` names it; fields, strides and padding of the shipped networks are square."""
    if isinstance(layer, ConvLayer):
        geometry = layer.geometry
        return Conv(layer.kernels, geometry.field[0], geometry.stride[0], geometry.padding[0], layer.depth)
    return Pooling(layer.geometry.field[0]) if isinstance(layer, PoolLayer) else Tables(layer.width)


@pytest.mark.parametrize("name", ["recipes/mnist-4k", "conv/mnist-conv-lut4"])
def test_accuracy_of_the_circuit(name: str) -> None:
    model = read_model(EXAMPLES / "mnist" / f"{name}.pt")
    with np.load(EXAMPLES / "mnist" / "mnist-test.npz") as data:
        bits = np.unpackbits(data["X"], axis=1, count=int(data["n_bits"]), bitorder="little").astype(bool)
        right = interp.classify(lower(model), bits) == data["y"]
    assert float(right.mean()) == model.training["test_accuracy"]
