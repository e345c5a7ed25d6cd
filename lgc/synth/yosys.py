"""Synthesis by yosys: its script, and what it leaves."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from lgc.errors import InputError, ToolError
from lgc.parts.part import Part
from lgc.synth.cells import Counts, count_cells
from lgc.synth.design import Design
from lgc.synth.harness import TOP, harness
from lgc.tools.run import FailedError, Listener, reading
from lgc.tools.yosys import find_yosys, run_yosys

MODELS = "cells.v"
"""What a Liberty file's cells compute, as Verilog, beside the netlist."""

_PASS = re.compile(r"^\d+(?:\.\d+)*\. Executing (\w+) pass")
_DELAY = re.compile(r"Delay = +([\d.]+) ps")
_AREA = re.compile(r"Chip area for (?:top )?module .*: ([\d.]+)")


@dataclass(frozen=True)
class Synthesised:
    """What yosys made.

    Attributes:
        folder: holds ``circuit.json``, ``netlist.v``, ``yosys.log``, and ``harness.json`` where that was asked for.
        command: the yosys command that made it.
        area: in the Liberty file's unit, standard cells only.
        delay_ns: ABC's estimate of the longest way, standard cells only.
    """

    folder: Path
    command: str
    tool: str
    counts: Counts
    area: float = 0.0
    delay_ns: float = 0.0


@dataclass(frozen=True)
class SynthesisJob:
    """What yosys is to do.

    Attributes:
        liberty: the cells, for standard cells.
        pins: the top's ports are the board's pins.
        wrap: also write the circuit between registers, ``harness.json``.
    """

    design: Design
    part: Part
    liberty: Path | None = None
    pins: bool = False
    wrap: bool = False

    @property
    def command(self) -> str:
        """The synthesis itself."""
        family = self.part.family
        words = self.part.fill((family.synth_pins if self.pins and family.synth_pins else family.synth,))
        return f"{words[0]} -top {self.design.top}"

    def sources(self) -> list[str]:
        """The names of the files that are copied to where yosys runs."""
        return [f"source{index}.v" for index in range(len(self.design.files))]

    def script(self) -> list[str]:
        """The yosys script: file names are relative to the folder it runs in."""
        lines = ["read_liberty -lib cells.lib"] if self.liberty is not None else []
        lines += [*(f"read_verilog -defer {name}" for name in self.sources()), self.command]
        # Modules that were kept so that their registers are not merged are of no further use.
        lines += ["setattr -mod -unset keep_hierarchy", "flatten", "opt_clean"]
        if self.liberty is not None:
            lines += ["dfflibmap -liberty cells.lib", "abc -liberty cells.lib"]
            lines += ["opt_clean -purge", "tee -o area.txt stat -liberty cells.lib"]
        lines += ["autoname", "write_json circuit.json", "write_verilog -noattr netlist.v"]
        if self.wrap:
            lines += ["read_verilog harness.v", f"hierarchy -top {TOP}", "proc", "flatten", "opt_clean"]
            lines += ["write_json harness.json"]
        if self.liberty is not None:
            lines += ["design -reset", "read_liberty -ignore_miss_func cells.lib", f"write_verilog -noattr {MODELS}"]
        return lines


def run_synthesis(
    job: SynthesisJob, folder: Path, *, timeout: float = 3600.0, listen: Listener | None = None
) -> Synthesised:
    """Run yosys in ``folder``, which exists.

    Args:
        listen: called with what yosys does.

    Raises:
        InputError: yosys does not take the Verilog.
        ToolError: it failed otherwise, or took too long.
        MissingToolError: there is no yosys.
    """
    design = job.design
    for name, text in zip(job.sources(), design.texts, strict=True):
        (folder / name).write_bytes(text)
    if job.liberty is not None:
        shutil.copyfile(job.liberty, folder / "cells.lib")
    if job.wrap:
        (folder / "harness.v").write_text(harness(design.top, design.ports, job.part.family), encoding="utf-8")

    def hear(line: str) -> None:
        match = _PASS.match(line)
        if match and listen:
            listen(match[1].lower())

    try:
        run_yosys(job.script(), folder / "yosys.log", timeout, hear)
    except FailedError as error:
        if not error.crashed and ("source" in error.reason or "not found" in error.reason):
            raise InputError(f"yosys does not take this Verilog: {error.reason}", where=design.name) from None
        raise ToolError(error.message, where=design.name) from None
    except ToolError as error:
        raise error.at(design.name) from None
    with reading("yosys", folder):
        return read_synthesised(job, folder)


def read_synthesised(job: SynthesisJob, folder: Path) -> Synthesised:
    """What a run left in ``folder``."""
    area = delay = 0.0
    if (folder / "area.txt").exists():
        found = _AREA.findall((folder / "area.txt").read_text(encoding="utf-8"))
        area = float(found[-1]) if found else 0.0
        delays = _DELAY.findall((folder / "yosys.log").read_text(encoding="utf-8", errors="replace"))
        delay = float(delays[-1]) / 1000 if delays else 0.0
    family = job.part.family
    if job.liberty is not None:
        family = replace(family, ff=_registers(job.liberty.read_text(encoding="utf-8", errors="replace")))
    counts = count_cells(folder / "circuit.json", job.design.top, family)
    return Synthesised(folder, job.command, str(find_yosys()), counts, area, delay)


def _registers(text: str) -> tuple[str, ...]:
    """The cells of a Liberty text that hold a state."""
    cells = re.split(r"\bcell\s*\(", text)[1:]
    names = ((re.match(r'\s*"?([\w.$]+)', cell), re.search(r"\b(?:ff|latch)\w*\s*\(", cell)) for cell in cells)
    return tuple(name[1] for name, state in names if name and state)


def nand2_area(liberty: Path) -> float:
    """Area of the smallest two-input NAND of a Liberty file; 0.0 if no cell is called so.

    Raises:
        InputError: the file cannot be read, or holds no library.
    """
    try:
        text = liberty.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise InputError(
            f"the Liberty file cannot be read ({error.strerror})", where=str(liberty), hint="Give --liberty FILE.lib"
        ) from None
    if not re.search(r"\blibrary\s*\(", text):
        raise InputError("this is no Liberty file: it has no library", where=str(liberty))
    cells = re.findall(r'\bcell\s*\(\s*"?([\w.$]+)"?\s*\)\s*\{(.*?)\barea\s*:\s*"?([\d.eE+-]+)', text, re.DOTALL)
    return min((float(area) for name, _, area in cells if re.search(r"nand2|nd2", name, re.IGNORECASE)), default=0.0)
