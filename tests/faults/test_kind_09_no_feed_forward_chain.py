"""Kind 9: what is not the documented feed-forward chain is refused by the name of what is in the way."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from lgc.errors import LgcError
from lgc.frontend import ImportOptions
from lgc.frontend.registry import read_file

WIDTH = 8
Tensors = dict[str, torch.Tensor]
FACTS = {"features": WIDTH, "classes": 2}


def random(*shape: int) -> torch.Tensor:
    return torch.randn(shape)


def wires(*shape: int) -> torch.Tensor:
    return torch.randint(0, WIDTH, shape)


def salon64(name: str) -> Tensors:
    return {f"{name}.weights": random(WIDTH, 16), f"{name}.conn_a": wires(WIDTH), f"{name}.conn_b": wires(WIDTH)}


def compactlogic(name: str) -> Tensors:
    ids = {f"{name}.indices": wires(2, WIDTH, 4), f"{name}.gate_sequence": torch.randint(0, 16, (WIDTH, 4))}
    return {f"{name}.weights": random(WIDTH, 4), **ids}


def dwn(name: str) -> Tensors:
    return {f"{name}.luts": random(WIDTH, 16), f"{name}.mapping": wires(WIDTH, 4).int()}


def silogic(name: str) -> Tensors:
    return {f"{name}.node.gate_logits": random(WIDTH, 16), f"{name}._conn.idx": wires(WIDTH, 2)}


def torchlogix(name: str) -> Tensors:
    return {f"{name}.weight": random(WIDTH, 16), f"{name}.connections.indices": wires(2, WIDTH)}


def lilogic(name: str) -> Tensors:
    """Two modules of one layer: the wiring at an even number, the gates at the next."""
    path, _, number = name.rpartition(".")
    start = f"{path}.layers." if path else "layers."
    index = 2 * int(number) if number.isdecimal() else 0
    return {f"{start}{index}.c": random(WIDTH, 2 * WIDTH), f"{start}{index + 1}.w": random(16, WIDTH)}


Writer = Callable[[str], Tensors]
FAMILIES: list[Writer] = [salon64, compactlogic, dwn, silogic, torchlogix, lilogic]
families = pytest.mark.parametrize("layer", FAMILIES, ids=lambda writer: writer.__name__)


def read(path: Path, content: object, **facts: Any) -> Any:
    torch.save(content, path)
    return read_file(path, ImportOptions({**FACTS, **facts})).result


def refused(path: Path, content: object, *words: str) -> None:
    with pytest.raises(LgcError) as caught:
        read(path, content)
    for word in words:
        assert word in str(caught.value)


@families
def test_numbered_layers_are_read(layer: Writer, tmp_path: Path) -> None:
    assert len(read(tmp_path / "x.pt", {**layer("2"), **layer("0"), **layer("1")}).layers) == 3


@families
def test_the_two_networks_of_a_recurrent_cell(layer: Writer, tmp_path: Path) -> None:
    names = [f"cell.{part}.net.{index}" for part in ("candidate", "gate") for index in (0, 1)]
    content: Tensors = {}
    for name in names:
        content |= layer(name)
    refused(tmp_path / "x.pt", content, "cell.candidate.net", "cell.gate.net", "chain")


@families
@pytest.mark.parametrize(
    "pair", [("head_a.0", "head_b.0"), ("trunk.0", "side.1"), ("blocks.0.0", "blocks.1.1"), ("0", "aux.0")]
)
def test_branches(layer: Writer, pair: tuple[str, str], tmp_path: Path) -> None:
    refused(tmp_path / "x.pt", {**layer(pair[0]), **layer(pair[1])}, "chain")


@pytest.mark.parametrize("layer", FAMILIES[:-1], ids=lambda writer: writer.__name__)
def test_names_without_numbers_have_no_order(layer: Writer, tmp_path: Path) -> None:
    refused(tmp_path / "x.pt", {**layer("layer10"), **layer("layer9")}, "layer9", "layer10", "rename the keys")


@pytest.mark.parametrize("layer", [salon64, dwn, silogic, torchlogix, lilogic], ids=lambda writer: writer.__name__)
def test_a_number_that_is_missing(layer: Writer, tmp_path: Path) -> None:
    refused(tmp_path / "x.pt", {**layer("0"), **layer("1"), **layer("3")}, "what stands between")


OTHERS = {
    "batchnorm": {"bn.weight": random(WIDTH), "bn.running_mean": random(WIDTH), "bn.num_batches_tracked": wires()},
    "attention": {"attn.in_proj_weight": random(3 * WIDTH, WIDTH)},
    "quantiser": {"act_quant.scale": random(1)},
    "linear": {"fc.bias": random(WIDTH)},
    "parameter": {"temperature": random()},
}


@families
@pytest.mark.parametrize("other", OTHERS)
def test_tensors_that_belong_to_no_layer(layer: Writer, other: str, tmp_path: Path) -> None:
    refused(
        tmp_path / "x.pt", {**layer("0"), **layer("1"), **OTHERS[other]}, next(iter(OTHERS[other])).partition(".")[0]
    )


@families
def test_a_shared_layer(layer: Writer, tmp_path: Path) -> None:
    first, second = layer("0"), layer("1")
    logits = {name for name in first if name.rpartition(".")[2] in ("weights", "luts", "gate_logits", "weight", "w")}
    for name in logits:
        second["layers.3.w" if "layers" in name else name.replace("0", "1", 1)] = first[name]
    refused(tmp_path / "x.pt", {**first, **second}, "shared")


@families
def test_another_network_beside_it(layer: Writer, tmp_path: Path) -> None:
    refused(tmp_path / "x.pt", {"state_dict": layer("0"), "head": layer("0")}, "head")
    assert read(tmp_path / "x.pt", {"state_dict": layer("0"), "ema_state_dict": layer("0"), "epoch": 3})


def test_an_entry_that_is_no_tensor(tmp_path: Path) -> None:
    refused(tmp_path / "x.pt", {**salon64("0"), "1.scale": 0.5}, "1.scale")


def test_two_names_of_one_tensor(tmp_path: Path) -> None:
    other = {f"module.{name}": tensor for name, tensor in salon64("0").items()}
    refused(tmp_path / "x.pt", {**salon64("0"), **other}, "two tensors")


class LUTLayer(nn.Module):
    """As torch-dwn's pickles."""

    def __init__(self) -> None:
        super().__init__()
        self.luts = nn.Parameter(random(WIDTH, 16))
        self.register_buffer("mapping", wires(WIDTH, 4).int())


class Skip(nn.Module):
    """A class of one's own, whose forward pass is in no file."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Sequential(LUTLayer()), nn.Sequential(LUTLayer())


class Tree(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList([LUTLayer(), LUTLayer()])
        self.gate = nn.Linear(WIDTH, WIDTH)


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    module = types.ModuleType("peer_of_kind_9")
    for kind in (LUTLayer, Skip, Tree):
        monkeypatch.setattr(kind, "__module__", module.__name__)
        setattr(module, kind.__name__, kind)
    monkeypatch.setitem(sys.modules, module.__name__, module)


def test_pickled_modules(tmp_path: Path) -> None:
    assert len(read(tmp_path / "x.pt", nn.Sequential(nn.Flatten(), LUTLayer(), nn.Dropout(), LUTLayer())).layers) == 2
    refused(tmp_path / "x.pt", Skip(), "first", "second")
    refused(tmp_path / "x.pt", Tree(), "Tree")
    refused(tmp_path / "x.pt", nn.Sequential(LUTLayer(), nn.BatchNorm1d(WIDTH), LUTLayer()), "BatchNorm1d")
    refused(tmp_path / "x.pt", nn.Sequential(LUTLayer(), nn.ReLU(), LUTLayer()), "ReLU")
