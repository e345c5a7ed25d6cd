"""Building a circuit's C code into a shared library, once.

The cache holds one entry per circuit, compiler, flags and processor. A build happens in a folder of its own
and is renamed into place (:mod:`lgc.tools.entries`): processes that build the same circuit at once each succeed, and a
reader sees a whole library or none.
"""

from __future__ import annotations

import ctypes
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import lgc
from lgc.backend.apart import taken_apart
from lgc.backend.base import write
from lgc.backend.c import C99, SlidingC99, over_positions
from lgc.backend.c.columns import byte_values, u8_scale
from lgc.frontend.model import Model
from lgc.ir import Circuit
from lgc.passes import optimize
from lgc.tools.cc import C99_FLAGS, Command, build_key, compile_shared, find_c_compiler, has_c_compiler
from lgc.tools.entries import LIBRARY, found, load_library
from lgc.tools.watchdog import scratch

_PREFIX = "lgc"
_KIND = "runtime"
_FORMS = {
    "bits": ctypes.c_uint8,
    "bools": ctypes.c_uint8,
    "u8": ctypes.c_uint8,
    "f32": ctypes.c_float,
    "f64": ctypes.c_double,
}


@dataclass(frozen=True)
class Library:
    """A loaded library.

    Attributes:
        path: the file.
        run: entry point per form of input: (rows, n, scores or None, classes or None, workspace).
        workspace_bytes: what a call needs; not shared between threads.
    """

    path: Path
    run: dict[str, Callable[..., None]]
    workspace_bytes: int


def open_library(circuit: Circuit, model: Model | None = None, compiler: Command | None = None) -> Library:
    """The library of a circuit, from the cache or newly built; it is optimised only if it has to be built.

    Args:
        model: what the circuit was lowered from, if it is known: kernels of a convolution are then written once.
        compiler: what starts the C compiler; searched for if None.

    Raises:
        MissingToolError: no compiler.
        ToolError: the compiler failed.
        OutputError: the cache cannot be used or written.
    """
    compiler = compiler or find_c_compiler()

    def build(folder: Path) -> None:
        _build(circuit, model, compiler, folder / LIBRARY)

    return _bound(load_library(_KIND, _key(circuit, model, compiler), build), circuit)


def is_built(circuit: Circuit, model: Model | None = None) -> bool:
    """Whether the cache has a circuit's library."""
    return has_c_compiler() and found(_KIND, _key(circuit, model, find_c_compiler())) is not None


def _key(circuit: Circuit, model: Model | None, compiler: Command) -> str:
    """Everything that the machine code depends on."""
    values = byte_values(circuit.inputs, u8_scale(circuit.inputs)).tobytes().hex()
    once = "unrolled" if model is None or taken_apart(model) is None else "kernels once"
    return build_key(compiler, lgc.__version__, _emitter(), circuit.digest(), values, once, *C99_FLAGS)


@cache
def _emitter() -> str:
    """Digest of the sources that write the C code: another emitter or optimiser, another library."""
    sha = hashlib.sha256()
    root = Path(lgc.__file__).parent
    files = [path for folder in ("backend/c", "passes") for path in sorted((root / folder).iterdir())]
    for path in (*files, root / "backend" / "apart.py"):
        if path.suffix in (".c", ".py"):
            sha.update(path.read_bytes())
    return sha.hexdigest()


def compile_source(source: Path, output: Path, compiler: Command | None = None) -> None:
    """Compile an emitted file into a shared library, as the runtime does.

    Raises:
        MissingToolError: no compiler.
        ToolError: it failed.
    """
    compile_shared(source, output, compiler or find_c_compiler(), C99_FLAGS)


def write_source(circuit: Circuit, model: Model | None, path: Path) -> C99:
    """The code of a library; returns its form. For the arguments see :func:`open_library`."""
    form = over_positions(C99(prefix=_PREFIX), model)
    write(form, circuit if isinstance(form, SlidingC99) else optimize(circuit), path)
    return form


def _build(circuit: Circuit, model: Model | None, compiler: Command, path: Path) -> None:
    with scratch(".build-", path.parent) as folder:
        source = folder / "model.c"
        write_source(circuit, model, source)
        compile_source(source, path, compiler)


def _bound(library: ctypes.CDLL, circuit: Circuit) -> Library:
    size = getattr(library, f"{_PREFIX}_workspace_size")
    size.restype = ctypes.c_size_t
    run: dict[str, Callable[..., None]] = {}
    for form in _FORMS:
        if form.startswith("f") and circuit.encoder.thresholds is None:
            continue
        function = getattr(library, f"{_PREFIX}_run_{form}")
        function.restype = None
        function.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p]
        run[form] = function
    return Library(Path(library._name), run, int(size()))
