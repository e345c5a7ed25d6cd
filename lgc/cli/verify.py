"""`lgc verify`: Verilog against the model, bit for bit."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lgc.cli._import import config_option

if TYPE_CHECKING:
    from lgc.frontend import ImportOptions
    from lgc.ir import Circuit, Encoder
    from lgc.sim.reference import Reference
    from lgc.sim.rtl import Rtl
    from lgc.sim.vectors import VectorSet
    from lgc.sim.verify import Report


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("rtl", type=click.Path(path_type=Path))
@click.option("--data", help="Data to check on: an .npz file, or a data set's name.")
@click.option("--data-dir", type=click.Path(path_type=Path), help="Folder with the data set's files.")
@click.option("--limit", type=click.IntRange(1), help="Use the first N samples of the data only.")
@click.option("--random", "num_random", type=click.IntRange(0), default=1000, show_default=True, help="Random vectors.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Seed of the random vectors.")
@click.option("--no-directed", is_flag=True, help="Leave out the directed vectors (zeros, ones, extremes, ties).")
@click.option(
    "--lanes", type=click.Choice(["auto", "1", "64"]), default="auto", show_default=True, help="Samples per evaluation."
)
@click.option("--manifest", type=click.Path(path_type=Path), help="The manifest, if it is not beside the Verilog.")
@click.option("--waves", type=click.Path(path_type=Path), help="Write waveforms of a few vectors (.vcd or .fst).")
@click.option("--vectors", type=click.Path(path_type=Path), help="Vectors that --write-vectors saved.")
@click.option(
    "--simulator",
    type=click.Choice(["verilator", "icarus", "cxxrtl"]),
    default="verilator",
    show_default=True,
    help="What simulates the Verilog.",
)
@click.option("--formal", is_flag=True, help="Prove RTL equal to MODEL for all inputs, instead of simulating vectors.")
@click.option(
    "--certificate",
    type=click.Path(path_type=Path),
    help="Where --formal writes its outcome.  [RTL.certificate.json]",
)
@click.option("--crash", type=click.Path(path_type=Path), help="On a difference: a new folder that reproduces it.")
@click.option("--netlist", metavar="PART", help="Synthesise RTL for PART with yosys, and simulate the netlist instead.")
@click.option("--liberty", type=click.Path(path_type=Path), help="Cell library of --netlist asic.")
@click.option("--mutate", type=click.IntRange(1), help="Put N faults into the Verilog: are they caught?")
@click.option("--coverage", is_flag=True, help="Report which gates the vectors toggle, excite and propagate.")
@click.option("--write-vectors", type=click.Path(path_type=Path), help="Save the vectors made for survivors and gaps.")
@click.option("--sarif", type=click.Path(path_type=Path), help="Write a SARIF report.")
@click.option("--junit", type=click.Path(path_type=Path), help="Write a JUnit XML report.")
@click.option("--keep", type=click.Path(path_type=Path), help="Keep the build folder here; it must not exist.")
@click.option(
    "--timeout",
    type=click.FloatRange(0, min_open=True),
    default=3600,
    show_default=True,
    help="Seconds a simulation, or all of --formal, may take.",
)
@click.option("--force", is_flag=True, help="Compare even if the Verilog is not as lgc wrote it from this model.")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but a mismatch or an error.")
@config_option
def verify(
    model: Path,
    rtl: Path,
    data: str | None,
    data_dir: Path | None,
    limit: int | None,
    num_random: int,
    seed: int,
    no_directed: bool,
    lanes: str,
    manifest: Path | None,
    waves: Path | None,
    vectors: Path | None,
    simulator: str,
    formal: bool,
    certificate: Path | None,
    crash: Path | None,
    netlist: str | None,
    liberty: Path | None,
    mutate: int | None,
    coverage: bool,
    write_vectors: Path | None,
    sarif: Path | None,
    junit: Path | None,
    keep: Path | None,
    timeout: float,
    force: bool,
    quiet: bool,
    source: ImportOptions,
) -> None:
    """Simulate RTL, the Verilog that `lgc compile` made of MODEL, in Verilator under cocotb.

    Every score and the class of every vector are compared with the checkpoint's own torch model. Exit code 0: all
    equal. 1: a difference, with the first layer and neuron that differ. 2: unusable input. 3: not checked.
    """
    from lgc.backend.encoder import lower_encoder
    from lgc.cli._console import console as new_console
    from lgc.cli._formal import check_formal, crashed, prove_formally
    from lgc.cli._judge import check_judging, judge
    from lgc.cli._netlist import synthesised
    from lgc.errors import MismatchError, OptionError
    from lgc.frontend import load_circuit
    from lgc.sim.explain import explain
    from lgc.sim.features import FeatureReference, sweep_vectors
    from lgc.sim.reference import reference_for
    from lgc.sim.rtl import read_rtl
    from lgc.sim.vectorfile import read_vectors
    from lgc.sim.verify import VerifyOptions, check_provenance
    from lgc.sim.verify import verify as run

    circuit = load_circuit(model, source)
    emitted = read_rtl(rtl, manifest)
    if not force:
        check_provenance(emitted, circuit.metadata.get("model_digest", "none"))
    reference: Reference = reference_for(model, circuit, source)
    sets, inner = [], circuit.encoder
    if (code := emitted.manifest.features) is not None and circuit.encoder.code is None:
        sets.append(sweep_vectors(circuit.encoder, code, seed))
        reference = FeatureReference(reference, circuit.encoder, code)
        circuit = lower_encoder(circuit, code)  # its inputs are the port's bits
    sets = _vectors(circuit, inner, data, data_dir, limit, num_random, seed, directed=not no_directed) + sets
    if vectors is not None:
        sets.append(read_vectors(vectors, circuit.netlist.num_inputs))
    if emitted.manifest.assumes:
        if coverage or mutate:
            raise OptionError(
                "--coverage and --mutate make any bits, but this Verilog is for bits that features give",
                hint="Compile with -O2",
            )
        sets = [replace(one, bits=inner.ordered(one.bits)) for one in sets]
    check_formal(certificate, crash, formal=formal, others=bool(mutate or coverage or waves or junit or sarif))
    check_judging(write_vectors, coverage=coverage, mutants=mutate)
    if netlist is not None:  # lanes are a way to write gates, which a netlist's cells are not
        lanes = _one_lane(lanes)
    options = VerifyOptions(0 if lanes == "auto" else int(lanes), waves, timeout, simulator)
    console = new_console(quiet=quiet)
    with _folder(keep) as folder, _progress(console, sum(len(one.bits) for one in sets)) as progress:
        if netlist is not None:
            emitted = synthesised(emitted, netlist, liberty, folder, timeout, lambda step: progress(step, 0))
        if formal:
            proof = certificate or rtl.with_suffix(".certificate.json")
            prove_formally(
                console,
                model,
                emitted,
                circuit,
                reference,
                folder,
                timeout=timeout,
                certificate=proof,
                crash=crash,
                config=source.file,
            )
            return
        report = run(emitted, circuit, reference, sets, folder, options, progress)
        explanation = ". ".join(explain(report, circuit))
        _print_summary(console, report)
        _write_reports(report, emitted, explanation, junit, sarif)
        if explanation:
            crashed(crash, model, emitted, circuit, reference, report, folder, timeout, source.file)
            raise MismatchError(". ".join([explanation, *report.problems]), where=str(rtl))
        judge(
            console, emitted, circuit, reference, sets, folder / "mutants",
            coverage=coverage, mutants=mutate, save=write_vectors, seed=seed, timeout=timeout, progress=progress,
        )  # fmt: skip


def _one_lane(lanes: str) -> str:
    from lgc.errors import OptionError

    if lanes == "64":
        raise OptionError("--lanes 64 does not go with --netlist", hint="A netlist takes one sample at a time")
    return "1"


def _write_reports(report: Report, emitted: Rtl, explanation: str, junit: Path | None, sarif: Path | None) -> None:
    """One that cannot be written does not hide a difference."""
    from lgc.errors import OutputError
    from lgc.files import write_text
    from lgc.sim.junit import junit_xml
    from lgc.sim.sarif import sarif_json

    texts = [(junit, junit_xml, emitted.path.name), (sarif, sarif_json, emitted.path.as_posix())]
    for file, text, name in texts:
        if file is None:
            continue
        try:
            write_text(file, text(report, name, explanation))
        except OutputError as error:
            if not explanation:
                raise
            report.problems.append(str(error))


def _vectors(
    circuit: Circuit,
    inner: Encoder,
    data: str | None,
    data_dir: Path | None,
    limit: int | None,
    num_random: int,
    seed: int,
    *,
    directed: bool,
) -> list[VectorSet]:
    from lgc.cli._data import load_bits
    from lgc.errors import InputError
    from lgc.sim.vectors import VectorSet, directed_vectors, random_vectors

    sets = []
    if data is not None:
        bits, labels = load_bits(data, data_dir, circuit.encoder, inner)
        if not len(bits):
            raise InputError("the data has no samples", where=data)
        sets.append(VectorSet("data", bits[:limit], targets=None if labels is None else labels[:limit]))
    if num_random:
        sets.append(random_vectors(circuit.netlist.num_inputs, num_random, seed))
    if directed:
        start = sets[0].bits[:256] if sets else random_vectors(circuit.netlist.num_inputs, 64, seed).bits
        sets.append(directed_vectors(circuit, start, seed))
    return sets


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    """A folder to build in: the given one, which stays, or a temporary one."""
    from lgc.errors import OutputError

    if keep is None:
        folder = Path(tempfile.mkdtemp(prefix="lgc-verify-"))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        return
    try:
        keep.mkdir(parents=True)
    except OSError as error:
        raise OutputError(f"cannot make the folder for --keep: {error.strerror}", where=str(keep)) from None
    try:
        yield keep.resolve()
    finally:
        if not any(path.is_file() for path in keep.rglob("*")):  # nothing was built: nothing to keep
            shutil.rmtree(keep, ignore_errors=True)


@contextmanager
def _progress(console, total: int):  # type: ignore[no-untyped-def]
    """A progress bar; yields a function of (step, vectors done)."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description:<9}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("build", total=total)
        yield lambda step, done: bar.update(task, description=step, completed=done)


def _print_summary(console, report: Report) -> None:  # type: ignore[no-untyped-def]
    from rich.table import Table

    table = Table()
    for heading in ("vectors", "compared", "differ"):
        table.add_column(heading, justify="left" if heading == "vectors" else "right")
    for one in report.sets:
        table.add_row(one.kind, f"{one.vectors:,}", f"{one.mismatches:,}")
    console.print(table)
    what = "every score" if "scores" in report.checked else "the class (the scores are no ports)"
    console.print(
        f"reference {report.reference}; built in {report.build_seconds:.1f} s, "
        f"simulated by {report.simulator} in {report.simulate_seconds:.1f} s "
        f"({report.lanes} lane{'s' if report.lanes > 1 else ''})"
    )
    if report.lanes > 1 and not any(one.kind == "one lane" for one in report.sets):
        console.print("not simulated: the head's adders and comparisons as hardware has them; --lanes 1 does")
    for one in report.sets:
        if one.kind == "data" and not one.mismatches:
            console.print(f"{one.vectors:,} / {one.vectors:,} images, {what} equal")
        if one.accuracy:
            hardware, software = (f"{100 * value:.2f} %" for value in one.accuracy)
            console.print(f"accuracy of the hardware {hardware}, of the model {software}")
    if report.latency and not report.timing:
        clocks = f"latency {report.latency} clock{'s' if report.latency > 1 else ''}"
        console.print(f"{clocks}: exact, with gaps, back to back, and after resets in flight")
    equal = report.vectors - report.mismatches
    console.print(f"{equal:,} / {report.vectors:,} vectors, {what} equal")
