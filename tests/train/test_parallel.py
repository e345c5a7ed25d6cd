"""Two processes train like one, up to the order of summation."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from lgc.errors import OptionError
from lgc.frontend import read_model
from lgc.frontend.conv import Geometry
from lgc.train import TrainConfig
from lgc.train.edges import draw_edges
from lgc.train.fused import kernel
from lgc.train.modules import TableLayer, TopK
from lgc.train.parallel import ProcessGroup, pick_device, precision
from lgc.train.trainer import train

FLAGS = {"gates": 200, "epochs": 1, "batch": 64, "tau": 5.0, "augment": "shift"}
SOFT = {"estimator": "soft", "wire_estimator": "soft"}


def torchrun(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--standalone",
        "--nproc-per-node",
        "2",
        "-m",
        "--",
        "lgc",
    ]
    return subprocess.run(
        [*command, *arguments], env=environment, capture_output=True, text=True, check=False, timeout=300
    )


@pytest.mark.slow
def test_two_processes_equal_one(tmp_path: Path) -> None:
    one = train(TrainConfig("digits", log=tmp_path / "one.jsonl", **FLAGS, **SOFT))  # type: ignore[arg-type]
    flags = [f"--{name.replace('_', '-')}={value}" for name, value in {**FLAGS, **SOFT}.items()]
    log = tmp_path / "two.jsonl"
    result = torchrun("train", "digits", "-o", str(tmp_path / "two.pt"), "--log", str(log), *flags)
    assert result.returncode == 0, result.stderr
    assert result.stdout.count("200 gates, epoch") == 1
    logs = [
        [json.loads(line) for line in (tmp_path / f"{name}.jsonl").read_text().splitlines()] for name in ("one", "two")
    ]
    assert [line["event"] for line in logs[1]] == ["start", "epoch", "end"]
    for expected, found in zip(*logs, strict=True):
        for name in ("loss", "train_accuracy", "validation_accuracy"):
            assert found.get(name, 0) == pytest.approx(expected.get(name, 0), abs=2e-3 if "acc" in name else 2e-5)
    two = read_model(tmp_path / "two.pt")
    for mine, theirs in zip(two.layers, one.layers, strict=True):
        assert np.mean(mine.wires == theirs.wires) > 0.99
        assert np.mean(mine.tables == theirs.tables) > 0.99


@pytest.mark.skipif(kernel.load_kernel() is None, reason="no C compiler")
@pytest.mark.parametrize(
    ("wiring", "nodes"),
    [
        pytest.param("dense", {}, id="gates", marks=pytest.mark.slow),
        pytest.param(
            "topk:16", {"for_part": "xc7-a35t", "comparators": 40}, id="tables, priced", marks=pytest.mark.slow
        ),
        pytest.param("topk:16", {}, id="gates, topk", marks=pytest.mark.slow),
        pytest.param(
            "topk:16",
            {"net": "c9k3p1t2,o2,c20k3,d210", "arity": 4, "gates": 0, "layers": 0},
            id="kernels over images",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_two_processes_with_the_kernel_equal_one_bit_for_bit(
    wiring: str, nodes: dict[str, str | int], tmp_path: Path
) -> None:
    """Also batches that do not divide by two, a layer between, other candidates, and saved states."""
    shape = {**FLAGS, "layers": 2, "epochs": 3, "batch": 63, "redraw": 1, "gates": 210, **nodes}
    one = train(TrainConfig("digits", log=tmp_path / "one.jsonl", wiring=(wiring, "topk:9"), **shape))  # type: ignore[arg-type]
    flags = [f"--{name.removesuffix('_part').replace('_', '-')}={value}" for name, value in shape.items()]
    flags += ["--wiring", wiring, "--wiring", "topk:9", "--save-every", "0", "--log", str(tmp_path / "two.jsonl")]
    result = torchrun("train", "digits", "-o", str(tmp_path / "two.pt"), *flags)
    assert result.returncode == 0, result.stderr
    assert read_model(tmp_path / "two.pt").digest() == one.digest()
    logs = [(tmp_path / f"{name}.jsonl").read_text().splitlines() for name in ("one", "two")]
    for mine, theirs in zip(*([json.loads(line) for line in log] for log in logs), strict=True):
        assert {**mine, "seconds": 0} == {**theirs, "seconds": 0}


def test_batches_must_divide() -> None:
    ProcessGroup(0, 2).check(64, 1000)
    ProcessGroup(0, 1).check(65, 10)
    for batch, samples in ((65, 1000), (64, 10)):
        with pytest.raises(OptionError, match="do not divide among 2 processes"):
            ProcessGroup(0, 2).check(batch, samples)
    rows = torch.arange(12)
    shares = [ProcessGroup(rank, 3).share(rows) for rank in range(3)]
    assert torch.equal(torch.cat(shares), rows)
    assert {len(share) for share in shares} == {4}


def test_devices_and_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    cpu = torch.device("cpu")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert pick_device("auto") == cpu
    with pytest.raises(OptionError, match="no CUDA device"):
        pick_device("cuda")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert pick_device("cpu") == cpu
    monkeypatch.setenv("LOCAL_RANK", "3")
    assert pick_device("auto") == torch.device("cuda", 3)

    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: False)
    with pytest.raises(OptionError, match="no AMX"), precision("bfloat16", cpu):
        pass
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: True)
    a = torch.rand(3, 3)
    before = torch.get_float32_matmul_precision()
    for name, dtype, matmul in [
        ("auto", torch.float32, "highest"),
        ("tf32", torch.float32, "high"),
        ("bfloat16", torch.bfloat16, "highest"),
    ]:
        with precision(name, cpu):
            assert (a @ a).dtype == dtype
            assert torch.get_float32_matmul_precision() == matmul
    assert torch.get_float32_matmul_precision() == before


def test_bfloat16_trains(monkeypatch: pytest.MonkeyPatch) -> None:
    """The mixture's matrix products in bfloat16 end near those in float32."""
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: True)
    config = TrainConfig("digits", gates=200, epochs=4, batch=64, tau=5.0, **SOFT)  # type: ignore[arg-type]
    full, half = (train(TrainConfig(**{**vars(config), "precision": name})) for name in ("float32", "bfloat16"))
    assert half.digest() != full.digest()
    assert half.training["validation_accuracy"] > full.training["validation_accuracy"] - 0.1


def test_what_does_not_learn_has_no_gradient_to_average() -> None:
    """Two processes train the other layers of a network that begins with edges."""
    edges = draw_edges(Geometry(1, 4, 4, 1, (3, 3)), 4, arity=2)
    dense = TableLayer(TopK(edges.width, 6, 5), 6)
    ProcessGroup(0, 2).average_gradients(torch.nn.Sequential(edges, dense))
    assert [one.requires_grad for one in (*edges.parameters(), *dense.parameters())] == [False, True, True]
