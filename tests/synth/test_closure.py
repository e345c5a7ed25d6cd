"""The search for the fewest stages, against parts whose speed is a formula."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgc.errors import OptionError
from lgc.mapping.pipeline import Level, Pipeline, most_stages, pipeline
from lgc.synth.closure import MAX_ATTEMPTS, close_timing

LEVELS = [Level("input", 0, 0.0, 10), *(Level("gates", index, 1.0, 10) for index in range(1, 25))]
MOST = most_stages(LEVELS)


def place(stages: int) -> Pipeline:
    return pipeline(LEVELS, stages)


@given(st.floats(0.2, 3.0), st.floats(0.0, 2.0), st.floats(0.05, 4.0), st.floats(20.0, 400.0))
def test_the_clock_is_met_or_out_of_reach(level_ns: float, fixed_ns: float, guessed_ns: float, clock: float) -> None:
    def fmax(stages: int) -> float:
        return 1e3 / (fixed_ns + level_ns * place(stages).delay)

    reachable = [stages for stages in range(2, MOST + 1) if fmax(stages) >= clock]
    if not reachable:
        with pytest.raises(OptionError, match=rf"best that was measured .*{MOST} register stages"):
            close_timing(place, MOST, fmax, clock, guessed_ns)
        return
    found = close_timing(place, MOST, fmax, clock, guessed_ns)
    assert found.best is not None and found.best.fmax >= clock
    assert len(found.attempts) <= MAX_ATTEMPTS
    # With nothing but levels the measured level is right: no stage too many, but for those that change no segment.
    if fixed_ns == 0:
        assert place(found.best.stages).delay == place(reachable[0]).delay


def test_a_wrong_guess_is_corrected_both_ways() -> None:
    tried: list[int] = []

    def measure(stages: int) -> float:
        tried.append(stages)
        return 1e3 / (1.0 * place(stages).delay)

    for guessed_ns in (0.1, 9.0):
        tried.clear()
        found = close_timing(place, MOST, measure, 200.0, guessed_ns)
        assert found.best is not None and found.best.stages == 6  # five segments of at most five levels
        assert len(tried) >= 2 and tried[0] != 6


def test_every_attempt_is_told_and_none_repeated() -> None:
    told: list[int] = []
    found = close_timing(
        place, MOST, lambda stages: 60.0 + 5 * stages, 120.0, 5.0, report=lambda one: told.append(one.stages)
    )
    assert told == [one.stages for one in found.attempts] and len(set(told)) == len(told)
    with pytest.raises(OptionError, match=r"500 MHz is not met: .* MHz is the best that was measured"):
        close_timing(place, MOST, lambda stages: 60.0 + stages, 500.0)
