"""CXXRTL as a third simulator: yosys reads the Verilog and writes C++, a driver of our own plays the schedule.

Nothing of it is shared with Verilator or cocotb: another reader of the text, another simulator, another testbench. It
takes the same job and writes the same files (:mod:`lgc.sim.testbench`).
"""

from __future__ import annotations

import os
import shutil
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lgc.sim.simulate import SimulationJob, Simulator
from lgc.tools.cc import find_cxx_compiler
from lgc.tools.find import has_package, missing
from lgc.tools.run import run_checked
from lgc.tools.yosys import run_yosys, yosys_share

_DRIVER = Path(__file__).with_name("cxxrtl_driver.cpp")


@dataclass
class CxxrtlSimulator(Simulator):
    """yosys' CXXRTL under a driver of our own; it shows ports only."""

    def build(self, source: Path) -> None:
        """Translate a file to C++, and compile it with the driver.

        Raises:
            MissingToolError: pyosys or a C++ compiler is missing.
            ToolError: one of them failed; what it printed is in the folder.
        """
        if not has_package("pyosys"):
            raise missing("pyosys", "CXXRTL")
        compiler, folder, top = find_cxx_compiler(), self.folder, self.manifest.top
        shutil.copyfile(source, folder / "design.v")
        passes = ["read_verilog design.v", f"hierarchy -check -top {top}", "proc", "flatten", "clean"]
        run_yosys([*passes, "write_cxxrtl design.cc"], folder / "yosys.log")
        (folder / "ports.h").write_text(_header(top, [(port.name, port.direction) for port in self.manifest.ports]))
        runtime = yosys_share() / "include" / "backends" / "cxxrtl" / "runtime"
        self.program = folder / "simulator"
        flags = ["-std=c++17", "-O1", "-w", f"-I{runtime}", f"-I{folder}"]
        command = [*compiler, *flags, str(_DRIVER), "-o", str(self.program)]
        run_checked(command, folder / "compile.log", "compiling CXXRTL's C++")

    def prepare(self, job: SimulationJob) -> None:
        """The driver takes its schedule as numbers."""
        clocks = job["clocks"] or [(row, True, False, row) for row in range(job["rows"])]
        (self.folder / "clocks.bin").write_bytes(b"".join(struct.pack("<qqqq", *map(int, one)) for one in clocks))
        self._row_bytes = job["row_bytes"]

    def command(self, trace_file: Path | None = None) -> list[str]:
        """See :class:`Simulator`."""
        assert trace_file is None, "waveforms are Verilator's"
        return [str(self.program), str(self._row_bytes)]

    def environment(self) -> Mapping[str, str]:
        """Without cocotb."""
        return os.environ


def _header(top: str, ports: Sequence[tuple[str, str]]) -> str:
    """The design's names for the driver; an underscore is written twice (yosys' mangling)."""
    outputs = [name for name, direction in ports if direction == "output" and name != "out_valid"]
    clocked = any(name == "clk" for name, _ in ports)
    inputs = next(name for name, direction in ports if direction == "input" and name in ("bits", "features"))
    writes = " ".join(f"write(top.{_mangled(name)});" for name in outputs)
    lines = ['#include "design.cc"', f"using Top = cxxrtl_design::{_mangled(top)};", f"#define CLOCKED {int(clocked)}"]
    lines += [f"#define INPUT {_mangled(inputs)}", f"#define WRITE_OUTPUTS {writes}", ""]
    return "\n".join(lines)


def _mangled(name: str) -> str:
    return "p_" + name.replace("_", "__")
