"""yosys, from pyosys, in a process of its own: a failing pass ends the interpreter that it runs in."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from lgc.errors import MissingToolError
from lgc.tools.programs import run_tool

_RUN = "import sys; from pyosys import libyosys as y; d = y.Design(); [y.run_pass(c, d) for c in sys.argv[1:]]"


def run_yosys(commands: Sequence[str], log: Path, what: str, timeout: float | None = None) -> None:
    """Run commands in the folder of ``log``. File names in them must be plain: yosys splits at blanks.

    Raises:
        MissingToolError: pyosys is not installed.
        ToolError: a command failed.
        NotCheckedError: it took longer than ``timeout`` seconds.
    """
    if find_spec("pyosys") is None:
        raise MissingToolError("pyosys is not installed", hint="`pip install pyosys`")
    run_tool([sys.executable, "-c", _RUN, *commands], log, what, timeout=timeout, folder=log.parent)
