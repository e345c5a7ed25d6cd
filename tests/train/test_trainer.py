"""The loop: it learns, repeats itself bit for bit, and survives an interruption."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from torch import Tensor

from lgc.cli.train import train as command
from lgc.errors import InputError, OptionError, OutputError
from lgc.frontend import lower, read_model
from lgc.ir import interp
from lgc.train import TrainConfig, load_dataset
from lgc.train.trainer import _Run, train

SMALL = TrainConfig("digits", gates=300, epochs=8, batch=64, tau=5.0)


def test_learns_and_repeats(tmp_path: Path) -> None:
    config = replace(SMALL, output=tmp_path / "a.safetensors", log=tmp_path / "log.jsonl", name="d")
    model = train(config)
    record = model.training
    assert record["test_accuracy"] > 0.85
    assert record["hyperparameters"]["lr"] == 0.075

    stored = read_model(tmp_path / "a.safetensors")
    assert stored.digest() == model.digest() == train(SMALL).digest()
    assert (stored.name, dict(stored.training), stored.feature_shape) == ("d", dict(record), (1, 8, 8))
    assert train(replace(SMALL, seed=1, epochs=1)).digest() != model.digest()

    data = load_dataset("digits")
    classes = interp.classify(lower(stored), stored.encoder.encode(data.test_x))
    assert (classes == data.test_y).mean() == record["test_accuracy"]

    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [line["event"] for line in lines] == ["start", *["epoch"] * 8, "end"]
    assert max(line.get("validation_accuracy", 0) for line in lines) == round(record["validation_accuracy"], 5)
    assert lines[-1]["digest"] == model.digest()


def test_interrupted_run_keeps_the_best(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "model.pt"
    plain, calls = _Run._step, 0

    def step(self: _Run, x: Tensor, labels: Tensor) -> tuple[float, int]:
        nonlocal calls
        calls += 1
        if calls > 2 * self.steps:
            raise KeyboardInterrupt
        return plain(self, x, labels)

    monkeypatch.setattr(_Run, "_step", step)
    model = train(replace(SMALL, output=path))
    assert model.training["interrupted"] is True
    assert model.training["best_epoch"] in (1, 2)
    assert read_model(path).digest() == model.digest()
    assert [file.name for file in tmp_path.iterdir()] == ["model.pt"]

    calls = 1_000_000
    with pytest.raises(KeyboardInterrupt):
        train(replace(SMALL, output=tmp_path / "none.pt"))
    assert not (tmp_path / "none.pt").exists()


def test_layers_thresholds_and_shift() -> None:
    config = replace(SMALL, layers=2, thresholds=(0.6, 0.2), augment="shift", epochs=1)
    model = train(config)
    assert [layer.sources for layer in model.layers] == [(0,), (1,)]
    assert model.encoder.thresholds is not None
    assert model.encoder.thresholds[5].tolist() == [0.2, 0.6]


def test_boolean_features_need_no_thresholds(tmp_path: Path) -> None:
    bits = np.random.default_rng(0).random((300, 6)) < 0.5
    np.savez(tmp_path / "xor.npz", X=bits, y=bits[:, 0] ^ bits[:, 1])
    with pytest.raises(InputError, match="whole numbers"):
        train(replace(SMALL, dataset=str(tmp_path / "xor.npz")))
    np.savez(tmp_path / "xor.npz", X=bits, y=(bits[:, 0] ^ bits[:, 1]).astype(int))
    model = train(replace(SMALL, dataset=str(tmp_path / "xor.npz"), gates=100, epochs=20))
    assert model.encoder.thresholds is None
    assert model.training["test_accuracy"] == 1.0


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"gates": 0}, "gates is 0"),
        ({"epochs": -1}, "epochs is -1"),
        ({"lr": float("nan")}, "lr is nan"),
        ({"tau": 0.0}, "tau is 0"),
        ({"validation": 1.0}, "validation"),
        ({"rarest": 0.7}, "rarest"),
        ({"seed": -1}, "seed is -1"),
        ({"thresholds": ()}, "thresholds"),
        ({"thresholds": (float("inf"),)}, "thresholds"),
        ({"gates": 301}, "301 gates do not divide into 10 classes.*300"),
        ({"augment": "shift", "shift": 8}, "cannot be moved by 8"),
        ({"augment": "shift", "shift": 1.5}, "whole pixels"),
        ({"augment": "crop"}, "augment is 'crop'.*crop-flip"),
        ({"schedule": "linear"}, "schedule is 'linear'"),
        ({"shift": -1}, "shift is -1"),
        ({"rotate": float("nan")}, "rotate is nan"),
        ({"elastic_sigma": 0}, "elastic_sigma is 0"),
        ({"validation": 1e-9}, "too few"),
    ],
)
def test_refuses(change: dict[str, object], match: str) -> None:
    with pytest.raises((OptionError, InputError), match=match):
        train(replace(SMALL, **change))  # type: ignore[arg-type]


def test_unwritable(tmp_path: Path) -> None:
    for field in ("output", "log"):
        with pytest.raises(OutputError, match="cannot"):
            train(replace(SMALL, epochs=1, **{field: tmp_path / "no" / "x.pt"}))  # type: ignore[arg-type]


def test_unknown_suffix(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="suffix"):
        train(replace(SMALL, output=tmp_path / "x.pth"))


def test_command(tmp_path: Path) -> None:
    path = tmp_path / "m.pt"
    options = ["--gates", "100", "--epochs", "1", "--threshold", "0.2", "--threshold", "0.5"]
    result = CliRunner().invoke(command, ["digits", "-o", str(path), *options], catch_exceptions=False)
    assert result.exit_code == 0
    assert "100 gates, epoch 1 of 1" in result.stdout
    assert read_model(path).encoder.num_bits == 128
