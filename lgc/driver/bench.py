"""Benchmarks: one request each, and tables whose lines come as they are measured.

The measurements themselves are :mod:`lgc.bench`, a module each with ``rows(request, progress)`` and ``markdown(rows)``;
they call the driver, so they are named here and imported when one runs.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Any, ClassVar

from lgc.driver.request import Request, Source
from lgc.driver.sheet import Sheet, Shown
from lgc.driver.workers_request import WorkersRequest
from lgc.progress import Progress, Silence
from lgc.settings import Setting
from lgc.tools.find import missing

_MODEL = Setting("A checkpoint or a netlist.", flags=("MODEL",))


@dataclass(frozen=True)
class BenchRequest(Request):
    """What to measure. ``module`` is where."""

    module: ClassVar[str]


@dataclass(frozen=True)
class BenchCompile(BenchRequest):
    """Time by step and peak memory of compiling, against the number of gates, a process each."""

    module: ClassVar[str] = "lgc.bench.compile"
    gates: Annotated[tuple[int, ...], Setting("Sizes; by default 8k, 64k, 256k and 1M.", low=20)] = ()
    repeats: Annotated[int, Setting("Runs; the median counts.", low=1)] = 3


@dataclass(frozen=True)
class BenchHead(BenchRequest):
    """A network's lookup tables by yosys: as one would write it by hand, and with each head that a part can have."""

    module: ClassVar[str] = "lgc.bench.head"
    model: Annotated[Source, _MODEL]


@dataclass(frozen=True)
class BenchAuto(BenchRequest):
    """Whether the head that `auto` takes is the smallest: ten small networks, by yosys; an hour."""

    module: ClassVar[str] = "lgc.bench.auto"
    part: Annotated[tuple[str, ...], Setting("By default one of each fabric, lut4 and lut6.", metavar="PART")] = ()


@dataclass(frozen=True)
class BenchInfer(BenchRequest):
    """The C code of a network: images a second, and what bounds them."""

    module: ClassVar[str] = "lgc.bench.infer"
    model: Annotated[Source, _MODEL]


@dataclass(frozen=True)
class BenchTrain(BenchRequest):
    """A training step on 784 inputs beside plain torch, with the threads that OMP_NUM_THREADS says."""

    module: ClassVar[str] = "lgc.bench.train"
    gates: Annotated[int, Setting("Gates of the layer; of tables there are a quarter as many.", low=20)] = 8000
    repeats: Annotated[int, Setting("Runs; the median counts.", low=1)] = 3


@dataclass(frozen=True)
class PlacedNetworks(BenchRequest):
    """Which networks, on which parts."""

    module: ClassVar[str] = "lgc.bench.hardware"
    models: Annotated[tuple[Path, ...], Setting("Checkpoints or netlists.", flags=("MODEL...",))]
    part: Annotated[
        tuple[str, ...], Setting("By default all parts.", former=("--target",), metavar="PART")
    ] = ()  # fmt: skip
    pipeline: Annotated[int, Setting("Register stages at most.", low=0)] = 8
    seeds: Annotated[int, Setting("Of nextpnr.", low=1)] = 1
    route: Annotated[bool, Setting("Stop after yosys.")] = True
    liberty: Annotated[Path | None, Setting("Cells for the part asic.")] = None
    timeout: Annotated[float, Setting("Seconds that a run of yosys or of nextpnr may take.", above=0)] = 900.0


@dataclass(frozen=True)
class BenchHardware(WorkersRequest, PlacedNetworks):
    """Networks on parts, placed and routed. What was measured before, or stopped after as long, is not run again."""


BENCHMARKS: dict[str, type[BenchRequest]] = {
    "compile": BenchCompile,
    "head": BenchHead,
    "auto": BenchAuto,
    "infer": BenchInfer,
    "train": BenchTrain,
    "hardware": BenchHardware,
}


@dataclass(repr=False)
class Measured(Shown):
    """Tables as markdown. Iterating measures and gives each line as soon as it is known; it goes once."""

    lines: Iterator[str]
    rows: list[Any] = field(default_factory=list)

    def kept(self, rows: Iterable[Any]) -> Iterator[Any]:
        """The same rows, which are remembered as they come."""
        for one in rows:
            self.rows.append(one)
            yield one

    def __iter__(self) -> Iterator[str]:
        return self.lines

    def as_json(self) -> list[Any]:
        """See :class:`Shown`; measures what is left. A row of the tables each, by the names of its numbers."""
        self.sheet()
        return [one.as_json() if hasattr(one, "as_json") else asdict(one) for one in self.rows]

    def sheet(self) -> Sheet:
        """See :class:`Shown`; measures what is left."""
        kept = list(self.lines)
        self.lines = iter(kept)
        return kept


def bench(asked: BenchRequest, progress: Progress | None = None) -> Measured:
    """Measure, and print the tables of docs/benchmarks.md and docs/hardware.md.

    Raises:
        MissingToolError: what is measured needs something that is not installed.
        LgcError: a network cannot be read, or an option is impossible.
    """
    try:
        module = importlib.import_module(asked.module)
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        raise missing("torch", "training") from None
    measured = Measured(iter(()))
    measured.lines = module.markdown(measured.kept(module.rows(asked, progress or Silence())))
    return measured
