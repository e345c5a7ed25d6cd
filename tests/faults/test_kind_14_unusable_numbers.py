"""Kind 14: NaN, infinite and unscaled features are refused by one rule, whatever reads them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import lgc
from lgc.errors import LgcError
from lgc.ir import Encoder, FeatureCode

RNG = np.random.default_rng(0)
LABELS = RNG.integers(0, 2, 200)
X = np.clip(RNG.random((200, 4)) * 0.6 + LABELS[:, None] * 0.3, 0, 1)
QUICK: dict[str, Any] = {"gates": 20, "epochs": 1, "batch": 16, "tau": 3.0, "thresholds": (0.3, 0.6)}

Data = np.ndarray
Use = Callable[[Path, Data], object]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("kind14")
    np.savez(folder / "ok.npz", X=X, y=LABELS)
    lgc.train(str(folder / "ok.npz"), output=folder / "m.safetensors", **QUICK)
    lgc.compile(folder / "m.safetensors", folder / "m.lgn")
    lgc.compile(folder / "m.safetensors", folder / "m.c")
    return folder / "m.safetensors"


def saved(model: Path, x: Data) -> str:
    np.savez(model.parent / "given.npz", X=x, y=LABELS[: len(x)])
    return str(model.parent / "given.npz")


def train(model: Path, x: Data) -> object:
    return lgc.train(saved(model, x), **QUICK)


def evaluate(model: Path, x: Data) -> object:
    return lgc.eval(model, data=saved(model, x))


def verify(model: Path, x: Data) -> object:
    return lgc.verify(model, model.with_suffix(".lgn"), data=saved(model, x), random=0, directed=False)


def verify_c(model: Path, x: Data) -> object:
    return lgc.verify(model, model.with_suffix(".c"), data=saved(model, x), random=0, directed=False)


def predict(model: Path, x: Data) -> object:
    return lgc.load(model, engine="numpy").predict(x)


def predict_c(model: Path, x: Data) -> object:
    return lgc.load(model, engine="c").scores(x)


def predict_tensor(model: Path, x: Data) -> object:
    return lgc.load(model).predict(torch.from_numpy(x))


def encode(model: Path, x: Data) -> object:
    return lgc.read(model).circuit.encoder.encode(x)


USES: list[Use] = [train, evaluate, verify, verify_c, predict, predict_c, predict_tensor, encode]
uses = pytest.mark.parametrize("use", USES, ids=lambda use: use.__name__)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", ["f4", "f8"])
@uses
def test_nan_and_infinity_are_refused_with_their_place(use: Use, dtype: str, value: float, model: Path) -> None:
    bad = X.astype(dtype)
    bad[17, 2] = value
    with pytest.raises(LgcError, match=f"feature 2'? of sample 17 is {value}"):
        use(model, bad)


def test_a_longdouble_beyond_every_double(model: Path) -> None:
    bad = X.astype("g")
    bad[3, 1] = np.finfo("g").max
    for use in (evaluate, predict, predict_c, train):
        with pytest.raises(LgcError, match=r"feature 1'? of sample 3 is inf"):
            use(model, bad)


UNSCALED = {
    "bytes": (X * 255).astype(np.uint8),
    "whole floats": np.round(X * 255),
    "16 bits": (X * 65535).astype(np.uint16),
    "percent": X * 100,
    "counts": np.round(X * 3),
    "one row": np.round(X[:1] * 255) + 2,
}


@pytest.mark.parametrize("name", UNSCALED)
@uses
def test_unscaled_features_are_refused_with_a_remedy(use: Use, name: str, model: Path) -> None:
    if use is train and name == "one row":
        return
    with pytest.raises(LgcError, match=r"reach .* they look unscaled.* X / 255"):
        use(model, UNSCALED[name])


SCALED = {
    "as trained": X,
    "zeros and ones": (X > 0.5).astype(float),
    "bytes that are bits": (X > 0.5).astype(np.uint8),
    "noise around it": X * 1.2 - 0.1,
    "standardised": (X - X.mean(axis=0)) / X.std(axis=0) * 3,
    "a black image": np.zeros((20, 4)),
}


@pytest.mark.filterwarnings("ignore:.* values lie outside of the range that training saw")
@pytest.mark.parametrize("name", SCALED)
@pytest.mark.parametrize("use", [evaluate, predict, predict_c, encode])
def test_what_is_scaled_is_taken(use: Use, name: str, model: Path) -> None:
    use(model, SCALED[name])


def test_the_remedies_work(model: Path) -> None:
    evaluate(model, UNSCALED["bytes"] / 255)
    settings = {**QUICK, "thresholds": "distributive:4"}
    lgc.train(saved(model, UNSCALED["bytes"]), output=model.parent / "whole.safetensors", **settings)
    evaluate(model.parent / "whole.safetensors", UNSCALED["bytes"])
    train(model, UNSCALED["counts"] > 0)


def test_codes_and_bits_have_the_rule_too() -> None:
    bad = np.array([[0.0, np.nan]])
    for encoder in (Encoder(2), Encoder(2, code=FeatureCode(8, 255.0))):
        with pytest.raises(LgcError, match="feature 1 of sample 0 is nan"):
            encoder.encode(bad)
