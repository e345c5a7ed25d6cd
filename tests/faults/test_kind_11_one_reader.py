"""Kind 11: a file of samples means the same to training, evaluation, verification, boards and Python."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import lgc
from lgc.data import read_table
from lgc.driver.data import load_bits
from lgc.driver.samples import find_samples
from lgc.errors import LgcError
from lgc.ir import Encoder
from lgc.train.data import load_dataset

RNG = np.random.default_rng(0)
BITS = RNG.integers(0, 2, (400, 16), dtype=np.uint8)
Y = (BITS[:, 0] ^ BITS[:, 9]).astype(int)
QUICK: dict[str, Any] = {"gates": 60, "epochs": 1, "batch": 32, "tau": 3.0}


def packed(bits: np.ndarray) -> np.ndarray:
    return np.packbits(bits, axis=1, bitorder="little")


FORMS: dict[str, dict[str, Any]] = {
    "packed": {"X": packed(BITS), "n_bits": np.int64(16), "y": Y},
    "packed beside a test set": {
        "X": packed(BITS[:300]), "y": Y[:300], "X_test": packed(BITS[300:]), "y_test": Y[300:], "n_bits": 16
    },
    "packed, compressed": {"X": packed(BITS), "n_bits": np.uint8(16), "y": Y.astype(bool)},
    "bool": {"X": BITS.astype(bool), "y": Y.astype(float)},
    "column-major": {"X": np.asfortranarray(BITS.astype(bool)), "y": Y[:, None]},
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_packed_bits_are_bits_to_every_verb(form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (np.savez_compressed if "compressed" in form else np.savez)("data.npz", **FORMS[form])
    lgc.train("data.npz", output="m.safetensors", **QUICK)
    found = lgc.inspect("m.safetensors").summary
    assert (found.features, found.thresholds) == (16, 0)
    assert lgc.eval("m.safetensors", data="data.npz").samples == (100 if "X_test" in FORMS[form] else 80)
    right = (lgc.load("m.safetensors").predict(BITS.astype(bool)) == Y).sum()
    whole = lgc.eval("m.safetensors", data="data.npz", split="all")
    assert (whole.samples, whole.correct) == (400, right)
    lgc.compile("m.safetensors", "m.lgn")
    assert lgc.verify("m.safetensors", "m.lgn", data="data.npz", random=0, directed=False).report


@pytest.mark.parametrize("width", [1, 7, 8, 9, 17])
def test_any_number_of_bits(width: int, tmp_path: Path) -> None:
    bits = RNG.integers(0, 2, (50, width), dtype=np.uint8)
    np.savez(tmp_path / "x.npz", X=packed(bits), n_bits=width, y=np.arange(50) % 2)
    np.testing.assert_array_equal(load_bits(find_samples(str(tmp_path / "x.npz")), Encoder(width)), bits)
    data = load_dataset(str(tmp_path / "x.npz"))
    assert data.feature_shape == (width,)
    assert data.train.dtype == np.bool_
    np.testing.assert_array_equal(np.sort(data.train_x.sum(axis=1)), np.sort(data.train.sum(axis=1)))


@pytest.mark.parametrize(
    ("arrays", "match"),
    [
        ({"X": packed(BITS), "n_bits": 17}, "3 bytes a sample"),
        ({"X": packed(BITS).astype(int), "n_bits": 16}, "expected uint8"),
        ({"X": packed(BITS), "n_bits": [16, 16]}, "n_bits"),
        ({"X": packed(BITS), "n_bits": 0}, "n_bits"),
        ({"X": packed(BITS), "n_bits": 16.0}, "n_bits"),
    ],
)
@pytest.mark.parametrize("reader", [load_dataset, lambda path: load_bits(find_samples(path), Encoder(16))])
def test_what_is_wrong_with_packed_bits(reader: Any, arrays: dict[str, Any], match: str, tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", y=Y, **arrays)
    with pytest.raises(LgcError, match=match) as caught:
        reader(str(tmp_path / "x.npz"))
    assert caught.value.where == str(tmp_path / "x.npz")


def test_a_single_array_is_samples_without_labels(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", BITS)
    assert read_table(tmp_path / "x.npy").labels is None
    np.testing.assert_array_equal(load_bits(find_samples(str(tmp_path / "x.npy")), Encoder(16)), BITS)
    with pytest.raises(LgcError, match="no labels y, which training needs"):
        load_dataset(str(tmp_path / "x.npy"))


def test_the_boards_example_reads_the_same(tmp_path: Path) -> None:
    path = Path(__file__).parents[2] / "examples" / "boards" / "classify.py"
    spec = importlib.util.spec_from_file_location("classify_of_kind_11", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    import sys

    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    np.savez(tmp_path / "x.npz", **FORMS["packed"])
    manifest = SimpleNamespace(classes=("no", "yes"), labels=None, columns=())
    samples, labels, bits = module._data(str(tmp_path / "x.npz"), manifest)
    assert bits == 16
    np.testing.assert_array_equal(samples, packed(BITS))
    np.testing.assert_array_equal(labels, Y)


def test_words_are_the_classes_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    words = np.array(["no", "yes"])[Y]
    np.savez("words.npz", X=BITS.astype(bool), y=words, X_test=BITS[:9].astype(bool), y_test=words[:9])
    np.savez("numbers.npz", X=BITS.astype(bool), y=Y)
    np.savez("other.npz", X=BITS.astype(bool), y=np.array(["no", "perhaps"])[Y])
    lgc.train("words.npz", output="m.safetensors", **QUICK)
    assert lgc.load("m.safetensors").classes == ("no", "yes")
    counts = lgc.eval("m.safetensors", data="words.npz").confusion
    counts = lgc.eval("m.safetensors", data="words.npz", split="all").confusion - counts
    np.testing.assert_array_equal(counts, lgc.eval("m.safetensors", data="numbers.npz").confusion)
    with pytest.raises(LgcError, match=r"perhaps.*no, yes"):
        lgc.eval("m.safetensors", data="other.npz")


def test_the_names_that_others_give_arrays_are_understood(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    np.savez(path, x_train=BITS, y_train=Y, x_test=BITS[:9], y_test=Y[:9])
    data = load_dataset(str(path))
    assert (len(data.train), len(data.test)) == (400, 9)
    np.savez(path, data=BITS, target=Y, feature_names=[f"b{i}" for i in range(16)], target_names=["even", "odd"])
    data = load_dataset(str(path))
    assert data.classes == ("even", "odd")
    assert data.inputs is not None and data.inputs.names[:2] == ("b0", "b1")
    np.savez(path, data=BITS, images=BITS, target=Y)
    with pytest.raises(LgcError, match="the arrays data and images could both be X"):
        load_dataset(str(path))
    np.savez(path, samples=BITS, y=Y)
    with pytest.raises(LgcError, match="the file holds the arrays samples, y, but no X"):
        load_dataset(str(path))


def test_the_check_of_a_replayed_wiring_reads_the_same(tmp_path: Path) -> None:
    import torch

    from lgc.frontend import ImportOptions
    from lgc.frontend.families.replay import Recipe, replay
    from lgc.frontend.registry import read_file

    (pair,) = replay(Recipe(3, 0, "cuda", "unique"), 16, [16])
    logits = torch.zeros(16, 16)
    logits[:8, 6], logits[8:, 9] = 1, 1  # xor for the first class, xnor for the second
    torch.save({"0.weights": logits}, tmp_path / "x.pt")
    a, b = BITS[:, pair[:, 0]], BITS[:, pair[:, 1]]
    counts = np.stack([(a ^ b)[:, :8].sum(1), (1 - (a ^ b))[:, 8:].sum(1)], axis=1)
    y = counts.argmax(axis=1)
    facts = {"seed": 3, "preamble": 0, "features": 16, "classes": 2, "check": str(tmp_path / "x.npz")}
    facts |= {"min_accuracy": 1.0, "built_on": "cuda", "connections": "unique"}
    for arrays in ({"X": packed(BITS), "n_bits": 16}, {"X": BITS.astype(bool)}, {"X": BITS.astype(">i8")}):
        np.savez(tmp_path / "x.npz", y=y, **arrays)
        assert read_file(tmp_path / "x.pt", ImportOptions(facts)).result.num_nodes == 16
