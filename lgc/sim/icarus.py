"""Icarus Verilog as a second simulator, under the same cocotb testbench."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path

from lgc.errors import MissingToolError
from lgc.tools.programs import run_tool


def build(source: Path, top: str, folder: Path) -> Path:
    """Compile a Verilog-2005 file with Icarus.

    Returns:
        A program that cocotb drives, used like the one of :func:`lgc.sim.verilator.build`.

    Raises:
        MissingToolError: Icarus or cocotb is missing.
        ToolError: Icarus refuses the file; what it printed is in ``folder``.
    """
    iverilog, vvp = shutil.which("iverilog"), shutil.which("vvp")
    if not iverilog or not vvp:
        raise MissingToolError("Icarus Verilog is not installed", hint="Debian: `apt-get install iverilog`")
    try:
        from cocotb_tools import config
    except ImportError:
        raise MissingToolError("cocotb is not installed", hint="`pip install cocotb`") from None
    (folder / "timescale.f").write_text("+timescale+1ns/1ps\n")
    compiled = folder / "design.vvp"
    command = [iverilog, "-g2005", "-s", top, "-f", str(folder / "timescale.f"), "-o", str(compiled), str(source)]
    run_tool(command, folder / "icarus.log", "Icarus Verilog")
    program = folder / "simulator"
    run = [vvp, "-m", str(config.lib_name_path("vpi", "icarus")), str(compiled)]
    program.write_text(f"#!/bin/sh\nexec {shlex.join(run)}\n")
    program.chmod(0o755)
    return program
