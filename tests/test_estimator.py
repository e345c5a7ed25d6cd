"""lgc.LogicGateClassifier does what scikit-learn asks of a classifier, and what lgc promises of a model."""

from __future__ import annotations

import io
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any
from unittest import SkipTest

import numpy as np
import pytest

import lgc
from lgc.errors import LgcWarning, MissingToolError
from lgc.progress import ProgressLine

pytest.importorskip("torch")
pytest.importorskip("sklearn")

from sklearn.base import clone
from sklearn.datasets import load_wine, make_blobs
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import estimator_checks_generator

from lgc.estimator import LogicGateClassifier, UnusableError

SMALL: dict[str, Any] = {"gates": 120, "epochs": 6, "batch": 32, "random_state": 0}


def _blobs(classes: int = 3) -> tuple[Any, Any]:
    return make_blobs(150, 4, centers=classes, random_state=1)


@pytest.fixture(scope="module")
def fitted() -> LogicGateClassifier:
    """Labels are words, and features have names of their own order."""
    X, y = _blobs()
    return LogicGateClassifier(**SMALL).fit(X, np.array(["no", "perhaps", "yes"])[y])


def _check_all(estimator: LogicGateClassifier) -> None:
    """All of scikit-learn's checks, but for those that want what is not installed."""
    done = 0
    for one, check in estimator_checks_generator(estimator, legacy=True):
        try:
            check(one)
        except SkipTest:
            continue
        done += 1
    assert done >= 50


def test_scikit_learns_checks() -> None:
    _check_all(LogicGateClassifier(gates=60, epochs=2, thresholds="distributive:7"))


@pytest.mark.slow
def test_scikit_learns_checks_of_the_defaults() -> None:
    _check_all(LogicGateClassifier())


def test_learns_what_it_is_shown(fitted: LogicGateClassifier) -> None:
    X, y = _blobs()
    assert fitted.score(X, np.array(["no", "perhaps", "yes"])[y]) > 0.97
    assert fitted.classes_.tolist() == ["no", "perhaps", "yes"]
    assert fitted.n_features_in_ == 4 and fitted.n_iter_ == 6
    assert [epoch["epoch"] for epoch in fitted.history_] == [1, 2, 3, 4, 5, 6]
    assert fitted.history_[-1]["loss"] < fitted.history_[0]["loss"]


def test_probabilities_are_the_softmax_of_the_scores(fitted: LogicGateClassifier) -> None:
    X, _ = _blobs()
    p, scores = fitted.predict_proba(X), fitted.decision_function(X)
    assert p.shape == scores.shape == (150, 3)
    np.testing.assert_allclose(p.sum(axis=1), 1)
    np.testing.assert_allclose(np.log(p[:, 1] / p[:, 0]), (scores[:, 1] - scores[:, 0]) / fitted.model_.head.tau)
    assert (fitted.classes_[scores.argmax(axis=1)] == fitted.predict(X)).all()


def test_of_two_classes_the_decision_is_a_difference() -> None:
    X, y = _blobs(2)
    model = LogicGateClassifier(**SMALL).fit(X, y == 1)
    assert model.classes_.tolist() == [False, True]
    assert ((model.decision_function(X) > 0) == model.predict(X)).all()


def test_the_same_seed_gives_the_same_circuit(fitted: LogicGateClassifier) -> None:
    X, _ = _blobs()
    y = fitted.predict(X)
    digests = [LogicGateClassifier(**{**SMALL, "random_state": seed}).fit(X, y).model_.digest() for seed in (3, 3, 4)]
    assert digests[0] == digests[1] != digests[2]


@pytest.mark.parametrize("state", [np.random.RandomState(5), np.int64(7), None])
def test_random_states_of_numpy(state: Any) -> None:
    X, y = _blobs()
    assert LogicGateClassifier(**{**SMALL, "epochs": 1, "random_state": state}).fit(X, y).n_iter_ == 1


def test_pickled_and_cloned(fitted: LogicGateClassifier) -> None:
    X, _ = _blobs()
    back = pickle.loads(pickle.dumps(fitted))
    assert (back.decision_function(X) == fitted.decision_function(X)).all()
    assert clone(fitted).get_params() == fitted.get_params() and not hasattr(clone(fitted), "model_")


def test_saved_and_loaded(fitted: LogicGateClassifier, tmp_path: Path) -> None:
    """What lgc loads takes the same rows and gives the same labels."""
    X, _ = _blobs()
    for name in ("model.pt", "model.safetensors"):
        fitted.save(tmp_path / name)
        back = lgc.load(tmp_path / name)
        assert (back.predict_labels(X) == fitted.predict(X)).all()
        assert (back.scores(X) == fitted.decision_function(X)).all()


def test_many_samples_run_as_machine_code(fitted: LogicGateClassifier, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lgc.estimator._WORTH_BUILDING", 400)
    model, (X, _) = pickle.loads(pickle.dumps(fitted)), _blobs()
    rounds = [model.decision_function(X) for _ in range(4)]
    assert all((one == rounds[0]).all() for one in rounds)
    assert model._scorer._predictor.engine != "numpy" or not lgc.runtime.predictor.has_c_compiler()


def test_words_are_categories(tmp_path: Path) -> None:
    """In an array of objects and in lists; an unknown word counts as none, and is told."""
    rng = np.random.default_rng(0)
    color, size = rng.choice(["red", "green", "blue"], 200), rng.normal(size=200)
    y = np.where((color == "red") | (size > 1), "stop", "go")
    rows = [[word, number] for word, number in zip(color.tolist(), size.tolist(), strict=True)]
    model = LogicGateClassifier(**{**SMALL, "epochs": 15}).fit(rows, y)
    assert model.score(np.array(rows, object), y) > 0.95
    model.save(tmp_path / "m.pt")
    assert (lgc.load(tmp_path / "m.pt").predict_labels(np.array(rows, object)) == model.predict(rows)).all()
    with pytest.warns(LgcWarning, match="1 word was not seen in training"):
        model.predict([["purple", 0.0], ["red", 0.0]])
    with pytest.raises(ValueError, match=r"row 1 .*feature 1"):
        LogicGateClassifier().fit([["a", 1.0], ["b", float("nan")]], [0, 1])


@pytest.mark.parametrize("package", ["pandas", "polars"])
def test_frames(package: str) -> None:
    frames = pytest.importorskip(package)
    rng = np.random.default_rng(0)
    frame = frames.DataFrame({"size": rng.normal(size=200), "color": rng.choice(["red", "blue"], 200)})
    y = np.asarray(frame["color"]) == "red"
    model = LogicGateClassifier(**SMALL).fit(frame, y)
    assert model.feature_names_in_.tolist() == ["size", "color"]
    assert model.model_.inputs is not None and model.model_.inputs.names == ("size", "color")
    assert model.score(frame, y) == 1
    with pytest.raises(ValueError, match="feature names"):
        model.predict(frame[["color", "size"]])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"gates": -1}, "gates is -1"),
        ({"gates": 100}, "100 gates"),
        ({"thresholds": "many"}, "thresholds"),
        ({"validation_fraction": 1.5}, "validation is 1.5"),
        ({"device": "abacus"}, "device is 'abacus'"),
    ],
)
def test_refuses_parameters(changes: dict[str, Any], message: str) -> None:
    X, y = _blobs()
    with pytest.raises(UnusableError, match=message) as caught:
        LogicGateClassifier(**{**SMALL, **changes}).fit(X, y)
    assert isinstance(caught.value, ValueError) and isinstance(caught.value, lgc.LgcError)


def test_refuses_one_class_and_other_units(fitted: LogicGateClassifier) -> None:
    X, y = _blobs()
    with pytest.raises(ValueError, match="one class only"):
        LogicGateClassifier().fit(X, y * 0)
    with pytest.raises(ValueError, match="look unscaled"):
        fitted.predict(X * 1000)


def test_shows_how_far_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    """One line where it can move, a line an epoch with verbose=2, and a call each epoch."""
    X, y = _blobs()
    heard: list[Any] = []
    LogicGateClassifier(**SMALL, verbose=2, on_epoch=heard.append).fit(X, y)
    assert capsys.readouterr().out.count("\nepoch ") == 6
    assert [set(one) >= {"epoch", "loss", "train_accuracy", "validation_accuracy"} for one in heard] == [True] * 6
    LogicGateClassifier(**SMALL, verbose=1).fit(X, y)
    out = capsys.readouterr().out.splitlines()
    assert "100%" in out[-1] and "epoch   6" in out[-1]
    LogicGateClassifier(**SMALL).fit(X, y)
    assert capsys.readouterr().out == ""


def test_a_part_is_trained_for() -> None:
    """Tables of its arity, and what they cost there after every epoch."""
    X, y = _blobs()
    fitted = LogicGateClassifier(**SMALL, for_part="ecp5-25k").fit(X, y)
    settings = fitted.model_.training["hyperparameters"]
    assert (settings["for_part"], settings["arity"], settings["parametrisation"]) == ("ecp5-25k", 4, "tables")
    assert all(one["luts"] > 0 and one["comparators"] <= one["bits"] for one in fitted.history_)
    with pytest.raises(ValueError, match=r"Did you mean ecp5-25k"):
        LogicGateClassifier(**SMALL, for_part="ecp5-25").fit(X, y)


def test_a_line_that_moves() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    stream = Terminal()
    line = ProgressLine(stream=stream)
    line.note("chosen: this")
    for done in range(11):
        line.note(f"epoch {done}")
        line.step("training", done, 10)
    line.close()
    text = stream.getvalue()
    assert text.startswith("\rchosen: this\n\rtraining   0%  epoch 0")
    assert text.endswith("\rtraining 100%  epoch 10\n") and text.count("\n") == 2


def test_within_a_pipeline() -> None:
    X, y = load_wine(return_X_y=True)
    pipeline = make_pipeline(StandardScaler(), LogicGateClassifier(**SMALL))
    assert cross_val_score(pipeline, X, y, cv=3).min() > 0.8


@pytest.mark.slow
def test_within_processes() -> None:
    """A search over parameters, on two processes at once; the best is the one that learns."""
    X, y = load_wine(return_X_y=True)
    search = GridSearchCV(LogicGateClassifier(**SMALL), {"epochs": [1, 8], "gates": [30, 300]}, cv=3, n_jobs=2)
    assert search.fit(X, y).best_params_["epochs"] == 8
    assert search.score(X, y) > 0.9


@pytest.mark.sim
def test_hardware_reads_features(fitted: LogicGateClassifier, tmp_path: Path) -> None:
    compiled = fitted.to_verilog(tmp_path / "net.v", pipeline=2)
    assert compiled.circuit.encoder.code is not None
    fitted.save(tmp_path / "model.pt")
    assert lgc.verify(tmp_path / "model.pt", compiled, random=200).report.mismatches == 0
    assert fitted.to_circuit().digest() == lgc.read(tmp_path / "model.pt").circuit.digest()


def test_says_what_is_missing() -> None:
    """Without scikit-learn; and lgc alone does not import it."""
    code = (
        "import sys, lgc; assert 'sklearn' not in sys.modules; sys.modules['sklearn'] = None\n"
        "try: lgc.LogicGateClassifier\n"
        "except lgc.LgcError as error: print(type(error).__name__, error)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.startswith(MissingToolError.__name__) and "LogicGateClassifier needs scikit-learn" in out
