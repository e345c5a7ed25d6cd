"""Place and route by nextpnr, one process a seed."""

from __future__ import annotations

import json
import os
import re
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from lgc.errors import MissingToolError, ToolError
from lgc.parts.part import Part
from lgc.synth.cells import stage_of
from lgc.tools.find import Tool, find_tool
from lgc.tools.run import Listener, Setup, reading, reason, run

_STEPS = {"Info: Packing": "packing", "Info: Running": "placing", "Info: Placed": "placing", "Info: Routing": "routing"}
_FMAX = re.compile(r"\w+: Max frequency for clock .*: +([\d.]+) MHz")
_CIRCUIT = "circuit."  # as lgc.synth.harness calls the instance
_REACH = 0.9
"""What placement must reach of a clock for the router to be driven for it: it gained 6 % at most (docs/hardware.md)."""


@dataclass(frozen=True)
class Placed:
    """The outcome of one seed.

    Attributes:
        fmax: MHz, of the slowest clock; 0.0 if the design has no path between registers.
        used: places by kind: how many the design takes and how many the part has.
        problem: why there is no outcome; "" if there is one.
        path: the slowest path from register to register by stage: nanoseconds in cells, and in wires; empty if nextpnr
            says none.
    """

    seed: int
    fmax: float = 0.0
    used: tuple[tuple[str, int, int], ...] = ()
    problem: str = ""
    path: tuple[tuple[str, float, float], ...] = ()

    def to_json(self) -> str:
        """For the cache."""
        return json.dumps(asdict(self))

    @classmethod
    def of_json(cls, text: str) -> Placed:
        """From the cache."""
        fields = json.loads(text)
        rows = {name: tuple(tuple(row) for row in fields.get(name, ())) for name in ("used", "path")}
        return cls(**fields | rows)


def find_nextpnr(part: Part) -> Tool:
    """The nextpnr of a part's family.

    Raises:
        MissingToolError: it is not installed, or a file that it needs is not named.
    """
    tool = find_tool(part.family.nextpnr, part.family.wheel)
    variable = part.family.chipdb
    if variable and not os.environ.get(variable):
        raise MissingToolError(
            f"{tool.name} needs the chip database of {part.chip}", hint=f"Name the file in {variable}"
        )
    return tool


@dataclass(frozen=True, kw_only=True)
class Placement:
    """What is placed and routed, and how.

    Attributes:
        design: a netlist of yosys, the bytes of its file.
        clock: MHz to aim at.
        driven: whether to do for that clock whatever the family can, if placement does not say that it is out of reach.
        constraints: text of the pins' constraints, in the family's own language.
        bitstream: name of nextpnr's own output, in the folder; "" for none.
        timeout: seconds, for each seed.
    """

    design: bytes
    part: Part
    clock: float
    driven: bool = False
    constraints: str = ""
    bitstream: str = ""
    timeout: float = 3600.0

    def command(self, tool: Tool, seed: int) -> list[str]:
        """What starts nextpnr in a folder that :meth:`fill_folder` filled; the clock follows."""
        part, family = self.part, self.part.family
        flags = family.flags + family.timing if self.driven else family.flags
        words = [*tool.command, *part.fill(flags, chipdb=os.environ.get(family.chipdb, ""))]
        words += ["--json", "design.json", "--report", "report.json", "--seed", str(seed), "--timing-allow-fail"]
        words += part.fill(family.pins, file="pins.txt") if self.constraints else []
        words += part.fill(family.bitstream, file=self.bitstream) if self.bitstream else []
        return [*words, "--freq"]

    def fill_folder(self, folder: Path) -> None:
        """Copy what nextpnr reads: WebAssembly builds see little of the file system beside the folder they run in."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "design.json").write_bytes(self.design)
        if self.constraints:
            (folder / "pins.txt").write_text(self.constraints, encoding="utf-8")


def place(wanted: Placement, folder: Path, seed: int, listen: Listener | None = None) -> Placed:
    """Place and route by one seed.

    Where the router is driven for a clock, and placement says that it is out of reach, nextpnr runs once more and aims
    at what placement reached.

    Args:
        folder: to work in; the log and the report stay there.
        listen: called with each step that begins.

    Raises:
        ToolError: nextpnr failed or took too long.
        MissingToolError: see :func:`find_nextpnr`.
    """
    tool = find_nextpnr(wanted.part)
    wanted.fill_folder(folder)
    log, report = folder / "nextpnr.log", folder / "report.json"
    try:
        code = _run_nextpnr(wanted, wanted.command(tool, seed), log, listen or (lambda _step: None))
    except ToolError as error:
        raise type(error)(f"{tool.name}, seed {seed}: {error.message}", hint=error.hint) from None
    if code or not report.exists():
        raise ToolError(f"{tool.name}, seed {seed}, failed: {reason(log, code)}")
    with reading(f"{tool.name}, seed {seed},", folder):
        return _read(report, seed)


def _run_nextpnr(wanted: Placement, command: list[str], log: Path, listen: Listener) -> int:
    setup, start = Setup(folder=log.parent, timeout=wanted.timeout), time.monotonic()
    hear = _Hearing(listen, _REACH * wanted.clock if wanted.driven else 0.0)
    try:
        return run([*command, f"{wanted.clock:g}"], log, setup, listen=hear)
    except _OutOfReachError as error:
        aim = f"{error.fmax:g}"
    listen(f"aims at {aim} MHz, which it was placed for: {wanted.clock:g} MHz is out of reach")
    left = replace(setup, timeout=wanted.timeout - (time.monotonic() - start))
    return run([*command, aim], log, left, listen=_Hearing(listen, 0.0))


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
    return Placed(seed, min(clocks, default=0.0), tuple(row for row in used if row[1]), path=_slowest_path(fields))


def _slowest_path(fields: dict[str, Any]) -> tuple[tuple[str, float, float], ...]:
    """The longest of the paths that begin and end at a clock, its steps added up by the stage that they lead to."""
    clocked = [one for one in fields.get("critical_paths", ()) if "<async>" not in (one.get("from"), one.get("to"))]
    steps: list[dict[str, Any]] = max(
        (one["path"] for one in clocked), key=lambda path: sum(step["delay"] for step in path), default=[]
    )
    stages: dict[str, list[float]] = {}
    for step in steps:
        cell = step["to"]["cell"].removeprefix(_CIRCUIT)
        sums = stages.setdefault(stage_of(cell), [0.0, 0.0])
        sums[step["type"] == "routing"] += float(step["delay"])
    return tuple((stage, round(logic, 3), round(wires, 3)) for stage, (logic, wires) in stages.items())


def pack_bitstream(part: Part, source: Path, output: Path, folder: Path, timeout: float) -> Tool:
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
