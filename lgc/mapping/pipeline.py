"""Pipelining: where register stages go.

A circuit is a sequence of levels of logic, and a register stage is a row of registers behind one of them: every path
from input to output crosses it once. Stages are placed by estimated delay, counted in lookup tables, so that the
slowest segment between two of them is as fast as can be; of all such placements the one with the fewest registers is
taken.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from lgc.errors import OptionError
from lgc.ir import CONST1, Netlist

MAX_STAGES = 64
INPUT_LEVEL = "input"
_EPSILON = 1e-6


@dataclass(frozen=True)
class Level:
    """One level of logic, and the place for register stages behind it.

    Attributes:
        region: ``input``, ``gates``, ``popcount``, ``scores``, ``argmax``: what it is part of.
        index: its number in the region, from 1; the input's is 0.
        delay: estimated delay, in lookup tables in a row.
        registers: bits that a register stage behind it holds.
        part: what most of it is, for people, where the region does not say.
    """

    region: str
    index: int
    delay: float
    registers: int
    part: str = ""

    def __str__(self) -> str:
        if self.part:
            return f"level {self.index}, {self.part}"
        return self.region if self.index == 0 else f"{self.region} {self.index}"


@dataclass(frozen=True)
class RegisterStage:
    """One register stage, for reports: the level it stands behind, its registers, and the delay from the one before."""

    behind: Level
    registers: int
    delay: float


@dataclass(frozen=True)
class Pipeline:
    """Levels in order, the input first, and the register stages among them.

    Attributes:
        cuts: ascending indices into ``levels``, one a register stage; a place may hold several.
    """

    levels: tuple[Level, ...]
    cuts: tuple[int, ...] = ()

    @property
    def latency(self) -> int:
        """Rising clock edges from an input to its result."""
        return len(self.cuts)

    def behind(self, region: str, index: int) -> int:
        """How many register stages stand behind a level."""
        return sum((self.levels[cut].region, self.levels[cut].index) == (region, index) for cut in self.cuts)

    def indices(self, region: str) -> tuple[int, ...]:
        """The numbers of a region's levels that have a register stage behind them, once a stage."""
        return tuple(self.levels[cut].index for cut in self.cuts if self.levels[cut].region == region)

    def stages(self) -> list[RegisterStage]:
        """What the register stages cost and what lies before each."""
        ends = [0, *self.cuts]
        return [
            RegisterStage(
                self.levels[end], self.levels[end].registers, sum(one.delay for one in self.levels[start + 1 : end + 1])
            )
            for start, end in pairwise(ends)
        ]

    @property
    def registers(self) -> int:
        """Bits in all register stages, without the valid bits."""
        return sum(self.levels[cut].registers for cut in self.cuts)

    @property
    def whole_delay(self) -> float:
        """The estimated delay from input to output without any register stages."""
        return sum(one.delay for one in self.levels)

    @property
    def delay(self) -> float:
        """The estimated delay of the slowest segment, from input to output where there are no register stages."""
        starts, ends = [0, *self.cuts], [*self.cuts, len(self.levels) - 1]
        return max(sum(one.delay for one in self.levels[a + 1 : b + 1]) for a, b in zip(starts, ends, strict=True))


def pipeline(levels: Sequence[Level], stages: int) -> Pipeline:
    """Place register stages: the first one at the output, the second one at the input, the others where they balance.

    Raises:
        OptionError: a negative number of them, or more than there are places.
    """
    most = most_stages(levels)
    if not 0 <= stages <= most:
        raise OptionError(
            f"a pipeline of {stages} register stages",
            hint=f"This circuit has {len(levels) - 1} levels of logic: it takes 0 to {most}, one at the input and one "
            "behind each level",
        )
    last = len(levels) - 1
    if stages < 2:
        return Pipeline(tuple(levels), (last,) * stages)
    return Pipeline(tuple(levels), (0, *_inner_cuts(levels, stages - 2), last))


def most_stages(levels: Sequence[Level]) -> int:
    """The most register stages that are of use; at least the two at the ends."""
    return min(MAX_STAGES, max(2, len(levels)))


def _inner_cuts(levels: Sequence[Level], count: int) -> tuple[int, ...]:
    """Places of ``count`` stages strictly between the ends: the least slowest segment, then the fewest registers.

    Dynamic programming over the last stage's place; the bound on a segment comes first, by bisection.
    """
    if not count:
        return ()
    reach = np.cumsum([one.delay for one in levels])
    bound = _bottleneck(reach, count + 1) + _EPSILON
    last = len(levels) - 1
    earliest = np.searchsorted(reach, reach - bound)  # of the stage before, for a segment that ends here
    own = np.array([one.registers for one in levels], float)
    own[[0, last]] = np.inf
    cost = np.where(reach <= bound, own, np.inf)  # of the stages so far, the last one behind this level
    choices: list[NDArray[np.int64]] = []
    for _ in range(count - 1):
        choice = np.array([lo + int(np.argmin(cost[lo:end])) if lo < end else end for end, lo in enumerate(earliest)])
        cost = np.where(choice < np.arange(last + 1), cost[choice], np.inf) + own
        choices.append(choice)
    lo = int(earliest[last])
    cuts = [lo + int(np.argmin(cost[lo:last]))]
    for choice in reversed(choices):
        cuts.append(int(choice[cuts[-1]]))
    return tuple(reversed(cuts))


def _bottleneck(reach: NDArray[np.float64], segments: int) -> float:
    """The smallest bound on a segment with which as many segments, none of them empty, cover all levels."""
    low, high = float(np.diff(reach).max()), float(reach[-1])
    while high - low > _EPSILON / 4:
        middle = (low + high) / 2
        low, high = (low, middle) if _segments(reach, middle) <= segments else (middle, high)
    return low if _segments(reach, low) <= segments else high


def _segments(reach: NDArray[np.float64], bound: float) -> int:
    """How many segments of at most ``bound`` cover all levels, each as long as can be."""
    count, start, last = 0, 0, len(reach) - 1
    while start < last:
        start = max(start + 1, int(np.searchsorted(reach, reach[start] + bound + _EPSILON / 8, side="right")) - 1)
        count += 1
    return count


def crossings(netlist: Netlist) -> NDArray[np.int64]:
    """Nets alive behind each level, int64 (depth + 1,): what a stage there holds, the inputs first, the outputs last.

    A net is alive from its own level until the last level that reads it; outputs are read behind all levels.
    """
    level = netlist.levels
    last = np.full(netlist.num_nets, -1, np.int64)
    readers = np.repeat(level[netlist.first_node :], netlist.arity)
    np.maximum.at(last, netlist.fanin[netlist.used], readers)
    last[netlist.outputs] = netlist.depth + 1
    constant = np.zeros(netlist.num_nets, np.bool_)
    constant[: CONST1 + 1] = True
    constant[netlist.first_node :] = netlist.arity == 0
    alive = (last > level) & (level <= netlist.depth) & ~constant
    ends = np.minimum(last[alive], netlist.depth + 1)
    born = np.bincount(level[alive], minlength=netlist.depth + 2)
    died = np.bincount(ends, minlength=netlist.depth + 2)
    return np.cumsum(born - died)[: netlist.depth + 1]


def level_delays(netlist: Netlist, gates_per_lut: float = 2.0) -> NDArray[np.float64]:
    """Estimated delay of each level in lookup tables, float64 (depth,).

    A lookup table of four inputs takes two levels of two-input gates; a wider node is one of its own. Half of a level
    is its table and half is wire, which grows with the logarithm of the fan-out: inputs that a hundred tables read
    are spread over the part, and the first levels slower than the last ones.
    """
    delay = np.full(netlist.depth, 1 / gates_per_lut)
    level = netlist.levels[netlist.first_node :]
    shown = (level >= 1) & (level <= netlist.depth)
    delay[level[(netlist.arity > 2) & shown] - 1] = 1.0
    used = netlist.used & shown[:, None]
    reads = np.unique(np.stack([np.repeat(level, used.sum(axis=1)), netlist.fanin[used]]), axis=1)
    reads = reads[:, reads[1] > CONST1]
    nets = np.bincount(reads[0], minlength=netlist.depth + 1)[1:]
    readers = np.bincount(reads[0], netlist.fanout()[reads[1]], minlength=netlist.depth + 1)[1:]
    return delay * (1 + np.log2(np.maximum(1.0, readers / np.maximum(1, nets)))) / 2


def netlist_levels(netlist: Netlist, *, gates_per_lut: float = 2.0, parts: Sequence[str] = ()) -> list[Level]:
    """The levels of a netlist, without the input's.

    Args:
        parts: what each level is, if it is not all gates.
    """
    alive = crossings(netlist)
    delays = level_delays(netlist, gates_per_lut).tolist()
    names = parts or [""] * len(delays)
    return [
        Level("gates", index, delay, int(alive[index]), part)
        for index, (delay, part) in enumerate(zip(delays, names, strict=True), 1)
    ]


def input_level(netlist: Netlist) -> Level:
    """The place before all logic, where a register stage holds the inputs that are read."""
    return Level(INPUT_LEVEL, 0, 0.0, int(crossings(netlist)[0]))


def stages_before(netlist: Netlist, cuts: Sequence[int]) -> NDArray[np.int64]:
    """How many register stages lie before each net, int64 (num_nets,).

    Args:
        cuts: per register stage the level that it stands behind, ascending, 0 for the inputs. A node behind r
            stages reads a net behind q of them through r - q registers.
    """
    return np.searchsorted(np.asarray(cuts, np.int64), netlist.levels, side="left").astype(np.int64)
