"""Building a circuit's C code into a shared library, once.

The cache holds one file per circuit, compiler, flags and processor. A build happens in a folder of its own
and its result is renamed into place: processes that build the same circuit at once each succeed, and a reader
sees a whole library or none.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import lgc
from lgc.backend.base import write
from lgc.backend.c import C99
from lgc.errors import MissingToolError, OutputError, ToolError
from lgc.ir import Circuit

_PREFIX = "lgc"
_FLAGS = ("-std=c99", "-O2", "-fPIC", "-shared")
_NATIVE = "-march=native"
_BUILD_SECONDS = 1800
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


def find_compiler() -> str | None:
    """The C compiler: ``$CC``, or the first of cc, gcc and clang; None if there is none."""
    wanted = os.environ.get("CC")
    candidates = (wanted,) if wanted else ("cc", "gcc", "clang")
    return next((path for name in candidates if (path := shutil.which(name))), None)


def cache_folder() -> Path:
    """``$LGC_CACHE``, or ``lgc`` in the user's cache folder; made if missing, and only the user's.

    Raises:
        OutputError: it cannot be made, or belongs to somebody else, whose code would be run.
    """
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    folder = Path(os.environ.get("LGC_CACHE") or Path(base) / "lgc")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        owner = folder.stat().st_uid
    except OSError as error:
        raise OutputError(
            f"cannot make the cache ({error.strerror})", where=str(folder), hint="Set LGC_CACHE"
        ) from None
    if hasattr(os, "getuid") and owner not in (os.getuid(), 0):
        raise OutputError(
            "the cache belongs to another user", where=str(folder), hint="Set LGC_CACHE to your own folder"
        )
    return folder


def open_library(circuit: Circuit, optimize: Callable[[Circuit], Circuit], compiler: str | None = None) -> Library:
    """The library of a circuit, from the cache or newly built.

    Args:
        optimize: applied to the circuit only if it has to be built.
        compiler: path of the C compiler; searched for if None.

    Raises:
        MissingToolError: no compiler.
        ToolError: the compiler failed.
        OutputError: the cache cannot be written.
    """
    compiler = compiler or find_compiler()
    if compiler is None:
        raise MissingToolError("no C compiler found", hint="Install gcc or clang, or set CC")
    path = cache_folder() / f"{_key(circuit, compiler)}.so"
    if path.exists():
        try:
            return _open(path, circuit)
        except OSError:  # damaged: build it again
            pass
    _build(optimize(circuit), compiler, path)
    return _open(path, circuit)


def _key(circuit: Circuit, compiler: str) -> str:
    """Everything that the machine code depends on."""
    stat = Path(compiler).resolve().stat()
    parts = [lgc.__version__, _emitter(), circuit.digest(), compiler, str(stat.st_size), str(stat.st_mtime_ns)]
    parts += [*_FLAGS, _NATIVE, platform.machine(), _processor()]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:40]


@cache
def _emitter() -> str:
    """Digest of the sources that write the C code: another emitter or optimiser, another library."""
    sha = hashlib.sha256()
    root = Path(lgc.__file__).parent
    for folder in (root / "backend" / "c", root / "passes"):
        for path in sorted(folder.iterdir()):
            if path.suffix in (".c", ".py"):
                sha.update(path.read_bytes())
    return sha.hexdigest()


@cache
def _processor() -> str:
    """What ``-march=native`` looks at: a cache in a shared home serves unlike machines."""
    try:
        with Path("/proc/cpuinfo").open(encoding="utf-8", errors="replace") as lines:
            return "".join(sorted({line for line in lines if line.startswith(("flags", "Features", "model name"))}))
    except OSError:
        return platform.processor()


def compile_source(source: Path, output: Path, compiler: str | None = None) -> None:
    """Compile an emitted file into a shared library, as the runtime does.

    Raises:
        MissingToolError: no compiler.
        ToolError: it failed.
    """
    compiler = compiler or find_compiler()
    if compiler is None:
        raise MissingToolError("no C compiler found", hint="Install gcc or clang, or set CC")
    _compile([compiler, *_FLAGS, _NATIVE, "-o", str(output), str(source)])


def _build(circuit: Circuit, compiler: str, path: Path) -> None:
    try:
        with tempfile.TemporaryDirectory(prefix=".build-", dir=path.parent) as name:
            source, library = Path(name, "model.c"), Path(name, "model.so")
            write(C99(prefix=_PREFIX), circuit, source)
            compile_source(source, library, compiler)
            library.replace(path)
    except OSError as error:
        raise OutputError(f"cannot build in the cache ({error.strerror})", where=str(path.parent)) from None


def _compile(command: list[str]) -> None:
    try:
        result = subprocess.run(command, capture_output=True, text=True, timeout=_BUILD_SECONDS, check=False)
        if result.returncode and _NATIVE in result.stderr:  # some compilers know no -march=native
            plain = [word for word in command if word != _NATIVE]
            result = subprocess.run(plain, capture_output=True, text=True, timeout=_BUILD_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise ToolError(f"the C compiler took more than {_BUILD_SECONDS} s", hint="Use engine='numpy'") from None
    if result.returncode:
        raise ToolError(f"the C compiler failed: {result.stderr.strip()[-400:]}", where=command[0])


def _open(path: Path, circuit: Circuit) -> Library:
    library = ctypes.CDLL(str(path))
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
    return Library(path, run, int(size()))
