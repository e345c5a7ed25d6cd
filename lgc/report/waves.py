"""Drawings of time: register stages from input to result, and the ports as a waveform."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lgc.mapping.pipeline import Level, Pipeline
from lgc.report.svg import line, paint, rect, svg_picture, tag, text, titled

_REGION_COLOURS = {"input": "c4", "gates": "c1", "popcount": "c2", "scores": "c2", "argmax": "c3"}
_WIDTH, _CLOCK, _ROW, _LEFT = 720.0, 56.0, 34.0, 96.0
_MOST_CLOCKS = 8


def stage_drawing(pipeline: Pipeline, label: str) -> str:
    """Levels of logic from left to right, with the register stages among them."""
    cuts = [pipeline.cuts.count(index) for index in range(len(pipeline.levels))]
    fixed = 10.0 * len(pipeline.cuts) + 100
    whole = sum(one.delay for one in pipeline.levels) or 1.0
    scale = (_WIDTH - fixed) / whole
    drawn, x, named = [text(0, 52, "input")], 44.0, ""
    end = 0.0
    for level, count in zip(pipeline.levels, cuts, strict=True):
        width = level.delay * scale
        if width:
            drawn.append(_logic(level, x, width))
            if level.region != named and width > 4:
                named = level.region
                below = x < end
                end = x + 6.5 * len(named) + 8
                drawn.append(text(x, 78 if below else 24, level.region, font_size=11, style=f"fill:{paint('soft')}"))
        x += width
        for _ in range(count):
            drawn.append(_stage(level, x))
            x += 10
    drawn.append(text(x + 6, 52, "result"))
    return svg_picture(_WIDTH, 84, drawn, label)


def _logic(level: Level, x: float, width: float) -> str:
    box = rect(x, 32, max(1.0, width - 1.5), 32, _REGION_COLOURS.get(level.region, "c5"), fill_opacity=0.75, rx=2)
    return titled(box, f"{level}: {level.delay:.1f} lookup tables in a row, estimated")


def _stage(level: Level, x: float) -> str:
    box = rect(x + 2, 28, 5, 40, "ink", rx=1) + tag(
        "path", d=f"M{x + 2:.1f} 68l2.5 -5 2.5 5z", style=f"fill:{paint('paper')}"
    )
    return titled(box, f"register stage behind {level}: {level.registers:,} registers")


@dataclass(frozen=True)
class Wave:
    """One signal over clocks.

    Attributes:
        bits: 0 or 1 a clock; of a bus None, or a text that its value is called.
    """

    name: str
    bits: Sequence[int | str | None]
    clock: bool = False


def waveform(latency: int, interval: int, names: Sequence[str], label: str) -> str:
    """How the ports of a pipelined circuit behave: two inputs go in, and their results come out.

    Args:
        names: of the ports: ``clk``, ``in_valid``, the input, ``out_valid``, and results.
    """
    second = max(interval, 1)
    shown = min(latency, _MOST_CLOCKS)
    cycles = shown + second + 3
    if second > _MOST_CLOCKS:
        second, cycles = _MOST_CLOCKS, shown + _MOST_CLOCKS + 3
    inputs, results = [1, 1 + second], [1 + shown, 1 + shown + second]
    waves = []
    for name in names:
        if name == "clk":
            waves.append(Wave(name, [0] * cycles, clock=True))
        elif name in ("in_valid", "out_valid"):
            ones = inputs if name == "in_valid" else results
            waves.append(Wave(name, [int(cycle in ones) for cycle in range(cycles)]))
        else:
            places = inputs if name in ("bits", "features") else results
            letter = "input" if places is inputs else "result"
            named: list[int | str | None] = [None] * cycles
            for number, cycle in enumerate(places):
                named[cycle] = f"{letter} {'AB'[number]}"
            waves.append(Wave(name, named))
    return _drawn(waves, cycles, latency, shown, label)


def _drawn(waves: Sequence[Wave], cycles: int, latency: int, shown: int, label: str) -> str:
    width, height = _LEFT + _CLOCK * cycles + 8, 30 + _ROW * len(waves) + 26
    drawn = []
    for cycle in range(cycles):
        x = _LEFT + _CLOCK * cycle
        drawn.append(line([(x, 14), (x, height - 26)], "line", 1, stroke_dasharray="2 3"))
    for index, wave in enumerate(waves):
        drawn += _wave(wave, 26 + _ROW * index)
    if latency:
        start, end = _LEFT + _CLOCK, _LEFT + _CLOCK * (1 + shown)
        drawn.append(line([(start, height - 16), (end, height - 16)], "live", 1.5))
        more = f", of which {shown} are drawn" if shown < latency else ""
        said = f"latency {latency} clock{'s' if latency != 1 else ''}{more}"
        drawn.append(text((start + end) / 2, height - 2, said, text_anchor="middle", font_size=11))
    return svg_picture(width, height, drawn, label)


def _wave(wave: Wave, y: float) -> Iterator[str]:
    yield text(_LEFT - 10, y + 14, wave.name, text_anchor="end", font_family="monospace")
    if wave.clock:
        edges = [
            (_LEFT + _CLOCK * (i + half), y + (0 if half else 18)) for i in range(len(wave.bits)) for half in (0, 0.5)
        ]
        points = [point for x, top in edges for point in ((x, y + 18 - (top - y)), (x, top))]
        yield line([*[(x, 2 * y + 18 - v) for x, v in points], (_LEFT + _CLOCK * len(wave.bits), y + 18)], "soft")
        return
    if all(isinstance(bit, int) for bit in wave.bits):
        points = []
        for cycle, bit in enumerate(wave.bits):
            top = y if bit else y + 18
            points += [(_LEFT + _CLOCK * cycle, top), (_LEFT + _CLOCK * (cycle + 1), top)]
        yield line(points, "accent", 1.8)
        return
    for cycle, bit in enumerate(wave.bits):
        x = _LEFT + _CLOCK * cycle
        known = isinstance(bit, str)
        yield rect(x + 1, y, _CLOCK - 2, 18, "live" if known else "line", fill_opacity=0.25 if known else 0.3, rx=5)
        if known:
            yield text(x + _CLOCK / 2, y + 13, bit, text_anchor="middle", font_size=11)
