"""The drive of a clocked design: complete, and it finds every fault of timing that it was made for."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgc.sim.schedule import Clock, schedule, timing_fault


class Design:
    """The valid bits of a pipeline, faulty if asked to be."""

    def __init__(self, latency: int, fault: str = "") -> None:
        self.stages = [False] * (latency + {"a clock late": 1, "a clock early": -1}.get(fault, 0))
        self.fault = fault

    def edge(self, clock: Clock) -> bool:
        """``out_valid`` after an edge."""
        following = [clock.valid or self.fault == "never a gap", *self.stages]
        cleared = [False] * len(following)
        if clock.reset and self.fault == "enters under reset":
            following = [following[0], *cleared[1:]]
        elif clock.reset and self.fault == "the last stage is not reset":
            following = [*cleared[: len(self.stages) - 1], *following[len(self.stages) - 1 :]]
        elif clock.reset and self.fault != "no reset":
            following = cleared
        self.stages = following[: len(self.stages)]
        return self.stages[-1]


FAULTS = [
    "a clock late",
    "a clock early",
    "no reset",
    "never a gap",
    "enters under reset",
    "the last stage is not reset",
]


@given(st.integers(1, 200), st.integers(1, 12))
def test_every_row_is_due_once_and_in_order(count: int, latency: int) -> None:
    clocks = schedule(count, latency)
    assert [clock.due for clock in clocks if clock.due >= 0] == list(range(count))
    for number, clock in enumerate(clocks):
        if clock.due >= 0:
            start = clocks[number - latency + 1]
            assert (start.row, start.valid) == (clock.due, True)
            assert not any(one.reset for one in clocks[number - latency + 1 : number + 1])
    design = Design(latency)
    seen = np.array([design.edge(clock) for clock in clocks])
    assert timing_fault(clocks, seen, latency) is None


@pytest.mark.parametrize("latency", [2, 3, 5])
@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_of_timing_is_found(fault: str, latency: int) -> None:
    clocks = schedule(20, latency)
    design = Design(latency, fault)
    found = timing_fault(clocks, np.array([design.edge(clock) for clock in clocks]), latency)
    assert found is not None and "out_valid is" in found


def test_the_schedule_has_gaps_and_rows_back_to_back() -> None:
    clocks = schedule(100, 3)
    pairs = {(a.valid, b.valid) for a, b in pairwise(clocks)}
    assert pairs == {(False, False), (False, True), (True, False), (True, True)}
    assert sum(a.due >= 0 and b.due == a.due + 1 for a, b in pairwise(clocks)) > 50
    # A gap shows another row than the one before: a result of it would be noticed.
    assert any(not b.valid and a.valid and a.row != b.row for a, b in pairwise(clocks))


class Busy:
    """A design that is busy with an input for ``interval`` clocks and has the result after ``latency``; with faults."""

    def __init__(self, latency: int, interval: int, fault: str = "") -> None:
        self.latency, self.interval, self.fault = latency, interval, fault
        self.count, self.busy = 0, False

    def edge(self, clock: Clock) -> bool:
        take = clock.valid and (not self.busy or self.fault == "takes while busy")
        finished = self.count == self.latency - 2
        done = finished and (self.busy or self.fault == "runs on while idle")
        if self.latency == 1:
            done = take
        last = self.count == self.interval - 2 or self.interval == 1
        self.count = 0 if take else (self.count + 1) % (2 * self.interval)
        self.busy = take or (self.busy and not last)
        if clock.reset:
            self.busy = self.busy and self.fault == "goes on after a reset"
            done = done and self.fault == "a result under reset"
        return done


@pytest.mark.parametrize(("latency", "interval"), [(7, 7), (5, 7), (4, 12)])
@pytest.mark.parametrize(
    "fault", ["", "takes while busy", "runs on while idle", "goes on after a reset", "a result under reset"]
)
def test_a_design_that_takes_one_at_a_time(fault: str, latency: int, interval: int) -> None:
    clocks = schedule(20, latency, interval)
    assert [clock.due for clock in clocks if clock.due >= 0] == list(range(20))
    design = Busy(latency, interval, fault)
    found = timing_fault(clocks, np.array([design.edge(clock) for clock in clocks]), latency)
    assert (found is not None) == bool(fault), found
