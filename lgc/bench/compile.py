"""Benchmarks of the compiler: what `lgc bench` runs and docs/benchmarks.md shows.

Every measurement is a process of its own, so that its memory is its own too.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from lgc.driver.bench import BenchCompile
from lgc.frontend.checkpoint import write_model
from lgc.frontend.model import Layer, Model
from lgc.ir import Encoder, Head
from lgc.ir.gates import TABLE_OF_ID
from lgc.progress import Progress
from lgc.tools.run import output_of
from lgc.tools.watchdog import scratch

SIZES = (8_000, 64_000, 256_000, 1_000_000)
_INPUTS, _CLASSES = 784, 10


@dataclass(frozen=True)
class CompileRow:
    """Seconds to compile a random two-layer network of so many gates, -O2, and the process's peak memory."""

    gates: int
    read: float
    lower: float
    optimise: float
    emit: float
    whole_process: float
    peak_megabytes: float
    gates_after: int


def random_model(gates: int, seed: int = 0) -> Model:
    """Two equal layers of random gates on random wires: 784 inputs, 10 classes."""
    rng = np.random.default_rng(seed)
    width = gates // 2
    layers = []
    for index, reach in enumerate((_INPUTS, width)):
        wires, gates_of_layer = rng.integers(0, reach, (width, 2)), rng.integers(0, 16, width)
        layers.append(Layer(f"layer{index + 1}", wires, TABLE_OF_ID[gates_of_layer], (index,)))
    thresholds = np.full((_INPUTS, 1), 0.25)
    head = Head.equal_groups(width, tuple("0123456789"), tau=12.0)
    return Model(f"random-{gates}", Encoder(_INPUTS, thresholds), tuple(layers), head)


def bench_compile(gates: int, repeats: int = 3) -> CompileRow:
    """The median of ``repeats`` compilations, each in a fresh process."""
    with scratch("lgc-bench-") as folder:
        source = folder / "model.safetensors"
        write_model(random_model(gates), source)
        rows = []
        for _ in range(repeats):
            start = time.perf_counter()
            command = [sys.executable, "-m", "lgc.bench.compile", str(source), str(folder / "out.v")]
            printed = output_of(command, "compiling")
            rows.append(json.loads(printed) | {"whole_process": time.perf_counter() - start, "gates": gates})
    middle = sorted(rows, key=lambda row: row["whole_process"])[len(rows) // 2]
    return CompileRow(**middle)


def compile_once(source: Path, target: Path) -> dict[str, float]:
    """Compile here and now; seconds by step."""
    from lgc.backend.base import write
    from lgc.backend.verilog import Verilog
    from lgc.frontend import lower, read_model
    from lgc.passes import optimize

    marks = [time.perf_counter()]
    model = read_model(source)
    marks.append(time.perf_counter())
    circuit = lower(model)
    marks.append(time.perf_counter())
    optimised = optimize(circuit, "O2")
    marks.append(time.perf_counter())
    write(Verilog(top="bench"), optimised, target)
    marks.append(time.perf_counter())
    steps = dict(zip(("read", "lower", "optimise", "emit"), np.diff(marks).tolist(), strict=True))
    unit = 1024 if sys.platform != "darwin" else 1024 * 1024  # Linux counts kilobytes, macOS bytes
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
    return steps | {"peak_megabytes": peak, "gates_after": optimised.netlist.num_nodes}


def rows(asked: BenchCompile, progress: Progress) -> Iterator[CompileRow]:
    """A row for each size."""
    for size in asked.gates or SIZES:
        progress.step(f"{size:,} gates")
        yield bench_compile(size, asked.repeats)


def markdown(rows: Iterable[CompileRow]) -> Iterator[str]:
    """The table of docs/benchmarks.md, line by line."""
    yield "| gates | read | lower | -O2 | emit Verilog | whole process | peak memory | gates after |"
    yield "|---|---|---|---|---|---|---|---|"
    for row in rows:
        value = asdict(row)
        steps = " | ".join(f"{value[name]:.2f} s" for name in ("read", "lower", "optimise", "emit", "whole_process"))
        yield f"| {row.gates:,} | {steps} | {row.peak_megabytes:,.0f} MB | {row.gates_after:,} |"


if __name__ == "__main__":
    sys.stdout.write(json.dumps(compile_once(Path(sys.argv[1]), Path(sys.argv[2]))))
