"""CXXRTL as a third simulator: yosys reads the Verilog and writes C++, a driver of our own plays the schedule.

Nothing of it is shared with Verilator or cocotb: another reader of the text, another simulator, another testbench. It
takes the same job and writes the same files (:mod:`lgc.sim.testbench`).
"""

from __future__ import annotations

import json
import shlex
import shutil
import struct
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from lgc.errors import MissingToolError
from lgc.tools.programs import run_tool
from lgc.tools.verilator import find_compiler
from lgc.tools.yosys import run_yosys

_DRIVER = Path(__file__).with_name("cxxrtl_driver.cpp")


def build(source: Path, top: str, ports: Sequence[tuple[str, str]], folder: Path) -> Path:
    """Build a simulator of a Verilog file with yosys' CXXRTL.

    Args:
        ports: (name, direction) of the top module's ports.

    Returns:
        A program, used like the one of :func:`lgc.sim.verilator.build`; it shows ports only.

    Raises:
        MissingToolError: pyosys or a C++ compiler is missing.
        ToolError: one of them failed.
    """
    package = find_spec("pyosys")
    locations = list(package.submodule_search_locations or []) if package else []
    if not locations:
        raise MissingToolError("CXXRTL needs yosys as a library, which is not installed", hint="`pip install pyosys`")
    compiler = find_compiler()
    shutil.copyfile(source, folder / "design.v")
    passes = ["read_verilog design.v", f"hierarchy -check -top {top}", "proc", "flatten", "clean"]
    run_yosys([*passes, "write_cxxrtl design.cc"], folder / "yosys.log", "yosys")
    names = [name for name, direction in ports if direction == "output" and name != "out_valid"]
    clocked = any(name == "clk" for name, _ in ports)
    (folder / "ports.h").write_text(_header(top, ports, names, clocked=clocked))
    runtime = Path(locations[0]) / "share" / "include" / "backends" / "cxxrtl" / "runtime"
    native = folder / "native"
    command = [compiler, "-std=c++17", "-O1", "-w", f"-I{runtime}", f"-I{folder}", str(_DRIVER), "-o", str(native)]
    run_tool(command, folder / "compile.log", "compiling CXXRTL's C++")
    program = folder / "simulator"
    run = [sys.executable, "-m", "lgc.sim.cxxrtl", str(native), str(folder)]
    program.write_text(f"#!/bin/sh\nexec {shlex.join(run)}\n")
    program.chmod(0o755)
    return program


def _header(top: str, ports: Sequence[tuple[str, str]], outputs: Sequence[str], *, clocked: bool) -> str:
    """The design's names for the driver; an underscore is written twice (yosys' mangling)."""
    inputs = next(name for name, direction in ports if direction == "input" and name in ("bits", "features"))
    writes = " ".join(f"write(top.{_mangled(name)});" for name in outputs)
    lines = ['#include "design.cc"', f"using Top = cxxrtl_design::{_mangled(top)};", f"#define CLOCKED {int(clocked)}"]
    lines += [f"#define INPUT {_mangled(inputs)}", f"#define WRITE_OUTPUTS {writes}", ""]
    return "\n".join(lines)


def _mangled(name: str) -> str:
    return "p_" + name.replace("_", "__")


def play(native: Path, folder: Path) -> int:
    """Run the driver on the folder's job."""
    job = json.loads((folder / "job.json").read_text())
    size = (folder / "stimulus.bin").stat().st_size // job["row_bytes"]
    clocks = job["clocks"] or [(row, 1, 0, row) for row in range(size)]
    packed = b"".join(struct.pack("<qqqq", *map(int, clock)) for clock in clocks)
    (folder / "clocks.bin").write_bytes(packed)
    done = subprocess.run([str(native), str(job["row_bytes"])], cwd=folder, check=False)
    if done.returncode == 0:
        (folder / "results.part").replace(folder / "results.bin")
    return done.returncode


if __name__ == "__main__":
    sys.exit(play(Path(sys.argv[1]), Path(sys.argv[2])))
