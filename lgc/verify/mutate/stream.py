"""Mutation of a streaming circuit: faults in kernels, in the schedule, and in what adds up votes."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

import lgc
from lgc.backend.verilog.rtl import Rtl
from lgc.errors import NotCheckedError
from lgc.farm import Here, Task, Workers, all_answers, check_version, progress_here
from lgc.frontend.model import Model
from lgc.sim.stream import StreamSimulator
from lgc.verify.carried import digest_of_arrays, digests, room
from lgc.verify.comparison import Comparison
from lgc.verify.formal.stream import apart_of, kernels_equal
from lgc.verify.formats.stream import DamagedFrames, StreamText, WholeFrames
from lgc.verify.mutate.campaign import Campaign, collected
from lgc.verify.mutate.fates import EQUIVALENT, KILLED, UNDECIDED, Outcome, Shard
from lgc.verify.mutate.faults import Fault, find_places, sample_faults, spread_faults
from lgc.verify.mutate.shard import shard_tasks
from lgc.verify.mutate.sites import Site, site_faults
from lgc.verify.mutate.text import Edit, apply, choose, hardware_text
from lgc.verify.subject import VerifyOptions
from lgc.verify.vectors import Bits, VectorSet

_MODULE = re.compile(r"^module (\w+) .*?^endmodule", re.M | re.S)
_CONSTANT = r"(\d+'d\d+)"
_SITES = (
    Site("counter", rf"wire row_ends = ix == {_CONSTANT};", (r"\g<1> - 1'b1", r"\g<1> >> 1")),
    Site("counter", r"wire frame_ends = (row_ends && .*);", ("row_ends",)),
    Site("position", rf"wire p_begins = in_valid && ix == {_CONSTANT} &&", (r"\g<1> + 1'b1", r"\g<1> - 1'b1")),
    Site("position", rf"wire p_begins = .*iy == {_CONSTANT};", (r"\g<1> + 1'b1", r"\g<1> - 1'b1")),
    Site("position", r"wire p_ends = (px == .*);", ("1'b0", "px == 0")),
    Site("stride", r"wire stops = .*(\w_phase == 0)", ("1'b1",)),
    Site("last column", r"wire stops = .*(px <= \d+'d\d+)", ("1'b1", "1'b0")),
    Site("tail", r"wire step = (in_valid \|\| idle);", ("in_valid",)),
    Site("line buffer", r"lines\[(was)\]", ("at",)),
    Site("line buffer", r"wire \[\d+:0\] row\d+ = ((?:lines|older).*);", ("newest",)),
    Site("padding", r"<= (hide_\w+) \?", ("1'b0",)),
    Site("padding", r"if \(step\) hide_\w+ <= (.*);", ("1'b0",)),
    Site("padding", rf"if \(step\) hide_\w+ <= ((\w+) >= {_CONSTANT});", (r"\g<2> >= \g<3> - 1'b1",)),
    Site("pixel of a beat", r"pixel_beat = beat\[(i\*\d+) \+:", ("0",)),
    Site("sum", r"<= (so_far \+ more);", ("so_far", "more")),
    Site("sum", r"= (first) \? biases", ("1'b0", "1'b1")),
    Site("feature map", r"outputs <= (held);", (r"~\g<1>",)),
    Site("feature map", r"if \((take\[p\])\) outputs", ("1'b1",)),
    Site("feature map", r"take <= (in_valid && !rst) \? at", ("1'b1",)),
    Site("cut frame", r"wire short = (accept .*);", ("1'b0",)),
    Site("long frame", r"wire long = (accept .*);", ("1'b0",)),
    Site("flag", r"\.data\((filling \|\| long)\)", ("filling", "long")),
    Site("filling", r"= (filling) \? \d+'d0 : s_axis_tdata", ("1'b0",)),
    Site("credit", r"\|\| (credits != 0)\)", ("1'b1",)),
    Site("reset", r"^    if \((rst)\) pixel", ("1'b0",)),
    Site("reset", r"^  wire rst = (!aresetn);", ("1'b0",)),
)
FAULTS = 50
"""Of a shard: each is a run of the simulator by itself."""
_SERIES_SITES = (
    Site("word of a map", rf"wire part_ends = part == {_CONSTANT};", (r"\g<1> - 1'b1",)),
    Site("word of a map", rf"wire map_ends = write && place == {_CONSTANT};", (r"\g<1> - 1'b1",)),
    Site("half", r"memory\[\{(!half), address", ("half",)),
    Site("half", r"half <= (!half);", ("half",)),
    Site("few words", r"is_near <= write && (few\[place\]);", ("1'b1",)),
    Site("few words", r"if \(rst \|\| (ended)\) spot", ("1'b0",)),
    Site("row", rf"wire row_ends = row == {_CONSTANT};", (r"\g<1> - 1'b1",)),
    Site("row", r"case \((row3)\)", ("row2", "row")),
    Site("wire in memory", r"^      \d+'d\d+: wires <= (\d+'h[0-9a-f]+);", (r"\g<1> ^ 1'b1",)),
    Site("table in memory", r"^      \d+'d\d+: tables <= (\d+'h[0-9a-f]+);", (r"~\g<1>", r"\g<1> ^ 1'b1")),
    Site("sum", r"sum <= (so_far \+ .*);", ("so_far",)),
    Site("sum", r"so_far = (fresh) \?", ("1'b0", "1'b1")),
    Site("argmax", r"wins = (counted == 0 \|\| better);", ("better", "counted == 0")),
    Site("tie rule", r"wire better = (.* > (\(best.*\)));", (r"(sum ^ middle) >= \g<2>",)),
    Site("tie rule", r"wire better = (.* >= (\(best.*\)));", (r"(sum ^ middle) > \g<2>",)),
    Site("class order", r"index <= (counted);", ("group",)),
)
"""Of dense tables in series."""
_SCHEDULE_SHARE = 2
"""Every second fault is none of a gate."""


def mutate_stream(
    comparison: Comparison[StreamText],
    model: Model,
    sets: Sequence[VectorSet],
    count: int,
    seed: int,
    farm: Workers | None = None,
) -> Campaign:
    """Judge vectors by faults in the text of a streaming circuit; see :func:`lgc.verify.mutate.campaign.mutate`.

    A fault of a kernel that no vector shows is equivalent if the kernels are still those of the tables. Others that no
    vector shows stay undecided.

    Raises:
        NotCheckedError: no vectors, the text without a fault already differs, or a simulation did not end.
    """
    bits = np.concatenate([one.bits for one in sets]) if sets else np.zeros((0, comparison.num_inputs), np.bool_)
    if not len(bits):
        raise NotCheckedError("there are no vectors: no fault was tried", hint="Give data, or --random N")
    judged = JudgedFrames.of(comparison, model, bits, count, seed)
    comparison.folder.mkdir(parents=True)
    tasks = shard_tasks(judged.request(), judged, len(judged.faults), FAULTS, comparison.folder)
    shards = all_answers(farm or Here(comparison.progress), judge_frames, tasks, comparison.progress, "mutants: shards")
    return collected(Campaign(count, seed), shards, comparison)


@dataclass(frozen=True, eq=False)
class JudgedFrames:
    """Frames that are judged, and by what.

    Attributes:
        model: whose kernels a faulty text may still have.
        timeout: seconds that a run may take.
        bits, damaged: of whole frames, and of those that are cut short or too long; bool (B, I).
        expected, damaged_expected: what is right, scores (B, C) and classes (B,).
        count, seed: how many faults are chosen, and by which seed.
    """

    rtl: Rtl
    model: Model
    timeout: float
    bits: Bits
    damaged: Bits
    expected: tuple[np.ndarray, np.ndarray]
    damaged_expected: tuple[np.ndarray, np.ndarray]
    count: int
    seed: int

    @classmethod
    def of(cls, comparison: Comparison[StreamText], model: Model, bits: Bits, count: int, seed: int) -> JudgedFrames:
        """With what the reference says of frames (B, I)."""
        device, reference = comparison.device, comparison.reference
        damaged = device.stream.damaged(bits).bits
        scores, others = reference.scores(bits), reference.scores(damaged)
        return cls(
            device.rtl, model, device.options.timeout, bits, damaged, (scores, reference.classify(scores)),
            (others, reference.classify(others)), count, seed,
        )  # fmt: skip

    @cached_property
    def faults(self) -> list[Fault]:
        """All faults of the campaign."""
        return stream_faults(self.rtl, self.count, self.seed)

    def request(self) -> dict[str, object]:
        """What decides the fates."""
        vectors = digest_of_arrays(self.bits, self.damaged, *self.expected, *self.damaged_expected)
        return {
            "task": "mutants of a stream", "lgc": lgc.__version__, **digests(self.rtl), "model": self.model.digest(),
            "vectors": vectors, "count": self.count, "seed": self.seed, "timeout": self.timeout,
        }  # fmt: skip


def judge_frames(task: Task) -> Shard | NotCheckedError:
    """Do a task: what became of its faults, or why they could not be judged."""
    request, judged = task["request"], task["judged"]
    check_version(request)
    first = int(request["first"])
    with room(task["folder"], f"faults{first}") as folder:
        try:
            return _judged(judged, judged.faults[first : first + int(request["faults"])], folder)
        except NotCheckedError as error:
            return error


def _judged(judged: JudgedFrames, faults: Sequence[Fault], folder: Path) -> Shard:
    found, told, start = Shard(), progress_here(), time.perf_counter()
    told.step("mutants: build", 0, len(faults))
    bench = _Bench.of(judged, [fault.edits for fault in faults], folder)
    found.build_seconds, start = time.perf_counter() - start, time.perf_counter()
    if bench.shows(0) is not None:
        raise NotCheckedError(
            "the Verilog differs from the model without any fault: the vectors cannot be judged",
            hint="`lgc verify` without --mutate says where",
        )
    by = []
    for number in range(1, len(faults) + 1):
        told.step("mutants: simulate", number, len(faults))
        by.append(bench.shows(number))
    found.simulate_seconds, start = time.perf_counter() - start, time.perf_counter()
    for index, (fault, kind) in enumerate(zip(faults, by, strict=True)):
        same = kind is None and _still_right(judged, fault, folder / f"proof{index}")
        fate = EQUIVALENT if same else UNDECIDED if kind is None else KILLED
        found.outcomes.append(Outcome(fault, fate, "ABC &cec" if same else kind or ""))
    found.decide_seconds = time.perf_counter() - start
    return found


def stream_faults(rtl: Rtl, count: int, seed: int) -> list[Fault]:
    """Up to ``count`` different faults, the same for the same seed: of the schedule of every kind, then of gates."""
    rng, hardware = random.Random(seed), hardware_text(rtl.text)
    schedule = [Fault(kind, where, edits) for kind, where, edits in site_faults(hardware, (*_SITES, *_SERIES_SITES))]
    chosen = spread_faults(schedule, max(count // _SCHEDULE_SHARE, min(count, 8)), rng)
    modules = [module for module in _MODULE.finditer(hardware) if "`LGC_GATE" in module[0]]
    weights = [module[0].count("`LGC_GATE") for module in modules]
    seen = {fault.edits for fault in chosen}
    for _ in range(20 * count):
        if len(chosen) >= count or not modules:
            break
        module = rng.choices(modules, weights)[0]
        for fault in _gate_fault(module, rng.randrange(1 << 30)):
            if fault.edits not in seen:
                seen.add(fault.edits)
                chosen.append(fault)
    return chosen[:count]


def _gate_fault(module: re.Match[str], seed: int) -> Iterator[Fault]:
    """A fault of the gates of one module, whose vectors are its own."""
    for fault in sample_faults(find_places(module[0], 0), 9, seed):
        if fault.kind in ("gate function", "swapped inputs", "re-wired input", "stuck-at"):
            edits = tuple(Edit(e.start + module.start(), e.end + module.start(), e.new) for e in fault.edits)
            yield replace(fault, where=f"{module[1]}: {fault.where}", edits=edits, change=None)
            return


@dataclass(frozen=True)
class _Bench:
    """A simulator that holds faults, and what is right."""

    device: StreamText
    judged: JudgedFrames

    @classmethod
    def of(cls, judged: JudgedFrames, edits: Sequence[Sequence[Edit]], folder: Path) -> _Bench:
        device = StreamText(judged.rtl, VerifyOptions(timeout=judged.timeout))
        text = choose(device.rtl.text, device.rtl.manifest.top, edits)
        (folder / "mutants.v").write_text(text, encoding="utf-8")
        simulator = StreamSimulator(device.rtl.manifest, folder, judged.timeout)
        simulator.build(folder / "mutants.v", mutants=True)
        device.simulator = simulator
        return cls(device, judged)

    def shows(self, number: int) -> str | None:
        """What shows a mutant: the kind of frames, or their timing; None if nothing does."""
        self.device.simulator.mutant = number
        whole, judged = WholeFrames(self.device.simulator, self.device.stream), self.judged
        runs = (
            ("whole frames", whole, judged.bits, judged.expected),
            ("damaged frames", DamagedFrames(self.device), judged.damaged, judged.damaged_expected),
        )
        for name, runner, bits, (scores, classes) in runs:
            observed = runner.run(bits)
            if observed.timing:
                return "out_valid"
            if observed.scores is not None and (observed.scores != scores).any():
                return name
            if observed.classes is not None and (observed.classes != classes).any():
                return name
        return None


def _still_right(judged: JudgedFrames, fault: Fault, folder: Path) -> bool:
    """Whether the kernels that a fault is in are proved to be those of the tables all the same."""
    rtl = judged.rtl
    for slide in apart_of(rtl, judged.model).slides:
        name = f"{rtl.manifest.top}_{slide.name}_kernels"
        if not fault.where.startswith(f"{name}_"):
            continue
        folder.mkdir(parents=True)
        path = folder / "mutant.v"
        path.write_text(apply(rtl.text, fault.edits), encoding="utf-8")
        return kernels_equal(path, name, slide, folder, judged.timeout)
    return False
