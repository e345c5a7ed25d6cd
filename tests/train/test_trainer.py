"""The loop: it learns, repeats itself bit for bit, and survives an interruption."""

from __future__ import annotations

import io
import json
import pickle
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from rich.console import Console
from torch import Tensor

from lgc.cli import cli
from lgc.errors import CheckpointError, InputError, LgcWarning, OptionError, OutputError
from lgc.frontend import lower, read_model
from lgc.ir import interp
from lgc.train import TrainConfig, load_dataset
from lgc.train.parallel import ProcessGroup
from lgc.train.stop import StopRequest
from lgc.train.trainer import Run, train

SMALL = TrainConfig("digits", gates=300, epochs=8, batch=64, tau=5.0, thresholds=(0.25,))


def test_learns_and_repeats(tmp_path: Path) -> None:
    config = replace(SMALL, output=tmp_path / "a.safetensors", log=tmp_path / "log.jsonl", name="d")
    model = train(config)
    record = model.training
    assert record["test_accuracy"] > 0.8
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
    scores = [line["validation_accuracy"] for line in lines[1:-1]]
    assert scores[int(record["best_epoch"]) - 1] == max(scores)


def test_of_equal_epochs_the_first_is_kept() -> None:
    assert train(replace(SMALL, epochs=3, lr=1e-9)).training["best_epoch"] == 1


class Stops:
    """Ctrl-C before the given update, counted over the run."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *updates: int) -> None:
        self.plain, self.calls, self.updates = Run._step, 0, updates
        monkeypatch.setattr(Run, "_step", lambda *arguments: self.step(*arguments))

    def step(self, run: Run, x: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        self.calls += 1
        if self.calls in self.updates:
            signal.raise_signal(signal.SIGINT)
        return self.plain(run, x, labels)


def epochs_of(log: Path) -> list[dict[str, object]]:
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    return [{**line, "seconds": 0} for line in lines if line["event"] == "epoch"]


@pytest.mark.parametrize("changes", [{}, {"layers": 2, "wiring": ("topk:8",), "augment": "affine-elastic", "redraw": 2},
                                     {"layers": 3, "wiring": ("topk:8",), "redraw": 2, "parametrisation": "tables",
                                      "arity": 4},
                                     {"estimator": "soft", "wire_estimator": "soft"}])  # fmt: skip
def test_resumes_to_the_same_numbers(
    changes: dict[str, object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped within an epoch, again at its very end, and resumed twice: as if nothing had happened."""
    config = replace(SMALL, epochs=3, batch=128, **changes)  # type: ignore[arg-type]
    whole = train(replace(config, log=tmp_path / "whole.jsonl"))
    steps = 11
    config = replace(config, output=tmp_path / "m.pt", log=tmp_path / "m.jsonl")
    Stops(monkeypatch, steps + 4, 2 * steps)
    stopped = train(config)
    assert stopped.training["interrupted"] is True
    assert stopped.training["best_epoch"] == 1
    assert "test_accuracy" not in stopped.training
    assert read_model(tmp_path / "m.pt").digest() == stopped.digest()
    assert train(config, go_on=True).training["interrupted"] is True
    resumed = train(config, go_on=True)
    assert (resumed.digest(), resumed.training) == (whole.digest(), whole.training)
    assert epochs_of(tmp_path / "m.jsonl") == epochs_of(tmp_path / "whole.jsonl")
    assert sorted(file.name for file in tmp_path.glob("m*")) == ["m.csv", "m.jsonl", "m.png", "m.pt"]


def test_second_request_interrupts(monkeypatch: pytest.MonkeyPatch) -> None:
    before = signal.getsignal(signal.SIGINT)
    with StopRequest() as stop:
        assert not stop.asked
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGINT)  # at once: torchrun's copy
        assert stop.asked
        monkeypatch.setattr("lgc.train.stop._SAME", -1.0)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


def test_command_stops_and_resumes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "m.pt"
    arguments = ["digits", "-o", str(path), "--gates", "100", "--epochs", "2", "--batch", "256", "--threshold", "0.25"]
    Stops(monkeypatch, 8)  # of 6 an epoch
    stopped = CliRunner().invoke(cli, ["train", *arguments], catch_exceptions=False)
    assert stopped.exit_code == 130
    assert "epoch 1 of 2 is the best so far" in stopped.stdout
    assert "--resume" in stopped.stdout
    resumed = CliRunner().invoke(cli, ["train", *arguments, "--resume"], catch_exceptions=False)
    assert resumed.exit_code == 0
    assert "100 gates, epoch" in resumed.stdout


def test_soft_accuracy_and_gap(tmp_path: Path) -> None:
    """The gap of a network that trains as a mixture; the estimators are left as they were."""
    config = replace(SMALL, epochs=2, log=tmp_path / "log.jsonl", wire_estimator="soft")
    train(config)
    for line in epochs_of(tmp_path / "log.jsonl"):
        assert 0 < line["soft_accuracy"] < 1  # type: ignore[operator]
        # 144 validation samples, all of which the soft accuracy is of
        assert line["gap"] == pytest.approx(line["soft_accuracy"] - line["validation_accuracy"], abs=2e-5)  # type: ignore[operator]
    header, *rows = (tmp_path / "log.csv").read_text().splitlines()
    assert header.split(",")[:3] == ["epoch", "loss", "train_accuracy"]
    assert len(rows) == 2
    assert (tmp_path / "log.png").read_bytes().startswith(b"\x89PNG")
    train(replace(SMALL, epochs=1, log=tmp_path / "hard.jsonl"))
    assert not {"soft_accuracy", "gap"} & set(epochs_of(tmp_path / "hard.jsonl")[0])
    without = replace(config, soft_samples=0, log=None)
    assert train(without).digest() == train(replace(config, log=None)).digest()


def test_a_picture_that_cannot_be_drawn_ends_no_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Binary parts of two packages in one process may not get along: then `import matplotlib` is a SystemError."""

    class Broken:
        def __getattr__(self, name: str) -> object:
            raise SystemError("returned NULL without setting an exception")

    monkeypatch.setitem(sys.modules, "matplotlib.figure", Broken())  # type: ignore[arg-type]
    with pytest.warns(LgcWarning, match=r"SystemError.*`lgc runs .*log.jsonl -o curves.svg` draws one"):
        model = train(replace(SMALL, epochs=1, log=tmp_path / "log.jsonl", output=tmp_path / "m.pt"))
    assert read_model(tmp_path / "m.pt").digest() == model.digest()
    assert (tmp_path / "log.csv").exists() and not (tmp_path / "log.png").exists()
    arguments = ["runs", str(tmp_path / "log.jsonl"), "-o", str(tmp_path / "curves.svg")]
    assert CliRunner().invoke(cli, arguments).exit_code == 0 and (tmp_path / "curves.svg").exists()


def test_stopped_in_the_first_epoch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Stops(monkeypatch, 3)
    config = replace(SMALL, epochs=1, output=tmp_path / "m.safetensors")
    with pytest.raises(KeyboardInterrupt):
        train(config)
    assert [file.name for file in tmp_path.iterdir()] == ["m.resume.pt"]
    assert train(config, go_on=True).digest() == train(replace(config, output=None)).digest()


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TrainConfig:
    """A run that was stopped in its first epoch."""
    config = replace(SMALL, epochs=1, output=tmp_path / "m.pt")
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        Stops(patch, 3)
        train(config)
    return config


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"gates": 200}, "has gates 300, not 200"),
        ({"seed": 1}, "has seed 0, not 1"),
        ({"thresholds": (0.3,)}, "has thresholds"),
        ({"wiring": ("topk:4",)}, "has wiring"),
        ({"output": None}, "only a run with an output"),
    ],
)
def test_refuses_to_resume_another_run(state: TrainConfig, change: dict[str, object], match: str) -> None:
    with pytest.raises(OptionError, match=match):
        train(replace(state, **change), go_on=True)  # type: ignore[arg-type]


def test_augments_until_it_is_told_not_to() -> None:
    moved = replace(SMALL, epochs=2, augment="affine-elastic")
    digests = {part: train(replace(moved, augment_until=part)).digest() for part in (0.0, 0.5, 1.0)}
    assert digests[0.0] == train(replace(SMALL, epochs=2)).digest()
    assert len(set(digests.values())) == 3


def test_refuses_a_damaged_state(state: TrainConfig, tmp_path: Path) -> None:
    path = tmp_path / "m.resume.pt"
    good = path.read_bytes()
    for bad in (b"", good[: len(good) // 2], b"junk" * 100, pickle.dumps({"a": 1})):
        path.write_bytes(bad)
        with pytest.raises(CheckpointError, match="no readable state"):
            train(state, go_on=True)
    content = torch.load(io.BytesIO(good), weights_only=True)
    content["network"]["layers.0.logits"] = torch.zeros(7, 16)
    torch.save(content, path)
    with pytest.raises(CheckpointError, match="of another network"):
        train(state, go_on=True)
    path.unlink()
    with pytest.raises(InputError, match="no run to resume"):
        train(state, go_on=True)


@contextmanager
def limited_files(size: int) -> Iterator[None]:
    """No file can grow beyond so many bytes: the end of the disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("limit", [1_000, 50_000])
def test_full_disk_leaves_the_last_good_files(limit: int, state: TrainConfig, tmp_path: Path) -> None:
    """It ends while the checkpoint is written, or while the state is."""
    path = tmp_path / "m.resume.pt"
    good = path.read_bytes()
    with limited_files(limit), pytest.raises(OutputError, match="cannot"):
        train(replace(state, epochs=3, save_every=0.0))
    assert path.read_bytes() == good
    expected = {1_000: ["m.resume.pt"], 50_000: ["m.pt", "m.resume.pt"]}[limit]
    assert sorted(file.name for file in tmp_path.iterdir()) == expected
    if limit > 1_000:
        assert read_model(tmp_path / "m.pt").training["best_epoch"] == 1


def test_killed_while_saving(tmp_path: Path) -> None:
    """Whatever moment SIGKILL hits, what is on the disk can be read."""
    config = replace(SMALL, epochs=10_000, output=tmp_path / "m.pt", save_every=0.0)
    arguments = ["digits", "-o", str(config.output), "--gates", "300", "--epochs", "10000", "--batch", "64"]
    process = subprocess.Popen(
        [sys.executable, "-m", "lgc", "train", *arguments, "--tau", "5", "--threshold", "0.25", "--save-every", "0"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        deadline = time.monotonic() + 60
        while not (tmp_path / "m.resume.pt").exists():
            assert time.monotonic() < deadline
            assert process.poll() is None
            time.sleep(0.01)
        time.sleep(0.1)
    finally:
        process.kill()
        process.wait()
    run = Run(config, load_dataset("digits"), torch.device("cpu"), ProcessGroup(), Console(quiet=True))
    run._restore()
    run.epochs.close()
    assert run.progress.epoch > 1
    assert read_model(tmp_path / "m.pt").training["best_epoch"] >= 1


def test_layers_thresholds_and_shift() -> None:
    config = replace(SMALL, layers=2, thresholds=(0.6, 0.2), augment="shift", epochs=1)
    model = train(config)
    assert [layer.sources for layer in model.layers] == [(0,), (1,)]
    assert model.encoder.thresholds is not None
    assert model.encoder.thresholds[5].tolist() == [0.2, 0.6]


def test_boolean_features_need_no_thresholds(tmp_path: Path) -> None:
    bits = np.random.default_rng(0).random((300, 6)) < 0.5
    np.savez(tmp_path / "xor.npz", X=bits, y=bits[:, 0] ^ bits[:, 1])
    model = train(replace(SMALL, dataset=str(tmp_path / "xor.npz"), gates=100, epochs=20))
    assert model.encoder.thresholds is None
    assert model.training["test_accuracy"] == 1.0


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"gates": -1}, "gates is -1"),
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
    result = CliRunner().invoke(cli, ["train", "digits", "-o", str(path), *options], catch_exceptions=False)
    assert result.exit_code == 0
    assert "100 gates, epoch 1 of 1" in result.stdout
    assert read_model(path).encoder.num_bits == 128
