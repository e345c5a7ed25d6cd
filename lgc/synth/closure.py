"""How many register stages a clock takes: estimated first, then measured, until it is met or shown out of reach.

The estimate is the slowest segment's delay in lookup tables times what a level takes on the part. Each measurement
corrects the latter, and so the number of stages that is tried next.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from lgc.backend.base import write
from lgc.backend.verilog import Verilog
from lgc.errors import OptionError, ToolError
from lgc.farm import Workers
from lgc.ir import Circuit
from lgc.mapping.pipeline import Pipeline, most_stages
from lgc.parts.part import Part, check_clock, check_measurable
from lgc.progress import Progress, Silence, Within
from lgc.synth.flow import SynthOptions, synthesize
from lgc.synth.report import Result
from lgc.tools.watchdog import scratch

# Where a part says nothing: between 1.4 (ice40-hx8k, a small net) and 3.3 (ecp5-85k, 15,000 lookup tables).
DEFAULT_LEVEL_NS = 1.5
MAX_ATTEMPTS = 8


@dataclass(frozen=True)
class Attempt:
    """One measurement.

    Attributes:
        delay: of the slowest segment, in lookup tables, estimated.
        fmax: MHz, measured.
    """

    stages: int
    delay: float
    fmax: float

    @property
    def level_ns(self) -> float:
        """What a lookup table in a row took, nanoseconds."""
        return 1e3 / self.fmax / max(self.delay, 1.0)


@dataclass
class Closure:
    """The search: what was tried, in order.

    Attributes:
        clock: MHz to meet.
    """

    clock: float
    attempts: list[Attempt] = field(default_factory=list)

    @property
    def best(self) -> Attempt | None:
        """The fewest register stages that met the clock, or None."""
        return min((one for one in self.attempts if one.fmax >= self.clock), key=lambda one: one.stages, default=None)


def close_timing(
    place: Callable[[int], Pipeline],
    most: int,
    measure: Callable[[int], float],
    clock: float,
    level_ns: float = 0.0,
    report: Callable[[Attempt], None] | None = None,
) -> Closure:
    """Find the fewest register stages that meet a clock.

    Args:
        place: the pipeline of a number of register stages.
        most: register stages that the circuit has places for.
        measure: the clock, in MHz, that the circuit of a number of register stages reaches.
        clock: MHz.
        level_ns: what a level takes, to begin with; 0 if unknown.
        report: called with every attempt.

    Raises:
        OptionError: the clock is out of reach; with the best that was measured.
    """
    closure = Closure(clock)
    level_ns = level_ns or DEFAULT_LEVEL_NS
    stages = _estimate(place, most, clock, level_ns)
    while len(closure.attempts) < MAX_ATTEMPTS:
        attempt = Attempt(stages, place(stages).delay, measure(stages))
        closure.attempts.append(attempt)
        if report:
            report(attempt)
        following = _next(closure, place, most)
        if following is None:
            break
        stages = following
    if closure.best is None:
        raise OptionError(_out_of_reach(closure, most), hint="Ask for less, or for a faster part")
    return closure


def _estimate(place: Callable[[int], Pipeline], most: int, clock: float, level_ns: float) -> int:
    """The fewest register stages, from those at both ends on, with which the slowest segment fits into a period."""
    allowed = 1e3 / clock / level_ns
    return next((stages for stages in range(2, most) if place(stages).delay <= allowed), most)


def _next(closure: Closure, place: Callable[[int], Pipeline], most: int) -> int | None:
    """The number of register stages to try after the attempts so far; None if they settle it.

    It lies between the most that missed the clock and the fewest that met it, where the last measurement
    says that a level fits.
    """
    missed = max((one.stages for one in closure.attempts if one.fmax < closure.clock), default=1)
    met = closure.best.stages if closure.best else most + 1
    if missed + 1 >= met:
        return None
    guess = _estimate(place, most, closure.clock, closure.attempts[-1].level_ns)
    if closure.best and guess >= met:
        return None  # fewer would not do, says the measured level: a run each to confirm it is not worth its minutes
    return min(max(guess, missed + 1), met - 1)


def _out_of_reach(closure: Closure, most: int) -> str:
    tried = ", ".join(f"{one.stages} register stages: {one.fmax:.1f} MHz" for one in closure.attempts)
    best = max(one.fmax for one in closure.attempts)
    tried_all = any(one.stages == most for one in closure.attempts)
    every = (
        f"more than {most} register stages have no place"
        if tried_all
        else f"{MAX_ATTEMPTS} measurements did not find it"
    )
    return f"{closure.clock:g} MHz is not met: {best:.1f} MHz is the best that was measured ({tried}), and {every}"


def close_circuit(
    circuit: Circuit,
    verilog: Verilog,
    part: Part,
    options: SynthOptions,
    progress: Progress | None = None,
    farm: Workers | None = None,
) -> tuple[Verilog, Closure]:
    """The Verilog with the fewest register stages with which the circuit meets the options' clock on a part.

    Args:
        progress: hears every attempt, and the steps of the tools.
        farm: who places and routes; by default this process.

    Raises:
        OptionError: the part has no nextpnr, or the clock is out of reach.
        LgcError: what :func:`lgc.synth.flow.synthesize` raises, or what stopped a measurement.
    """
    progress = progress or Silence()
    check_measurable(part)
    check_clock(part, options.clock)
    verilog = verilog.settled(circuit, part)

    def measure(stages: int) -> float:
        # Without a wrapper, and named by the stages alone: what was measured of the same text before is found again.
        bare = replace(verilog, pipeline=stages, interface="none", board="")
        with scratch("lgc-close-") as folder:
            source = write(bare, circuit, folder / "circuit.v")[0]
            return _fmax(synthesize(source, part, options, Within(progress, f"{stages} register stages"), farm))

    def report(one: Attempt) -> None:
        said = f"{one.fmax:.1f} MHz measured, {one.delay:.1f} LUTs in a row estimated"
        progress.step(f"{one.stages} register stages: {said}")

    def place(stages: int) -> Pipeline:
        return replace(verilog, pipeline=stages).placed(circuit)

    closure = close_timing(place, most_stages(place(0).levels), measure, options.clock, part.level_ns, report)
    assert closure.best is not None
    return replace(verilog, pipeline=closure.best.stages), closure


def _fmax(result: Result) -> float:
    """MHz, measured.

    Raises:
        LgcError: what kept it from being measured.
    """
    if result.problems:
        raise result.problems[0]
    fmax = result.value("fmax")
    if not fmax:
        raise ToolError(f"{result.part} was placed and routed, but no clock was measured")
    return fmax
