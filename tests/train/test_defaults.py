"""What the data decide where nobody does, and what is said of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from lgc.errors import OptionError
from lgc.frontend import lower
from lgc.ir import Encoder, interp
from lgc.progress import Silence
from lgc.train import TrainConfig, load_dataset
from lgc.train.data import Dataset
from lgc.train.defaults import settled
from lgc.train.loss import class_weights, loss_gradient, mean_loss
from lgc.train.samples import BitEncoder, useful_inputs
from lgc.train.thresholds import make_encoder
from lgc.train.trainer import train


class Notes(Silence):
    """Keeps what is told."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def note(self, text: str) -> None:
        self.lines.append(text)


def table(path: Path, samples: int = 120, classes: int = 3, features: int = 5) -> str:
    """A file of samples whose class shows in every feature."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, classes, samples)
    x = rng.normal(size=(samples, features)) + y[:, None]
    rows = "\n".join(
        ",".join([*(f"{value:.5f}" for value in row), f"kind {one}"]) for row, one in zip(x, y, strict=True)
    )
    names = ",".join(f"length {index}" for index in range(features))
    path.write_text(f"{names},label\n{rows}\n")
    return str(path)


def choice(data: Dataset, held_out: int = 500, **given: object) -> TrainConfig:
    return settled(TrainConfig("x", **given), data, data.train_y, held_out).config  # type: ignore[arg-type]


def test_nothing_is_left_open(tmp_path: Path) -> None:
    data = load_dataset(table(tmp_path / "t.csv"))
    found = choice(data)
    assert found.thresholds == "distributive:15" and found.wiring == ("dense", "fixed")
    assert found.gates % 3 == 0 and found.gates >= 60 * 3
    assert len(data.train) / found.batch >= 10 and found.epochs >= 30
    assert found.tau == "auto"


def test_what_is_given_stays(tmp_path: Path) -> None:
    data = load_dataset(table(tmp_path / "t.csv"))
    found = choice(data, gates=33, batch=7, epochs=2, tau=3.0, thresholds="uniform:3", wiring=("fixed",))
    assert (found.gates, found.batch, found.epochs, found.tau) == (33, 7, 2, 3.0)
    assert (found.thresholds, found.wiring) == ("uniform:3", ("fixed",))


@pytest.mark.parametrize(("gates", "near"), [(31, 30), (32, 33), (1, 3)])
def test_only_gates_that_were_given_are_refused(gates: int, near: int, tmp_path: Path) -> None:
    data = load_dataset(table(tmp_path / "t.csv"))
    with pytest.raises(OptionError, match=f"{gates} gates do not divide into 3 classes.* {near}"):
        choice(data, gates=gates)


def test_more_classes_more_gates_each(tmp_path: Path) -> None:
    """And many of them stand in two layers, but where somebody says how many there are."""
    each = []
    for classes in (2, 6, 9):
        data = load_dataset(table(tmp_path / f"{classes}.csv", 400, classes))
        found = choice(data)
        each.append(found.layers * found.gates // classes)
    assert each == sorted(set(each)) and found.layers == 2
    assert choice(data, gates=9000).layers == 1 and choice(data, layers=3).layers == 3


def test_many_bits_are_chosen_among_few(tmp_path: Path) -> None:
    data = load_dataset(table(tmp_path / "t.csv", features=40))
    found = choice(data)
    assert found.wiring[0].startswith("topk:") and found.redraw > 0


def test_the_reasons_and_the_warnings_are_told(tmp_path: Path) -> None:
    """Each with its number: a constant column, few samples to validate on, and uneven classes."""
    path = tmp_path / "t.csv"
    rows = [f"{index % 17},7,{'rare' if index % 60 == 0 else 'often'}" for index in range(240)]
    path.write_text("\n".join(["size,same,label", *rows]) + "\n")
    notes = Notes()
    train(TrainConfig(str(path), epochs=1), progress=notes)
    told = "\n".join(notes.lines)
    assert "--threshold distributive:15: 15 bits for each of 2 features" in told
    assert "80 for each of 2 classes" in told and "steps an epoch" in told
    assert "1 of 2 features are the same in all training samples: 'same'" in told
    assert "validation samples choose the epoch" in told and "--folds 5" in told
    assert "The classes are uneven" in told and "--class-weight balanced" in told


def test_images_keep_what_they_were_tuned_with() -> None:
    pixels = np.zeros((20, 4), np.uint8)
    images = Dataset("m", pixels, np.zeros(20, np.int64), pixels, np.zeros(20, np.int64), ("a", "b"), (2, 2), 255)
    found = choice(images)
    assert (found.gates, found.batch, found.thresholds) == (8000, 256, (0.25,))


def test_balanced_weights_count_each_class_alike() -> None:
    labels = torch.tensor([0] * 6 + [1] * 3 + [3])
    weights = class_weights("balanced", labels, 4)
    assert weights is not None and class_weights("none", labels, 4) is None
    totals = torch.bincount(labels, weights[labels], minlength=4)
    torch.testing.assert_close(totals[[0, 1, 3]], torch.full((3,), 10 / 3))


def test_the_gradient_is_that_of_the_loss() -> None:
    logits = torch.randn(12, 4, dtype=torch.float64, requires_grad=True)
    labels = torch.randint(0, 4, (12,))
    for weights in (None, torch.tensor([0.5, 2.0, 1.0, 3.0], dtype=torch.float64)):
        logits.grad = None
        mean_loss(logits, labels, weights).backward()
        torch.testing.assert_close(logits.grad * 12, loss_gradient(logits.detach(), labels, weights))


@pytest.mark.parametrize("parametrisation", ["gates", "tables"])
def test_the_kernel_weighs_as_torch_does(parametrisation: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = table(tmp_path / "t.csv", 90)
    config = TrainConfig(
        path, gates=30, epochs=2, class_weight="balanced", parametrisation=parametrisation, lr=0.01, tau=2.0
    )
    losses: dict[str, list[float]] = {"kernel": [], "torch": []}
    train(config, on_entry=lambda entry: losses["kernel"].append(entry.get("loss", 0.0)))
    monkeypatch.setattr("lgc.train.step.fused_step", lambda *_: None)
    train(config, on_entry=lambda entry: losses["torch"].append(entry.get("loss", 0.0)))
    np.testing.assert_allclose(losses["kernel"], losses["torch"], atol=2e-4)


def test_balance_helps_the_rare(tmp_path: Path) -> None:
    """Overlapping classes, one of them rare: weights bring more of its samples to their class."""
    rng = np.random.default_rng(1)
    y = (rng.random(1200) < 0.08).astype(int)
    x = rng.normal(size=(1200, 3)) + 0.8 * y[:, None]
    np.savez(tmp_path / "t.npz", X=x, y=y)
    recalls = []
    for rule in ("none", "balanced"):
        model = train(TrainConfig(str(tmp_path / "t.npz"), class_weight=rule, epochs=8))
        data = load_dataset(str(tmp_path / "t.npz"))
        predicted = interp.classify(lower(model), model.encoder.encode(data.test_x))
        recalls.append(float((predicted == 1)[data.test_y == 1].mean()))
    assert recalls[1] > recalls[0] + 0.2


def test_folds_test_every_sample_once_and_are_recorded(tmp_path: Path) -> None:
    notes = Notes()
    model = train(TrainConfig(table(tmp_path / "t.csv"), epochs=3, folds=4), progress=notes)
    found = model.training["folds"]
    assert len(found) == 4 and model.training["folds_mean"] == pytest.approx(np.mean(found))
    told = [line for line in notes.lines if line.startswith("fold ")]
    assert sum(int(line.split(" of ")[2].split()[0]) for line in told) == 120
    assert any(line.startswith("cross-validation: ") for line in notes.lines)
    with pytest.raises(OptionError, match="at least 2"):
        train(TrainConfig(table(tmp_path / "t.csv"), epochs=1, folds=1))


def test_thresholds_of_few_values_lie_between_them() -> None:
    """Most samples are 0: quantiles alone would put all thresholds there."""
    x = np.array([[0.0]] * 95 + [[1.0], [2.0], [3.0], [4.0], [5.0]])
    found = make_encoder("distributive:4", x, 1).thresholds
    assert found is not None and len(np.unique(found)) == 4
    few = make_encoder("distributive:4", np.array([[0.0], [1.0]] * 5), 1).thresholds
    assert few is not None and ((few >= 0) & (few < 1)).all()


def lines(path: Path, shades: int) -> Dataset:
    """A file of images of 8 x 8: a bright row on a ground that is dark, but not alike in all images."""
    rng = np.random.default_rng(0)
    x = np.broadcast_to(rng.integers(0, shades // 4, (90, 1, 1)), (90, 8, 8)).astype(np.uint8)
    x[np.arange(90), rng.integers(0, 8, 90)] = shades - 1
    np.savez(path, X=x, y=rng.integers(0, 3, 90))
    return load_dataset(str(path))


@pytest.mark.parametrize("net", ["", "c8k3,d9"])
def test_a_line_is_told_from_any_ground(net: str, tmp_path: Path) -> None:
    """Seven of eight pixels are ground, so that thresholds that split the values evenly would all lie in it."""
    data = lines(tmp_path / "lines.npz", 240)
    kinds = {"arity": 6, "parametrisation": "tables"} if net else {}
    found = choice(data, net=net, **kinds)
    assert found.thresholds == "mixed:4"
    thresholds = make_encoder(found.thresholds, data.train, data.scale, 64 if net else 1).thresholds
    assert ((thresholds >= 60) & (thresholds < 239)).any(axis=1).all()
    few, part = lines(tmp_path / "few.npz", 16), {**kinds, "for_part": "xc7-a35t"}
    assert choice(few, net=net, **kinds).thresholds == "distributive:4"
    assert choice(few, net=net, **part).thresholds == "rounded:4"
    priced = choice(data, net=net, **part).thresholds
    assert priced == "rounded-mixed:4"
    thresholds = make_encoder(priced, data.train, data.scale, 64 if net else 1).thresholds
    assert ((thresholds >= 60) & (thresholds < 239)).any(axis=1).all()


def test_equal_inputs_are_one() -> None:
    x = torch.tensor([[0.0, 5.0], [1.0, 6.0], [0.0, 5.0], [1.0, 6.0]])
    to_bits = BitEncoder(Encoder(2, thresholds=np.array([[0.5], [5.5]])), 1, torch.device("cpu"))
    assert useful_inputs(to_bits, x, 0.1, distinct=True).tolist() == [0]
    assert useful_inputs(to_bits, x, 0.1, distinct=False).tolist() == [0, 1]


def test_the_bar_of_wine(tmp_path: Path) -> None:
    """The fast one of the bars: no flags, one seed; the slow test has all."""
    datasets = pytest.importorskip("sklearn.datasets")
    wine = datasets.load_wine()
    np.savez(tmp_path / "wine.npz", X=wine.data, y=wine.target)
    model = train(TrainConfig(str(tmp_path / "wine.npz")))
    assert model.training["test_accuracy"] >= 0.94
