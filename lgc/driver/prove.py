"""Proving: Verilog and model are equal for every input. What `lgc verify --formal` does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lgc.driver.deadline import bounded
from lgc.driver.request import check_outputs
from lgc.driver.sheet import Grid, Sheet, Shown
from lgc.driver.verify import unknown_lines
from lgc.driver.verify_request import ProveRequest
from lgc.errors import LgcError, MismatchError, NotCheckedError
from lgc.progress import Progress, Silence

if TYPE_CHECKING:
    from lgc.driver.read import Loaded
    from lgc.farm import Workers
    from lgc.verify.comparison import Comparison
    from lgc.verify.formal import Certificate, Refutation
    from lgc.verify.formats.stream import StreamText
    from lgc.verify.formats.verilog import VerilogText
    from lgc.verify.report import Report
    from lgc.verify.vectors import Bits

_ONLY_FORMAL = "a vector was found, but the simulator sees no difference on it: its Verilog is not yosys's"


@dataclass(frozen=True, eq=False, repr=False)
class Proof(Shown):
    """What was proved, claim by claim, and what was not.

    Attributes:
        source: the model.
        path: the device under test.
        certificate: every claim, with its result and engine.
        file: where the certificate was written.
        refutation: what refutes the equality; None if nothing does.
        replayed: what the simulator says of the vector that refutes; None where there is none.
        unknown: what the file says of its circuit that was not compared with the model.
    """

    source: Loaded
    path: Path
    certificate: Certificate
    file: Path
    refutation: Refutation | None = None
    replayed: Report | None = None
    unknown: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether every claim was proved."""
        return self.certificate.is_proved

    @property
    def vector(self) -> Bits | None:
        """Inputs, bool (I,), on which device and model differ in the simulator; None where there are none."""
        return self.replayed.mismatch.bits if self.replayed and self.replayed.mismatch else None

    def as_json(self) -> dict[str, Any]:
        """See :class:`Shown`: the certificate, and where it was written."""
        found: dict[str, Any] = json.loads(self.certificate.to_json())
        return found | {"file": str(self.file), "unknown": list(self.unknown)}

    def sheet(self) -> Sheet:
        """See :class:`Shown`."""
        proof = self.certificate
        rows = tuple((one.claim, one.result, one.engine, f"{one.seconds:.1f}") for one in proof.parts)
        whole = f"{', '.join(proof.outputs)}, for {proof.domain}: {proof.result}"
        table = Grid(("claim", "result", "by", "seconds>"), rows)
        return [table, *unknown_lines(self.unknown), whole, f"wrote {self.file}"]


@bounded
def prove(asked: ProveRequest, progress: Progress | None = None) -> Proof:
    """Prove Verilog equal to the unoptimised model on every output, for all inputs, and write the certificate.

    Raises:
        MismatchError: refuted, with a vector that the simulator has replayed; its ``result`` is the :class:`Proof`.
        NotCheckedError: something was not proved, and the ``result`` is the :class:`Proof`; or a tool is missing.
        LgcError: a file is unusable, or not this model's, or it is not Verilog.
    """
    from lgc.driver.comparing import after_synthesis, as_verilog, comparing, device_under_test, model_of, never_a_pass
    from lgc.verify.formats.stream import StreamText

    progress = progress or Silence()
    check_outputs(asked)
    with never_a_pass():
        source, device = model_of(asked, progress), device_under_test(asked)
        if isinstance(device, StreamText):
            return _stream_proved(asked, source, device, progress)
        verilog = as_verilog(device, "--formal")
        _check_places(asked)
        with comparing(asked, source, verilog, progress) as comparison:
            return _proved(asked, source, after_synthesis(asked, comparison, asked.timeout))


def _check_places(asked: ProveRequest) -> None:
    """Refuse places for files that cannot be, before anything runs."""
    from lgc.backend.ours import refuse_foreign
    from lgc.driver.comparing import device_path
    from lgc.driver.crash import check_crash
    from lgc.files import check_writable

    check_crash(asked.crash)
    place = _certificate(asked, device_path(asked.file))
    if asked.certificate is None:
        hint = "Move it away, or say where the certificate goes: --certificate FILE"
        refuse_foreign(place, "the certificate", hint)
    check_writable(place)


def _certificate(asked: ProveRequest, path: Path) -> Path:
    return asked.certificate or path.with_suffix(".certificate.json")


def _proved(asked: ProveRequest, source: Loaded, comparison: Comparison[VerilogText]) -> Proof:
    from lgc.driver.comparing import device_path
    from lgc.files import write_text
    from lgc.verify import formal

    work, path = comparison.folder / "formal", device_path(asked.file)
    work.mkdir(parents=True)
    rtl, circuit = comparison.device.rtl, comparison.circuit
    told = comparison.progress
    with _farm(asked, told, 2) as farm:
        certificate, refutation = (
            formal.prove_apart(rtl, circuit, work, asked.timeout, told, farm)
            if farm is not None
            else formal.prove(rtl, circuit, work, asked.timeout, told)
        )
    file = _certificate(asked, path)
    write_text(file, certificate.to_json())
    proof = Proof(source, path, certificate, file, refutation, unknown=comparison.unknown)
    if proof.ok:
        return proof
    error: LgcError
    if refutation is not None:
        replayed = _replayed(asked, source, comparison, refutation)
        note = _note(refutation, replayed, comparison)
        proof = replace(proof, replayed=replayed)
        error = MismatchError(f"formally refuted: {note}", where=str(path))
    else:
        part = certificate.open[0]
        error = NotCheckedError(f"not proved: {part.claim} ({part.note})", where=str(path))
    error.result = proof
    raise error


@contextmanager
def _farm(asked: ProveRequest, told: Progress, most: int | None = None) -> Iterator[Workers | None]:
    """Workers that can prove; None where this process does it all."""
    from lgc.driver.workers import check_tools, open_workers
    from lgc.farm import Here

    with open_workers(asked, told, most=most) as farm:
        check_tools(farm, "yosys", "abc", "package:python-sat")
        yield None if isinstance(farm, Here) else farm


def _stream_proved(asked: ProveRequest, source: Loaded, device: StreamText, progress: Progress) -> Proof:
    """The parts of a streaming circuit that compute; never all of it.

    Raises:
        MismatchError: one is refuted.
        NotCheckedError: none is; the certificate says what is proved, and that the schedule is not.
    """
    from lgc.driver.comparing import comparing, device_path, refuse_idle
    from lgc.driver.stream import model_of_stream
    from lgc.files import write_text
    from lgc.verify.formal.stream import prove_stream

    refuse_idle(asked, device, "netlist", "liberty", "crash")
    _check_places(asked)
    model = model_of_stream(source, "--formal")
    path, file = device_path(asked.file), _certificate(asked, device_path(asked.file))
    with comparing(asked, source, device, progress) as comparison:
        work = comparison.folder / "formal"
        work.mkdir(parents=True)
        with _farm(asked, progress) as farm:
            certificate = prove_stream(device.rtl, model, comparison.circuit, work, asked.timeout, progress, farm)
    write_text(file, certificate.to_json())
    refuted = next((part for part in certificate.parts if part.result == "refuted"), None)
    error: LgcError
    if refuted is not None:
        error = MismatchError(f"formally refuted: {refuted.claim}: {refuted.note}", where=str(path))
    else:
        part = certificate.open[0]
        error = NotCheckedError(f"not proved: {part.claim} ({part.note})", where=str(path))
    error.result = Proof(source, path, certificate, file, unknown=comparison.unknown)
    raise error


def _replayed(
    asked: ProveRequest, source: Loaded, comparison: Comparison[VerilogText], refutation: Refutation
) -> Report | None:
    """The refutation as a vector, reduced, in the simulator; None if it is about time."""
    from lgc.driver.crash import model_files
    from lgc.verify.crash import reduced, replayed, write_crash

    bits, differs = refutation.bits, refutation.differs
    if bits is None or differs is None:
        return None
    comparison.progress.step("replay")
    if asked.crash is not None:
        files = model_files(source, asked.config, asked.facts, comparison.folder)
        return write_crash(asked.crash, comparison, bits, files, differs)
    return replayed(comparison.within("replay"), reduced(comparison, bits, differs))


def _note(refutation: Refutation, replayed: Report | None, comparison: Comparison[VerilogText]) -> str:
    from lgc.verify.explain import explain

    if replayed is None:
        return f"{refutation.claim} is not as the manifest's latency has it"
    return ". ".join(explain(replayed, comparison.circuit)) or _ONLY_FORMAL
