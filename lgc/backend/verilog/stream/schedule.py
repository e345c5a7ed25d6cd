"""When things happen in a streaming circuit, to the clock: the same arithmetic that its counters do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lgc.backend.verilog.stream.design import Slide, Streamed

_FRAMES = 4
Times = list[list[int]]
"""Of each frame, the clocks at which its pixels come."""


@dataclass(frozen=True)
class Timing:
    """Clocks of a streaming circuit.

    Attributes:
        latency: from the edge that takes the last pixel of a frame to the one that shows its result, if no pixel comes
            behind it.
        following: the same where frames follow each other without a gap.
        interval: from a frame to the next.
        frames: that are under way at most, the results that wait included.
    """

    latency: int
    following: int
    interval: int
    frames: int


def timing(streamed: Streamed, results: Callable[[Times], list[int]]) -> Timing:
    """The timing of a model.

    Args:
        results: from the clocks of each frame's outputs of the last layer that slides to those of the results.
    """
    pixels = streamed.pixels
    last = pixels - 1
    alone = results(outputs_of_frames(streamed, 1))[0] - last
    following = results(outputs_of_frames(streamed))[-2] - (_FRAMES - 2) * pixels - last  # behind the last none comes
    # Strides may leave the last rows out: the result waits for the last pixel all the same, which may be missing.
    latency, after = (max(1, _FRONT + clocks) for clocks in (alone, following))
    under_way = (pixels + max(latency, after) + _SLACK) // pixels + 1
    return Timing(latency, after, pixels, 1 << max(1, (under_way - 1).bit_length()))


_FRONT = 1
"""The register that holds a pixel."""
_SLACK = 4
"""Clocks from a result to the frame that its credit lets in."""


def outputs_of_frames(streamed: Streamed, frames: int = _FRAMES) -> Times:
    """The clocks of each frame's outputs of the last layer that slides, for frames without a gap."""
    pixels = streamed.pixels
    times = [list(range(frame * pixels, (frame + 1) * pixels)) for frame in range(frames)]
    for slide in streamed.slides:
        times = _layer(slide, times)
    return times


def spacing(streamed: Streamed) -> int:
    """Clocks from a frame's last output of the last layer that slides to that of the next frame, at least.

    They are fewest where the next frame's pixels complete the one, and idle clocks complete the next.
    """
    alone, following = outputs_of_frames(streamed, 1)[0][-1], outputs_of_frames(streamed)[-2][-1]
    return min(streamed.pixels, streamed.pixels * (_FRAMES - 1) + alone - following)


def _layer(slide: Slide, times: Times) -> Times:
    """When the outputs of a layer come, for pixels that come then."""
    pixels = slide.geometry.height * slide.geometry.width
    found = []
    for frame, mine in enumerate(times):
        later = times[frame + 1] if frame + 1 < len(times) else []
        gap = later[0] - mine[-1] - 1 if later else slide.tail
        found.append([_step(step - pixels, mine, later, gap) + slide.clocks for step in slide.steps])
    return found


def _step(behind: int, mine: Sequence[int], later: Sequence[int], gap: int) -> int:
    """The clock of a step, counted from the end of the frame: idle clocks serve, then pixels of the next frame."""
    if behind < 0:
        return mine[behind]
    return mine[-1] + 1 + behind if behind < gap else later[behind - gap]
