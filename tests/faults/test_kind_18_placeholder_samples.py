"""Kind 18: samples that an exporter writes when it is given none say nothing about the network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from lgc.errors import LgcError
from lgc.frontend import ImportOptions
from lgc.frontend.facts import MissingFactError
from lgc.frontend.registry import read_file


def write(path: Path, given: object, seen: object, wires: tuple[list[int], list[int]] = ([5, 1], [7, 6])) -> Path:
    a, b = (np.array([side]) for side in wires)
    arrays: dict[str, Any] = {"gate_types": np.array([[6, 1]]), "connections.A": a, "connections.B": b}
    np.savez(path, input=given, output=seen, **arrays)
    return path


@pytest.mark.parametrize("value", [0, 1, 0.5])
@pytest.mark.parametrize("shape", [(1, 2), (1, 1), (1, 300), (0, 2)])
def test_a_placeholder_sets_no_width(value: float, shape: tuple[int, int], tmp_path: Path) -> None:
    path = write(tmp_path / "x.npz", np.full(shape, value), np.full(shape, value))
    with pytest.raises(MissingFactError, match="--features"):
        read_file(path, ImportOptions({"classes": 2}))
    assert read_file(path, ImportOptions({"classes": 2, "features": 8})).result.encoder.num_features == 8


def test_a_placeholder_is_no_sample_to_reproduce(tmp_path: Path) -> None:
    path = write(tmp_path / "x.npz", np.ones((1, 2)), np.ones((1, 2)), ([0, 1], [1, 0]))
    assert read_file(path, ImportOptions({"classes": 2, "features": 2})).result.encoder.num_features == 2


def test_real_samples_still_do(tmp_path: Path) -> None:
    given = np.eye(9, dtype=int)
    path = write(tmp_path / "x.npz", given, np.ones((9, 2), int))
    with pytest.raises(LgcError, match="sample 0 gives another output"):
        read_file(path, ImportOptions({"classes": 2}))


def test_a_placeholder_in_a_state_dict(tmp_path: Path) -> None:
    content = {"layers.0.w": torch.randn(16, 4), "connections": [[[0, 1, 2, 3]], [[1, 2, 3, 0]]]}
    content |= {"dataset_input": torch.ones(1, 2), "dataset_output": torch.ones(1, 2)}
    torch.save(content, tmp_path / "x.pt")
    with pytest.raises(MissingFactError, match="--features"):
        read_file(tmp_path / "x.pt", ImportOptions({"classes": 2}))
    assert read_file(tmp_path / "x.pt", ImportOptions({"classes": 2, "features": 4})).result.num_nodes == 4
