"""The network that ships in examples/mnist is what its README says."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from lgc.frontend import lower, read_model
from lgc.ir import interp

HERE = Path(__file__).parents[2] / "examples" / "mnist"


@pytest.fixture(scope="module")
def record() -> dict[str, object]:
    *_, last = (HERE / "train.log.jsonl").read_text().splitlines()
    return json.loads(last)


@pytest.mark.parametrize("file", ["mnist-8k.pt", "mnist-8k.safetensors"])
def test_files_are_the_model_of_the_log(file: str, record: dict[str, object]) -> None:
    model = read_model(HERE / file)
    assert model.digest() == record["digest"]
    assert model.name == "mnist-8k"
    assert (model.num_nodes, model.feature_shape, model.head.classes) == (8000, (1, 28, 28), tuple("0123456789"))
    assert (model.encoder.thresholds == 0.25).all()
    assert (HERE / file).stat().st_size < 64_000


def test_accuracy_of_the_circuit(record: dict[str, object]) -> None:
    model = read_model(HERE / "mnist-8k.safetensors")
    with np.load(HERE / "mnist-test.npz") as data:
        bits = np.unpackbits(data["X"], axis=1, count=int(data["n_bits"]), bitorder="little").astype(bool)
        labels = data["y"]
    accuracy = float((interp.classify(lower(model), bits) == labels).mean())
    assert len(labels) == 10_000
    assert accuracy >= 0.975
    assert round(accuracy, 5) == record["test_accuracy"]
    assert accuracy == model.training["test_accuracy"]
    assert f"{accuracy:.2%}" in (HERE / "README.md").read_text()
