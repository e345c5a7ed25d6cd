"""How fast inference is, and what bounds it: the rows of ``lgc bench``.

Times are the best of several repetitions: on a shared machine the best is the least disturbed one. One core's rates
count the thread's processor time, those of several cores the time on the wall. The bound is
what one core could do if nothing but the vector operations (or nothing but the loads) of the kernel counted.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lgc.backend.c import C99, SlidingC99, over_positions
from lgc.bench.peak import TERNARY_BITS, measure_peak
from lgc.driver.bench import BenchInfer
from lgc.driver.read import load_source
from lgc.frontend.model import Model
from lgc.ir import Circuit
from lgc.passes import optimize
from lgc.progress import Progress
from lgc.runtime import library
from lgc.runtime.predictor import Predictor
from lgc.tools.watchdog import scratch

_SECONDS = 0.25


@dataclass(frozen=True)
class InferRow:
    """One measurement: what, of what, in which unit, and what the number includes."""

    name: str
    value: float
    unit: str
    includes: str


def measure_inference(
    circuit: Circuit, model: Model | None = None, *, samples: int = 65536, repeats: int = 9, seed: int = 0
) -> list[InferRow]:
    """Measure a circuit on this machine.

    Args:
        circuit: as lowered; optimised here.
        model: what it was lowered from, if that is known.
        samples: random samples in a batch.
        repeats: batches timed in each row, of which the best counts.

    Raises:
        MissingToolError, ToolError: there is no working C compiler.
    """
    rng = np.random.default_rng(seed)
    encoder = circuit.encoder
    packed = rng.integers(0, 256, (samples, -(-encoder.num_bits // 8)), dtype=np.uint8)
    octets = rng.integers(0, 256 if encoder.thresholds is not None else 2, (samples, encoder.num_features), np.uint8)
    rows = _build_rows(circuit, model)
    one = Predictor(circuit, model=model, engine="c", threads=1)
    everywhere = Predictor(circuit, model=model, engine="c")
    includes = "transposition, gates, counts, argmax"
    single = _rate(lambda: one.predict(packed, packed=True), samples, repeats)
    rows += [
        InferRow("packed bits, 1 core", single, "images/s", includes),
        InferRow("packed bits, 1 core", 1e9 / single, "ns/image", includes),
        InferRow("packed bits to scores, 1 core", _rate(lambda: one.scores(packed, packed=True), samples, repeats),
            "images/s", "transposition, gates, counts, integers"),
        InferRow("bytes, 1 core", _byte_rate(one, octets, repeats), "images/s", f"encoder, {includes}"),
    ]  # fmt: skip
    if everywhere.threads > 1:
        rows += _scaling_rows(one, everywhere, packed, repeats)
    interpreter, few = Predictor(circuit, engine="numpy"), packed[: min(samples, 4096)]
    numpy_rate = _rate(lambda: interpreter.predict(few, packed=True), len(few), 3)
    rows.append(InferRow("numpy, packed bits", numpy_rate, "images/s", "all"))
    form = over_positions(C99(), model)
    made = circuit if isinstance(form, SlidingC99) else optimize(circuit)
    return rows + _bound_rows(form, made) + _peak_rows(form, made)


def _byte_rate(predictor: Predictor, octets: NDArray[np.uint8], repeats: int) -> float:
    return _rate(lambda: predictor.predict(octets, packed=False), len(octets), repeats)


def _scaling_rows(one: Predictor, many: Predictor, packed: NDArray[np.uint8], repeats: int) -> list[InferRow]:
    """Pairs timed one after the other, so that a disturbance hits both; the median ratio counts."""
    ratios, best = [], 0.0
    for _ in range(repeats):
        alone = _rate(lambda: one.predict(packed, packed=True), len(packed), 1, time.perf_counter)
        shared = _rate(lambda: many.predict(packed, packed=True), len(packed), 1, time.perf_counter)
        ratios.append(shared / alone)
        best = max(best, shared)
    name = f"packed bits, {many.threads} cores"
    return [
        InferRow(name, best, "images/s", "transposition, gates, counts, argmax"),
        InferRow(f"{name}: speed-up", statistics.median(ratios), "x", "median of pairs"),
    ]


def _rate(
    run: Callable[[], object], samples: int, repeats: int, clock: Callable[[], float] = time.thread_time
) -> float:
    """The best rate of several repetitions, each long enough to time."""
    run()
    best = 0.0
    for _ in range(repeats):
        count, start, elapsed = 0, clock(), 0.0
        while elapsed < _SECONDS / max(repeats, 3):
            run()
            count += 1
            elapsed = clock() - start
        best = max(best, count * samples / elapsed)
    return best


def _build_rows(circuit: Circuit, model: Model | None) -> list[InferRow]:
    """Emission and compilation, outside of the cache."""
    with scratch("lgc-bench-") as folder:
        source, output = folder / "model.c", folder / "model.so"
        start = time.perf_counter()
        library.write_source(circuit, model, source)
        emitted = time.perf_counter()
        before = os.times()
        library.compile_source(source, output)
        compiled = time.perf_counter()
        after = os.times()
        size = output.stat().st_size
    return [
        InferRow("optimise and emit", emitted - start, "s", "-O2 passes, C text"),
        InferRow("compile", compiled - emitted, "s", "C compiler, on the wall"),
        InferRow("compile, processor", _children(after) - _children(before), "s", "C compiler, its processor time"),
        InferRow("library", size / 1024, "KiB", "code and tables"),
    ]


def _children(times: os.times_result) -> float:
    return times.children_user + times.children_system


def _bound_rows(form: C99, circuit: Circuit) -> list[InferRow]:
    """What the kernel executes for one word of samples."""
    counts, three = form.counts(circuit, ternary=False), form.counts(circuit, ternary=True)
    once = "a kernel of a convolution counts once" if isinstance(form, SlidingC99) else ""
    return [
        InferRow("gates after optimisation", form.num_nodes(circuit), "", once),
        InferRow(
            "vector operations a word",
            counts.operations,
            "",
            "AND, AND-NOT, OR, XOR: one a gate, 4.5 a counted bit",
        ),
        InferRow(
            "vector operations a word, AVX-512",
            three.operations,
            "",
            "functions of three words: one a gate, 2 a counted bit",
        ),
        InferRow("functions of three words a word, AVX-512", three.functions, "", "of these operations"),
        InferRow(
            "input reads a word, AVX-512", three.reads, "", "once in 16 instructions, or in a function that holds it"
        ),
        InferRow("input reads a word", counts.reads, "", "once in 16 instructions: the rest are in registers"),
        InferRow("result writes a word", counts.writes, "", "planes"),
    ]


def _peak_rows(form: C99, circuit: Circuit) -> list[InferRow]:
    """What this core could do at most, were it for one kind of instruction alone."""
    peak = measure_peak()
    counts = form.counts(circuit, ternary=peak.word_bits == TERNARY_BITS)
    alone = {
        "operations": f"gates and counts alone; {peak.operations / 1e9:.2f} G a second, measured",
        "functions of three words": f"all three made shortly before; {peak.functions / 1e9:.2f} G a second, measured",
        "loads": f"reads of inputs alone; {peak.loads / 1e9:.2f} G a second, measured",
    }
    name = f"bound, 1 core, words of {peak.word_bits}"
    return [InferRow(f"{name}: {kind}", bound, "images/s", alone[kind]) for kind, bound in peak.images(counts).items()]


def rows(asked: BenchInfer, progress: Progress) -> list[InferRow]:
    """All measurements of a network."""
    progress.step("inference")
    source = load_source(asked.model)
    return measure_inference(source.circuit, source.model)


def markdown(rows: Iterable[InferRow]) -> Iterator[str]:
    """The table of docs/benchmarks.md, line by line."""
    yield "| what | value | unit | includes |"
    yield "|---|---|---|---|"
    for row in rows:
        yield f"| {row.name} | {row.value:,.4g} | {row.unit} | {row.includes} |"
