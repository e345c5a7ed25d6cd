"""Compiling what Verilator wrote, as fast as a C++ compiler allows.

A design's C++ runs for seconds, so it is compiled with little optimisation, and compile time is what counts. Two
things dominate it. Every file pays a second for the runtime's headers: the files are joined into a few. And without
optimisation each ``array[12U]`` is a call of ``VlUnpacked::operator[]``: it is spelled as the member access that
it is. If a future Verilator's arrays look different, the text as Verilator wrote it is compiled instead.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from lgc.errors import ToolError
from lgc.tools.cc import Command, check_built
from lgc.tools.run import run_checked

_JOINED_BYTES = 3 << 20
_CONSTANT_INDEX = re.compile(r"(vlSelfRef\.\w+)\[(\d+U|0x[0-9a-f]+U)\]")


def join_sources(sources: Sequence[Path]) -> list[list[Path]]:
    """Group files so that each group is compiled as one: small enough for the memory, at least two for two cores."""
    limit = min(_JOINED_BYTES, max(1, sum(file.stat().st_size for file in sources) * 6 // 10))
    groups: list[list[Path]] = []
    room = 0
    for file in sorted(sources, key=lambda file: (-file.stat().st_size, file.name)):
        size = file.stat().st_size
        if size > room:
            groups.append([])
            room = limit
        groups[-1].append(file)
        room -= size
    return groups


def compile_joined(compiler: Command, flags: Sequence[str], group: Sequence[Path], target: Path) -> Path:
    """Compile files as one translation unit.

    Raises:
        ToolError: the compiler failed on the files as they are.
    """
    source = target.with_suffix(".joined.cpp")
    text = "\n".join(file.read_text(encoding="utf-8") for file in group)
    source.write_text(_CONSTANT_INDEX.sub(r"\1.m_storage[\2]", text), encoding="utf-8")
    try:
        return compile_file(compiler, flags, source, target)
    except ToolError:
        source.write_text(text, encoding="utf-8")
        return compile_file(compiler, flags, source, target)


def compile_file(compiler: Command, flags: Sequence[str], source: Path, target: Path) -> Path:
    """Compile one file to an object file.

    Raises:
        ToolError: see :func:`run_checked`.
    """
    command = [*compiler, *flags, "-c", str(source), "-o", str(target)]
    run_checked(command, target.with_suffix(".log"), f"compiling {source.name}")
    check_built(target, f"compiling {source.name}")
    return target
