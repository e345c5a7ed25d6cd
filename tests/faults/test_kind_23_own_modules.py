"""Kind 23: what torch saves of lgc's own modules is read, and what it does not say is asked for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from lgc.errors import LgcError
from lgc.frontend import ImportOptions, lower
from lgc.frontend.facts import MissingFactError
from lgc.frontend.registry import read_file
from lgc.ir import Encoder, interp
from lgc.train.modules import (
    Dense,
    Fixed,
    GroupSum,
    LogicLayer,
    LogicNetwork,
    TableLayer,
    Thermometer,
    TopK,
    network_of,
)  # fmt: skip

FEATURES = 5
THRESHOLDS = np.sort(np.random.default_rng(0).random((FEATURES, 2)), axis=1)
BITS = 2 * FEATURES


def layer(kind: type, wiring: str, reads: int, gates: int, estimator: Any = "straight-through", arity: int = 2) -> Any:
    generator = torch.Generator().manual_seed(gates)
    more = {"operands": arity, "generator": generator}
    match wiring:
        case "dense":
            connectome: Any = Dense(reads, gates, estimator=estimator, **more)
        case "some":
            connectome = Dense(reads, gates, candidates=torch.tensor([7, 1, 4]), estimator=estimator, **more)
        case "topk":
            connectome = TopK(reads, gates, 3, estimator=estimator, **more)
        case _:
            connectome = Fixed(reads, gates, **more)
    return kind(connectome, gates, estimator=estimator, generator=generator)


LAYERS: dict[str, Callable[[], list[Any]]] = {
    "dense": lambda: [layer(LogicLayer, "dense", BITS, 12), layer(LogicLayer, "dense", 12, 6)],
    "dense, some inputs": lambda: [layer(LogicLayer, "some", BITS, 12)],
    "top-k": lambda: [layer(LogicLayer, "topk", BITS, 12), layer(LogicLayer, "topk", 12, 6)],
    "fixed": lambda: [layer(LogicLayer, "fixed", BITS, 12), layer(LogicLayer, "dense", 12, 6)],
    "gumbel": lambda: [layer(LogicLayer, "dense", BITS, 12, "gumbel")],
    "soft": lambda: [layer(LogicLayer, "topk", BITS, 12, "soft")],
    "tables": lambda: [layer(TableLayer, "topk", BITS, 12, arity=2), layer(TableLayer, "fixed", 12, 6, arity=3)],
    "tables of 4": lambda: [layer(TableLayer, "dense", BITS, 12, arity=4)],
    "tables of 6": lambda: [layer(TableLayer, "topk", BITS, 12, arity=6)],
    "twelve layers": lambda: [layer(LogicLayer, "topk", BITS, BITS) for _ in range(12)],
}


def network(name: str) -> LogicNetwork:
    return LogicNetwork(Encoder(FEATURES, THRESHOLDS), LAYERS[name](), GroupSum(2, 3.5))


def sequence(name: str) -> nn.Sequential:
    return nn.Sequential(Thermometer(THRESHOLDS), *LAYERS[name](), GroupSum(2, 3.5))


def read(path: Path, content: object, **facts: Any) -> Any:
    torch.save(content, path)
    return read_file(path, ImportOptions(facts)).result


def same(found: Any, module: nn.Module) -> None:
    expected = network_of(module).harden()
    features = np.random.default_rng(1).random((200, FEATURES))
    scores = [interp.scores(lower(model), model.encoder.encode(features)) for model in (found, expected)]
    np.testing.assert_array_equal(*scores)
    assert (found.head.tau, found.head.num_classes) == (3.5, 2)


@pytest.mark.parametrize("name", LAYERS)
def test_state_dicts(name: str, tmp_path: Path) -> None:
    thresholds = THRESHOLDS.tolist()
    same(read(tmp_path / "x.pt", network(name).state_dict(), thresholds=thresholds, classes=2), network(name))
    same(read(tmp_path / "x.pt", sequence(name).state_dict(), classes=2), sequence(name))


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("make", [network, sequence])
def test_whole_modules_ask_for_nothing(make: Any, name: str, tmp_path: Path) -> None:
    same(read(tmp_path / "x.pt", make(name)), make(name))


def test_modules_that_have_run_and_nested_ones(tmp_path: Path) -> None:
    inner = sequence("dense")
    inner(torch.rand(4, FEATURES))
    nested = nn.Sequential(inner[0], nn.Sequential(inner[1], nn.Sequential(inner[2])), inner[3])
    same(read(tmp_path / "x.pt", inner), inner)
    same(read(tmp_path / "x.pt", nested), nested)
    with pytest.raises(LgcError, match="no numbered layers"):  # 1.0. and 1.1.0. could be joined in any way
        read(tmp_path / "x.pt", nested.state_dict(), classes=2)


@pytest.mark.parametrize("wrapper", ["model", "state_dict", "anything"])
def test_wrapped_in_a_loops_own_dictionary(wrapper: str, tmp_path: Path) -> None:
    content = {wrapper: sequence("top-k").state_dict(), "epoch": 3, "optimizer": {"state": {}, "param_groups": []}}
    same(read(tmp_path / "x.pt", content, classes=2), sequence("top-k"))
    compiled = {f"_orig_mod.{key}": value for key, value in sequence("top-k").state_dict().items()}
    same(read(tmp_path / "x.pt", compiled, classes=2), sequence("top-k"))
    held = {f"net.{key}": value for key, value in network("top-k").state_dict().items()}
    same(read(tmp_path / "x.pt", held, classes=2, thresholds=THRESHOLDS.tolist()), network("top-k"))


def test_what_is_missing_is_asked_for(tmp_path: Path) -> None:
    with pytest.raises(MissingFactError, match="--classes"):
        read(tmp_path / "x.pt", network("dense").state_dict())
    with pytest.raises(MissingFactError, match="--features"):
        read(tmp_path / "x.pt", network("top-k").state_dict(), classes=2)
    single = LAYERS["dense, some inputs"]()[0]
    assert read(tmp_path / "x.pt", single.state_dict(), classes=2, features=BITS).num_nodes == 12


PARTS = {
    "head": lambda: GroupSum(2, 3.0),
    "thermometer": lambda: Thermometer(THRESHOLDS),
    "top-k": lambda: TopK(8, 4, 3),
    "fixed": lambda: Fixed(8, 4),
}


@pytest.mark.parametrize("name", PARTS)
def test_a_part_is_no_network(name: str, tmp_path: Path) -> None:
    with pytest.raises(LgcError, match=r"one module of lgc.*write_model"):
        read(tmp_path / "x.pt", PARTS[name]().state_dict())


def test_strangers_among_them(tmp_path: Path) -> None:
    content = sequence("dense").state_dict() | {"bn.running_mean": torch.zeros(3)}
    with pytest.raises(LgcError, match="running_mean"):
        read(tmp_path / "x.pt", content, classes=2)
    with pytest.raises(LgcError, match="BatchNorm1d"):
        read(tmp_path / "x.pt", nn.Sequential(*LAYERS["dense"](), nn.BatchNorm1d(6), GroupSum(2, 1.0)))
    two = network("dense").state_dict() | {"other.divisor": torch.tensor(1.0)}
    with pytest.raises(LgcError, match="2 heads"):
        read(tmp_path / "x.pt", two, classes=2)


def test_the_state_of_a_stopped_run(tmp_path: Path) -> None:
    content = {
        "lgc-resume": 1,
        "identity": "{}",
        "progress": "{}",
        "network": network("dense").state_dict(),
        "step": {},
    }
    with pytest.raises(LgcError, match="--resume"):
        read(tmp_path / "x.resume.pt", content)
