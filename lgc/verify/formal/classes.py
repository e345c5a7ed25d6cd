"""The class, with the scores as free variables: a netlist beside its definition."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from lgc.errors import NotCheckedError
from lgc.ir import CONST0, CONST1, FIRST_INPUT, Builder, Netlist, interp
from lgc.verify.formal.abc import equivalent
from lgc.verify.formal.cells import Bit
from lgc.verify.formal.certificate import OPEN, PROVED, REFUTED
from lgc.verify.formal.context import Bits, Proving, Refutation
from lgc.verify.formal.netlists import append, argmax, behind_inverter, gates, inverted, side_by_side
from lgc.verify.formal.rtl import FlatDesign
from lgc.verify.formal.scores import Scores, ScoreSums, score_bounds
from lgc.verify.formal.trajectory import SCORES
from lgc.verify.formal.weights import Words
from lgc.verify.vectors import directed_vectors

_MOST_BELOW = 2000
_COMMENT = re.compile(r"^  // score \d+ inside, least bit first: (.*)$", re.MULTILINE)
_NET = re.compile(r"(~?)(\w+)(?:\[(\d+)\])?")
_HINTS = ("head.argmax.scores", "result_scores", SCORES)


def inner_scores(proof: Proving, design: FlatDesign) -> Scores | None:
    """Inner nets that are named as the scores, as far above them as on a sample; None if there are none.

    A name is a hint: that these nets are the scores has still to be proved.
    """
    head = proof.circuit.head
    reached = {bit for cell in design.cone(design.ports["class_id"]) for bit in cell.inputs}
    named = (design.wires.get(name, ()) for name in _HINTS)
    inside = (bits for bits in named if bits and reached.issuperset(bit for bit in bits if bit in design.driver))
    bits = _named(design, proof.rtl.text) or next(inside, ())
    if not bits or len(bits) % head.num_classes:
        return None
    width, least = len(bits) // head.num_classes, score_bounds(proof.circuit, proof.ordered)
    for signed in (proof.rtl.manifest.score_signed, not proof.rtl.manifest.score_signed):
        plain = Scores.cut(bits, width, signed=signed, inside=True)
        offset = _offset(proof, design, plain)
        found = [replace(plain, offset=one) for one in (offset, offset - (1 << width))]
        if fitting := next((one for one in found if one.holds(*least)), None):
            return fitting
    return None


def _offset(proof: Proving, design: FlatDesign, scores: Scores) -> int:
    """What nets are more than the scores on a sample, modulo 2**width."""
    words = Words(design, scores.bits)
    forms = [words.value(word, signed=scores.signed) for word in scores.words]
    sums, bits = ScoreSums(proof, design, forms, scores), proof.samples()[:1]
    return int(sums.values(bits)[0, 0] - interp.scores(proof.circuit, bits)[0, 0]) & ((1 << scores.width) - 1)


def refute_class(proof: Proving, design: FlatDesign) -> tuple[str, str]:
    """Look for a vector with another class, by simulation of the whole: what is no port need not be right."""
    circuit = proof.circuit
    seen = gates(design, design.ports[proof.rtl.manifest.input_port], design.ports["class_id"])

    def differs(bits: Bits) -> Bits:
        index = interp.evaluate(seen, bits).astype(np.int64)
        found = (index << np.arange(index.shape[1])).sum(axis=1)
        return np.asarray(found != circuit.head.classify(interp.scores(circuit, bits)))

    samples = proof.samples()
    samples = np.concatenate([samples, proof.legal(directed_vectors(circuit, samples[:256], 0).bits)])
    if not (wrong := differs(samples)).any():
        return OPEN, "no sample shows another class, but that proves nothing"
    proof.refutation = Refutation("class_id", samples[int(wrong.argmax())], differs)
    return REFUTED, "a vector with another class"


def _named(design: FlatDesign, text: str) -> tuple[Bit, ...]:
    """Nets of a head of tables, as comments name them; complements become inverters of the design."""
    bits: list[Bit] = []
    for line in _COMMENT.finditer(text):
        for flip, name, index in _NET.findall(line[1]):
            net: Bit = name if not index else (*design.wires.get(name, ()), *"x" * int(index), "x")[int(index)]
            bits.append(inverted(design, net) if flip else net)
    return tuple(bits)


def prove_class(proof: Proving, design: FlatDesign, scores: Scores) -> Callable[[], tuple[str, str]]:
    """The step that proves ``class_id`` to be the index of the largest score."""

    def step() -> tuple[str, str]:
        behind = [behind_inverter(design, bit) for bit in scores.bits]
        free: list[Bit] = [bit for bit in dict.fromkeys(bit for bit, _ in behind) if bit not in ("0", "1")]
        seen = gates(design, free, design.ports["class_id"])
        wanted = _definition(proof, behind, free, scores, seen.num_outputs)
        if equivalent(seen, wanted, proof.folder, proof.left()):
            return PROVED, f"for all values of {len(free)} bits of scores"
        if _equal_below(proof, design, free, seen, wanted):
            return PROVED, "for all values that the scores can have together"
        return _class_vector(proof, seen, behind, free, scores)

    return step


def _definition(proof: Proving, behind: list[tuple[Bit, bool]], free: list[Bit], scores: Scores, width: int) -> Netlist:
    """The class by its definition, of the nets that the scores' bits are, or are the complements of."""
    definition = argmax(proof.circuit.head, scores.width, width, signed=scores.signed)
    builder = Builder(len(free))
    nets = {"0": CONST0, "1": CONST1} | {bit: FIRST_INPUT + place for place, bit in enumerate(free)}
    words = [builder.add(0b01, [nets[bit]]) if flip else nets[bit] for bit, flip in behind]
    return builder.build(append(builder, definition, np.array([CONST0, CONST1, *words], np.int32))[definition.outputs])


def _equal_below(proof: Proving, design: FlatDesign, free: list[Bit], first: Netlist, second: Netlist) -> bool:
    """Whether two functions of scores are equal for the scores that inputs can give; not tried in large networks."""
    try:
        below = gates(design, design.ports[proof.rtl.manifest.input_port], free)
    except NotCheckedError:  # additions
        return False
    if below.num_nodes > _MOST_BELOW:
        return False
    whole = side_by_side(below, Builder(below.num_inputs).build([]), proof.ordered)
    found = []
    for one in (first, second):
        builder = Builder(whole.num_inputs)
        nets = append(builder, whole, np.arange(whole.first_node, dtype=np.int32))
        inputs = np.concatenate([[CONST0, CONST1], nets[whole.outputs]]).astype(np.int32)
        found.append(builder.build(append(builder, one, inputs)[one.outputs]))
    return equivalent(found[0], found[1], proof.folder, proof.left())


def _class_vector(
    proof: Proving, seen: Netlist, behind: list[tuple[Bit, bool]], free: list[Bit], scores: Scores
) -> tuple[str, str]:
    """The class is wrong for some scores; look for inputs of the model that have such scores."""
    circuit, width = proof.circuit, scores.width
    start = proof.samples()
    bits = np.concatenate([start, directed_vectors(circuit, start[:256], 0).bits])
    bits = proof.legal(bits)
    places = [[bit for bit, _ in behind].index(bit) for bit in free]
    flips = np.array([behind[place][1] for place in places], np.bool_)

    def differs(bits: Bits) -> Bits:
        found = interp.scores(circuit, bits)  # the Verilog's too: that is proved
        columns = (((found + scores.offset)[:, :, None] >> np.arange(width)) & 1).reshape(len(bits), -1)
        index = interp.evaluate(seen, columns[:, places].astype(np.bool_) ^ flips)
        classes = (index.astype(np.int64) << np.arange(index.shape[1])).sum(axis=1)
        return np.asarray(classes != circuit.head.classify(found))

    if not (wrong := differs(bits)).any():
        return OPEN, "class_id is not the argmax for some scores, but no input was found that has such scores"
    proof.refutation = Refutation("class_id", bits[int(wrong.argmax())], differs)
    return REFUTED, "a vector with another class"
