"""The proof, part by part."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np

from lgc.backend.manifest import Manifest
from lgc.backend.verilog.rtl import Rtl
from lgc.errors import InputError, NotCheckedError
from lgc.ir import Circuit, interp
from lgc.progress import Progress, Silence
from lgc.tools.abc import find_abc
from lgc.tools.yosys import find_yosys
from lgc.verify.formal.abc import difference, equivalent
from lgc.verify.formal.certificate import OPEN, PROVED, REFUTED, Certificate
from lgc.verify.formal.classes import inner_scores, prove_class, refute_class
from lgc.verify.formal.context import CLASS, Bits, Proving, Refutation
from lgc.verify.formal.dialect import CLAIM, check_dialect, check_words
from lgc.verify.formal.netlists import gates
from lgc.verify.formal.rtl import FlatDesign, read_flat
from lgc.verify.formal.scores import Scores, prove_scores
from lgc.verify.formal.search import sought_scores
from lgc.verify.formal.trajectory import follow
from lgc.verify.formal.unroll import unroll, valid_pair


def prove(
    rtl: Rtl, circuit: Circuit, folder: Path, timeout: float, progress: Progress | None = None
) -> tuple[Certificate, Refutation | None]:
    """Prove that Verilog and model are equal on every output, for all inputs.

    Args:
        circuit: the unoptimised circuit of the model.
        folder: an empty folder to work in.
        timeout: seconds, for all of it.
        progress: hears each claim.

    Returns:
        The certificate, and what refutes the equality, if anything does.

    Raises:
        MissingToolError: pyosys or python-sat is not installed.
        InputError: the ports are not the model's.
    """
    proof = Proving(
        rtl, circuit, folder, time.monotonic() + timeout, certificate_of(rtl, circuit), progress or Silence()
    )
    prove_claims(proof)
    return proof.certificate, proof.refutation


def prove_claims(proof: Proving) -> None:
    """Prove what a proof is to prove, from the text on.

    Raises:
        InputError: the ports are not the model's.
    """
    rtl = proof.rtl
    _check_manifest(rtl.manifest, proof.circuit, str(rtl.path))
    proof.part(CLAIM, "grammar", lambda: _written(rtl))
    prove_read(proof)


def prove_read(proof: Proving) -> None:
    """Prove what yosys reads in the text, from the module that the manifest names as the top."""
    rtl, manifest = proof.rtl, proof.rtl.manifest
    # A serial design is stepped bit by bit, its counters too.
    design = _read(proof, rtl, "yosys reads the Verilog", words=manifest.interval == 1)
    if design is None:
        return
    _check_ports(design, rtl, proof.circuit)
    flat = _serial(proof, design) if manifest.interval > 1 else _pipeline(proof, design)
    if flat is not None:
        _prove_outputs(proof, _before_synthesis(proof, flat))


def certificate_of(rtl: Rtl, circuit: Circuit) -> Certificate:
    """A certificate that says of what it will be, and by which tools.

    Raises:
        MissingToolError: one of them is not installed.
    """
    find_abc()
    version = find_yosys().version
    outputs = tuple(name for name in ("scores", "class_id") if rtl.manifest.port(name))
    return Certificate(
        rtl=rtl.path.name,
        rtl_sha256=hashlib.sha256(rtl.path.read_bytes()).hexdigest(),
        model_digest=circuit.metadata.get("model_digest", "none"),
        model_circuit=circuit.digest(),
        domain="every value of the port's bits",
        tools={"pyosys": version, "yosys-abc": version},
        outputs=outputs,
        latency=rtl.manifest.latency,
    )


def _written(rtl: Rtl) -> tuple[str, str]:
    check_dialect(rtl)
    return PROVED, ""


def _read(proof: Proving, rtl: Rtl, claim: str, *, words: bool) -> FlatDesign | None:
    read: list[FlatDesign] = []

    def reading() -> tuple[str, str]:
        if rtl.source is None:
            check_words(rtl.text)
        models = rtl.source is not None
        read.append(read_flat(rtl.path, rtl.manifest.top, proof.folder, proof.left(), words=words, models=models))
        return PROVED, f"{len(read[0].cells):,} cells"

    proof.part(claim, "yosys", reading, prepares=True)
    return read[0] if read else None


def _before_synthesis(proof: Proving, design: FlatDesign) -> FlatDesign:
    """Where a netlist was made of additions, the Verilog's function, once they are proved equal; else the netlist's.

    Synthesis takes additions apart, so that what is left conserves no weight, gate by gate. But most of its nets are
    those of any other way to write the additions as gates, which is what ABC's sweeping needs.
    """
    source, manifest = proof.rtl.source, proof.rtl.manifest
    outputs = proof.certificate.outputs
    if source is None or manifest.interval > 1:
        return design
    claim = "yosys reads the Verilog before synthesis"
    words = _read(proof, source, claim, words=True)
    if words is None or not any(cell.kind == "add" for cell in words.cells):
        return design
    gates_only = _read(proof, source, f"{claim}, additions as gates", words=False)
    flat: list[FlatDesign] = []

    def comparing() -> tuple[str, str]:
        assert gates_only is not None
        flat.append(unroll(words, outputs, manifest.input_port, manifest.latency))
        return _same_outputs(proof, design, unroll(gates_only, outputs, manifest.input_port, manifest.latency))

    if gates_only is not None:
        proof.part(
            "every output of the netlist is that of the Verilog before synthesis", "ABC &cec", comparing, prepares=True
        )
    return flat[0] if flat else design


def _same_outputs(proof: Proving, design: FlatDesign, source: FlatDesign) -> tuple[str, str]:
    port, outputs = proof.rtl.manifest.input_port, proof.certificate.outputs
    first, second = (
        gates(one, one.ports[port], [bit for name in outputs for bit in one.ports[name]]) for one in (design, source)
    )
    if equivalent(first, second, proof.folder, proof.left()):
        return PROVED, f"{first.num_outputs} outputs"
    if (bits := difference(first, second)) is None:
        return OPEN, "ABC says that an output differs, but no input was found that shows it"

    def differs(bits: Bits) -> Bits:
        return np.asarray((interp.evaluate(first, bits) != interp.evaluate(second, bits)).any(axis=1))

    proof.refutation = Refutation("scores", bits, differs)
    return REFUTED, "a vector with another output"


def _check_manifest(manifest: Manifest, circuit: Circuit, where: str) -> None:
    """What tells a user how to read the ports must be the model's; of optimised biases and groups it is not."""
    encoder, head = circuit.encoder, circuit.head
    rows = None if encoder.thresholds is None else tuple(map(tuple, encoder.thresholds.tolist()))
    given = None if manifest.thresholds is None else tuple(map(tuple, manifest.thresholds))
    fits = {
        "classes": manifest.classes == head.classes,
        "tie": manifest.tie == head.tie,
        "thresholds": manifest.features is not None or given == rows,
        "ports": not manifest.latency
        or {"clk", "rst", "in_valid", "out_valid"} <= {one.name for one in manifest.ports},
    }
    if wrong := [name for name, right in fits.items() if not right]:
        raise InputError(f"the manifest's {' and '.join(wrong)} are not the model's", where=where, hint="Compile again")


def _check_ports(design: FlatDesign, rtl: Rtl, circuit: Circuit) -> None:
    expected = {port.name: port.width for port in rtl.manifest.ports}
    found = {name: len(bits) for name, bits in design.ports.items()}
    classes = circuit.head.num_classes
    fits = [
        expected == found,
        expected.get(rtl.manifest.input_port) == circuit.netlist.num_inputs,
        expected.get("scores", 0) in (0, classes * rtl.manifest.score_width),
        "class_id" not in expected or 1 << expected["class_id"] >= classes,
    ]
    if not all(fits):
        raise InputError("the Verilog's ports are not those of its manifest and of the model", where=str(rtl.path))


def _valid(proof: Proving, design: FlatDesign) -> Callable[[], tuple[str, str]]:
    def step() -> tuple[str, str]:
        seen, wanted = valid_pair(design, proof.rtl.manifest.latency)
        if equivalent(seen, wanted, proof.folder, proof.left()):
            return PROVED, ""
        proof.refutation = Refutation("out_valid", None)
        return REFUTED, "out_valid differs"

    return step


def _pipeline(proof: Proving, design: FlatDesign) -> FlatDesign | None:
    """The function that a pipeline computes; None if it is not seen to be one."""
    manifest = proof.rtl.manifest
    flat: list[FlatDesign] = []
    if manifest.latency:
        claim = "out_valid is in_valid, the latency later, unless reset"
        proof.part(claim, "unrolling, ABC &cec", _valid(proof, design))

    def unrolling() -> tuple[str, str]:
        flat.append(unroll(design, proof.certificate.outputs, manifest.input_port, manifest.latency))
        return PROVED, f"{manifest.latency} register stages"

    claim = "every output depends on the input one latency before, and on nothing else"
    proof.part(claim, "unrolling", unrolling, prepares=True)
    return flat[0] if flat else None


def _serial(proof: Proving, design: FlatDesign) -> FlatDesign | None:
    """The function that a serial design computes of the input that it takes; None if its schedule is not proved."""
    manifest = proof.rtl.manifest
    flat: list[FlatDesign] = []

    def following() -> tuple[str, str]:
        flight = follow(design, manifest, proof.certificate.outputs, proof.left)
        if flight.wrong:
            proof.refutation = Refutation("out_valid", None)
            return REFUTED, flight.wrong
        flat.append(flight.design)
        return PROVED, flight.note

    claim = (
        f"from a reset on, an input is taken if the last one was {manifest.interval:,} clocks before; "
        f"out_valid is 1 {manifest.latency:,} clocks after it, and else 0; the result depends on it alone"
    )
    proof.part(claim, "symbolic trajectory evaluation", following, prepares=True)
    return flat[0] if flat else None


def _prove_outputs(proof: Proving, design: FlatDesign) -> None:
    scores = _words(proof, design)
    if scores is not None and prove_scores(proof, design, scores) and "class_id" in proof.certificate.outputs:
        step = prove_class(proof, design, scores)
        proof.part("class_id is the argmax of the scores", "ABC &cec", step, group=CLASS)

    if "scores" not in proof.certificate.outputs and proof.certificate.result != PROVED:
        proof.part("the class is the model's on samples", "simulation", lambda: refute_class(proof, design))


def _words(proof: Proving, design: FlatDesign) -> Scores | None:
    """The scores: the port, or inner nets that the text names, or that behave like them; None if there are none."""
    manifest = proof.rtl.manifest
    if "scores" in design.ports:
        return Scores.cut(design.ports["scores"], manifest.score_width, signed=manifest.score_signed)
    found: list[Scores] = []
    as_written = proof.rtl.source is None or any(cell.kind == "add" for cell in design.cells)
    if as_written:  # synthesis leaves names to other nets
        with suppress(NotCheckedError):
            found += [named] if (named := inner_scores(proof, design)) else []

    def searching() -> tuple[str, str]:
        if (sought := sought_scores(proof, design)) is None:
            return OPEN, "no nets of the Verilog were found to be the scores, so that the head cannot be cut there"
        found.append(sought[0])
        return PROVED, f"{sought[1]} nets that the class reads are equal to others"

    if not found:
        proof.part(
            "nets that behave like the scores, which are no port, are found",
            "simulation, ABC &cec",
            searching,
            prepares=True,
        )
    return found[0] if found else None
