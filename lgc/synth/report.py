"""What `lgc synth` found: numbers that say where they come from, as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from statistics import median_low
from typing import Any

from lgc import __version__
from lgc.errors import LgcError
from lgc.synth.cells import Counts
from lgc.synth.nextpnr import Placed

FORMAT = "lgc-synth"
VERSION = 1
MEASURED = "measured"
ESTIMATED = "estimated"
STATED = "stated"


@dataclass(frozen=True)
class Number:
    """A number and its source.

    Attributes:
        how: ``measured``, ``estimated``, or ``stated`` by the manifest.
        by: the tool and its version, or how it was estimated.
    """

    value: float
    unit: str
    how: str
    by: str


@dataclass
class Result:
    """The outcome of one synthesis.

    Attributes:
        numbers: by name: luts, ffs, carry, bram, sites, levels, fmax, fmax_best, fmax_worst, latency, latency_ns,
            images_per_second; for standard cells area, nand2, delay_ns.
        stages: lookup tables by stage, by the names that survive in the netlist.
        synthesis: yosys's version and command.
        placement: nextpnr's version, and what Fmax means: how many seeds, and what the ports were.
        used: places that nextpnr counts, by kind: used and available.
        netlist: yosys's netlist in the cache, as Verilog.
        problems: what kept the result from being complete, the first one first.
    """

    source: str
    source_sha256: str
    top: str
    part: str
    chip: str
    clock: float
    synthesis: str = ""
    placement: str = ""
    numbers: dict[str, Number] = field(default_factory=dict)
    stages: dict[str, Number] = field(default_factory=dict)
    used: dict[str, tuple[int, int]] = field(default_factory=dict)
    seeds: list[Placed] = field(default_factory=list)
    bitstream: str = ""
    netlist: Path | None = None
    problems: list[LgcError] = field(default_factory=list)

    @property
    def partial(self) -> bool:
        """Whether something that was asked for is missing."""
        return bool(self.problems)

    @property
    def meets_clock(self) -> bool | None:
        """Whether the median seed reaches the clock; None if nothing was placed."""
        fmax = self.numbers.get("fmax")
        return None if fmax is None else fmax.value >= self.clock

    def value(self, name: str) -> float | None:
        """A number's value, or None if there is no such number."""
        number = self.numbers.get(name)
        return None if number is None else number.value

    def add(self, name: str, value: float, unit: str, how: str, by: str) -> None:
        """Note a number."""
        self.numbers[name] = Number(value, unit, how, by)

    def add_counts(self, counts: Counts, by: str) -> None:
        """What yosys counts."""
        for name in ("luts", "ffs", "carry", "bram", "sites", "levels"):
            unit = {"sites": "luts and carry", "levels": "luts in a row"}.get(name, name)
            self.add(name, getattr(counts, name), unit, MEASURED, by)
        for stage, luts in counts.stages.items():
            self.stages[stage] = Number(luts, "luts", ESTIMATED, "cell names")

    def add_placed(self, placed: list[Placed], by: str, how: str, latency: int | None, interval: int) -> None:
        """What nextpnr says; of an even number of seeds the lower median counts."""
        self.seeds = sorted(placed, key=lambda one: one.seed)
        good = [one for one in self.seeds if not one.problem]
        if not good:
            return
        rates = [one.fmax for one in good]
        self._add_used(good[0])
        fmax = median_low(rates)
        self.placement = f"{by}: Fmax is the median of {len(good)} seed{'s' if len(good) > 1 else ''}, {how}"
        for name, rate in (("fmax", fmax), ("fmax_best", max(rates)), ("fmax_worst", min(rates))):
            self.add(name, rate, "MHz", MEASURED, by)
        if fmax and latency is not None:
            clocks = max(1, latency)
            self.add("latency_ns", clocks * 1000 / fmax, "ns", MEASURED, by)
            self.add("images_per_second", fmax * 1e6 / interval, "1/s", MEASURED, by)

    def add_untimed(self, placed: list[Placed], by: str, how: str, cells: str) -> None:
        """What nextpnr says where it has no delays of some cells: no Fmax, for it would be of the other cells alone."""
        self.seeds = [replace(one, fmax=0.0) for one in sorted(placed, key=lambda one: one.seed)]
        good = [one for one in self.seeds if not one.problem]
        if good:
            self._add_used(good[0])
            self.placement = f"{by}: placed and routed, {how}; no Fmax, for it has no delays of {cells} here"

    def _add_used(self, placed: Placed) -> None:
        self.used = {kind: (used, available) for kind, used, available in placed.used}

    def to_json(self) -> str:
        """The text of the file."""
        return json.dumps(self.as_json(), indent=2) + "\n"

    def as_json(self) -> dict[str, Any]:
        """What the file says."""
        fields: dict[str, Any] = {"format": FORMAT, "version": VERSION, "lgc": __version__, "partial": self.partial}
        # The file's own words, which readers know: a target is a part's name here, and a part its chip.
        fields |= {"source": self.source, "source_sha256": self.source_sha256, "top": self.top}
        fields |= {"target": self.part, "part": self.chip, "clock": self.clock}
        fields |= {"meets_clock": self.meets_clock, "synthesis": self.synthesis, "placement": self.placement}
        fields |= {"bitstream": self.bitstream or None}
        fields |= {"numbers": {name: asdict(one) for name, one in self.numbers.items()}}
        fields |= {"stages": {name: asdict(one) for name, one in self.stages.items()}}
        fields |= {"used": {name: {"used": a, "available": b} for name, (a, b) in self.used.items()}}
        fields |= {"seeds": [asdict(one) for one in self.seeds], "problems": [str(one) for one in self.problems]}
        return fields
