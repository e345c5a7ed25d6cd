"""What `lgc verify` and its sisters are asked for: every option, once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

from lgc.driver.data_request import DataRequest
from lgc.driver.read import CONFIG_HELP, TIMEOUT
from lgc.driver.request import Request, Source
from lgc.driver.workers_request import WorkersRequest
from lgc.settings import Setting
from lgc.sim import SimulatorName

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from lgc.driver.compile import Compiled

    Device: TypeAlias = Path | str | Compiled
else:
    Device = Any  # so that the fields can be read without importing what a device may be

_VECTORS, _HOW, _SYNTHESISED = "Vectors", "Verilog: how it is simulated", "Verilog: after synthesis"
_REPORTS, _PROOF = "Reports", "Verilog: a proof in place of vectors"


@dataclass(frozen=True)
class ComparisonRequest(Request):
    """Which file is compared with which model.

    Attributes:
        file: the device under test: what `lgc compile` wrote, or what ``lgc.compile`` returned.
        facts: what the model's file does not say, by name; see :class:`lgc.driver.read.ReadRequest`.
    """

    model: Annotated[Source, Setting("A checkpoint or a netlist.", flags=("MODEL",))]
    file: Annotated[Device, Setting("What `lgc compile` made of it.", flags=("FILE",))]

    manifest: Annotated[
        Path | None, Setting("The manifest or sidecar of FILE, if it is not beside it.")
    ] = None  # fmt: skip
    config: Annotated[Path | None, Setting(CONFIG_HELP)] = None
    force: Annotated[bool, Setting("Compare even if FILE is not as lgc wrote it from this model.")] = False
    keep: Annotated[Path | None, Setting("Keep the build folder here; it must not exist.")] = None
    timeout: Annotated[float, TIMEOUT] = 3600.0

    facts: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class VectorRequest(DataRequest, ComparisonRequest):
    """The same, and on which vectors.

    Attributes:
        bits: vectors of your own, bool (B, I), I the width of the input port.
    """

    data: Annotated[
        str | None, Setting("Data to check on: a table, an .npz or .npy file, or a data set's name.", group=_VECTORS)
    ] = None  # fmt: skip
    limit: Annotated[
        int | None, Setting("Use the first N samples of the data only.", low=1, metavar="N", group=_VECTORS)
    ] = None
    random: Annotated[int, Setting("Random vectors.", low=0, metavar="N", group=_VECTORS)] = 1000
    seed: Annotated[int, Setting("Seed of the random vectors, and of faults.", low=0, metavar="N", group=_VECTORS)] = 0
    directed: Annotated[
        bool, Setting("Leave out the directed vectors (zeros, ones, extremes, ties).", group=_VECTORS)
    ] = True
    vectors: Annotated[Path | None, Setting("Vectors that --write-vectors saved.", group=_VECTORS)] = None

    bits: NDArray[np.bool_] | None = None


@dataclass(frozen=True)
class NetlistRequest(Request):
    """What stands in the place of Verilog: the netlist that yosys makes of it."""

    netlist: Annotated[
        str | None,
        Setting("Synthesise the Verilog for PART with yosys, and compare the netlist.", metavar="PART",
                group=_SYNTHESISED),
    ] = None  # fmt: skip
    liberty: Annotated[Path | None, Setting("Cell library of --netlist asic.", group=_SYNTHESISED)] = None
    crash: Annotated[
        Path | None, Setting("On a difference in Verilog: a new folder that reproduces it.", group=_REPORTS)
    ] = None  # fmt: skip


@dataclass(frozen=True)
class VerifyRequest(NetlistRequest, VectorRequest):
    """Compare every score and the class of every vector with the model's."""

    simulator: Annotated[
        SimulatorName | None,
        Setting("What simulates Verilog and Amaranth.", shown="verilator", group=_HOW),
    ] = None  # fmt: skip
    lanes: Annotated[Literal["auto", "1", "64"], Setting("Samples per evaluation.", group=_HOW)] = "auto"
    waves: Annotated[
        Path | None, Setting("Write waveforms of a few vectors (.vcd or .fst).", group=_HOW, writes=True)
    ] = None  # fmt: skip
    junit: Annotated[Path | None, Setting("Write a JUnit XML report.", group=_REPORTS, writes=True)] = None
    sarif: Annotated[Path | None, Setting("Write a SARIF report.", group=_REPORTS, writes=True)] = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "lanes", str(self.lanes))
        super().__post_init__()


@dataclass(frozen=True)
class ProveRequest(WorkersRequest, NetlistRequest, ComparisonRequest):
    """Prove Verilog equal to the model, for all inputs."""

    certificate: Annotated[
        Path | None,
        Setting(
            "Where the proof's outcome is written.", shown="FILE.certificate.json", group=_PROOF, writes=True
        ),
    ] = None  # fmt: skip


@dataclass(frozen=True)
class CoverRequest(VectorRequest):
    """Measure what vectors exercise in Verilog, and make vectors for the rest."""


@dataclass(frozen=True)
class MutateRequest(WorkersRequest, VectorRequest):
    """Put faults into Verilog, to see whether the vectors notice them."""

    faults: Annotated[int, Setting("How many faults.", flags=("--mutate",), low=1, metavar="N")] = 1000
