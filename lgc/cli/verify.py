"""`lgc verify`: what `lgc compile` wrote against the model, bit for bit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lgc.cli._import import config_option
from lgc.cli._vectors import vector_options
from lgc.cli._verdict import never_a_pass

if TYPE_CHECKING:
    from lgc.cli._vectors import VectorOptions
    from lgc.frontend import ImportOptions
    from lgc.ir import Encoder
    from lgc.sim import SimulatorName
    from lgc.verify.subject import Artefact
    from lgc.verify.vectors import VectorSet


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("artefact", type=click.Path(path_type=Path))
@vector_options
@click.option(
    "--lanes", type=click.Choice(["auto", "1", "64"]), default="auto", show_default=True, help="Samples per evaluation."
)
@click.option("--manifest", type=click.Path(path_type=Path), help="The manifest or sidecar, if it is not beside it.")
@click.option("--waves", type=click.Path(path_type=Path), help="Write waveforms of a few vectors (.vcd or .fst).")
@click.option(
    "--simulator",
    type=click.Choice(["verilator", "icarus", "cxxrtl"]),
    show_default="verilator",
    help="What simulates Verilog and Amaranth.",
)
@click.option("--formal", is_flag=True, help="Prove the Verilog equal to MODEL for all inputs; no vectors.")
@click.option(
    "--certificate",
    type=click.Path(path_type=Path),
    help="Where --formal writes its outcome.  [ARTEFACT.certificate.json]",
)
@click.option("--crash", type=click.Path(path_type=Path), help="On a difference: a new folder that reproduces it.")
@click.option("--netlist", metavar="PART", help="Synthesise the Verilog for PART with yosys; simulate the netlist.")
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
@click.option("--force", is_flag=True, help="Compare even if the file is not as lgc wrote it from this model.")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but a mismatch or an error.")
@config_option
@never_a_pass()
def verify(
    model: Path,
    artefact: Path,
    asked: VectorOptions,
    lanes: str,
    manifest: Path | None,
    waves: Path | None,
    simulator: SimulatorName | None,
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
    """Compare ARTEFACT, a file that `lgc compile` made of MODEL, with the checkpoint's own torch model.

    Every score and the class of every vector are compared. Verilog is simulated in Verilator under cocotb, and so is
    what an Amaranth module elaborates to; C is compiled and run; ONNX runs in onnxruntime; yosys reads BLIF, AIGER and
    JSON; lgc itself reads .lgn. A .py or .c file is code: to verify it is to execute it, so give only files that you
    would run. Exit code 0: all equal. 1: a difference, with the first place that differs. 2: unusable input. 3: not
    checked.
    """
    from lgc.cli._console import console as new_console
    from lgc.cli._formal import check_formal, crashed, prove_formally
    from lgc.cli._judge import check_judging, judge
    from lgc.cli._netlist import synthesised
    from lgc.cli._verdict import build_folder, print_summary, progress_bar, write_reports
    from lgc.errors import MismatchError
    from lgc.frontend import load_circuit
    from lgc.frontend.reference import reference_for
    from lgc.verify.explain import explain
    from lgc.verify.features import behind_the_port
    from lgc.verify.formats import open_artefact
    from lgc.verify.subject import check, check_provenance
    from lgc.verify.verilog import VerifyOptions, VerilogText, check_waves, write_waves

    if netlist is not None:  # lanes are a way to write gates, which a netlist's cells are not
        lanes = _one_lane(lanes)
    options = VerifyOptions(0 if lanes == "auto" else int(lanes), waves, timeout, simulator or "verilator")
    model_circuit = load_circuit(model, source)
    subject = open_artefact(artefact, manifest, options)
    of_verilog = {
        "--netlist": netlist, "--lanes": lanes != "auto", "--waves": waves, "--formal": formal,
        "--certificate": certificate, "--crash": crash, "--liberty": liberty, "--mutate": mutate,
        "--coverage": coverage, "--write-vectors": write_vectors,
    }  # fmt: skip
    _check_options(subject, of_verilog, simulator)
    check_formal(certificate, crash, formal=formal, others=bool(mutate or coverage or waves or junit or sarif))
    check_judging(write_vectors, coverage=coverage, mutants=mutate)
    check_waves(waves)
    if not force:
        check_provenance(subject, model_circuit.metadata.get("model_digest", "none"))
    reference = reference_for(model, model_circuit, source)
    circuit, reference, sweep = behind_the_port(subject.features, model_circuit, reference, asked.seed)
    sets = asked.make(circuit, model_circuit.encoder) + sweep
    if subject.ordered:
        sets = _ordered(model_circuit.encoder, sets, judged=bool(coverage or mutate))
    console = new_console(quiet=quiet)
    with build_folder(keep) as folder, progress_bar(console, sum(len(one.bits) for one in sets)) as progress:
        if isinstance(subject, VerilogText) and netlist is not None:
            cells = synthesised(subject.rtl, netlist, liberty, folder, timeout, lambda step: progress(step, 0))
            subject = VerilogText(cells, options)
        if isinstance(subject, VerilogText) and formal:
            proof = certificate or artefact.with_suffix(".certificate.json")
            prove_formally(
                console, model, subject.rtl, circuit, reference, folder, timeout=timeout, certificate=proof,
                crash=crash, config=source.file,
            )  # fmt: skip
            return
        report = check(subject, circuit, reference, sets, folder, progress)
        if isinstance(subject, VerilogText) and waves:
            progress("waves", 0)
            write_waves(subject.rtl, report, sets, folder / "waves", options)
        explanation = ". ".join(explain(report, circuit))
        print_summary(console, report)
        write_reports(report, subject.path, explanation, junit, sarif)
        if explanation:
            if isinstance(subject, VerilogText):
                crashed(crash, model, subject.rtl, circuit, reference, report, folder, timeout, source.file)
            raise MismatchError(". ".join([explanation, *report.problems]), where=str(artefact))
        if isinstance(subject, VerilogText):
            judge(
                console, subject.rtl, circuit, reference, sets, folder / "mutants",
                coverage=coverage, mutants=mutate, save=write_vectors, seed=asked.seed, timeout=timeout,
                progress=progress,
            )  # fmt: skip


def _check_options(subject: Artefact, of_verilog: Mapping[str, object], simulator: str | None) -> None:
    """Refuse options that this format has no use for: none is silently without effect.

    Raises:
        OptionError: naming the first.
    """
    from lgc.errors import OptionError
    from lgc.verify.formats.hardware import AmaranthModule
    from lgc.verify.verilog import VerilogText

    if isinstance(subject, VerilogText):
        return
    given = [name for name, value in of_verilog.items() if value]
    if simulator and not isinstance(subject, AmaranthModule):
        given.append("--simulator")
    if given:
        raise OptionError(
            f"{given[0]} is for Verilog, and this is {subject.kind}", where=str(subject.path), hint="Compile a .v file"
        )


def _ordered(encoder: Encoder, sets: Sequence[VectorSet], *, judged: bool) -> list[VectorSet]:
    """The same sets, of bits that features can give.

    Raises:
        OptionError: ``judged``: what judges vectors makes others.
    """
    from lgc.errors import OptionError
    from lgc.verify.features import given_by_features

    if judged:
        raise OptionError(
            "--coverage and --mutate make any bits, but this Verilog is for bits that features give",
            hint="Compile with -O2",
        )
    return [replace(one, bits=given_by_features(encoder, one.bits)) for one in sets]


def _one_lane(lanes: str) -> str:
    from lgc.errors import OptionError

    if lanes == "64":
        raise OptionError("--lanes 64 does not go with --netlist", hint="A netlist takes one sample at a time")
    return "1"
