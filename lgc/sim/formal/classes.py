"""The class, with the scores as free variables: a netlist beside its definition."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np

from lgc.ir import CONST0, CONST1, FIRST_INPUT, Builder, Netlist, interp
from lgc.sim.formal.abc import equivalent
from lgc.sim.formal.cells import Bit, Cell
from lgc.sim.formal.certificate import OPEN, PROVED, REFUTED
from lgc.sim.formal.context import Bits, Proof, Refutation
from lgc.sim.formal.netlists import append, argmax, gates
from lgc.sim.formal.rtl import Design
from lgc.sim.formal.scores import Scores
from lgc.sim.vectors import directed_vectors

_COMMENT = re.compile(r"^  // score \d+ inside, least bit first: (.*)$", re.MULTILINE)
_NET = re.compile(r"(~?)(\w+)(?:\[(\d+)\])?")
_HINTS = ("head.argmax.scores", "result_scores")


def inner_scores(proof: Proof, design: Design) -> Scores | None:
    """Inner nets that are named as the scores, in the first representation with room for them; None if there are none.

    A name is a hint: that these nets are the scores has still to be proved.
    """
    head = proof.circuit.head
    reached = {bit for cell in design.cone(design.ports["class_id"]) for bit in cell.inputs}
    named = (design.wires.get(name, ()) for name in _HINTS)
    inside = (bits for bits in named if bits and reached.issuperset(bit for bit in bits if bit in design.driver))
    bits = _named(design, proof.rtl.text) or next(inside, ())
    if not bits or len(bits) % head.num_classes:
        return None
    width, low = len(bits) // head.num_classes, head.score_range[0]
    ways = [(proof.rtl.manifest.score_signed, 0), (False, 0), (True, 0), (False, -low)]
    found = [Scores.cut(bits, width, signed=signed, offset=offset) for signed, offset in ways]
    return next((one for one in found if one.holds(*head.score_range)), None)


def _named(design: Design, text: str) -> tuple[Bit, ...]:
    """Nets of a head of tables, as comments name them; complements become inverters of the design."""
    bits: list[Bit] = []
    for line in _COMMENT.finditer(text):
        for flip, name, index in _NET.findall(line[1]):
            net: Bit = name if not index else (*design.wires.get(name, ()), *"x" * int(index), "x")[int(index)]
            if flip and not isinstance(net, str):
                inverse = -1 - net
                design.driver[inverse] = Cell("gate", (net,), (inverse,), 0b01)
                net = inverse
            bits.append(net)
    return tuple(bits)


def prove_class(proof: Proof, design: Design, scores: Scores) -> Callable[[], tuple[str, str]]:
    """The step that proves ``class_id`` to be the index of the largest score."""

    def step() -> tuple[str, str]:
        index = design.ports["class_id"]
        free: list[Bit] = list(dict.fromkeys(bit for bit in scores.bits if not isinstance(bit, str)))
        seen = gates(design, free, index, inverters=True)
        definition = argmax(proof.circuit.head, scores.width, len(index), signed=scores.signed)
        nets = {"0": CONST0, "1": CONST1} | {bit: FIRST_INPUT + place for place, bit in enumerate(free)}
        builder = Builder(len(free))
        inputs = np.array([CONST0, CONST1, *(nets[bit] for bit in scores.bits)], np.int32)
        wanted = builder.build(append(builder, definition, inputs)[definition.outputs])
        if equivalent(seen, wanted, proof.folder, proof.left()):
            return PROVED, f"for all values of {len(free)} bits of scores"
        return _class_vector(proof, seen, free, scores)

    return step


def _class_vector(proof: Proof, seen: Netlist, free: list[Bit], scores: Scores) -> tuple[str, str]:
    """The class is wrong for some scores; look for inputs of the model that have such scores."""
    circuit, width = proof.circuit, scores.width
    start = proof.samples()
    bits = np.concatenate([start, directed_vectors(circuit, start[:256], 0).bits])
    bits = proof.legal(bits)
    places = [scores.bits.index(bit) for bit in free]

    def differs(bits: Bits) -> Bits:
        found = interp.scores(circuit, bits)  # the Verilog's too: that is proved
        columns = (((found + scores.offset)[:, :, None] >> np.arange(width)) & 1).reshape(len(bits), -1)
        index = interp.evaluate(seen, columns[:, places].astype(np.bool_))
        classes = (index.astype(np.int64) << np.arange(index.shape[1])).sum(axis=1)
        return np.asarray(classes != circuit.head.classify(found))

    if not (wrong := differs(bits)).any():
        return OPEN, "class_id is not the argmax for some scores, but no input was found that has such scores"
    proof.refutation = Refutation("class_id", bits[int(wrong.argmax())], differs)
    return REFUTED, "a vector with another class"
