"""`lgc verify --formal`: a proof, its certificate, and what a refutation looks like in the simulator."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

    from lgc.backend.verilog.rtl import Rtl
    from lgc.frontend.reference import Reference
    from lgc.ir import Circuit
    from lgc.verify.formal import Certificate, Refutation
    from lgc.verify.vectors import Bits
    from lgc.verify.verilog import Report


def prove_formally(
    console: Console,
    model: Path,
    rtl: Rtl,
    circuit: Circuit,
    reference: Reference,
    folder: Path,
    *,
    timeout: float,
    certificate: Path,
    crash: Path | None,
    config: Path | None,
) -> None:
    """Prove, write the certificate, and say how it went.

    Raises:
        MismatchError: refuted; with a vector that the simulator has replayed.
        NotCheckedError: something was not proved.
    """
    from lgc.errors import MismatchError, NotCheckedError
    from lgc.files import write_text
    from lgc.verify.formal import prove

    work = folder / "formal"
    work.mkdir(parents=True)
    proof, refutation = prove(rtl, circuit, work, timeout, lambda claim: console.print(f"{claim} ...", style="dim"))
    write_text(certificate, proof.to_json())
    _print(console, proof)
    console.print(f"wrote {certificate}")
    if refutation is not None:
        note = _replayed(model, rtl, circuit, reference, refutation, folder, timeout, crash, config)
        raise MismatchError(f"formally refuted: {note}", where=str(rtl.path))
    if proof.open:
        part = proof.open[0]
        raise NotCheckedError(f"not proved: {part.claim} ({part.note})", where=str(rtl.path))


def check_formal(certificate: Path | None, crash: Path | None, *, formal: bool, others: bool) -> None:
    """Refuse options that do not go together.

    Raises:
        OptionError: they do not.
    """
    from lgc.errors import OptionError

    if certificate and not formal:
        raise OptionError("--certificate is of --formal, which is not given")
    if formal and others:
        raise OptionError("--formal simulates no vectors: --mutate, --coverage, --waves, --junit and --sarif do")
    if crash is not None and crash.exists():
        raise OptionError(f"--crash {crash} exists", hint="Give a folder that does not exist")


def crashed(
    crash: Path | None,
    model: Path,
    rtl: Rtl,
    circuit: Circuit,
    reference: Reference,
    report: Report,
    folder: Path,
    timeout: float,
    config: Path | None,
) -> None:
    """The crash folder of a simulated difference, if one is wanted; an obstacle does not hide the difference."""
    from lgc.errors import LgcError
    from lgc.verify.crash import write_crash
    from lgc.verify.verilog import VerifyOptions

    if crash is None or report.mismatch is None:
        return
    options = VerifyOptions(1, timeout=timeout)
    try:
        write_crash(crash, model, rtl, circuit, reference, report.mismatch.bits, folder, options, config=config)
        report.problems.append(f"{crash}/run.sh shows it again")
    except LgcError as error:
        report.problems.append(f"the crash folder was not written: {error}")


def _print(console: Console, proof: Certificate) -> None:
    from rich.markup import escape
    from rich.table import Table

    table = Table()
    for heading in ("claim", "result", "by", "seconds"):
        table.add_column(heading, justify="right" if heading == "seconds" else "left")
    for part in proof.parts:
        table.add_row(escape(part.claim), part.result, part.engine, f"{part.seconds:.1f}")
    console.print(table)
    console.print(f"{', '.join(proof.outputs)}, for {proof.domain}: {proof.result}")


def _replayed(
    model: Path,
    rtl: Rtl,
    circuit: Circuit,
    reference: Reference,
    refutation: Refutation,
    folder: Path,
    timeout: float,
    crash: Path | None,
    config: Path | None,
) -> str:
    """The refutation as a vector, reduced, in the interpreter and in the simulator."""
    from lgc.verify.crash import write_crash
    from lgc.verify.explain import explain
    from lgc.verify.reduce import reduce_vector
    from lgc.verify.vectors import VectorSet
    from lgc.verify.verilog import VerifyOptions, verify

    if refutation.bits is None or refutation.differs is None:
        return f"{refutation.claim} is not as the manifest's latency has it"
    options = VerifyOptions(1, timeout=timeout)
    if crash is not None:
        report = write_crash(
            crash, model, rtl, circuit, reference, refutation.bits, folder, options, refutation.differs, config=config
        )
    else:
        bits: Bits = reduce_vector(refutation.bits, refutation.differs, _project(rtl, circuit))
        one = VectorSet("formal", bits[None])
        report = verify(rtl, circuit, reference, [one], folder / "replay", options)
    text = ". ".join(explain(report, circuit))
    return text or "a vector was found, but the simulator sees no difference on it: its Verilog is not yosys's"


def _project(rtl: Rtl, circuit: Circuit):  # type: ignore[no-untyped-def]
    return circuit.encoder.ordered if rtl.manifest.assumes else (lambda bits: bits)
