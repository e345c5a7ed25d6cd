"""Compiling emitted C in tests, with every warning an error, by the compiler that lgc finds ($CC as well).

Only tests that are about gcc or about clang name it.
"""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from lgc.backend.base import write
from lgc.backend.c import C99
from lgc.ir import Circuit
from lgc.tools.cc import Command, find_c_compiler

STRICT = ("-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Wmissing-prototypes", "-Wshadow", "-Werror")


def compiler(name: str = "") -> Command:
    """What starts a compiler: the one of that name, or the C compiler that lgc finds."""
    if not name:
        return find_c_compiler()
    path = shutil.which(name)
    if path is None:
        pytest.skip(f"{name} is not installed")
    return (path,)


def run(command: list[str]) -> subprocess.CompletedProcess[str]:
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    assert result.returncode == 0, f"{' '.join(command)}\n{result.stdout}{result.stderr}"
    return result


def selftest(circuit: Circuit, folder: Path, *flags: str, cc: str = "", target: C99 | None = None) -> str:
    """Compile the emitted self-test and run it; returns what it printed."""
    write(target or C99(main=True), circuit, folder / "net.c")
    run([*compiler(cc), *STRICT, *flags, "-DLGC_MAIN", str(folder / "net.c"), "-o", str(folder / "net")])
    return run([str(folder / "net")]).stdout


class Loaded:
    """An emitted file as a shared library."""

    def __init__(self, circuit: Circuit, folder: Path, *flags: str, target: C99 | None = None) -> None:
        target = target or C99(prefix="t")
        write(target, circuit, folder / "net.c")
        # A new name each time: the loader would return the library that it has.
        library = folder / f"net-{len(list(folder.iterdir()))}.so"
        run([*compiler(), *STRICT, *flags, "-shared", "-fPIC", str(folder / "net.c"), "-o", str(library)])
        self._bind(ctypes.CDLL(str(library)), circuit, target.prefix_of(circuit))

    @classmethod
    def of(cls, library: ctypes.CDLL, circuit: Circuit, prefix: str) -> Loaded:
        """One of many circuits in a library."""
        self = cls.__new__(cls)
        self._bind(library, circuit, prefix)
        return self

    def _bind(self, library: ctypes.CDLL, circuit: Circuit, prefix: str) -> None:
        self._library, self._circuit, self._prefix = library, circuit, prefix
        size = getattr(self._library, f"{self._prefix}_workspace_size")
        size.restype = ctypes.c_size_t
        self.workspace = np.zeros(size(), np.uint8)

    def __call__(self, form: str, rows: NDArray[np.generic]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Scores and classes of rows in the form's C type."""
        rows = np.ascontiguousarray(rows)
        return self._call(form, (rows.ctypes.data,), rows, len(rows))

    def planes(self, planes: NDArray[np.uint64], samples: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        planes = np.ascontiguousarray(planes)
        return self._call("planes", (planes.ctypes.data, planes.shape[1]), planes, samples)

    def _call(
        self, form: str, first: tuple[int, ...], keep: NDArray[np.generic], samples: int
    ) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        scores = np.full((samples, self._circuit.head.num_classes), -99, np.int32)
        classes = np.full(samples, -99, np.int32)
        function = getattr(self._library, f"{self._prefix}_run_{form}")
        function.restype = None
        arguments = [*first, samples, scores.ctypes.data, classes.ctypes.data, self.workspace.ctypes.data]
        sizes = {len(first)} if form == "planes" else set()
        function.argtypes = [
            ctypes.c_size_t if index in (len(first), *(() if not sizes else (1,))) else ctypes.c_void_p
            for index in range(len(arguments))
        ]
        function(*arguments)
        return scores, classes
