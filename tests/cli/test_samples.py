"""Which samples `lgc eval` and `lgc verify` take, and that the accuracy of training is what they print."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from cli import call, save

import lgc
from lgc.errors import LgcError
from lgc.frontend import write_model

pytest.importorskip("torch")
pytestmark = pytest.mark.filterwarnings("ignore:.* values? lies? outside of the range that training saw")

RNG = np.random.default_rng(0)
Y = RNG.integers(0, 3, 300)
X = RNG.normal(size=(300, 5)) + Y[:, None] * np.array([1.0, 0.3, -1, 0.1, 0])
QUICK: dict[str, Any] = {"gates": 60, "epochs": 2}
Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def same(found: Any, trained: Any, name: str = "test") -> None:
    record = trained.record
    assert found.split == name
    assert found.accuracy == pytest.approx(record[f"{name}_accuracy"]), found
    assert found.samples == record[f"{name}_samples"]


def test_samples_held_out_by_a_seed_are_found_again() -> None:
    np.savez("data.npz", X=X, y=Y)
    trained = lgc.train("data.npz", output="m.safetensors", split_seed=3, seed=5, **QUICK)
    found = lgc.eval("m.safetensors", data="data.npz")
    same(found, trained)
    assert found.counted == "the 60 test samples that training held out by seed 3"
    same(lgc.eval("m.safetensors", data="data.npz", split="validation"), trained, "validation")
    whole = lgc.eval("m.safetensors", data="data.npz", split="all")
    assert whole.samples == 300 and "240 of 300 of these were trained on or chose the epoch" in whole.counted
    train = lgc.eval("m.safetensors", data="data.npz", split="train")
    assert train.samples == trained.record["train_samples"] and "were trained on" in train.counted
    other = lgc.eval("m.safetensors", data=shuffled())
    assert other.split == "all" and other.samples == 300
    assert other.counted == "all 300 samples; they are not the data of its training, of which they may be a part"


def shuffled() -> str:
    order = np.random.default_rng(1).permutation(300)
    np.savez("shuffled.npz", X=X[order], y=Y[order])
    return "shuffled.npz"


def test_samples_that_a_file_sets_apart_are_counted() -> None:
    np.savez("data.npz", X=X[:200], y=Y[:200], X_test=X[200:], y_test=Y[200:])
    np.savez("test.npz", X=X[200:], y=Y[200:])
    trained = lgc.train("data.npz", output="m.safetensors", **QUICK)
    found = lgc.eval("m.safetensors", data="data.npz")
    same(found, trained)
    assert found.counted == "the 100 test samples that training was given"
    alone = lgc.eval("m.safetensors", data="test.npz")
    same(alone, trained)
    assert alone.counted == "all 100 samples, which are those that training was tested on"
    assert lgc.eval("m.safetensors", data="data.npz", split="all").samples == 300


def test_a_given_test_file_and_the_file_of_training() -> None:
    np.savez("data.npz", X=X[:200], y=Y[:200])
    np.savez("test.npz", X=X[200:], y=Y[200:])
    trained = lgc.train("data.npz", output="m.safetensors", test=Path("test.npz"), **QUICK)
    same(lgc.eval("m.safetensors", data="test.npz"), trained)
    found = lgc.eval("m.safetensors", data="data.npz")
    assert found.split == "all" and "200 of 200 of these were trained on or chose the epoch" in found.counted
    same(lgc.eval("m.safetensors", data="data.npz", split="validation"), trained, "validation")


def test_digits_of_another_seed_are_found_again() -> None:
    pytest.importorskip("sklearn")
    trained = lgc.train("digits", output="m.safetensors", split_seed=3, **QUICK)
    same(lgc.eval("m.safetensors", data="digits"), trained)
    same(lgc.eval("m.safetensors", data="digits", split="validation"), trained, "validation")


def write_table(path: str, count: int = 200, *, header: bool = True) -> None:
    rng = np.random.default_rng(2)
    lines = ["size,colour,id,kind"] if header else []
    for index in range(count):
        size, colour = rng.normal(10, 3), rng.choice(["red", "green", "blue"])
        lines.append(f"{size:.3f},{colour},{index},{'big' if size + 2 * (colour == 'red') > 10 else 'small'}")
    Path(path).write_text("\n".join(lines) + "\n")


def test_a_table_is_read_as_it_was_for_training(capfd: Capture) -> None:
    """The columns of the labels and those left out are known; so are words."""
    write_table("table.csv")
    trained = lgc.train("table.csv", output="m.safetensors", label="kind", drop=("id",), **QUICK)
    result = call(capfd, "eval", "m.safetensors", "--data", "table.csv", "--json")
    assert result.code == 0, result.err
    found = json.loads(result.out)
    assert (found["split"], found["samples"], found["classes"]) == ("test", 40, ["big", "small"])
    assert found["accuracy"] == pytest.approx(trained.record["test_accuracy"])
    assert "held out by seed 0" in found["counted"] and isinstance(found["warnings"], list)
    shown = call(capfd, "eval", "m.safetensors", "--data", "table.csv").out
    assert "counted: the 40 test samples that training held out by seed 0" in shown and "small" in shown
    lgc.compile("m.safetensors", "m.lgn")
    verdict = lgc.verify("m.safetensors", "m.lgn", data="table.csv", random=0, directed=False)
    assert verdict.accuracy == (trained.record["test_accuracy"],) * 2


def test_groups_stay_together_in_every_part() -> None:
    lines = [f"{x:.4f},{x * 2 + 1:.4f},{index // 4},{'ab'[int(x > 0)]}" for index, x in enumerate(RNG.normal(size=240))]
    Path("table.csv").write_text("\n".join(["x,z,patient,label", *lines]) + "\n")
    trained = lgc.train("table.csv", output="m.safetensors", group="patient", **QUICK)
    same(lgc.eval("m.safetensors", data="table.csv"), trained)
    same(lgc.eval("m.safetensors", data="table.csv", split="validation"), trained, "validation")


def test_labels_of_all_kinds_are_those_of_training() -> None:
    for name, labels in {
        "words": np.array(["a", "b", "c"])[Y],
        "floats": Y + 0.5,
        "from 1": Y + 1,
        "bool": Y > 0,
    }.items():
        np.savez("data.npz", X=X, y=labels)
        trained = lgc.train("data.npz", output="m.safetensors", **QUICK)
        same(lgc.eval("m.safetensors", data="data.npz"), trained)
        predicted = lgc.load("m.safetensors").predict_labels(X)
        assert set(predicted.tolist()) <= set(labels.tolist()), name
        assert (predicted == labels).mean() == lgc.eval("m.safetensors", data="data.npz", split="all").accuracy
    np.savez("other.npz", X=X, y=np.array(["x", "b"])[Y % 2])
    np.savez("data.npz", X=X, y=np.array(["a", "b", "c"])[Y])
    lgc.train("data.npz", output="m.safetensors", **QUICK)
    with pytest.raises(LgcError, match=r"label of sample .* is x, which was not seen in training"):
        lgc.eval("m.safetensors", data="other.npz")


def test_a_network_that_does_not_say_is_told_about() -> None:
    model = save(Path("m.safetensors"), seed=1)
    bits = RNG.integers(0, 2, (50, 16)).astype(bool)
    np.savez("data.npz", X=bits, y=np.arange(50) % 3)
    found = lgc.eval(model, data="data.npz")
    assert (found.split, found.samples) == ("all", 50)
    assert found.counted == "all 50 samples; the network does not say which samples it was trained on"
    for part in ("test", "train", "validation"):
        with pytest.raises(LgcError, match=r"cannot be told: the network does not say .*--split all"):
            lgc.eval(model, data="data.npz", split=part)
    np.savez("apart.npz", X=bits, y=np.arange(50) % 3, X_test=bits[:9], y_test=np.arange(9) % 3)
    apart = lgc.eval(model, data="apart.npz")
    assert (apart.split, apart.samples) == ("test", 9) and "the data set apart" in apart.counted


def test_a_part_of_other_data_is_refused() -> None:
    np.savez("data.npz", X=X, y=Y)
    lgc.train("data.npz", output="m.safetensors", **QUICK)
    with pytest.raises(LgcError, match="which samples are for the test cannot be told: they are not the data"):
        lgc.eval("m.safetensors", data=shuffled(), split="test")


def test_one_variable_names_the_folder_of_data_sets(monkeypatch: pytest.MonkeyPatch) -> None:
    """For every verb: the error is about a file that is missing there."""
    Path("sets").mkdir()
    monkeypatch.setenv("LGC_DATA", "sets")
    model = save(Path("m.safetensors"))
    lgc.compile(model, "m.lgn")
    for verb in (
        lambda: lgc.train("mnist", output="t.safetensors"),
        lambda: lgc.eval(model, data="mnist"),
        lambda: lgc.verify(model, "m.lgn", data="mnist"),
    ):
        with pytest.raises(LgcError, match="sets: there is no train-images-idx3-ubyte here"):
            verb()


# --- what a model is told


def test_a_model_is_told_what_its_input_is(capfd: Capture) -> None:
    grid = np.full((64, 1), 0.3)
    model = save(Path("m.safetensors"))
    from cli import small_model

    from lgc.ir import Encoder

    wide = small_model(encoder=Encoder(64, grid))
    write_model(wide, Path("wide.safetensors"))
    done = call(capfd, "convert", "wide.safetensors", "-o", "known.safetensors", "--inputs", "digits")
    assert done.code == 0 and "64 pixels, whole numbers from 0 to 16" in done.out
    known = lgc.read("known.safetensors").model
    assert known is not None and known.digest() == wide.digest() and known.inputs is not None
    rows = RNG.integers(0, 17, (20, 64))
    np.testing.assert_array_equal(
        lgc.load("known.safetensors").predict(rows), lgc.load("wide.safetensors").predict(rows / 16)
    )
    shown = json.loads(call(capfd, "inspect", "known.safetensors", "--json").out)
    assert shown["inputs"][0]["kind"] == "pixel" and shown["labels"] is None and shown["split"] is None
    assert "64 pixels" in call(capfd, "inspect", "known.safetensors").out
    wrong = call(capfd, "convert", model, "-o", "x.safetensors", "--inputs", "mnist")
    assert "784 columns that make 784 features, but the model reads 16" in wrong.paragraph()
    assert not Path("x.safetensors").exists()
    nothing = call(capfd, "convert", model, "-o", "x.safetensors", "--inputs", "mist")
    assert "describes no input" in nothing.paragraph()


def test_a_description_comes_from_a_file() -> None:
    from cli import small_model

    from lgc.ir import Encoder

    write_model(small_model(encoder=Encoder(4, np.sort(RNG.normal(10, 3, (4, 4)), axis=1))), Path("m.safetensors"))
    lines = [",".join(map(str, row)) for row in np.round(RNG.normal(10, 3, (30, 4)), 3)]
    Path("table.csv").write_text("\n".join(["a,b,c,d", *lines]) + "\n")
    found = lgc.convert("m.safetensors", "known.safetensors", inputs="table.csv")
    inputs = lgc.read(found.path).model.inputs
    assert inputs.names == ("a", "b", "c", "d") and not inputs.changes
    Path("said.json").write_text(json.dumps({"inputs": inputs.to_json(), "labels": ["x", "y", "z"]}))
    lgc.convert("m.safetensors", "again.safetensors", inputs="said.json")
    again = lgc.load("again.safetensors")
    assert again.inputs == inputs and again.labels == ("x", "y", "z")
    lgc.convert("m.safetensors", "net.lgn", inputs="said.json")
    assert lgc.load("net.lgn").inputs == inputs
    for text in ("{", "[]", '{"inputs": 3}', '{"inputs": [], "labels": 3}', '{"labels": ["a"]}'):
        Path("bad.json").write_text(text)
        with pytest.raises(LgcError, match=r"bad\.json"):
            lgc.convert("m.safetensors", "x.safetensors", inputs="bad.json")
    Path("few.json").write_text(json.dumps({"inputs": inputs.to_json(), "labels": ["x"]}))
    with pytest.raises(LgcError, match="1 labels, but the model has 3 classes"):
        lgc.convert("m.safetensors", "x.safetensors", inputs="few.json")
