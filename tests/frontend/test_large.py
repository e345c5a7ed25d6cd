"""The bar for convolutional networks, and the page that lists what is read."""

from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from lgc.cli import cli
from lgc.frontend.registry import IMPORTERS

PAGE = Path(__file__).parents[2] / "docs/formats.md"


def test_the_page_lists_every_family() -> None:
    rows = [line.split("|")[1] for line in PAGE.read_text().splitlines() if line.startswith("| ")]
    for importer in IMPORTERS:
        name = importer.title.split()[0]
        assert any(name in row or f".{importer.family}" in row for row in rows), importer.family


def cifar_state(kernels: int) -> dict[str, torch.Tensor]:
    """A state dict shaped like torchlogix's ClgnCifar10 with this many kernels in its first layer."""
    random = np.random.default_rng(0)
    state = {"0.thresholds": torch.tensor([[0.25, 0.5, 0.75]] * 3)}
    shapes = [
        (9, kernels, 32),
        (kernels, 4 * kernels, 16),
        (4 * kernels, 16 * kernels, 8),
        (16 * kernels, 32 * kernels, 4),
    ]
    for index, (channels, count, side) in enumerate(shapes):
        prefix = f"{2 * index + 1}."
        axes = [random.integers(0, limit, (2, count, 4)) for limit in (3, 3, channels)]
        starts = np.array([(h, w, 0) for h in range(side) for w in range(side)])
        places = np.stack(axes, axis=-1)[:, :, None] + starts[None, None, :, None]
        state[f"{prefix}connections._indices_L0"] = torch.from_numpy(places)
        for level, nodes in enumerate((4, 2, 1)):
            state[f"{prefix}tree_weights.{level}"] = torch.randn(nodes, count, 16)
            if level:
                state[f"{prefix}connections._indices_L{level}"] = (
                    torch.arange(2 * nodes).reshape(nodes, 2).T.contiguous()
                )
    reads = 128 * kernels
    for index, width in enumerate([1280 * kernels, 640 * kernels, 320 * kernels]):
        state[f"{10 + index}.weight"] = torch.randn(width, 16)
        state[f"{10 + index}.connections.indices"] = torch.randint(0, reads, (2, width))
        reads = width
    return state


@pytest.mark.slow
def test_a_convolutional_network_of_300000_gates_compiles_within_a_minute(tmp_path: Path) -> None:
    torch.manual_seed(0)
    torch.save(cifar_state(12), tmp_path / "net.pth")
    (tmp_path / "net.json").write_text(json.dumps({"architecture": "ClgnCifar10Tiny", "parametrization": "raw"}))
    start = time.monotonic()
    arguments = ["compile", tmp_path / "net.pth", "--config", tmp_path / "net.json", "-o", tmp_path / "cifar.v"]
    result = CliRunner().invoke(cli, [str(argument) for argument in arguments], catch_exceptions=False)
    assert time.monotonic() - start < 60
    assert result.exit_code == 0
    gates = int(result.output.rsplit("gates (", 1)[0].split("->")[-2].split()[-1].replace(",", ""))
    assert gates >= 300_000
