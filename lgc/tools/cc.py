"""Compilers of C and C++, and C code that is built where it runs: one way to compile."""

from __future__ import annotations

import ctypes
import hashlib
import os
import platform
import shutil
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from lgc.errors import MissingToolError, OutputError, ToolError
from lgc.tools.entries import LIBRARY, load_library
from lgc.tools.find import missing
from lgc.tools.run import Captured, FailedError, Setup, capture, reason_in

NATIVE = "-march=native"
C99_FLAGS = ("-std=c99", "-O2")
"""How emitted C is compiled: what the runtime runs is what `lgc verify` checks."""
_BUILD_SECONDS = 1800


def find_c_compiler() -> str:
    """The C compiler: ``$CC``, or the first of cc, gcc and clang.

    Raises:
        MissingToolError: there is none.
    """
    wanted = os.environ.get("CC")
    found = _first(wanted) if wanted else _first("cc", "gcc", "clang")
    if found is None:
        raise missing("cc")
    return found


def has_c_compiler() -> bool:
    """Whether :func:`find_c_compiler` finds one."""
    try:
        find_c_compiler()
    except MissingToolError:
        return False
    return True


def find_cxx_compiler() -> str:
    """The C++ compiler: ``$CXX`` if there is such a program, else the first of c++, g++ and clang++.

    Raises:
        MissingToolError: there is none.
    """
    found = _first(os.environ.get("CXX", ""), "c++", "g++", "clang++")
    if found is None:
        raise missing("c++")
    return found


def _first(*names: str) -> str | None:
    return next((path for name in names if name and (path := shutil.which(name))), None)


def build_key(compiler: str, *parts: str) -> str:
    """Digest of the parts, the compiler and the processor: everything that machine code depends on."""
    stat = Path(compiler).resolve().stat()
    machine = [compiler, str(stat.st_size), str(stat.st_mtime_ns), NATIVE, platform.machine(), _processor()]
    return hashlib.sha256("\0".join([*parts, *machine]).encode()).hexdigest()[:40]


@cache
def _processor() -> str:
    """What ``-march=native`` looks at: a cache in a shared home serves unlike machines."""
    try:
        with Path("/proc/cpuinfo").open(encoding="utf-8", errors="replace") as lines:
            return "".join(sorted({line for line in lines if line.startswith(("flags", "Features", "model name"))}))
    except OSError:
        return platform.processor()


def compile_shared(source: Path, output: Path, compiler: str, flags: Sequence[str]) -> None:
    """Compile a C file into a shared library for this processor; ``output`` appears whole or not at all.

    Raises:
        ToolError: the compiler failed, or took too long.
        OutputError: the folder cannot be written.
    """
    try:
        with tempfile.TemporaryDirectory(prefix=".build-", dir=output.parent) as folder:
            built = Path(folder, "library.so")
            _compile([compiler, *flags, NATIVE, "-fPIC", "-shared", "-o", str(built), str(source), "-lm"])
            built.replace(output)
    except OSError as error:
        raise OutputError(f"cannot build in the cache ({error.strerror})", where=str(output.parent)) from None


def _compile(command: list[str]) -> None:
    done = _run_compiler(command)
    if done.code and NATIVE in done.err:  # some compilers know no -march=native
        done = _run_compiler([word for word in command if word != NATIVE])
    if done.code:
        raise FailedError("the C compiler", reason_in(done.err, done.code), where=command[0])


def _run_compiler(command: list[str]) -> Captured:
    return capture(command, Setup(timeout=_BUILD_SECONDS), "the C compiler")


def load_built(kind: str, source: Path, variants: Sequence[Sequence[str]]) -> ctypes.CDLL:
    """The library of a C file of the package, from the cache or built with the first variant of flags that works.

    It may include the headers of its folder.

    Raises:
        MissingToolError: no compiler.
        ToolError: no variant compiles.
        OutputError: the cache cannot be used or written.
    """
    compiler = find_c_compiler()
    texts = [path.read_text(encoding="utf-8") for path in (source, *sorted(source.parent.glob("*.h")))]

    def build(folder: Path) -> None:
        for index, flags in enumerate(variants):
            try:
                compile_shared(source, folder / LIBRARY, compiler, flags)
            except ToolError:
                if index == len(variants) - 1:
                    raise
            else:
                return

    return load_library(kind, build_key(compiler, *texts, *(" ".join(flags) for flags in variants)), build)
