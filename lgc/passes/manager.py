"""Runs pipelines: verifies between passes, measures, dumps, stops early, and finds a pass that lies."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from lgc.errors import NetlistError, OptionError, OutputError
from lgc.files import write_text
from lgc.ir import Circuit, interp, to_text, verify_circuit
from lgc.passes.base import Pass


@dataclass(frozen=True)
class Repeat:
    """Run passes in turn until a whole round changes nothing, at most ``limit`` times."""

    passes: tuple[Pass, ...]
    limit: int = 8


PassPipeline = Sequence[Pass | Repeat]


@dataclass(frozen=True)
class PassStats:
    """What one run of one pass did."""

    index: int
    name: str
    nodes_before: int
    nodes_after: int
    depth_after: int
    outputs_after: int
    seconds: float
    counts: Mapping[str, int]

    @property
    def changed(self) -> bool:
        """Whether the pass did anything."""
        return self.nodes_before != self.nodes_after or bool(self.counts)


@dataclass(frozen=True)
class BrokenPass:
    """A pass that changed a score, with the input that shows it."""

    stats: PassStats
    vector: int
    expected: list[int]
    seen: list[int]


@dataclass
class PassManager:
    """How to run a pipeline.

    Attributes:
        check: verify every invariant before the first pass and after each one.
        dump_dir: write the circuit before the first pass and after each one to ``NN-name.lgn`` here.
        stop_after: stop once the pass of this name has run; ``name:3`` for its third run.
        bisect_vectors: compare all scores with the original on this many random inputs after each pass, and stop at the
            first pass that changes one (``broken``). 0 for not.
        observer: called with the statistics after each pass.
        stats: of the passes of the last run, in order.
        broken: what ``bisect_vectors`` found in the last run.
    """

    check: bool = False
    dump_dir: Path | None = None
    stop_after: str | None = None
    bisect_vectors: int = 0
    observer: Callable[[PassStats], None] | None = None
    stats: list[PassStats] = field(default_factory=list)
    broken: BrokenPass | None = None

    def run(self, circuit: Circuit, pipeline: PassPipeline) -> Circuit:
        """The circuit after the pipeline.

        Raises:
            OptionError: ``stop_after`` names no pass that ran.
            NetlistError: with ``check``, a pass broke an invariant (a bug in lgc).
            OutputError: the dump folder cannot be written.
        """
        self.stats.clear()
        self.broken = None
        self._verify(circuit, "before the first pass")
        self._dump(circuit, 0, "input")
        oracle = _Oracle(circuit, self.bisect_vectors) if self.bisect_vectors else None
        stopped = False
        for pass_ in self._passes(pipeline):
            circuit = self._run_one(pass_, circuit)
            stopped = self._reached_stop(pass_)
            if oracle is not None:
                self.broken = oracle.compare(circuit, self.stats[-1])
            if stopped or self.broken is not None:
                break
        if self.stop_after and not stopped and self.broken is None:
            ran = ", ".join(dict.fromkeys(stats.name for stats in self.stats)) or "none"
            raise OptionError(f"--stop-after {self.stop_after} names no pass that ran", hint=f"These ran: {ran}")
        return circuit

    def _passes(self, pipeline: PassPipeline) -> Iterator[Pass]:
        """The passes in order; a repeated round is unrolled as long as the last one changed something."""
        for item in pipeline:
            if isinstance(item, Pass):
                yield item
                continue
            for _ in range(item.limit):
                first = len(self.stats)
                yield from item.passes
                if not any(stats.changed for stats in self.stats[first:]):
                    break

    def _run_one(self, pass_: Pass, circuit: Circuit) -> Circuit:
        start = time.perf_counter()
        result = pass_.run(circuit)
        seconds = time.perf_counter() - start
        after = result.circuit
        self._verify(after, f"after pass {len(self.stats) + 1}, {pass_.name}")
        stats = PassStats(
            index=len(self.stats) + 1,
            name=pass_.name,
            nodes_before=circuit.netlist.num_nodes,
            nodes_after=after.netlist.num_nodes,
            depth_after=after.netlist.depth,
            outputs_after=after.netlist.num_outputs,
            seconds=seconds,
            counts={name: count for name, count in result.counts.items() if count},
        )
        self.stats.append(stats)
        self._dump(after, stats.index, stats.name)
        if self.observer:
            self.observer(stats)
        return after

    def _verify(self, circuit: Circuit, when: str) -> None:
        if not self.check:
            return
        try:
            verify_circuit(circuit)
        except NetlistError as error:
            raise error.at(when) from None

    def _reached_stop(self, pass_: Pass) -> bool:
        if self.stop_after is None:
            return False
        name, _, occurrence = self.stop_after.partition(":")
        ran = sum(stats.name == pass_.name for stats in self.stats)
        return pass_.name == name and str(ran) == (occurrence or "1")

    def _dump(self, circuit: Circuit, index: int, name: str) -> None:
        if self.dump_dir is not None:
            try:
                self.dump_dir.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise OutputError(f"cannot make the folder: {error.strerror}", where=str(self.dump_dir)) from None
            write_text(self.dump_dir / f"{index:02d}-{name}.lgn", to_text(circuit))


class _Oracle:
    """The original circuit's scores on random inputs."""

    def __init__(self, circuit: Circuit, vectors: int) -> None:
        rng = np.random.default_rng(0)
        # Densities from sparse to dense: a net's rare states show up too.
        density = rng.uniform(0.02, 0.98, (vectors, 1))
        bits = rng.random((vectors, circuit.netlist.num_inputs)) < density
        # Half of them are what features give: passes that assume as much are compared on those alone.
        self._ordered = np.arange(vectors) >= vectors // 2
        bits[self._ordered] = circuit.encoder.ordered(bits[self._ordered])
        self._bits, self._expected = bits, interp.scores(circuit, bits)

    def compare(self, circuit: Circuit, stats: PassStats) -> BrokenPass | None:
        seen = interp.scores(circuit, self._bits)
        differs = (seen != self._expected).any(axis=1)
        wrong = np.flatnonzero(differs & self._ordered if circuit.assumes else differs)
        if not len(wrong):
            return None
        vector = int(wrong[0])
        return BrokenPass(stats, vector, self._expected[vector].tolist(), seen[vector].tolist())
