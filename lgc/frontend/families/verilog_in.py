"""Verilog in: yosys elaborates and flattens it, in a process of its own, and lgc reads the BLIF that comes out."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

from lgc.errors import MissingToolError, NetlistError, ToolError
from lgc.frontend.containers.content import Content
from lgc.frontend.families import blif
from lgc.frontend.importer import Importer, Job
from lgc.ir import Circuit

_TIMEOUT_S = 300
_MODULE = re.compile(rb"^\s*(?:\(\*.*?\*\)\s*)?(?:macro)?module\s+[\w\\]", re.MULTILINE)
_TOP = re.compile(r"[A-Za-z_][A-Za-z0-9_$]*")
_PROGRAM = "import sys; from pyosys import libyosys as y; d = y.Design(); [y.run_pass(c, d) for c in sys.argv[1:]]"


def _matches(content: Content) -> bool:
    return content.container == "text" and _MODULE.search(content.data[: 1 << 20]) is not None


def _read(job: Job) -> Circuit:
    top = job.facts.get("top")
    if top is not None and not _TOP.fullmatch(str(top)):
        raise NetlistError(f"--source-top is '{str(top)[:40]}', which is no plain Verilog name")
    with tempfile.TemporaryDirectory(prefix="lgc-verilog-") as folder:
        # Fixed names in a folder of our own: no name from outside reaches yosys' command line.
        (Path(folder) / "input.v").write_bytes(job.content.data)
        _run_yosys(Path(folder), str(top) if top else None, str(job.content.path))
        text = (Path(folder) / "output.blif").read_bytes()
    if b"\n.latch" in text:
        raise NetlistError(
            "it has registers or latches",
            where=str(job.content.path),
            hint="lgc reads combinational Verilog; what `lgc compile` wrote with --pipeline, compile again without",
        )
    job.certain.append("elaborated and flattened by yosys; ports in the order yosys writes them, bit 0 of each first")
    inner = Job(replace(job.content, data=text), job.facts)
    return blif.IMPORTER.read(inner)  # type: ignore[return-value]  # BLIF is a circuit


def _run_yosys(folder: Path, top: str | None, where: str) -> None:
    passes = [
        "read_verilog -sv input.v",
        f"hierarchy -check -top {top}" if top else "hierarchy -check -auto-top",
        "proc",
        "flatten",
        "opt_clean",
        "memory -nomap",
        "opt -full",
        "techmap",
        "opt -fast",
        "setundef -zero -undriven",
        "clean",
        "write_blif -noalias output.blif",
    ]
    yosys = shutil.which("yosys")
    if yosys:
        command = [yosys, "-Q", "-q", "-p", "; ".join(passes)]
    elif find_spec("pyosys"):
        command = [sys.executable, "-c", _PROGRAM, *passes]
    else:
        raise MissingToolError("reading Verilog needs yosys, which is not installed", hint="`pip install pyosys`")
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, errors="replace", timeout=_TIMEOUT_S, check=False,
            env=dict(os.environ),
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise ToolError(f"yosys did not finish within {_TIMEOUT_S} s", where=where) from None
    if done.returncode or not (folder / "output.blif").exists():
        lines = [line for line in (done.stderr + done.stdout).splitlines() if "ERROR" in line]
        raise NetlistError(
            f"yosys refuses it: {lines[0][:200] if lines else 'it ended without a netlist'}",
            where=where,
            hint="lgc reads combinational Verilog that yosys accepts",
        )


IMPORTER = Importer("verilog", "Verilog (through yosys)", _matches, _read, ("classes", "top"))
