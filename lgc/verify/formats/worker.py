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

_BLOCK = 1024


def run_c(library: str, prefix: str, form: str, count: str, classes: str) -> None:
    """Scores of the rows in ``rows.npy`` by ``PREFIX_run_FORM`` of a shared library."""
    loaded = ctypes.CDLL(library)
    size = getattr(loaded, f"{prefix}_workspace_size")
    size.restype = ctypes.c_size_t
    function = getattr(loaded, f"{prefix}_run_{form}")
    function.restype = None
    function.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_void_p] * 3]
    rows = np.load("rows.npy", allow_pickle=False)
    samples = int(count)
    # Values that no score has: what is not written is seen.
    scores = np.full((samples, int(classes)), np.iinfo(np.int32).min, np.int32)
    found = np.full(samples, -1, np.int32)
    memory = np.zeros(size(), np.uint8)
    function(rows.ctypes.data, samples, scores.ctypes.data, found.ctypes.data, memory.ctypes.data)
    np.save("scores.npy", scores)
    np.save("classes.npy", found)


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
