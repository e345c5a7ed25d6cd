"""Compilers of C and C++, and C code that is built where it runs: one way to compile."""

from __future__ import annotations

import ctypes
import hashlib
import os
import platform
import shlex
import shutil
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from lgc.errors import MissingToolError, OutputError, ToolError
from lgc.tools.entries import LIBRARY, load_library
from lgc.tools.find import missing
from lgc.tools.limits import within
from lgc.tools.run import FailedError, Setup, capture, reason_in
from lgc.tools.watchdog import scratch

NATIVE = "-march=native"
C99_FLAGS = ("-std=c99", "-O2")
"""How emitted C is compiled: what the runtime runs is what `lgc verify` checks."""
_CODE = (b"\x7fELF", b"BC\xc0\xde")
"""How it begins on Linux: clang's for link-time optimisation is its own."""
_BUILD_SECONDS, _OWN_BUILD_SECONDS = 1800, 300

Command = tuple[str, ...]
"""What starts a compiler: a program's path, and words that come before all others."""


def find_c_compiler() -> Command:
    """What starts the C compiler: ``$CC``, or the first of cc, gcc and clang.

    ``$CC`` may be several words, as for make: ``ccache gcc``, ``gcc -m64``, ``'/opt/my tools/cc' -g``.

    Raises:
        MissingToolError: there is none, or ``$CC`` names none.
    """
    wanted = os.environ.get("CC", "")
    if not wanted.strip():
        return _first("cc", ("cc", "gcc", "clang"))
    if found := _command(wanted):
        return found
    raise MissingToolError(
        f"a C compiler is not installed: CC is '{wanted}', which starts no program",
        hint="Set CC to a compiler, such as gcc or 'ccache gcc', or unset it",
    )


def has_c_compiler() -> bool:
    """Whether :func:`find_c_compiler` finds one."""
    try:
        find_c_compiler()
    except MissingToolError:
        return False
    return True


def find_cxx_compiler() -> Command:
    """What starts the C++ compiler: ``$CXX`` if it starts a program, else the first of c++, g++ and clang++.

    ``$CXX`` may be several words, as ``$CC`` may.

    Raises:
        MissingToolError: there is none.
    """
    return _command(os.environ.get("CXX", "")) or _first("c++", ("c++", "g++", "clang++"))


def _command(text: str) -> Command | None:
    """A compiler's variable as words, the first of them the program's path; None if it starts none."""
    whole = shutil.which(text) if text.strip() else None  # a path with blanks may stand there without quotes
    try:
        words = [text] if whole else shlex.split(text)
    except ValueError:  # an open quote
        return None
    path = whole or (shutil.which(words[0]) if words else None)
    return (str(Path(path).absolute()), *words[1:]) if path else None


def _first(dependency: str, names: Sequence[str]) -> Command:
    path = next((path for name in names if (path := shutil.which(name))), None)
    if path is None:
        raise missing(dependency)
    return (path,)


def build_key(compiler: Command, *parts: str) -> str:
    """Digest of the parts, the compiler and the processor: everything that machine code depends on."""
    # Every word that is a program: of `ccache gcc` the second is what compiles.
    programs = [Path(path).resolve().stat() for word in compiler if (path := shutil.which(word))]
    stamps = [f"{one.st_size} {one.st_mtime_ns}" for one in programs]
    machine = [*compiler, *stamps, NATIVE, platform.machine(), processor()]
    return hashlib.sha256("\0".join([*parts, *machine]).encode()).hexdigest()[:40]


@cache
def processor() -> str:
    """What ``-march=native`` looks at: a cache in a shared home serves unlike machines."""
    try:
        with Path("/proc/cpuinfo").open(encoding="utf-8", errors="replace") as lines:
            return "".join(sorted({line for line in lines if line.startswith(("flags", "Features", "model name"))}))
    except OSError:
        return platform.processor()


def compile_shared(source: Path, output: Path, compiler: Command, flags: Sequence[str]) -> None:
    """Compile a C file into a shared library for this processor; ``output`` appears whole or not at all.

    Raises:
        ToolError: the compiler failed, or took too long.
        OutputError: the folder cannot be written.
    """
    try:
        with scratch(".build-", output.parent) as folder:
            built = folder / "library.so"
            command = [*compiler, *flags, NATIVE, "-fPIC", "-shared", "-o", str(built), str(source), "-lm"]
            _compile(command, Setup(timeout=_BUILD_SECONDS, temporary=built.parent.absolute(), writes=(built.parent,)))
            check_built(built, "the C compiler")
            built.replace(output)
    except OSError as error:
        raise OutputError.of(error, "cannot build in the cache", where=str(output.parent)) from None


def check_built(path: Path, what: str) -> None:
    """Refuse what is no machine code, before it gets into a cache.

    Args:
        what: the compiler, which said that all is well.

    Raises:
        FailedError: it wrote nothing, or something else.
    """
    try:
        with path.open("rb") as stream:
            start = stream.read(4)
    except OSError:
        start = b""
    if not start or (sys.platform == "linux" and start not in _CODE):
        raise FailedError(what, f"it says that all is well, and wrote {'no machine code' if start else 'nothing'}")


def _compile(command: list[str], setup: Setup) -> None:
    done = capture(command, setup, "the C compiler")
    if done.code and NATIVE in done.err:  # some compilers know no -march=native
        done = capture([word for word in command if word != NATIVE], setup, "the C compiler")
    if done.code:
        raise FailedError("the C compiler", reason_in(done.err, done.code), where=command[0])


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
        with within(_OWN_BUILD_SECONDS):  # of all variants: a compiler that hangs does so with any
            for index, flags in enumerate(variants):
                try:
                    compile_shared(source, folder / LIBRARY, compiler, flags)
                except ToolError:
                    if index == len(variants) - 1:
                        raise
                else:
                    return

    return load_library(kind, build_key(compiler, *texts, *(" ".join(flags) for flags in variants)), build)
