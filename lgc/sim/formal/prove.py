"""The proof, part by part."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lgc.errors import InputError, NotCheckedError
from lgc.ir import CONST0, CONST1, FIRST_INPUT, Builder, Circuit, Encoder, Netlist, interp
from lgc.sim.formal import votes
from lgc.sim.formal.abc import difference, equivalent
from lgc.sim.formal.certificate import OPEN, PROVED, REFUTED, Certificate, Part
from lgc.sim.formal.netlists import append, argmax, gates, side_by_side
from lgc.sim.formal.rtl import Bit, Design, find_tools, read_design
from lgc.sim.formal.unroll import unroll, valid_pair
from lgc.sim.formal.weights import Form, Words
from lgc.sim.reduce import Differs
from lgc.sim.rtl import Rtl
from lgc.sim.vectors import directed_vectors, random_vectors

Bits = NDArray[np.bool_]
Listener = Callable[[str], None]

_SAMPLES = 2048
_ROUNDS = 24


@dataclass(frozen=True, eq=False)
class Refutation:
    """Inputs, bool (I,), on which Verilog and model differ; None if it is about time.

    ``differs`` says of vectors (B, I) which of them show it, by what yosys read.
    """

    claim: str
    bits: Bits | None
    differs: Differs | None = None


@dataclass
class _Proof:
    rtl: Rtl
    circuit: Circuit
    folder: Path
    deadline: float
    certificate: Certificate
    listen: Listener
    refutation: Refutation | None = None

    @property
    def ordered(self) -> Encoder | None:
        """The encoder, if the Verilog claims no more than to be right for what its thresholds can give."""
        encoder = self.circuit.encoder
        return encoder if self.rtl.manifest.assumes and encoder.thresholds is not None else None

    def left(self) -> float:
        """Seconds until the time is up.

        Raises:
            NotCheckedError: it is.
        """
        seconds = self.deadline - time.monotonic()
        if seconds <= 0:
            raise NotCheckedError("the time is up: not proved")
        return seconds

    def part(self, claim: str, engine: str, step: Callable[[], tuple[str, str]]) -> bool:
        """Run one step and write down its outcome; whether it was proved."""
        self.listen(claim)
        start = time.perf_counter()
        try:
            self.left()
            result, note = step()
        except NotCheckedError as error:
            result, note = OPEN, str(error)
        self.certificate.parts.append(Part(claim, result, engine, round(time.perf_counter() - start, 3), note))
        return result == PROVED


def prove(
    rtl: Rtl, circuit: Circuit, folder: Path, timeout: float, listen: Listener | None = None
) -> tuple[Certificate, Refutation | None]:
    """Prove that Verilog and model are equal on every output, for all inputs.

    Args:
        circuit: the unoptimised circuit of the model.
        folder: an empty folder to work in.
        timeout: seconds, for all of it.
        listen: called with what is being proved.

    Returns:
        The certificate, and what refutes the equality, if anything does.

    Raises:
        MissingToolError: pyosys or python-sat is not installed.
        InputError: the ports are not the model's.
    """
    _, version = find_tools()
    manifest = rtl.manifest
    outputs = tuple(name for name in ("scores", "class_id") if manifest.port(name))
    certificate = Certificate(
        rtl=rtl.path.name,
        rtl_sha256=hashlib.sha256(rtl.path.read_bytes()).hexdigest(),
        model_digest=circuit.metadata.get("model_digest", "none"),
        model_circuit=circuit.digest(),
        domain="every value of the port's bits",
        tools={"pyosys": version, "yosys-abc": version},
        outputs=outputs,
        latency=manifest.latency,
    )
    proof = _Proof(rtl, circuit, folder, time.monotonic() + timeout, certificate, listen or (lambda _step: None))
    read: list[Design] = []

    def reading() -> tuple[str, str]:
        read.append(read_design(rtl.path, manifest.top, folder, proof.left()))
        return PROVED, f"{len(read[0].cells):,} cells"

    if proof.part("yosys reads the Verilog", "yosys", reading):
        _check_ports(read[0], rtl, circuit)
        if manifest.latency:
            proof.part(
                "out_valid is in_valid, the latency later, unless reset", "unrolling, ABC &cec", _valid(proof, read[0])
            )
        _prove_outputs(proof, read[0])
    return certificate, proof.refutation


def _check_ports(design: Design, rtl: Rtl, circuit: Circuit) -> None:
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


def _valid(proof: _Proof, design: Design) -> Callable[[], tuple[str, str]]:
    def step() -> tuple[str, str]:
        seen, wanted = valid_pair(design, proof.rtl.manifest.latency)
        if equivalent(seen, wanted, proof.folder, proof.left()):
            return PROVED, ""
        proof.refutation = Refutation("out_valid", None)
        return REFUTED, "out_valid differs"

    return step


def _prove_outputs(proof: _Proof, design: Design) -> None:
    manifest = proof.rtl.manifest
    flat: list[Design] = []

    def unrolling() -> tuple[str, str]:
        flat.append(unroll(design, proof.certificate.outputs, manifest.input_port, manifest.latency))
        return PROVED, f"{manifest.latency} register ranks"

    if not proof.part(
        "every output depends on the input one latency before, and on nothing else", "unrolling", unrolling
    ):
        return
    if "scores" not in proof.certificate.outputs:
        proof.part("the class", "none", _no_scores)
        return
    if _prove_scores(proof, flat[0]) and "class_id" in proof.certificate.outputs:
        proof.part("class_id is the argmax of the scores", "ABC &cec", _class(proof, flat[0]))


def _no_scores() -> tuple[str, str]:
    return OPEN, "the scores are no port: the head cannot be cut. Compile with --outputs both"


def _words(proof: _Proof, design: Design) -> list[tuple[Bit, ...]]:
    width = proof.rtl.manifest.score_width
    bits = design.ports["scores"]
    return [bits[start : start + width] for start in range(0, len(bits), width)]


def _prove_scores(proof: _Proof, design: Design) -> bool:
    forms: list[Form] = []

    def sums() -> tuple[str, str]:
        words = Words(design, design.ports["scores"])
        forms.extend(words.value(word, signed=proof.rtl.manifest.score_signed) for word in _words(proof, design))
        return PROVED, f"{words.additions:,} additions, none overflows"

    if not proof.part("scores are weighted sums of votes", "weight conservation", sums):
        return False
    return proof.part("the sums are the model's, vote by vote", "ABC &cec", lambda: _votes(proof, design, forms))


def _votes(proof: _Proof, design: Design, forms: list[Form]) -> tuple[str, str]:
    """Group by simulation, compare the sums over groups, prove the groups; a counterexample joins the samples."""
    circuit = proof.circuit
    leaves = sorted({bit for form in forms for bit in form.weights}, key=str)
    logic = gates(design, design.ports[proof.rtl.manifest.input_port], leaves)
    ordered = proof.ordered
    if ordered is not None:
        proof.certificate.domain = "every value of the port's bits that the encoder's thresholds can give"
    joint = side_by_side(circuit.netlist, logic, ordered)
    place: dict[Bit, int] = {bit: circuit.netlist.num_outputs + index for index, bit in enumerate(leaves)}
    model = votes.model_forms(circuit.head)

    def differs(bits: Bits) -> Bits:
        seen = votes.values(forms, leaves, interp.evaluate(logic, bits))
        return np.asarray((seen != interp.scores(circuit, bits)).any(axis=1))

    samples = _samples(proof)
    for _ in range(_ROUNDS):
        proof.left()
        if (wrong := differs(samples)).any():
            proof.refutation = Refutation("scores", samples[int(wrong.argmax())], differs)
            return REFUTED, "a vector with other scores"
        found = votes.families(joint, samples)
        ours = [votes.over_leaders(form, place, found) for form in forms]
        theirs = [
            votes.over_leaders(form, dict(enumerate(range(circuit.netlist.num_outputs))), found) for form in model
        ]
        if ours != theirs:
            index = next(i for i, pair in enumerate(zip(ours, theirs, strict=True)) if pair[0] != pair[1])
            return OPEN, f"class {index} has other votes than the model, but no vector was found that shows it"
        first, second = _claims(joint, found)
        if equivalent(first, second, proof.folder, proof.left()):
            return (
                PROVED,
                f"{first.num_outputs:,} nets equal to {len(set(found.leader.tolist())):,} others, pair by pair",
            )
        extra = difference(first, second)
        if extra is None:
            return OPEN, "ABC says that two nets differ, but no input was found that shows it"
        more = _around(extra[None])
        samples = np.concatenate([samples, more if ordered is None else circuit.encoder.ordered(more)])
    return OPEN, f"no grouping of the votes was found in {_ROUNDS} rounds"


def _samples(proof: _Proof) -> Bits:
    circuit = proof.circuit
    bits = random_vectors(circuit.netlist.num_inputs, _SAMPLES, 0).bits
    bits = np.concatenate([bits, np.zeros_like(bits[:1]), np.ones_like(bits[:1])])
    return bits if proof.ordered is None else circuit.encoder.ordered(bits)


def _around(bits: Bits) -> Bits:
    """A counterexample and, for other families, some neighbours of it."""
    rng = np.random.default_rng(0)
    flips = rng.random((63, bits.shape[1])) < 0.01
    return np.concatenate([bits, bits ^ flips])


def _claims(joint: Netlist, found: votes.Families) -> tuple[Netlist, Netlist]:
    """Members of families beside what they must equal: their leader, or its complement."""
    members = np.flatnonzero(found.leader != joint.outputs)
    leaders, flipped = found.leader[members], found.flipped[members]
    builder = Builder(joint.num_inputs)
    nets = append(builder, joint, np.arange(joint.first_node, dtype=np.int32))
    inverted = builder.add_layer(np.ones(int(flipped.sum()), np.int64), nets[leaders[flipped]][:, None])
    wanted = nets[leaders]
    wanted[flipped] = inverted
    whole = builder.build(np.concatenate([nets[joint.outputs[members]], wanted]))
    half = len(members)
    return whole.with_outputs(whole.outputs[:half]), whole.with_outputs(whole.outputs[half:])


def _class(proof: _Proof, design: Design) -> Callable[[], tuple[str, str]]:
    def step() -> tuple[str, str]:
        manifest, index = proof.rtl.manifest, design.ports["class_id"]
        free: list[Bit] = list(dict.fromkeys(bit for bit in design.ports["scores"] if not isinstance(bit, str)))
        seen = gates(design, free, index)
        definition = argmax(proof.circuit.head, manifest.score_width, len(index), signed=manifest.score_signed)
        nets = {"0": CONST0, "1": CONST1} | {bit: FIRST_INPUT + place for place, bit in enumerate(free)}
        builder = Builder(len(free))
        inputs = np.array([CONST0, CONST1, *(nets[bit] for bit in design.ports["scores"])], np.int32)
        wanted = builder.build(append(builder, definition, inputs)[definition.outputs])
        if equivalent(seen, wanted, proof.folder, proof.left()):
            return PROVED, f"for all values of {len(free)} bits of scores"
        return _class_vector(proof, seen, free, design.ports["scores"])

    return step


def _class_vector(proof: _Proof, seen: Netlist, free: list[Bit], ports: tuple[Bit, ...]) -> tuple[str, str]:
    """The class is wrong for some scores; look for inputs of the model that have such scores."""
    circuit, width = proof.circuit, proof.rtl.manifest.score_width
    start = _samples(proof)
    bits = np.concatenate([start, directed_vectors(circuit, start[:256], 0).bits])
    bits = bits if proof.ordered is None else circuit.encoder.ordered(bits)
    places = [ports.index(bit) for bit in free]

    def differs(bits: Bits) -> Bits:
        scores = interp.scores(circuit, bits)  # the Verilog's too: that is proved
        columns = ((scores[:, :, None] >> np.arange(width)) & 1).reshape(len(bits), -1)
        index = interp.evaluate(seen, columns[:, places].astype(np.bool_))
        found = (index.astype(np.int64) << np.arange(index.shape[1])).sum(axis=1)
        return np.asarray(found != circuit.head.classify(scores))

    if not (wrong := differs(bits)).any():
        return OPEN, "class_id is not the argmax for some scores, but no input was found that has such scores"
    proof.refutation = Refutation("class_id", bits[int(wrong.argmax())], differs)
    return REFUTED, "a vector with another class"
