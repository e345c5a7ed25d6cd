"""What :mod:`lgc.verify.formats.child` runs: it loads code that lgc emitted, and writes down what that gives.

It imports nothing of lgc: only what a user of the file would have.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np

Array = np.ndarray
_BLOCK = 1024
_SIZES = (0, 1, 2, 31, 32, 33, *(size + step for size in (64, 128, 256, 512, 1024, 2048) for step in (-1, 0, 1)))
_ROOM = 64
_BEYOND = 3
_GUARD = 0xA5


class Entry:
    """``PREFIX_run_FORM`` of a shared library, called as a program would, with room around what it may write."""

    def __init__(self, library: ctypes.CDLL, prefix: str, form: str, classes: int) -> None:
        size = getattr(library, f"{prefix}_workspace_size")
        size.restype = ctypes.c_size_t
        form, *encoding = form.split(":")
        self._encode, self._features, taker = None, 0, form
        if encoding:  # raw rows to features, which another entry takes
            self._encode, self._features, taker = getattr(library, f"{prefix}_encode"), int(encoding[0]), encoding[1]
            self._encode.argtypes, self._encode.restype = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p], None
        self._type = np.uint8 if taker == "u8" else np.float64
        self._function = getattr(library, f"{prefix}_run_{taker}")
        self._function.restype = None
        counts = [ctypes.c_size_t] * (2 if form == "planes" else 1)
        self._function.argtypes = [ctypes.c_void_p, *counts, *[ctypes.c_void_p] * 3]
        self._form, self._classes = form, classes
        self._memory = np.zeros(size() + 2 * _ROOM, np.uint8)

    def call(self, rows: Array, *, scores: bool = True, found: bool = True, shift: int = 0) -> tuple[Array, Array]:
        """Scores (n, C) and classes (n,) of rows; what is not asked for is left as it was.

        Args:
            shift: of the memory: it may begin anywhere.
        """
        count = len(rows)
        # Values that no score has: what is not written is seen, and what is written beyond the end.
        values = np.full((count + _BEYOND, self._classes), np.iinfo(np.int32).min, np.int32)
        classes = np.full(count + _BEYOND, -1, np.int32)
        self._memory[:] = _GUARD
        start, end = _ROOM + shift, len(self._memory) - _ROOM + shift
        data, sizes = self._laid_out(rows)
        self._function(
            data.ctypes.data, *sizes, values.ctypes.data if scores else None, classes.ctypes.data if found else None,
            self._memory[start:].ctypes.data,
        )  # fmt: skip
        if (self._memory[:start] != _GUARD).any() or (self._memory[end:] != _GUARD).any():
            sys.exit(f"run_{self._form} writes beyond its memory")
        if (values[count:] != np.iinfo(np.int32).min).any() or (classes[count:] != -1).any():
            sys.exit(f"run_{self._form} writes beyond the results of {count} samples")
        return values[:count], classes[:count]

    def _laid_out(self, rows: Array) -> tuple[Array, tuple[int, ...]]:
        """The array that the function takes, and the sizes that stand behind it."""
        if self._encode is not None:
            columns = np.ascontiguousarray(rows, np.float64)
            features = np.full((len(rows) + _BEYOND, self._features), _GUARD, self._type)
            self._encode(columns.ctypes.data, len(rows), features.ctypes.data)
            if (features[len(rows) :] != _GUARD).any():
                sys.exit(f"encode writes beyond the features of {len(rows)} samples")
            return features, (len(rows),)
        if self._form != "planes":
            return np.ascontiguousarray(rows), (len(rows),)
        words = -(-len(rows) // 64) + 1  # one more than there must be
        padded = np.ones((64 * words, rows.shape[1]), np.bool_)
        padded[: len(rows)] = rows
        planes = np.packbits(padded, axis=0, bitorder="little").T
        return np.ascontiguousarray(planes).view("<u8").astype(np.uint64), (words, len(rows))


def run_c(library: str, prefix: str, forms: str, count: str, classes: str) -> None:
    """Scores of the rows in ``rows_FORM.npy`` by ``PREFIX_run_FORM`` of a shared library, form after form.

    Each is called on all rows at once, and then on batches of the sizes at which words, blocks and their tails begin
    and end, with either result alone. Where a batch gives something else, that is what is written down.
    """
    del count
    loaded = ctypes.CDLL(library)
    pairs = []
    for form in forms.split(","):
        rows = np.load(f"rows_{form.partition(':')[0]}.npy", allow_pickle=False)
        entry = Entry(loaded, prefix, form, int(classes))
        scores, found = entry.call(rows)
        if len(rows):
            _again(entry, rows, scores, found)
        pairs.append((scores, found))
    np.save("scores.npy", np.concatenate([scores for scores, _ in pairs]))
    np.save("classes.npy", np.concatenate([found for _, found in pairs]))
    if "bits" not in forms.split(",") and hasattr(loaded, "main") and loaded.main() != 0:  # once, after what it is of
        sys.exit("its self-test fails")


def _again(entry: Entry, rows: Array, scores: Array, found: Array) -> None:
    """Batches of all sizes; what they give otherwise replaces what all rows at once gave."""
    start, first = 0, (scores.copy(), found.copy())
    for number, size in enumerate(_SIZES):
        chosen = (start + np.arange(size)) % len(rows)
        batch = rows[chosen]
        one, index = entry.call(batch, found=False, shift=number % 3)[0], entry.call(batch, scores=False)[1]
        both = entry.call(batch, shift=-(number % 5))
        nothing = entry.call(batch, scores=False, found=False)
        for kept, whole, several in ((scores, first[0], (one, both[0])), (found, first[1], (index, both[1]))):
            for values in several:
                differ = (values != whole[chosen]).any(axis=tuple(range(1, values.ndim)))
                kept[chosen[differ]] = values[differ]
        if (nothing[0] != np.iinfo(np.int32).min).any() or (nothing[1] != -1).any():
            sys.exit("it writes results that were not asked for")
        start += size


def run_onnx(path: str, count: str, classes: str) -> None:
    """Scores of the rows in ``rows.npy`` by onnxruntime."""
    del count, classes
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    rows = np.load("rows.npy", allow_pickle=False)
    blocks = [rows[start : start + _BLOCK] for start in range(0, len(rows), _BLOCK)]
    pairs = [session.run(["scores", "class"], {name: block}) for block in blocks]
    np.save("scores.npy", np.concatenate([scores for scores, _ in pairs]))
    np.save("classes.npy", np.concatenate([found for _, found in pairs]))


def elaborate(path: str, name: str) -> None:
    """The component ``name`` of an Amaranth module, as RTLIL in ``net.il``."""
    from amaranth.back import rtlil

    spec = importlib.util.spec_from_file_location("lgc_under_test", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    Path("net.il").write_text(rtlil.convert(getattr(module, name)(), name=name), encoding="utf-8")


ACTIONS: dict[str, Callable[..., None]] = {"c": run_c, "onnx": run_onnx, "amaranth": elaborate}


def _end_with_parent() -> None:
    """The parent holds the other end of standard input: when that closes, nobody waits for a result any more."""
    os.read(0, 1)
    os._exit(1)


if __name__ == "__main__":
    threading.Thread(target=_end_with_parent, daemon=True).start()
    ACTIONS[sys.argv[1]](*sys.argv[2:])
