"""Place and route by nextpnr, one process a seed."""

from __future__ import annotations

import json
import os
import re
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lgc.errors import MissingToolError, ToolError
from lgc.parts.part import Part
from lgc.tools.find import Tool, find_tool
from lgc.tools.run import Listener, Setup, reason, run

_STEPS = {"Info: Packing": "packing", "Info: Running": "placing", "Info: Placed": "placing", "Info: Routing": "routing"}
_FMAX = re.compile(r"\w+: Max frequency for clock .*: +([\d.]+) MHz")
_REACH = 0.9
"""What placement must reach of a clock for the router to be driven for it: it gained 6 % at most (docs/hardware.md)."""


@dataclass(frozen=True)
class Placed:
    """The outcome of one seed.

    Attributes:
        fmax: MHz, of the slowest clock; 0.0 if the design has no path between registers.
        used: places by kind: how many the design takes and how many the part has.
        problem: why there is no outcome; "" if there is one.
    """

    seed: int
    fmax: float = 0.0
    used: tuple[tuple[str, int, int], ...] = ()
    problem: str = ""

    def to_json(self) -> str:
        """For the cache."""
        return json.dumps(asdict(self))

    @classmethod
    def of_json(cls, text: str) -> Placed:
        """From the cache."""
        fields = json.loads(text)
        return cls(**fields | {"used": tuple(tuple(row) for row in fields["used"])})


def find_nextpnr(part: Part) -> Tool:
    """The nextpnr of a part's family.

    Raises:
        MissingToolError: it is not installed, or a file that it needs is not named.
    """
    tool = find_tool(part.family.nextpnr, part.family.wheel)
    if _needs_chipdb(part) and not os.environ.get("LGC_XC7_CHIPDB"):
        raise MissingToolError(
            f"{tool.name} needs the chip database of {part.chip}", hint="Name the file in LGC_XC7_CHIPDB"
        )
    return tool


def _needs_chipdb(part: Part) -> bool:
    return any("{chipdb}" in word for word in part.family.flags)


def place(
    design: Path,
    part: Part,
    folder: Path,
    *,
    seed: int,
    clock: float,
    driven: bool = False,
    constraints: str = "",
    bitstream: str = "",
    timeout: float = 3600.0,
    listen: Listener | None = None,
) -> Placed:
    """Place and route ``design``, a netlist of yosys.

    Where the router is driven for a clock, and placement says that it is out of reach, nextpnr runs once more and aims
    at what placement reached.

    Args:
        folder: to work in; the log and the report stay there.
        clock: MHz to aim at.
        driven: whether to do for that clock whatever the family can, if placement does not say that it is out of reach.
        constraints: text of the pins' constraints, in the family's own language.
        bitstream: name of nextpnr's own output, in ``folder``; "" for none.

    Raises:
        ToolError: nextpnr failed or took too long.
        MissingToolError: see :func:`find_nextpnr`.
    """
    tool, family = find_nextpnr(part), part.family
    folder.mkdir(parents=True, exist_ok=True)
    # WebAssembly builds see little of the file system: all files are named relative to the folder they are in.
    (folder / "design.json").write_bytes(design.read_bytes())
    flags = family.flags + family.timing if driven else family.flags
    command = [*tool.command, *part.fill(flags, chipdb=os.environ.get("LGC_XC7_CHIPDB", ""))]
    command += ["--json", "design.json", "--report", "report.json", "--seed", str(seed), "--timing-allow-fail"]
    if constraints:
        (folder / "pins.txt").write_text(constraints, encoding="utf-8")
        command += part.fill(family.pins, file="pins.txt")
    if bitstream:
        command += part.fill(family.bitstream, file=bitstream)
    log, start = folder / "nextpnr.log", time.monotonic()
    hear = _Hearing(listen or (lambda _step: None), _REACH * clock if driven else 0.0)
    try:
        try:
            code = run([*command, "--freq", f"{clock:g}"], log, Setup(folder=folder, timeout=timeout), listen=hear)
        except _OutOfReachError as error:
            aim = f"{error.fmax:g}"
            hear = _Hearing(hear.listen, 0.0)
            hear.listen(f"aims at {aim} MHz, which it was placed for: {clock:g} MHz is out of reach")
            left = Setup(folder=folder, timeout=timeout - (time.monotonic() - start))
            code = run([*command, "--freq", aim], log, left, listen=hear)
    except ToolError as error:
        raise type(error)(f"{tool.name}, seed {seed}: {error.message}", hint=error.hint) from None
    report = folder / "report.json"
    if code or not report.exists():
        raise ToolError(f"{tool.name}, seed {seed}, failed: {reason(log, code)}")
    return _read(report, seed)


class _OutOfReachError(Exception):
    """After placement the clock is so far below the one asked for that routing would not end."""

    def __init__(self, fmax: float) -> None:
        super().__init__(fmax)
        self.fmax = fmax


@dataclass
class _Hearing:
    """What nextpnr prints, line by line.

    Attributes:
        listen: called with each step that begins.
        least: MHz that placement must reach.
    """

    listen: Listener
    least: float
    step: str = ""

    def __call__(self, line: str) -> None:
        found = next((name for start, name in _STEPS.items() if line.startswith(start)), self.step)
        if found != self.step:
            self.listen(found)
        self.step = found
        fmax = _FMAX.match(line)
        if fmax and self.step != "routing" and float(fmax[1]) < self.least:
            raise _OutOfReachError(float(fmax[1]))


def _read(report: Path, seed: int) -> Placed:
    fields: dict[str, Any] = json.loads(re.sub(r"\b-?inf\b|\bnan\b", "0", report.read_text(encoding="utf-8")))
    clocks = [float(one["achieved"]) for one in fields.get("fmax", {}).values()]
    used = [(kind, int(row["used"]), int(row["available"])) for kind, row in fields.get("utilization", {}).items()]
    return Placed(seed, min(clocks, default=0.0), tuple(row for row in used if row[1]))


def pack(part: Part, source: Path, output: Path, folder: Path, timeout: float) -> Tool:
    """Make the bitstream of nextpnr's output.

    Returns:
        The packer.

    Raises:
        ToolError: it failed.
        MissingToolError: it is not installed.
    """
    name, *words = part.family.pack
    tool = find_tool(name, part.family.wheel)
    words = part.fill(tuple(words), **{"from": source.name, "to": output.name})
    code = run([*tool.command, *words], folder / "pack.log", Setup(folder=folder, timeout=timeout))
    if code or not output.exists():
        raise ToolError(f"{tool.name} failed: {reason(folder / 'pack.log', code)}")
    return tool
