"""Data sets: read right, and refused with a reason."""

from __future__ import annotations

import gzip
import lzma
import struct
from pathlib import Path

import numpy as np
import pytest

from lgc.data import Loading
from lgc.errors import InputError
from lgc.train.data import load_dataset, read_idx

RNG = np.random.default_rng(0)


def write_idx(path: Path, array: np.ndarray) -> None:
    header = b"\0\0\x08" + bytes([array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    path.write_bytes(gzip.compress(header + array.tobytes()))


@pytest.fixture
def idx(tmp_path: Path) -> Path:
    for part, count in (("train", 30), ("t10k", 12)):
        write_idx(tmp_path / f"{part}-images-idx3-ubyte.gz", RNG.integers(0, 256, (count, 4, 5), np.uint8))
        write_idx(tmp_path / f"{part}-labels-idx1-ubyte.gz", RNG.integers(0, 10, count, np.uint8))
    return tmp_path


@pytest.mark.parametrize("name", ["mnist", "fashion-mnist"])
@pytest.mark.parametrize("nested", [False, True])
def test_idx(idx: Path, name: str, nested: bool) -> None:
    if nested:
        (idx / name).mkdir()
        for file in list(idx.glob("*.gz")):
            file.rename(idx / name / file.name)
    data = load_dataset(name, idx)
    folder = idx / name if nested else idx
    raw = read_idx(folder / "train-images-idx3-ubyte.gz")
    np.testing.assert_array_equal(data.train_x, raw.reshape(30, 20).astype(np.float32) / 255)
    assert data.feature_shape == (1, 4, 5)
    assert len(data.test_x) == len(data.test_y) == 12
    assert data.classes[0] == {"mnist": "0", "fashion-mnist": "T-shirt/top"}[name]


@pytest.mark.parametrize("name", ["mnist", "cifar-10"])
def test_empty_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match=r"there is no (train-images-idx3-ubyte|data_batch_1\.bin) here.*download"):
        load_dataset(name, tmp_path)


@pytest.mark.parametrize("suffix", ["", ".gz", ".xz"])
def test_packed_or_not(idx: Path, suffix: str) -> None:
    expected = load_dataset("mnist", idx)
    for file in list(idx.glob("*.gz")):
        data = gzip.decompress(file.read_bytes())
        file.unlink()
        packed = {"": bytes, ".gz": gzip.compress, ".xz": lzma.compress}[suffix](data)
        file.with_suffix(suffix).write_bytes(packed)
    np.testing.assert_array_equal(load_dataset("mnist", idx).train, expected.train)


@pytest.fixture
def cifar(tmp_path: Path) -> Path:
    for name in (*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"):
        records = RNG.integers(0, 256, (4, 3073), np.uint8)
        records[:, 0] %= 10
        (tmp_path / f"{name}.bin.xz").write_bytes(lzma.compress(records.tobytes()))
    return tmp_path


def test_cifar(cifar: Path) -> None:
    data = load_dataset("cifar-10", cifar)
    assert (data.train.shape, data.test.shape, data.feature_shape) == ((20, 3072), (4, 3072), (3, 32, 32))
    raw = lzma.decompress((cifar / "data_batch_2.bin.xz").read_bytes())
    assert data.train_y[5] == raw[3073]
    assert data.train[5, 1024] == raw[3073 + 1 + 1024]  # the first green pixel
    assert data.train_x[5, 7] == np.float32(data.train[5, 7]) / np.float32(255)
    assert data.classes[9] == "truck"


@pytest.mark.parametrize(
    ("content", "match"),
    [(b"x" * 3072, "no records of 3073"), (b"", "no records"), (bytes([10]) + b"x" * 3072, "label of sample 4 is 10")],
    ids=["short", "empty", "label"],
)
def test_bad_cifar(cifar: Path, content: bytes, match: str) -> None:
    (cifar / "data_batch_2.bin").write_bytes(content)
    with pytest.raises(InputError, match=match):
        load_dataset("cifar-10", cifar)
    (cifar / "data_batch_2.bin").unlink()
    (cifar / "data_batch_2.bin.xz").write_bytes(b"\xfd7zXZ\0")
    with pytest.raises(InputError, match=r"not a readable \.xz file"):
        load_dataset("cifar-10", cifar)


def test_unknown_name() -> None:
    with pytest.raises(InputError, match=r"no data set 'mnits'.*digits"):
        load_dataset("mnits")


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (b"plain", "not a readable .gz"),
        (gzip.compress(b"x" * 100)[:-20], "not a readable .gz"),
        (gzip.compress(b"\0\0\x0d\x01\0\0\0\x01\0\0\0\0"), "not an IDX file of bytes"),
        (gzip.compress(b""), "not an IDX file"),
        (gzip.compress(b"\0\0\x08\x01\0\0\0\x09abc"), "holds 3 bytes"),
        (gzip.compress(b"\0\0\x08\x04" + b"\xff" * 16), "holds 0 bytes"),
        (gzip.compress(b"\0\0\x08\x01\0\0\0\x03abc"), "dimensions"),
    ],
    ids=["plain", "cut", "type", "empty", "short", "huge", "dimensions"],  # gzip writes the time into its bytes
)
def test_damaged_idx(idx: Path, content: bytes, match: str) -> None:
    (idx / "train-images-idx3-ubyte.gz").write_bytes(content)
    with pytest.raises(InputError, match=match):
        load_dataset("mnist", idx)


def test_missing_labels(idx: Path) -> None:
    (idx / "t10k-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(InputError, match="t10k-labels"):
        load_dataset("mnist", idx)


def test_label_out_of_range(idx: Path) -> None:
    labels = np.full(30, 3, np.uint8)
    labels[7] = 10
    write_idx(idx / "train-labels-idx1-ubyte.gz", labels)
    with pytest.raises(InputError, match="label of sample 7 is 10"):
        load_dataset("mnist", idx)


def test_digits() -> None:
    data = load_dataset("digits", loading=Loading(split_seed=1))
    assert (len(data.train_x), len(data.test_x), data.num_features) == (1438, 359, 64)
    assert data.train_x.max() == 1.0
    assert not np.array_equal(data.train_y, load_dataset("digits", loading=Loading(split_seed=2)).train_y)


X = RNG.random((20, 3, 2))
Y = np.arange(20) % 4


def test_npz(tmp_path: Path) -> None:
    path = tmp_path / "mine.npz"
    np.savez(path, X=X, y=Y)
    data = load_dataset(str(path))
    assert (data.name, data.feature_shape, data.classes) == ("mine", (3, 2), ("0", "1", "2", "3"))
    assert (len(data.train_x), len(data.test_x)) == (16, 4)
    np.savez(path, X=X, y=Y, X_test=X[:5], y_test=Y[:5])
    data = load_dataset(str(path))
    assert (len(data.train_x), len(data.test_x)) == (20, 5)


@pytest.mark.parametrize(
    ("arrays", "match"),
    [
        ({"X": X}, "has no labels y"),
        ({"X": X, "y": Y, "X_test": X}, "but no y_test"),
        ({"X": X, "y": Y[:-1]}, "20 numbers or words"),
        ({"X": X, "y": np.where(Y == 2, np.nan, Y)}, "label of sample 2 is missing"),
        ({"X": X[:, 0, 0], "y": Y}, "numbers of shape"),
        ({"X": X[:0], "y": Y[:0]}, "needs samples"),
        ({"X": X.astype("U4"), "y": Y}, "of type text, not numbers"),
        ({"X": np.where(X[2, 1, 0] == X, np.nan, X), "y": Y}, "feature 2 of sample 2 is nan"),
        ({"X": X, "y": np.zeros(20)}, "all 20 samples have the label 0"),
        ({"X": X, "y": Y, "X_test": X, "y_test": Y + 1}, "label of sample 3 is 4"),
        ({"X": X, "y": Y, "X_test": X[:, :2], "y_test": Y}, "differ"),
        ({"X": X.astype(object), "y": Y}, "Python objects"),
    ],
)
def test_bad_npz(tmp_path: Path, arrays: dict[str, np.ndarray], match: str) -> None:
    path = tmp_path / "bad.npz"
    np.savez(path, **arrays)
    with pytest.raises(InputError, match=match):
        load_dataset(str(path))


def test_no_npz(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        load_dataset(str(tmp_path / "none.npz"))
    (tmp_path / "text.npz").write_text("text")
    with pytest.raises(InputError, match=r"not a readable \.npz"):
        load_dataset(str(tmp_path / "text.npz"))
