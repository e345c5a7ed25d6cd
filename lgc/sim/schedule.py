"""What a clocked design is driven with, clock by clock, and what must come out of it.

The design is as promised if ``out_valid`` is ``in_valid`` of `latency` rising edges ago, but for what a reset
forgot, and if every result stands at the outputs at exactly its clock. So the schedule has a reset that finds inputs
on offer, gaps that hold another row on the bits, a reset with results under way, rows back to back and a drain.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from numpy.typing import NDArray

_GAP_ROWS = 48
_IDLE = 2


@dataclass(frozen=True)
class Clock:
    """One clock cycle: what stands at the inputs at its rising edge, and what is due after it.

    Attributes:
        row: on the bits.
        valid: at ``in_valid``.
        reset: at ``rst``.
        due: the row whose result stands at the outputs from this edge to the next, or -1 if ``out_valid`` must be 0.
    """

    row: int
    valid: bool
    reset: bool
    due: int = -1


def schedule(count: int, latency: int, interval: int = 1, seed: int = 0) -> list[Clock]:
    """Clocks that bring every one of ``count`` rows through a pipeline of ``latency`` register stages once, in order.

    Args:
        interval: clocks from an input that is taken to the next that can be; what is on offer between is ignored.
    """
    if interval > 1:
        return _one_at_a_time(count, latency, interval, seed)
    rng = random.Random(seed)

    def other() -> int:  # what stands on the bits when it must not count
        return rng.randrange(count)

    apart = min(count // 2, _GAP_ROWS + 2 * latency)
    clocks = [Clock(other(), True, True) for _ in range(_IDLE)]
    clocks += [Clock(other(), False, False) for _ in range(latency + _IDLE)]
    for row in range(apart):
        clocks += [Clock(other(), False, False) for _ in range(rng.choice((0, 0, 1, 2)))]
        clocks.append(Clock(row, True, False))
    clocks += [Clock(other(), False, False) for _ in range(latency)]
    clocks += [Clock(other(), True, False) for _ in range(latency - 1)]  # under way when the reset comes
    clocks.append(Clock(other(), True, True))
    clocks += [Clock(row, True, False) for row in range(apart, count)]
    clocks += [Clock(other(), False, False) for _ in range(latency + _IDLE)]
    return _with_due(clocks, latency)


def _one_at_a_time(count: int, latency: int, interval: int, seed: int) -> list[Clock]:
    """The schedule of a design that is busy for a while: offers meanwhile, gaps, and a reset with a row under way."""
    rng = random.Random(seed)

    def pause(clocks: int, *, offer: bool) -> list[Clock]:
        return [Clock(rng.randrange(count), offer, False) for _ in range(clocks)]

    def wait(row: int, *, offer: bool) -> list[Clock]:
        return [Clock(row, True, False), *pause(interval - 1, offer=offer)]

    def forgotten(clocks: int) -> list[Clock]:
        return [Clock(rng.randrange(count), True, False), *pause(clocks, offer=False), Clock(0, True, True)]

    clocks = [Clock(rng.randrange(count), True, True) for _ in range(_IDLE)] + pause(_IDLE, offer=False)
    for under_way in (latency // 2, latency - 2):  # half of the time, and until its result is due
        clocks += forgotten(max(0, under_way))
    due = [-1] * len(clocks)
    for row in range(count):
        gap = pause(rng.choice((0, 0, 1, 2)), offer=False)
        clocks += gap + wait(row, offer=bool(rng.randrange(2)))
        due += [-1] * (len(gap) + latency - 1) + [row] + [-1] * (interval - latency)
    idle = 2 * interval + _IDLE  # counters that run on while nothing is under way come round
    clocks += pause(idle, offer=False)
    due += [-1] * idle
    return [Clock(one.row, one.valid, one.reset, row) for one, row in zip(clocks, due, strict=True)]


def _with_due(clocks: list[Clock], latency: int) -> list[Clock]:
    """The same clocks with what is due, by the definition of a pipeline."""
    stages = [-1] * latency
    done = []
    for clock in clocks:
        stages = [-1] * latency if clock.reset else [clock.row if clock.valid else -1, *stages[:-1]]
        done.append(Clock(clock.row, clock.valid, clock.reset, stages[-1]))
    return done


def timing_fault(clocks: list[Clock], seen: NDArray, latency: int) -> str | None:  # type: ignore[type-arg]
    """Where ``out_valid`` is not as due, as a sentence; None if it always is.

    Args:
        seen: ``out_valid`` after each edge.
    """
    wrong = [number for number, clock in enumerate(clocks) if bool(seen[number]) != (clock.due >= 0)]
    if not wrong:
        return None
    number = wrong[0]
    clock = clocks[number]
    if clock.due >= 0:
        what = f"out_valid is 0 after clock {number}, where the result of the input of {latency} edges ago is due"
    else:
        what = f"out_valid is 1 after clock {number}, where no result is due{_why(clocks, number, latency)}"
    return f"{what}; it is wrong after {len(wrong):,} of {len(clocks):,} clocks"


def _why(clocks: list[Clock], number: int, latency: int) -> str:
    since = clocks[max(0, number - latency + 1) : number + 1]
    if any(clock.reset for clock in since):
        return " (a reset forgot it)"
    return f" (in_valid was 0 {latency} edges ago)"
