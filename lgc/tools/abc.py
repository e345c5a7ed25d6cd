"""ABC, as pyosys brings it."""

from __future__ import annotations

from pathlib import Path

from lgc.errors import MissingToolError
from lgc.tools.find import missing, package_folder
from lgc.tools.run import Setup, capture


def find_abc() -> Path:
    """ABC's program.

    Raises:
        MissingToolError: pyosys is not installed, or has none.
    """
    folder = package_folder("pyosys")
    if folder is None:
        raise missing("pyosys")
    if not (folder / "yosys-abc").exists():
        raise MissingToolError("pyosys has no yosys-abc beside it", hint="Install another version of pyosys")
    return folder / "yosys-abc"


def run_abc(commands: str, folder: Path, timeout: float) -> str:
    """What ABC prints when it runs commands in a folder.

    Raises:
        MissingToolError: see :func:`find_abc`.
        TimeLimitError: it took longer than ``timeout`` seconds.
    """
    return capture([str(find_abc()), "-c", commands], Setup(folder=folder, timeout=timeout), "ABC").out
