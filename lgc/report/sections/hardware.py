"""The circuit on a part: area by stage, what it takes of the part, its slowest path, and its register stages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise

from lgc.mapping.estimate import Estimate
from lgc.mapping.pipeline import Pipeline
from lgc.report.blocks import Block, Chapter, Code, Figure, Listing, Status, Text
from lgc.report.charts import Bar, bars
from lgc.report.results import OnPart
from lgc.report.subject import Subject, shell_word
from lgc.report.waves import stage_drawing

STAGE_COLOURS = {"encoder": "c4", "gates": "c1", "popcount": "c2", "argmax": "c3", "other": "c5"}
_MEANING = {
    "encoder": "compares features with thresholds",
    "gates": "the trained network",
    "popcount": "counts votes",
    "argmax": "finds the largest sum",
    "other": "cells whose names tell no stage",
}


def area(subject: Subject) -> Chapter:
    """Lookup tables by stage, utilisation, critical path and clock."""
    lead = "What the circuit takes by stage, how much of the part that is, and how fast it runs there."
    blocks: list[Block] = []
    for made in subject.syntheses:
        blocks += synthesis_blocks(made)
    if not subject.syntheses:
        blocks.append(Text("No synthesis of this network was found. `lgc synth` makes one, and the report finds it:"))
        blocks.append(Code(f"lgc synth {subject.verilog_word} --part ecp5-85k --seeds 5 --json {_json_word(subject)}"))
    blocks += _estimated(subject.estimates)
    return Chapter("area", "Area and clock", lead, blocks)


def _json_word(subject: Subject) -> str:
    """Where the result of a synthesis goes, beside the Verilog."""
    name = subject.hardware.file if subject.hardware else "net.v"
    return shell_word(f"{name.removesuffix('.v')}.synth.json")


def synthesis_blocks(made: OnPart) -> Iterator[Block]:
    """What one synthesis found."""
    yield Text(f"{made.source} on {made.part} ({made.chip}).")
    for problem in made.problems:
        yield Status("bad", f"Not complete: {problem}")
    if made.meets_clock is not None:
        verb = "reaches" if made.meets_clock else "misses"
        yield Status("good" if made.meets_clock else "bad", f"The circuit {verb} the clock of {made.clock:g} MHz.")
    luts: dict[str, float] = {name: one.value for name, one in made.stages.items()}
    if luts:
        said = f"Lookup tables by stage on {made.part}: cells counted by yosys, stages by the cells' names."
        yield _by_stage({"": luts}, said)
    yield from _used(made)
    yield from _seeds(made)
    yield from _path(made)
    rows = tuple((name.replace("_", " "), str(one), one.unit, one.how, one.by) for name, one in made.numbers.items())
    yield Listing(("what", "value>", "unit", "how", "by"), rows, f"All numbers of {made.part}", folded=True)
    for note in made.said:
        yield Text(note)


def _by_stage(rows: Mapping[str, Mapping[str, float]], said: str) -> Figure:
    """One bar a row, or where there is one row only, one bar a stage."""
    if len(rows) == 1:
        stages = next(iter(rows.values()))
        total = sum(stages.values()) or 1
        found = [
            Bar(name, ((_colour(name), value),), f"{value:,.0f} ({100 * value / total:.0f} %)")
            for name, value in stages.items()
        ]
        cells = tuple((name, f"{value:,.0f}", _MEANING.get(name, "")) for name, value in stages.items())
        return Figure(bars(found, said), said, Listing(("stage", "LUTs>", "what it does"), cells, "In numbers", True))
    found = [
        Bar(name, tuple((_colour(stage), value) for stage, value in stages.items()), f"{sum(stages.values()):,.0f}")
        for name, stages in rows.items()
    ]
    every = dict.fromkeys(stage for one in rows.values() for stage in one)
    table = Listing(
        ("", *(f"{stage}>" for stage in every)),
        tuple((name, *(f"{one.get(stage, 0):,.0f}" for stage in every)) for name, one in rows.items()),
        "In numbers", folded=True,
    )  # fmt: skip
    return Figure(bars(found, said, legend={_colour(stage): stage for stage in every}), said, table)


def _colour(stage: str) -> str:
    return STAGE_COLOURS.get(stage, "c5")


def _used(made: OnPart) -> Iterator[Block]:
    rows = {kind: (used, most) for kind, (used, most) in made.used.items() if used and most}
    if not rows:
        return
    found = [
        Bar(kind, (("c1" if used <= most else "bad", min(100.0, 100 * used / most)),), _share(used, most))
        for kind, (used, most) in rows.items()
    ]
    said = f"What it takes of {made.part}, in percent, as placed."
    cells = tuple((kind, f"{used:,}", f"{most:,}", f"{100 * used / most:.1f} %") for kind, (used, most) in rows.items())
    table = Listing(("kind", "used>", "available>", "share>"), cells, "In numbers", folded=True)
    yield Figure(bars(found, said, most=100), said, table)


def _share(used: int, most: int) -> str:
    return f"{100 * used / most:.1f} % ({used:,} of {most:,})"


def _seeds(made: OnPart) -> Iterator[Block]:
    if not made.seeds:
        return
    found = [Bar(f"seed {seed}", (("c2", fmax),), f"{fmax:.1f} MHz") for seed, fmax in sorted(made.seeds.items())]
    said = "The clock that each seed of place and route reaches. The median counts; of one seed little is known."
    cells = tuple((str(seed), f"{fmax:.1f}") for seed, fmax in sorted(made.seeds.items()))
    yield Figure(bars(found, said), said, Listing(("seed>", "MHz>"), cells, "In numbers", folded=True))


def _path(made: OnPart) -> Iterator[Block]:
    if not made.path:
        return
    found = [Bar(stage, (("c1", logic), ("c5", wires)), f"{logic + wires:.2f} ns") for stage, logic, wires in made.path]
    whole = sum(logic + wires for _, logic, wires in made.path)
    said = f"The slowest path of the median seed by stage: {whole:.2f} ns from register to register."
    cells = tuple((stage, f"{logic:.2f}", f"{wires:.2f}") for stage, logic, wires in made.path)
    table = Listing(("stage", "logic, ns>", "wires, ns>"), cells, "In numbers", folded=True)
    yield Figure(bars(found, said, legend={"c1": "logic", "c5": "wires"}), said, table)


def _estimated(estimates: tuple[Estimate, ...]) -> Iterator[Block]:
    if not estimates:
        return
    rows = {
        f"{one.head}, LUT{one.lut}": {name: float(area.luts) for name, area in one.regions.items() if area.luts}
        for one in estimates
    }
    said = "Lookup tables by stage, estimated without synthesis, by how votes are counted and by size of table."
    yield _by_stage(rows, said) if len(rows) > 1 else _by_stage({"": next(iter(rows.values()))}, said)


def latency(subject: Subject) -> Chapter:
    """The register stages."""
    lead = "Where registers cut the circuit: a result comes that many rising clock edges after its input."
    made = subject.hardware
    if made is None:
        hint = Text("No hardware of this network was found. `lgc compile` writes it; --pipeline says how many stages:")
        return Chapter(
            "latency", "Latency", lead, (hint, Code(f"lgc compile {subject.model_word} -o net.v --pipeline 4"))
        )
    clocks = made.manifest.latency
    if not clocks:
        return Chapter("latency", "Latency", lead, (Text(f"{made.file} has no registers: it is combinational."),))
    plural = "s" if clocks > 1 else ""
    blocks: list[Block] = [Text(f"{made.file}: latency {clocks} clock{plural}, a new input every {_every(subject)}.")]
    if made.pipeline is None or made.pipeline.latency != clocks:
        blocks.append(Status("open", "Where its registers stand is not known: it was compiled with other options."))
        return Chapter("latency", "Latency", lead, blocks)
    said = "From input to result. A dark bar is a register stage; boxes are logic, as wide as its estimated delay."
    blocks.append(Figure(stage_drawing(made.pipeline, said), said, _stages(made.pipeline)))
    return Chapter("latency", "Latency", lead, blocks)


def _every(subject: Subject) -> str:
    assert subject.hardware is not None
    interval = subject.hardware.manifest.interval
    return "clock" if interval == 1 else f"{interval} clocks"


def _stages(found: Pipeline) -> Listing:
    ends = [0, *found.cuts]
    rows = []
    for number, (start, end) in enumerate(pairwise(ends), 1):
        delay = sum(one.delay for one in found.levels[start + 1 : end + 1])
        rows.append((str(number), str(found.levels[end]), f"{found.levels[end].registers:,}", f"{delay:.1f}"))
    headings = ("stage>", "behind", "registers>", "LUTs in a row before it, estimated>")
    return Listing(headings, tuple(rows), "Register stages in numbers", folded=True)
