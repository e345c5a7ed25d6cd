"""The one place that starts yosys: in a process of its own, for a failing pass ends the interpreter that it runs in."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from lgc.tools import yosys_process
from lgc.tools.find import Tool, has_package, missing, package_folder, package_version, program_version
from lgc.tools.run import FailedError, Listener, Setup, reason, run
from lgc.tools.yosys_process import SINGLE

__all__ = ["SINGLE", "find_yosys", "run_yosys", "yosys_share"]


def find_yosys() -> Tool:
    """Yosys: the one of the package pyosys, else the one on PATH.

    Raises:
        MissingToolError: there is neither.
    """
    if has_package("pyosys"):
        # Without -P the script's folder would come first on the path, and its modules before Python's own.
        return Tool("yosys", (sys.executable, "-P", yosys_process.__file__), package_version("pyosys") or "unknown")
    path = shutil.which("yosys")
    if path is None:
        raise missing("pyosys")
    return Tool("yosys", (path, "-s"), program_version(path, "-V"))


def yosys_share() -> Path:
    """The folder of yosys's own files: cell libraries, simulation models, the runtime of CXXRTL.

    Raises:
        MissingToolError: pyosys is not installed.
    """
    folder = package_folder("pyosys")
    if folder is None:
        raise missing("pyosys")
    return folder / "share"


def run_yosys(
    commands: Sequence[str],
    log: Path,
    timeout: float | None = None,
    listen: Listener | None = None,
    memory: int | None = None,
) -> None:
    """Run commands in the folder of ``log``; the script stays beside it, with the suffix ``.ys``.

    Args:
        commands: one a line; file names in them are plain, for yosys splits at blanks. :data:`SINGLE` among them
            refuses a flat design in which something is assigned twice.
        timeout: seconds; None is without bound.
        listen: called with each line that yosys prints.
        memory: bytes that it may take; None is three quarters of what there is.

    Raises:
        MissingToolError: there is no yosys, or none that can do that.
        FailedError: a command failed.
        TimeLimitError: it took too long.
    """
    tool = find_yosys()
    if SINGLE in commands and not has_package("pyosys"):
        raise missing("pyosys", "a check that all bits have one source")
    script = log.with_suffix(".ys")
    script.write_text("\n".join([*commands, ""]), encoding="utf-8")
    # No file makes yosys take all memory that there is.
    most = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") * 3 // 4
    memory = most if memory is None else min(memory, most)
    setup = Setup(folder=log.parent, timeout=timeout, memory=memory)
    code = run([*tool.command, script.name], log, setup, what="yosys", listen=listen)
    if code:
        raise FailedError("yosys", reason(log, code), hint="`--keep DIR` keeps the build folder and its logs")
