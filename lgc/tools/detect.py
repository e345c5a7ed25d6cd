"""What is installed of all that lgc may need."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

from lgc.errors import MissingToolError, ToolError
from lgc.tools.cc import Command, find_c_compiler, find_cxx_compiler
from lgc.tools.find import Dependency, find_tool, has_program, package_version, program_version
from lgc.tools.run import Setup, capture
from lgc.tools.verilator import find_verilator

_SECONDS = 10.0


def found_version(dependency: Dependency) -> str | None:
    """The version of what lgc would use; None if it is missing."""
    find = _PROGRAMS.get(dependency.name)
    try:
        return find() if find else package_version(dependency.name)
    except MissingToolError:
        return None


def found_program(dependency: Dependency) -> str | None:
    """The version of a program that :func:`lgc.tools.find.place_and_route` describes; None if it is missing."""
    try:
        return find_tool(dependency.name, dependency.package).version
    except MissingToolError:
        return None


def found_gpu() -> str | None:
    """What the driver calls the first NVIDIA GPU; None if it finds none."""
    if not has_program("nvidia-smi"):
        return None
    with contextlib.suppress(ToolError):
        done = capture(["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"], Setup(timeout=_SECONDS))
        names = done.out.splitlines() if done.code == 0 else []
        return names[0].strip() if names else None
    return None


def _compiler(find: Callable[[], Command]) -> str:
    path, *words = find()
    name = " ".join([Path(path).name, *words])
    return f"{name} {program_version(path, *words, '-dumpfullversion', '-dumpversion')}"


def _icarus() -> str | None:
    return program_version("iverilog", "-V") if has_program("iverilog") and has_program("vvp") else None


_PROGRAMS: dict[str, Callable[[], str | None]] = {
    "verilator": lambda: find_verilator().version,
    "c++": lambda: _compiler(find_cxx_compiler),
    "cc": lambda: _compiler(find_c_compiler),
    "iverilog": _icarus,
}
