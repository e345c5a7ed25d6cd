"""Verilog in: yosys elaborates and flattens it, in a process of its own, and lgc reads the BLIF that comes out."""

from __future__ import annotations

import re
import tempfile
from dataclasses import replace
from pathlib import Path

from lgc.errors import NetlistError, ToolError
from lgc.frontend.containers.content import Content
from lgc.frontend.families import blif
from lgc.frontend.importer import Importer, ImportJob
from lgc.ir import Circuit
from lgc.tools.run import FailedError
from lgc.tools.yosys import run_yosys

_TIMEOUT_S = 300
_MODULE = re.compile(rb"^[ \t]*(?:\(\*.*?\*\)[ \t]*)?(?:macro)?module\s+[\w\\]", re.MULTILINE)
_TOP = re.compile(r"[A-Za-z_][A-Za-z0-9_$]*")


def _matches(content: Content) -> bool:
    return content.container == "text" and _MODULE.search(content.data[: 1 << 20]) is not None


def _read(job: ImportJob) -> Circuit:
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
    inner = ImportJob(replace(job.content, data=text), job.facts, job.read_other)
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
    try:
        run_yosys(passes, folder / "yosys.log", _TIMEOUT_S)
    except FailedError as error:
        raise NetlistError(
            f"yosys refuses it: {error.reason}", where=where, hint="lgc reads combinational Verilog that yosys accepts"
        ) from None
    except ToolError as error:
        raise error.at(where) from None


IMPORTER = Importer("verilog", "Verilog (through yosys)", _matches, _read, ("classes", "top"))
