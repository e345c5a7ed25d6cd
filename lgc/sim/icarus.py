"""Icarus Verilog as a second simulator, under the same cocotb testbench."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from lgc.sim.simulate import Simulator, cocotb_config
from lgc.tools.find import missing
from lgc.tools.run import run_checked


@dataclass
class IcarusSimulator(Simulator):
    """Icarus Verilog under cocotb, reading the text as Verilog-2005."""

    def build(self, source: Path) -> None:
        """Compile a file for Icarus.

        Raises:
            MissingToolError: Icarus or cocotb is missing.
            ToolError: Icarus refuses the file; what it printed is in the folder.
        """
        iverilog, vvp = shutil.which("iverilog"), shutil.which("vvp")
        if not iverilog or not vvp:
            raise missing("iverilog")
        library = cocotb_config().lib_name_path("vpi", "icarus")
        scale, self.program = self.folder / "timescale.f", self.folder / "design.vvp"
        scale.write_text("+timescale+1ns/1ps\n")
        command = [iverilog, "-g2005", "-s", self.manifest.top, "-f", str(scale), "-o", str(self.program), str(source)]
        run_checked(command, self.folder / "icarus.log", "Icarus Verilog")
        self._vvp = [vvp, "-m", str(library), str(self.program)]

    def command(self, trace_file: Path | None = None) -> list[str]:
        """See :class:`Simulator`."""
        assert trace_file is None, "waveforms are Verilator's"
        return self._vvp
