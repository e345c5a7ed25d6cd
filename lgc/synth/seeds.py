"""Place and route by many seeds: each is a task, which any worker can do."""

from __future__ import annotations

from dataclasses import dataclass

import lgc
from lgc.errors import LgcError, TimeLimitError
from lgc.farm import Here, Task, Workers, answers, check_version, progress_here
from lgc.progress import Progress, Within
from lgc.synth.nextpnr import Placed, Placement, place
from lgc.synth.remembered import KIND, check_limit, digest, keep_stopped, keep_text
from lgc.tools.entries import found
from lgc.tools.find import Tool
from lgc.tools.watchdog import scratch

LAYOUT = "layout"
"""The file of nextpnr's own output, of which a bitstream is packed."""
_PLACED = "placed.json"


@dataclass(frozen=True)
class PlacedSeed:
    """What became of a seed.

    Attributes:
        problem: what stopped it; None if nothing did.
        layout: nextpnr's own output, where it was asked for; else empty.
    """

    placed: Placed
    problem: LgcError | None = None
    layout: bytes = b""


def place_seed(task: Task) -> PlacedSeed:
    """Do a task of :class:`Seeds`: place and route ``wanted`` by the request's seed."""
    check_version(task["request"])
    wanted, seed = task["wanted"], int(task["request"]["seed"])
    told = Within(progress_here(), f"{task['tool']}: seed {seed}")
    with scratch("lgc-place-") as folder:
        try:
            placed = place(wanted, folder, seed, told.step)
        except LgcError as error:
            return PlacedSeed(Placed(seed, problem=str(error)), error)
        return PlacedSeed(placed, layout=(folder / LAYOUT).read_bytes() if wanted.bitstream else b"")


@dataclass(frozen=True)
class Seeds:
    """How one placement is done by many seeds.

    Attributes:
        numbers: the seeds.
        cache: whether to take what was measured before.
        farm: who works; None is this process.
    """

    numbers: tuple[int, ...]
    progress: Progress
    farm: Workers | None = None
    cache: bool = True

    def place_all(self, wanted: Placement, tool: Tool) -> list[PlacedSeed]:
        """What became of each, in their order; what is measured is kept at once."""
        key = _key(wanted, tool)
        done = {seed: self._before(wanted, tool, f"{key}-{seed}") for seed in self.numbers}
        tasks = [_task(wanted, tool, seed, key) for seed, before in done.items() if before is None]
        name = f"{tool.name}: seeds"
        for _, one in answers(self.farm or Here(self.progress), place_seed, tasks):
            seed = one.placed.seed
            done[seed] = one
            if one.problem is None:
                keep_text(f"{key}-{seed}", _PLACED, one.placed.to_json())
            elif isinstance(one.problem, TimeLimitError):
                keep_stopped(f"{key}-{seed}", wanted.timeout)
            if len(tasks) > 1:
                self.progress.step(name, sum(before is not None for before in done.values()), len(done))
        return [one for one in done.values() if one is not None]

    def _before(self, wanted: Placement, tool: Tool, key: str) -> PlacedSeed | None:
        """What the cache knows of a seed; None if nothing."""
        if not self.cache:
            return None
        before = found(KIND, key) if not wanted.bitstream else None
        if before is not None:
            return PlacedSeed(Placed.of_json((before / _PLACED).read_text(encoding="utf-8")))
        seed = int(key.rpartition("-")[2])
        try:
            check_limit(key, wanted.timeout, f"{tool.name}, seed {seed}")
        except TimeLimitError as error:
            return PlacedSeed(Placed(seed, problem=str(error)), error)
        return None


def _key(wanted: Placement, tool: Tool) -> str:
    """The digest of all that an outcome depends on, but the seed."""
    family = wanted.part.family
    parts = [str(tool), wanted.part.name, repr(family.flags), f"{wanted.clock:g}"]
    parts += family.timing * wanted.driven
    return digest(wanted.design, wanted.constraints.encode(), *(part.encode() for part in parts))


def _task(wanted: Placement, tool: Tool, seed: int, key: str) -> Task:
    request = {"task": "place", "lgc": lgc.__version__, "key": key, "seed": seed, "bitstream": wanted.bitstream}
    return {"request": {**request, "timeout": wanted.timeout}, "wanted": wanted, "tool": tool.name}
