"""Signatures of lgc's verbs. Generated from the requests by `make docs`; do not edit."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from torch import nn

from lgc.driver.bench import Measured
from lgc.driver.compile import Compiled
from lgc.driver.compile_request import Level
from lgc.driver.convert import Converted
from lgc.driver.cover import CoverageScore
from lgc.driver.draw import Drawing, LayoutName
from lgc.driver.estimate import Estimated
from lgc.driver.eval import Evaluation
from lgc.driver.inspect import Inspection
from lgc.driver.mutate import MutationScore
from lgc.driver.prove import Proof
from lgc.driver.read import Loaded
from lgc.driver.report import Form, NetworkReport
from lgc.driver.request import Source
from lgc.driver.runs import RunsCompared
from lgc.driver.samples import Part
from lgc.driver.sweep_request import Sampler
from lgc.driver.swept import SweepResult
from lgc.driver.synth import Rtl, Synthesis
from lgc.driver.train import Trained
from lgc.driver.verify import Verdict
from lgc.driver.workers_request import Cluster
from lgc.driver.verify_request import Device
from lgc.driver.view import Page
from lgc.frontend import ImportOptions, Model
from lgc.mapping.names import ArgmaxName, HeadName, Results
from lgc.parts.names import FabricName, InterfaceName
from lgc.progress import Progress
from lgc.runtime import Predictor
from lgc.runtime.predictor import Engine
from lgc.sim import SimulatorName

PROGRESS: str

@dataclass(frozen=True)
class Verb:
    request: type
    run: Any
    places: tuple[str, ...]
    loose: type | None = None
    def __call__(self, *args: Any, **options: Any) -> Any: ...

VERBS: dict[str, Verb]

def bench(name: str, **options: Any) -> Measured: ...
def load(
    source: Source,
    options: ImportOptions | None = None,
    *,
    engine: Engine = "auto",
    threads: int | None = None,
    **facts: Any,
) -> Predictor: ...
def from_torch(module: nn.Module, *, name: str = "model", classes: Sequence[str] | None = None) -> Model: ...
def read(
    source: Source,
    *,
    config: Path | str | None = None,
    timeout: float | None = None,
    facts: Mapping[str, Any] | None = None,
) -> Loaded:
    """Read a checkpoint or netlist of any family that docs/formats.md lists.

    Raises:
        LgcError: it cannot be read, or does not say enough; the message names what does.

    Args:
        source: A checkpoint or a netlist.
        config: JSON or TOML file of what another tool's checkpoint does not say; see `lgc convert --help`.
        timeout: Seconds that all programs together may take, compilers too.
    """
def inspect(
    source: Source,
    *,
    config: Path | str | None = None,
    timeout: float | None = None,
    facts: Mapping[str, Any] | None = None,
    progress: Progress | None = None,
) -> Inspection:
    """Explain a file: its family, what is certain, what is ambiguous, and which flag settles it.

    A file that says enough is also read, and its layers, gates and inputs are counted. Nothing in it is run.

    Raises:
        LgcError: the file cannot be opened, or belongs to no known family.

    Args:
        source: A checkpoint or a netlist.
        config: JSON or TOML file of what another tool's checkpoint does not say; see `lgc convert --help`.
        timeout: Seconds that all programs together may take, compilers too.
    """
def convert(
    source: Source,
    output: Path | str,
    *,
    config: Path | str | None = None,
    timeout: float | None = None,
    facts: Mapping[str, Any] | None = None,
    inputs: str | None = None,
    progress: Progress | None = None,
) -> Converted:
    """Write a checkpoint of any family, or a model in memory, in lgc's own format; a netlist becomes .lgn.

    Raises:
        LgcError: it cannot be read, or does not say enough.
        OutputError: the file cannot be written, or a netlist is to become a checkpoint.

    Args:
        source: A checkpoint or a netlist.
        config: JSON or TOML file of what another tool's checkpoint does not say; see `lgc convert --help`.
        timeout: Seconds that all programs together may take, compilers too.
        output: A .pt, .safetensors or .lgn file.
        inputs: What the columns of a sample are: mnist, fashion-mnist, cifar-10 or digits; a .json file of them; or a table that has them.
    """
def compile(
    model: Source,
    output: Path | str,
    *,
    level: Level = '2',
    passes: str = '',
    check: bool = False,
    dump_ir: Path | str | None = None,
    stop_after: str = '',
    bisect: bool = False,
    settings: tuple[str, ...] = (),
    config: Path | str | None = None,
    timeout: float | None = None,
    input: Literal['bits', 'features'] = 'bits',
    feature_bits: int | str | None = None,
    feature_scale: float | None = None,
    feature_offset: float | None = None,
    data: str | None = None,
    data_dir: Path | str | None = None,
    pipeline: int | None = None,
    outputs: Results | None = None,
    stream: bool = False,
    pixels_per_clock: int | None = None,
    tables_per_clock: int | None = None,
    top: str | None = None,
    head: HeadName | None = None,
    argmax: ArgmaxName | None = None,
    fabric: FabricName | None = None,
    effort: int | None = None,
    copies: bool | None = None,
    interface: InterfaceName | None = None,
    board: str | None = None,
    beat: int | None = None,
    baud: int | None = None,
    part: str | None = None,
    clock: str | None = None,
    seeds: int = 1,
    unroll: bool | None = None,
    facts: Mapping[str, Any] | None = None,
    progress: Progress | None = None,
) -> Compiled:
    """Compile a checkpoint, a netlist or a network to the format that the suffix of the output names.

    Raises:
        LgcError: the source cannot be read, an option is impossible, a clock is out of reach, or a file cannot be
            written; then no file is written.
        MismatchError: with ``bisect``, a pass changed a score, which is a bug in lgc.

    Args:
        model: A checkpoint or a netlist.
        output: File to write; its suffix picks the format.
        level: Optimisation level.
        passes: Run these passes, in order, in place of a level's.
        check: Verify every invariant between passes.
        dump_ir: Write the circuit after each pass to this folder.
        stop_after: Stop after the (N-th) run of this pass.
        bisect: Compare all scores after each pass and name the first pass that changes one.
        settings: An option of the format, for example main=yes.
        config: JSON or TOML file of what another tool's checkpoint does not say; see `lgc convert --help`.
        timeout: Seconds that all programs together may take, compilers too.
        input: What the input port carries: encoded bits, or features as integers, with the encoder as gates.
        feature_bits: Bits of a feature that has no code of its own; of single columns: NAME=W,...
        feature_scale: Codes per unit: feature x is the integer x * S + offset.
        feature_offset: The integer that stands for 0.
        data: Data on which to measure what codes of features change: a file, or a data set's name.
        data_dir: Folder with the data set's files.
        pipeline: Register stages in all, which is the latency; 0 is combinational.
        outputs: Which results are ports.
        stream: Take an image pixel by pixel, each kernel of a convolution once; see docs/streaming.md.
        pixels_per_clock: With --stream: so many neighbouring pixels of a row in a beat; by default 1.
        tables_per_clock: With --stream: so many dense tables a clock, from memories; by default all of them, side by side.
        top: Name of the top module; by default the output file's name.
        head: How votes are counted; see docs/head.md.
        argmax: How a mapped head finds the largest score.
        fabric: Whose cells a mapped head is written in.
        effort: How long to search for a smaller mapped head; by default 30, 0 for not at all, 300 for the last few per cent.
        copies: A register stage of copies of the inputs, one for each part of a mapped circuit; by default with a fabric, from 8 stages on.
        interface: Write a wrapper too: AXI4-Stream, UART, SPI, or a Tiny Tapeout tile.
        board: Write the top and the pins of this board; see docs/interfaces.md.
        beat: AXI4-Stream: features a beat (of bits: bytes a beat).
        baud: UART: bits a second.
        part: The part for the clock, whose cells the head is made of; `lgc synth --list` shows all.
        clock: As few register stages as reach this clock on the part, measured by yosys and nextpnr.
        seeds: The median of so many seeds counts.
        unroll: Write each kernel of a convolution at every position, and not once.
    """
def verify(
    model: Source,
    file: Device,
    *,
    manifest: Path | str | None = None,
    config: Path | str | None = None,
    force: bool = False,
    keep: Path | str | None = None,
    timeout: float = 3600.0,
    facts: Mapping[str, Any] | None = None,
    data_dir: Path | str | None = None,
    split: Part | None = None,
    label: str | None = None,
    header: bool | None = None,
    missing: str | None = None,
    drop: tuple[str, ...] = (),
    group: str | None = None,
    category: tuple[str, ...] = (),
    na: tuple[str, ...] = (),
    delimiter: str | None = None,
    data: str | None = None,
    limit: int | None = None,
    random: int = 1000,
    seed: int = 0,
    directed: bool = True,
    vectors: Path | str | None = None,
    bits: NDArray[np.bool_] | None = None,
    netlist: str | None = None,
    liberty: Path | str | None = None,
    crash: Path | str | None = None,
    simulator: SimulatorName | None = None,
    lanes: Literal['auto', '1', '64'] = 'auto',
    waves: Path | str | None = None,
    junit: Path | str | None = None,
    sarif: Path | str | None = None,
    progress: Progress | None = None,
) -> Verdict:
    """Compare every score and the class of every vector with the model's own.

    Verilog is simulated, and so is what an Amaranth module elaborates to; C is compiled and run; ONNX runs in
    onnxruntime; yosys reads BLIF, AIGER and JSON; lgc itself reads ``.lgn``. A ``.c`` or ``.py`` file is executed.

    Raises:
        MismatchError: they differ; its ``result`` is the :class:`Verdict`.
        NotCheckedError: they were not compared to the end, which is never a pass: no vectors, a tool is missing or
            failed, a simulation took too long.
        LgcError: a file is unusable, or not this model's, or an option is impossible; nothing was run.

    Args:
        model: A checkpoint or a netlist.
        file: What `lgc compile` made of it.
        manifest: The manifest or sidecar of FILE, if it is not beside it.
        config: JSON or TOML file of what another tool's checkpoint does not say; see `lgc convert --help`.
        force: Compare even if FILE is not as lgc wrote it from this model.
        keep: Keep the build folder here; it must not exist.
        timeout: Seconds that all programs together may take, compilers too.
        data_dir: Folder with the data set's files; by default $LGC_DATA.
        split: Which samples; by default those of the test, if the data are those of training or set some apart, else all.
        label: Column of the labels; by default that of training.
        header: Whether the first row of a table has names; by default, as in training.
        missing: Samples in which a number is missing; by default, as in training.
        drop: Column to leave out; may be given again. By default those of training.
        group: Column of groups; by default that of training.
        category: Column of numbers that are names of categories; may be given again. By default those of training.
        na: Text that stands for a missing value; may be given again. By default that of training.
        delimiter: Of text: one character, or tab, comma, semicolon, space, bar.
        data: Data to check on: a table, an .npz or .npy file, or a data set's name.
        limit: Use the first N samples of the data only.
        random: Random vectors.
        seed: Seed of the random vectors, and of faults.
        directed: Leave out the directed vectors (zeros, ones, extremes, ties).
        vectors: Vectors that --write-vectors saved.
        netlist: Synthesise the Verilog for PART with yosys, and compare the netlist.
        liberty: Cell library of --netlist asic.
        crash: On a difference in Verilog: a new folder that reproduces it.
        simulator: What simulates Verilog and Amaranth.
        lanes: Samples per evaluation.
        waves: Write waveforms of a few vectors (.vcd or .fst).
        junit: Write a JUnit XML report.
        sarif: Write a SARIF report.
    """
def prove(
    model: Source,
    file: Device,
    *,
    manifest: Path | str | None = None,
    config: Path | str | None = None,
    force: bool = False,
    keep: Path | str | None = None,
    timeout: float = 3600.0,
    facts: Mapping[str, Any] | None = None,
    netlist: str | None = None,
    liberty: Path | str | None = None,
    crash: Path | str | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    cluster: Cluster | None = None,
    patience: float = 60.0,
    certificate: Path | str | None = None,
    progress: Progress | None = None,
) -> Proof:
    """Prove Verilog equal to the unoptimised model on every output, for all inputs, and write the certificate.

    Raises:
        MismatchError: refuted, with a vector that the simulator has replayed; its ``result`` is the :class:`Proof`.
        NotCheckedError: something was not proved, and the ``result`` is the :class:`Proof`; or a tool is missing.
        LgcError: a file is unusable, or not this model's, or it is not Verilog.

    Args:
        model: A checkpoint or a netlist.
        file: What `lgc compile` made of it.
        manifest: The manifest or sidecar of FILE, if it is not beside it.
        config: JSON or TOML file of what another tool's checkpoint does not say; see `lgc convert --help`.
        force: Compare even if FILE is not as lgc wrote it from this model.
        keep: Keep the build folder here; it must not exist.
        timeout: Seconds that all programs together may take, compilers too.
        netlist: Synthesise the Verilog for PART with yosys, and compare the netlist.
        liberty: Cell library of --netlist asic.
        crash: On a difference in Verilog: a new folder that reproduces it.
        workers: Processes here that share the work, of one thread each; with --cluster, jobs.
        scheduler: A Dask scheduler that workers are at: tcp://HOST:8786, or the file it wrote.
        cluster: Start --workers jobs there, as Dask's configuration says.
        patience: Seconds to wait for a scheduler, and for its first worker.
        certificate: Where the proof's outcome is written.
    """
def mutate(
    model: Source,
    file: Device,
    *,
    manifest: Path | str | None = None,
    config: Path | str | None = None,
    force: bool = False,
    keep: Path | str | None = None,
    timeout: float = 3600.0,
    facts: Mapping[str, Any] | None = None,
    data_dir: Path | str | None = None,
    split: Part | None = None,
    label: str | None = None,
    header: bool | None = None,
    missing: str | None = None,
    drop: tuple[str, ...] = (),
    group: str | None = None,
    category: tuple[str, ...] = (),
    na: tuple[str, ...] = (),
    delimiter: str | None = None,
    data: str | None = None,
    limit: int | None = None,
    random: int = 1000,
    seed: int = 0,
    directed: bool = True,
    vectors: Path | str | None = None,
    bits: NDArray[np.bool_] | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    cluster: Cluster | None = None,
    patience: float = 60.0,
    faults: int = 1000,
    progress: Progress | None = None,
) -> MutationScore:
    """Put faults into Verilog, one at a time, see whether the vectors notice each, and settle those that survive.

    Raises:
        NotCheckedError: there are no vectors or no places for faults, the Verilog differs from the model without any,
            a simulation did not end, or a tool is missing.
        LgcError: a file is unusable, or not this model's, or it is not Verilog.

    Args:
        model: A checkpoint or a netlist.
        file: What `lgc compile` made of it.
        manifest: The manifest or sidecar of FILE, if it is not beside it.
        config: JSON or TOML file of what another tool's checkpoint does not say; see `lgc convert --help`.
        force: Compare even if FILE is not as lgc wrote it from this model.
        keep: Keep the build folder here; it must not exist.
        timeout: Seconds that all programs together may take, compilers too.
        data_dir: Folder with the data set's files; by default $LGC_DATA.
        split: Which samples; by default those of the test, if the data are those of training or set some apart, else all.
        label: Column of the labels; by default that of training.
        header: Whether the first row of a table has names; by default, as in training.
        missing: Samples in which a number is missing; by default, as in training.
        drop: Column to leave out; may be given again. By default those of training.
        group: Column of groups; by default that of training.
        category: Column of numbers that are names of categories; may be given again. By default those of training.
        na: Text that stands for a missing value; may be given again. By default that of training.
        delimiter: Of text: one character, or tab, comma, semicolon, space, bar.
        data: Data to check on: a table, an .npz or .npy file, or a data set's name.
        limit: Use the first N samples of the data only.
        random: Random vectors.
        seed: Seed of the random vectors, and of faults.
        directed: Leave out the directed vectors (zeros, ones, extremes, ties).
        vectors: Vectors that --write-vectors saved.
        workers: Processes here that share the work, of one thread each; with --cluster, jobs.
        scheduler: A Dask scheduler that workers are at: tcp://HOST:8786, or the file it wrote.
        cluster: Start --workers jobs there, as Dask's configuration says.
        patience: Seconds to wait for a scheduler, and for its first worker.
        faults: How many faults.
    """
def cover(
    model: Source,
    file: Device,
    *,
    manifest: Path | str | None = None,
    config: Path | str | None = None,
    force: bool = False,
    keep: Path | str | None = None,
    timeout: float = 3600.0,
    facts: Mapping[str, Any] | None = None,
    data_dir: Path | str | None = None,
    split: Part | None = None,
    label: str | None = None,
    header: bool | None = None,
    missing: str | None = None,
    drop: tuple[str, ...] = (),
    group: str | None = None,
    category: tuple[str, ...] = (),
    na: tuple[str, ...] = (),
    delimiter: str | None = None,
    data: str | None = None,
    limit: int | None = None,
    random: int = 1000,
    seed: int = 0,
    directed: bool = True,
    vectors: Path | str | None = None,
    bits: NDArray[np.bool_] | None = None,
    progress: Progress | None = None,
) -> CoverageScore:
    """Measure which gates of Verilog the vectors toggle, excite and propagate, and make vectors for the rest.

    Raises:
        NotCheckedError: there are no vectors, or a tool is missing.
        LgcError: a file is unusable, or not this model's, or it is not Verilog.

    Args:
        model: A checkpoint or a netlist.
        file: What `lgc compile` made of it.
        manifest: The manifest or sidecar of FILE, if it is not beside it.
        config: JSON or TOML file of what another tool's checkpoint does not say; see `lgc convert --help`.
        force: Compare even if FILE is not as lgc wrote it from this model.
        keep: Keep the build folder here; it must not exist.
        timeout: Seconds that all programs together may take, compilers too.
        data_dir: Folder with the data set's files; by default $LGC_DATA.
        split: Which samples; by default those of the test, if the data are those of training or set some apart, else all.
        label: Column of the labels; by default that of training.
        header: Whether the first row of a table has names; by default, as in training.
        missing: Samples in which a number is missing; by default, as in training.
        drop: Column to leave out; may be given again. By default those of training.
        group: Column of groups; by default that of training.
        category: Column of numbers that are names of categories; may be given again. By default those of training.
        na: Text that stands for a missing value; may be given again. By default that of training.
        delimiter: Of text: one character, or tab, comma, semicolon, space, bar.
        data: Data to check on: a table, an .npz or .npy file, or a data set's name.
        limit: Use the first N samples of the data only.
        random: Random vectors.
        seed: Seed of the random vectors, and of faults.
        directed: Leave out the directed vectors (zeros, ones, extremes, ties).
        vectors: Vectors that --write-vectors saved.
    """
def synth(
    rtl: Rtl | None = None,
    part: str | None = None,
    *,
    clock: str | None = None,
    seeds: int = 1,
    route: bool = True,
    liberty: Path | str | None = None,
    top: str = '',
    timeout: float = 3600.0,
    cache: bool = True,
    board: str = '',
    pins: Path | str | None = None,
    bitstream: Path | str | None = None,
    json: Path | str | None = None,
    netlist: Path | str | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    cluster: Cluster | None = None,
    patience: float = 60.0,
    progress: Progress | None = None,
) -> Synthesis:
    """Synthesise Verilog that `lgc compile` wrote with yosys, and place and route it with nextpnr.

    The circuit is placed between registers, so that it may have more ports than the part has pins; with ``pins`` its
    ports are the pins of a board.

    Raises:
        LgcError: something that was given is unusable, or yosys failed. What stops the flow after yosys does not raise:
            it is the result's ``problem``.

    Args:
        rtl: A Verilog file that `lgc compile` wrote.
        part: The part; --list shows all.
        clock: Clock to reach: 150MHz, 0.2GHz. By default only what to aim at.
        seeds: Seeds of nextpnr to try.
        route: Stop after yosys: counts, but no Fmax.
        liberty: Cell library of --part asic.
        top: Top module of Verilog that has no manifest.
        timeout: Seconds that yosys, and nextpnr for each seed, may take.
        cache: Measure again what was measured before.
        board: As given to `lgc compile --board`: its top and pins beside RTL.
        pins: The board's constraints (.pcf, .lpf, .cst, .ccf): the ports are its pins.
        bitstream: Write the best seed's bitstream; needs a board or pins.
        json: Write the result as JSON.
        netlist: Write yosys's netlist as Verilog.
        workers: Seeds at a time: processes here, of one thread each; with --cluster, jobs.
        scheduler: A Dask scheduler that workers are at: tcp://HOST:8786, or the file it wrote.
        cluster: Start --workers jobs there, as Dask's configuration says.
        patience: Seconds to wait for a scheduler, and for its first worker.
    """
def estimate(
    model: Source,
    *,
    lut: tuple[Literal['4', '6'], ...] = (),
    part: str | None = None,
    head: str = 'all',
    outputs: Results = 'both',
    pipeline: int = 0,
    json: Path | str | None = None,
    config: Path | str | None = None,
    timeout: float | None = None,
    facts: Mapping[str, Any] | None = None,
    progress: Progress | None = None,
) -> Estimated:
    """Estimate lookup tables and depth of a network by stage, for each head, without synthesis.

    Raises:
        LgcError: the network cannot be read, or a part, head or size of lookup table is impossible.

    Args:
        model: A checkpoint or a netlist.
        lut: Operands of a lookup table; both by default.
        part: For this part's tables, carry chains and heads; see `lgc synth --list`.
        head: A head by its name, or all.
        outputs: Which results are ports.
        pipeline: Register stages.
        json: Write the estimates as JSON.
        config: JSON or TOML file of what another tool's checkpoint does not say; see `lgc convert --help`.
        timeout: Seconds that all programs together may take, compilers too.
    """
def eval(
    model: Source,
    data: str,
    *,
    data_dir: Path | str | None = None,
    split: Part | None = None,
    label: str | None = None,
    header: bool | None = None,
    missing: str | None = None,
    drop: tuple[str, ...] = (),
    group: str | None = None,
    category: tuple[str, ...] = (),
    na: tuple[str, ...] = (),
    delimiter: str | None = None,
    level: Level = '0',
    engine: Engine = 'auto',
    config: Path | str | None = None,
    timeout: float | None = None,
    facts: Mapping[str, Any] | None = None,
    progress: Progress | None = None,
) -> Evaluation:
    """Accuracy of a network on a data set, as ``lgc.load(model).predict`` gives it.

    Of the data that the network was trained on the test samples are counted, which the checkpoint knows by their
    digest; the result says which samples it counted.

    Raises:
        LgcError: the network or the data cannot be read, do not fit each other, or the data have no labels.

    Args:
        model: A checkpoint or a netlist.
        data: A table, an .npz file with X and y, or a data set's name.
        data_dir: Folder with the data set's files; by default $LGC_DATA.
        split: Which samples; by default those of the test, if the data are those of training or set some apart, else all.
        label: Column of the labels; by default that of training.
        header: Whether the first row of a table has names; by default, as in training.
        missing: Samples in which a number is missing; by default, as in training.
        drop: Column to leave out; may be given again. By default those of training.
        group: Column of groups; by default that of training.
        category: Column of numbers that are names of categories; may be given again. By default those of training.
        na: Text that stands for a missing value; may be given again. By default that of training.
        delimiter: Of text: one character, or tab, comma, semicolon, space, bar.
        level: Optimise first.
        engine: What computes: compiled C, numpy, or C where it is worth building. The numbers are the same.
        config: JSON or TOML file of what another tool's checkpoint does not say; see `lgc convert --help`.
        timeout: Seconds that all programs together may take, compilers too.
    """
def report(
    model: Source,
    output: Path | str | None = None,
    *,
    data_dir: Path | str | None = None,
    split: Part | None = None,
    label: str | None = None,
    header: bool | None = None,
    missing: str | None = None,
    drop: tuple[str, ...] = (),
    group: str | None = None,
    category: tuple[str, ...] = (),
    na: tuple[str, ...] = (),
    delimiter: str | None = None,
    format: Form | None = None,
    rtl: Path | str | None = None,
    result: tuple[Any, ...] = (),
    beside: bool = True,
    data: str | None = None,
    samples: int = 20,
    gates: int = 16000,
    config: Path | str | None = None,
    timeout: float | None = None,
    facts: Mapping[str, Any] | None = None,
    progress: Progress | None = None,
) -> NetworkReport:
    """One file that shows a network: what it is, reads and gets right, its gates, its hardware, and what was checked.

    Results of other commands are found by their digests: those beside the network and beside its Verilog, and those
    that are given. Exhibits are counted on the spot. What nobody measured or checked says so.

    Raises:
        LgcError: the network, the data or a result that was given cannot be read, or they do not fit each other.

    Args:
        model: A checkpoint or a netlist.
        data_dir: Folder with the data set's files; by default $LGC_DATA.
        split: Which samples; by default those of the test, if the data are those of training or set some apart, else all.
        label: Column of the labels; by default that of training.
        header: Whether the first row of a table has names; by default, as in training.
        missing: Samples in which a number is missing; by default, as in training.
        drop: Column to leave out; may be given again. By default those of training.
        group: Column of groups; by default that of training.
        category: Column of numbers that are names of categories; may be given again. By default those of training.
        na: Text that stands for a missing value; may be given again. By default that of training.
        delimiter: Of text: one character, or tab, comma, semicolon, space, bar.
        output: File to write: .html, or .md for Markdown.
        format: HTML, or Markdown for the summary of a CI run; by default as the output ends.
        rtl: Verilog that `lgc compile` wrote; by default that beside MODEL.
        result: Result of another command, as JSON or JSON lines; in Python also the result itself. May be given again.
        beside: Do not look for results beside MODEL and its Verilog.
        data: Exhibits to count and to look at: a table, .npz, or a data set's name.
        samples: Exhibits to put into the explorer at most.
        gates: Gates in the explorer at most; a larger network is sampled.
        config: JSON or TOML file of what another tool's checkpoint does not say; see `lgc convert --help`.
        timeout: Seconds that all programs together may take, compilers too.
    """
def view(
    model: Source,
    *,
    data_dir: Path | str | None = None,
    split: Part | None = None,
    label: str | None = None,
    header: bool | None = None,
    missing: str | None = None,
    drop: tuple[str, ...] = (),
    group: str | None = None,
    category: tuple[str, ...] = (),
    na: tuple[str, ...] = (),
    delimiter: str | None = None,
    data: str | None = None,
    samples: int = 20,
    gates: int = 16000,
    open: bool = True,
    config: Path | str | None = None,
    timeout: float | None = None,
    facts: Mapping[str, Any] | None = None,
    progress: Progress | None = None,
) -> Page:
    """Make a page that shows the gates, wires and votes of a network, and open it in a browser.

    The page is a file among the temporary ones. It fetches nothing, and no server runs.

    Raises:
        LgcError: the network or the data cannot be read, or do not fit each other.
        MissingToolError: there is no browser; the message says where the page is.

    Args:
        model: A checkpoint or a netlist.
        data_dir: Folder with the data set's files; by default $LGC_DATA.
        split: Which samples; by default those of the test, if the data are those of training or set some apart, else all.
        label: Column of the labels; by default that of training.
        header: Whether the first row of a table has names; by default, as in training.
        missing: Samples in which a number is missing; by default, as in training.
        drop: Column to leave out; may be given again. By default those of training.
        group: Column of groups; by default that of training.
        category: Column of numbers that are names of categories; may be given again. By default those of training.
        na: Text that stands for a missing value; may be given again. By default that of training.
        delimiter: Of text: one character, or tab, comma, semicolon, space, bar.
        data: Exhibits to put in: a table, .npz, or a data set's name.
        samples: Exhibits at most.
        gates: Gates at most; a larger network is sampled.
        open: Print where the page is, and do not open it.
        config: JSON or TOML file of what another tool's checkpoint does not say; see `lgc convert --help`.
        timeout: Seconds that all programs together may take, compilers too.
    """
def draw(
    model: Source,
    output: Path | str,
    *,
    data_dir: Path | str | None = None,
    split: Part | None = None,
    label: str | None = None,
    header: bool | None = None,
    missing: str | None = None,
    drop: tuple[str, ...] = (),
    group: str | None = None,
    category: tuple[str, ...] = (),
    na: tuple[str, ...] = (),
    delimiter: str | None = None,
    of_class: str | None = None,
    top: int | None = None,
    gate: str | None = None,
    data: str | None = None,
    sample: int | None = None,
    layout: LayoutName = 'auto',
    config: Path | str | None = None,
    timeout: float | None = None,
    facts: Mapping[str, Any] | None = None,
    progress: Progress | None = None,
) -> Drawing:
    """Draw a network with names of inputs, symbols of gates, votes, sums and the class: as SVG, or as PNG.

    A network of up to 60 gates is drawn whole. Of a larger one those votes are drawn that tell most.

    Raises:
        LgcError: the network or the data cannot be read, there is no such class, gate or sample, or the drawing would
            be too large.
        MissingToolError: PNG, and matplotlib is not installed; or Graphviz is asked for, and is not.

    Args:
        model: A checkpoint or a netlist.
        output: File to write: .svg or .png.
        data_dir: Folder with the data set's files; by default $LGC_DATA.
        split: Which samples; by default those of the test, if the data are those of training or set some apart, else all.
        label: Column of the labels; by default that of training.
        header: Whether the first row of a table has names; by default, as in training.
        missing: Samples in which a number is missing; by default, as in training.
        drop: Column to leave out; may be given again. By default those of training.
        group: Column of groups; by default that of training.
        category: Column of numbers that are names of categories; may be given again. By default those of training.
        na: Text that stands for a missing value; may be given again. By default that of training.
        delimiter: Of text: one character, or tab, comma, semicolon, space, bar.
        of_class: Votes of this class alone: its name or number.
        top: So many votes of each class, those that tell most first.
        gate: This gate and what it depends on, as layer1[537].
        data: Exhibits: they say which votes tell most. A table, .npz, or a data set's name.
        sample: Colour what is 1 for this sample of the data, from 0.
        layout: Who finds places: Graphviz's dot, or lgc itself; auto is dot where it is installed.
        config: JSON or TOML file of what another tool's checkpoint does not say; see `lgc convert --help`.
        timeout: Seconds that all programs together may take, compilers too.
    """
def train(
    dataset: str | None = None,
    *,
    preset: str | None = None,
    config: Path | str | None = None,
    resume: bool = False,
    contact_sheet: Path | str | None = None,
    seeds: int = 1,
    on_epoch: Callable[[Mapping[str, Any], Any], Any] | None = None,
    data_dir: Path | str | None = None,
    output: Path | str | None = None,
    log: Path | str | None = None,
    name: str | None = None,
    device: str = 'auto',
    precision: str = 'auto',
    save_every: float = 60.0,
    soft_samples: int = 512,
    label: str | None = None,
    header: bool | None = None,
    missing: str = 'refuse',
    drop: tuple[str, ...] = (),
    group: str | None = None,
    category: tuple[str, ...] = (),
    na: tuple[str, ...] = (),
    delimiter: str | None = None,
    test: Path | str | None = None,
    split_seed: int = 0,
    feature_bits: int | None = None,
    gates: int = 0,
    layers: int = 0,
    net: str = '',
    wiring: tuple[str, ...] = (),
    redraw: int = 0,
    comparators: int = 0,
    estimator: str = 'straight-through',
    wire_estimator: str = 'straight-through',
    gumbel_temperature: float = 0.25,
    for_part: str | None = None,
    arity: int = 0,
    parametrisation: str = 'auto',
    table_init: str = 'auto',
    thresholds: tuple[float, ...] | str = 'auto',
    rarest: float = 0.001,
    epochs: int = 0,
    batch: int = 0,
    lr: float = 0.075,
    schedule: str = 'cosine',
    tau: float | str = 'auto',
    class_weight: str = 'none',
    seed: int = 0,
    validation: float = 0.1,
    folds: int = 0,
    augment: str = 'none',
    augment_until: float = 1.0,
    rotate: float = 10.0,
    shear: float = 10.0,
    scale: float = 0.1,
    shift: float = 1.0,
    elastic_alpha: float = 64.0,
    elastic_sigma: float = 6.0,
    interpolation: str = 'bilinear',
    brightness: float = 0.0,
    pad: int = 4,
    progress: Progress | None = None,
) -> Trained:
    """Train a network; the checkpoint is that of the epoch with the best validation accuracy of the discrete network.

    Raises:
        MissingToolError: torch is not installed.
        LgcError: the data or a setting is unusable, or the checkpoint cannot be written.

    Args:
        dataset: A name, openml:NAME, or a .csv, .tsv or .npz file.
        preset: Start from a recipe, such as mnist-fast; flags change it. A name that is none shows all.
        config: TOML file of settings, named as the flags; flags win.
        resume: Go on with the run that was stopped while it wrote this output.
        contact_sheet: PNG of augmented samples; without -o, nothing is trained.
        seeds: Train so many times, from --seed on; -o is the best by validation, and mean and deviation are shown.
        data_dir: Folder with the data files.
        output: Checkpoint to write, .pt or .safetensors.
        log: JSON lines, one an epoch; a .csv and a .png of the curve go beside it.
        name: Name of the model; by default the data set's.
        device: Where to train.
        precision: Of matrix products: auto is tf32 on a GPU.
        save_every: Seconds between two saves of the state for --resume.
        soft_samples: Validation samples for the soft accuracy; 0 for none.
        label: Column of the labels: its name or number; by default label, class, target or y.
        header: Whether the first row of a table has names; by default, what it looks like.
        missing: Samples in which a number or the label is missing.
        drop: Column to leave out; may be given again.
        group: Column whose equal values keep samples together when some are held out.
        category: Column of numbers that are names of categories; may be given again.
        na: Text that stands for a missing value, as NA does; may be given again.
        delimiter: Of a table of text: a character, tab or space; by default, what it looks like.
        test: File of test samples; by default a fifth of the samples is held out.
        split_seed: Decides which samples are held out.
        feature_bits: Bits of every number's code; by default 8 to 16, what tells its values apart. 0 for no codes.
        gates: Gates a layer; 0 for what suits the data.
        layers: Layers; 0 for what suits the data.
        net: Layers of tables for images, in place of --gates and --layers, such as c64k5s2,c128k3s2,d2000. c64k5s2p1 are 64 kernels over 5x5 pixels, stride 2, padding 1 (t2: trees of two levels); e64k5s2 are 64 that compare pixels, and do not learn; o2 is the OR of 2x2; d2000 are 2,000 tables over all; a5 at a layer's end gives its tables five inputs.
        wiring: dense, topk:K or fixed, once a layer; the last one is for all further layers. By default dense, then fixed; topk:64 where there are many inputs.
        redraw: Times that other candidates of topk wires replace unlikely ones, in three of four epochs.
        comparators: Most bits of the encoder that need logic; --redraw gives up the others step by step. 0 for any.
        estimator: How training sees the choice of a gate.
        wire_estimator: The same for the choice of a wire.
        gumbel_temperature: Of the softmax, where an estimator is gumbel.
        for_part: Train for this part: tables of its arity, thresholds that cost it little, and its price in the log; see `lgc synth --list`. What is given beats it.
        arity: Inputs of a gate; above 2 with --parametrisation tables. 0 for 2, or what --for suits.
        parametrisation: What is learned of a gate: which of 16, or each entry of its truth table; auto: gates, but tables with --for.
        table_init: How tables start: random; residual: as their first operand, but for the last layer's; auto: residual from three layers on.
        thresholds: A bit is 1 where the feature is above it; once for each bit. Or uniform:T, distributive:T, mixed:T, rounded:T, rounded-mixed:T, or auto for what suits the data.
        rarest: Inputs 1 (or 0) in a smaller part of the samples get no wires.
        epochs: Passes over the training samples; 0 for what suits the data.
        batch: Samples a step; 0 for what suits the data.
        lr: Learning rate of Adam.
        schedule: Learning rate falling to 0, or constant.
        tau: Divides the scores in the loss. auto is half the root of the gates a class; adaptive starts there and keeps the spread of the logits.
        class_weight: balanced counts the samples of every class alike, whatever their number.
        seed: Decides everything that is drawn.
        validation: Part of the training samples that selects the epoch.
        folds: Measure the accuracy by cross-validation in so many parts first; 0 for not.
        augment: Change training images, anew in every epoch.
        augment_until: Part of the epochs that is augmented; the rest see the images as they are.
        rotate: Largest rotation, in degrees.
        shear: Largest shear, in degrees.
        scale: Largest relative change of size.
        shift: Largest move, in pixels; whole for --augment shift.
        elastic_alpha: Strength of the elastic bending, as torchvision's.
        elastic_sigma: Its smoothness, in pixels.
        interpolation: Of moved and bent images: bilinear blurs them, bicubic keeps edges.
        brightness: Largest relative change of brightness, with any --augment.
        pad: Largest move of crop-flip, in pixels.
    """
def runs(
    files: tuple[Path | str, ...],
    *,
    output: Path | str | None = None,
) -> RunsCompared:
    """Compare trainings by the logs that they wrote.

    Raises:
        InputError: a file cannot be read, is no such log, or has no epoch yet.
        OutputError: the picture cannot be written.

    Args:
        files: What `lgc train --log` wrote.
        output: SVG with the curves of all of them.
    """
def sweep(
    space: Path | str | None = None,
    output: Path | str | None = None,
    *,
    resume: bool = False,
    objectives: tuple[str, ...] = (),
    constraints: tuple[str, ...] = (),
    trials: int | None = None,
    sampler: Sampler | None = None,
    seed: int | None = None,
    seeds: int | None = None,
    prune: int | None = None,
    lag: int | None = None,
    population: int | None = None,
    measure: bool | None = None,
    liberty: Path | str | None = None,
    published: Path | str | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    cluster: Cluster | None = None,
    patience: float = 60.0,
    emit_jobs: bool = False,
    storage: str | None = None,
    data_dir: Path | str | None = None,
    progress: Progress | None = None,
) -> SweepResult:
    """Try the points of a space, and give those that no other beats: table, picture and networks in a folder.

    What is chosen is chosen by validation samples; the test samples are looked at once, for what was chosen.

    Raises:
        OptionError: the space, an objective or a constraint is impossible.
        InputError: the space or the data cannot be read, or the folder's sweep is another.
        ToolError: workers or the database are not there, or fail again and again.
        LgcError: something else that is missing; what is done is kept, and ``resume`` goes on.

    Args:
        space: A TOML file of settings; --resume has it already.
        output: Folder for all that comes of it.
        resume: Go on with the sweep in the folder; more --trials may be asked for.
        objectives: What to look for; may be given again: accuracy, luts:PART, depth:PART, latency:PART, fmax:PART, ge, bytes, gates, toggles.
        constraints: A limit that a network must keep, as 'luts:xc7 <= 3000'; may be given again.
        trials: Points to try.
        sampler: How points are chosen; auto: grid if there are no more points than trials, else tpe.
        seed: Decides which points are chosen.
        seeds: Train each point with so many seeds; what counts is the mean.
        prune: End a training when so many earlier ones were better in every objective at epoch 4, 8, 16 and so on; 0 for never.
        lag: tpe and nsga2 choose a point by the results of those at least so many before it: so many trials may run at a time.
        population: Of nsga2.
        measure: Compile and synthesise the best networks at the end; by default where yosys is installed.
        liberty: Cell library for the objective ge.
        published: JSON list of points of others for the picture: work, test, and lut6 or an objective.
        workers: Processes here that share the work, of one thread each; with --cluster, jobs.
        scheduler: A Dask scheduler that workers are at: tcp://HOST:8786, or the file it wrote.
        cluster: Start --workers jobs there, as Dask's configuration says.
        patience: Seconds to wait for a scheduler, and for its first worker.
        emit_jobs: Train nothing: write the trials as an array of SLURM jobs, jobs.sh in the folder.
        storage: URL of the study's database; by default an SQLite file in the folder.
        data_dir: Folder with the data set's files; by default each worker's $LGC_DATA.
    """
