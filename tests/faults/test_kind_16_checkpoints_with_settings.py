"""Kind 16: settings beside a state dict refuse no file, and what they state of the network is not asked for."""

from __future__ import annotations

import datetime
import pathlib
import sys
import types
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from lgc.errors import LgcError
from lgc.frontend import ImportOptions, lower
from lgc.frontend.registry import read_file
from lgc.ir.interp import evaluate


def gates(count: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(count, 16, generator=torch.Generator().manual_seed(seed))


def checkpoint(**entries: Any) -> dict[str, Any]:
    """Two layers of 6 gates on 4 bits, as DiffLogicVisualizer saves them."""
    a, b = torch.tensor([0, 1, 2, 3, 0, 1]), torch.tensor([1, 2, 3, 0, 2, 3])
    weights = {f"logic_layers.{i}.weights": gates(6, i) for i in range(2)}
    return {"model_state_dict": weights, "connections": [(a, b), (a, b)], **entries}


def read(path: Path, content: dict[str, Any], **facts: Any) -> Any:
    torch.save(content, path)
    return read_file(path, ImportOptions(facts)).result


KEYS: list[Any] = [
    ("%Y",),
    (1, (2, 3)),
    frozenset({"a"}),
    b"bytes",
    torch.float32,
    None,
    True,
    2.5,
    (),
    (torch.zeros(1),),
]


@pytest.mark.parametrize("key", KEYS, ids=lambda key: str(key)[:20])
def test_any_key_that_python_takes(key: object, tmp_path: Path) -> None:
    model = read(tmp_path / "x.pt", checkpoint(config={"cache": {key: "2000"}}), features=4, classes=2)
    assert [layer.width for layer in model.layers] == [6, 6]


def test_two_keys_of_one_text_do_not_hide_each_other(tmp_path: Path) -> None:
    torch.save({**checkpoint(), "config": {(1,): 1, ("1",): 2}}, tmp_path / "x.pt")
    entries = read_file(tmp_path / "x.pt", ImportOptions({"features": 4, "classes": 2})).job.content.entries
    assert sorted(entries["config"].values()) == [1, 2]


VALUES: list[Any] = [
    pathlib.PurePosixPath("/data/run"),
    datetime.datetime(2026, 1, 2),
    datetime.timedelta(3),
    Counter("aab"),
    defaultdict(dict, {"now": {("%Y",): "2000"}}),
    complex(1, 2),
    {1, 2},
    types.SimpleNamespace(lr=0.1),
    np.float32(0.5),
    torch.Size([1, 2]),
]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_any_value_of_a_runs_settings(value: object, tmp_path: Path) -> None:
    model = read(tmp_path / "x.pt", checkpoint(config={"value": value}), features=4, classes=2)
    assert len(model.layers) == 2


class DictConfig:
    """What OmegaConf's class of this name pickles to."""

    def __init__(self, content: dict[str, Any]) -> None:
        wrap = {key: DictConfig(value) if isinstance(value, dict) else AnyNode(value) for key, value in content.items()}
        self.__dict__.update(_content=wrap, _parent=None, _metadata={"cache": {("%Y",): 1}}, _flags_cache=None)


class AnyNode:
    def __init__(self, value: object) -> None:
        self._val = value


@pytest.fixture
def omegaconf(monkeypatch: pytest.MonkeyPatch) -> Any:
    module = types.ModuleType("omegaconf_stand_in")
    module.DictConfig, module.AnyNode = DictConfig, AnyNode  # type: ignore[attr-defined]
    for kind in (DictConfig, AnyNode):
        monkeypatch.setattr(kind, "__module__", "omegaconf_stand_in")
    monkeypatch.setitem(sys.modules, "omegaconf_stand_in", module)
    return DictConfig


LAYERS = {
    "layer_1": {"in_dim": 7, "out_dim": 6, "connections": "random"},
    "layer_2": {"in_dim": 6, "out_dim": 6, "connections": "random"},
}


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_visualizers_file_asks_for_nothing(wrapped: bool, omegaconf: Any, tmp_path: Path) -> None:
    layers = omegaconf(LAYERS) if wrapped else LAYERS
    config = {"layers_config": layers, "output_size": 3, "tau": 12.5, "learning_rate": None}
    model = read(tmp_path / "x.pth", checkpoint(model_config=config))
    assert (model.encoder.num_features, model.head.num_classes, model.head.tau) == (7, 3, 12.5)
    bits = np.random.default_rng(0).random((50, 7)) < 0.5
    assert evaluate(lower(model).netlist, bits).shape == (50, 6)


@pytest.mark.parametrize(
    ("config", "features", "classes"),
    [
        ({"in_dim": 9, "output_size": 2}, 9, 2),
        ({"model": {"input_size": 5, "num_classes": 3}}, 5, 3),
        ({"n_features": 6, "class_names": ["a", "b"], "n_classes": 2}, 6, 2),
    ],
)
def test_facts_under_the_names_that_runs_use(config: Any, features: int, classes: int, tmp_path: Path) -> None:
    state = {"net.0.weights": gates(6), "net.0.conn_a": torch.zeros(6).long(), "net.0.conn_b": torch.ones(6).long()}
    model = read(tmp_path / "x.pt", {"state_dict": state, "hparams": config})
    assert (model.encoder.num_features, model.head.num_classes) == (features, classes)


def test_the_user_has_the_last_word(tmp_path: Path) -> None:
    config = {"in_dim": 9, "output_size": 2}
    assert read(tmp_path / "x.pt", checkpoint(model_config=config), classes=3).head.num_classes == 3


def test_two_statements_that_contradict_each_other_are_none(tmp_path: Path) -> None:
    content = checkpoint(config={"in_dim": 9, "output_size": 2}, args={"output_size": 3})
    with pytest.raises(LgcError, match="--classes"):
        read(tmp_path / "x.pt", content)


def test_a_description_of_another_network_is_refused(tmp_path: Path) -> None:
    config = {"layers_config": {**LAYERS, "layer_2": {"in_dim": 5, "out_dim": 6}}, "output_size": 3}
    with pytest.raises(LgcError, match="describes another layer than logic_layers"):
        read(tmp_path / "x.pt", checkpoint(model_config=config))
