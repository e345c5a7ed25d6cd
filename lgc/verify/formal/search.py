"""Inner nets that are the scores, found by what they do on samples; that they are has still to be proved."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from lgc.ir import interp
from lgc.verify.formal.abc import difference, equivalent
from lgc.verify.formal.cells import Bit, Cell
from lgc.verify.formal.context import Bits, Proving
from lgc.verify.formal.netlists import gates, inverted
from lgc.verify.formal.rtl import FlatDesign
from lgc.verify.formal.scores import Scores, score_bounds
from lgc.verify.formal.votes import canonical, signatures
from lgc.verify.vectors import directed_vectors

Known = dict[bytes, tuple[Bit, bool]]
"""A net, and whether its complement is meant, by the values on samples of the one that begins with 0."""
Equal = dict[Bit, tuple[Bit, bool]]
"""For a net an earlier one that it seems to equal, and whether its complement is meant."""


_ROUNDS = 16


def sought_scores(proof: Proving, design: FlatDesign) -> tuple[Scores, int] | None:
    """Nets before the class whose values on samples are the scores' bits, up to complement and one offset for all.

    Where the class reads other nets that equal them, these are proved to, pair by pair, and then replaced.

    Returns:
        The scores, and how many nets were replaced; None if some bit is not found.

    Raises:
        NotCheckedError: there is more than gates before the class, or ABC came to no answer.
    """
    circuit, inputs = proof.circuit, design.ports[proof.rtl.manifest.input_port]
    samples = proof.samples()
    samples = np.concatenate([samples, proof.legal(directed_vectors(circuit, samples[:64], 0).bits)])
    for _ in range(_ROUNDS):
        proof.left()
        known, equal = _known(design, inputs, samples)
        found = _cutting(proof, design, known, equal, interp.scores(circuit, samples))
        if found is None:
            return None
        scores, used = found
        leaders = [inverted(design, bit) if flip else bit for bit, flip in used.values()]
        first, second = gates(design, inputs, list(used)), gates(design, inputs, leaders)
        if not used or equivalent(first, second, proof.folder, proof.left()):
            for bit, leader in zip(used, leaders, strict=True):
                design.driver[bit] = Cell("gate", (leader,), (bit,), 0b10)
            return scores, len(used)
        if (extra := difference(first, second)) is None:
            return None
        samples = np.concatenate([samples, proof.legal(extra[None])])
    return None


def _cutting(
    proof: Proving, design: FlatDesign, known: Known, equal: Equal, scores: NDArray[np.int64]
) -> tuple[Scores, Equal] | None:
    """Scores that the class is a function of, by nets that seem to equal their bits: these are returned too."""
    least, width = score_bounds(proof.circuit, proof.ordered), proof.rtl.manifest.score_width
    ends = design.ports["class_id"]
    for added in _offsets(scores, known, width):
        nets, bits = _nets(scores + added, known, width, design)
        same = {bit: leader for bit, leader in equal.items() if leader[0] in nets or leader[0] == "0"}
        read = {*ends, *(bit for cell in design.cone(ends, nets.union(same)) for bit in cell.inputs)}
        if any(bit not in design.driver and bit not in nets and bit not in ("0", "1") for bit in read):
            continue  # the class has another offset, or there are no such scores
        for offset, signed in ((added - lap, signed) for lap in (0, 1 << width) for signed in (False, True)):
            found = Scores.cut(bits, width, signed=signed, offset=offset, inside=True)
            if found.holds(*least):
                return found, {bit: leader for bit, leader in same.items() if bit in read}
    return None


def _known(design: FlatDesign, inputs: tuple[Bit, ...], samples: Bits) -> tuple[Known, Equal]:
    """The first net of every behaviour, and for each net after it that one, and whether its complement is meant."""
    nets = [bit for cell in design.cone(design.ports["class_id"]) for bit in cell.outputs]
    seen = gates(design, inputs, [*inputs, *nets])
    rows = signatures(seen, samples)
    known: Known = {rows[0][0]: ("0", False)}
    equal: Equal = {}
    for bit, net in zip([*inputs, *nets], seen.outputs.tolist(), strict=True):
        row, flip = rows[net]
        leader, first = known.setdefault(row, (bit, flip))
        if leader != bit:
            equal[bit] = leader, flip != first
    return known, equal


def _rows(scores: NDArray[np.int64], place: int) -> list[tuple[bytes, bool]]:
    """Bit ``place`` of each class's score."""
    return canonical(interp.pack((scores >> place & 1).astype(np.bool_)), len(scores))


def _offsets(scores: NDArray[np.int64], known: Known, width: int) -> Iterator[int]:
    """What may have been added to all scores, modulo 2**width: a bit depends, up to complement, on lower bits of it."""
    pending = [(0, 0)]
    while pending:
        place, offset = pending.pop()
        if place == width:
            yield offset
        elif all(row in known for row, _ in _rows(scores + offset, place)):
            pending += [(place + 1, offset + (bit << place)) for bit in (1, 0)]


def _nets(scores: NDArray[np.int64], known: Known, width: int, design: FlatDesign) -> tuple[set[Bit], list[Bit]]:
    """The nets of all bits, and the bits, class by class; complements become inverters of the design."""
    rows = [_rows(scores, place) for place in range(width)]
    found = [(known[row], flip) for word in zip(*rows, strict=True) for row, flip in word]
    bits = [inverted(design, bit) if flip != flipped else bit for (bit, flipped), flip in found]
    return {bit for (bit, _), _ in found}, bits
