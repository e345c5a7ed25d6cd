"""The scores: what the Verilog adds up, less what the model does, is the zero polynomial."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lgc.ir import CONST0, CONST1, FIRST_INPUT, Circuit, Encoder, Netlist, interp
from lgc.verify.formal import votes
from lgc.verify.formal.abc import equivalent, output_halves
from lgc.verify.formal.cells import Bit
from lgc.verify.formal.certificate import OPEN, PROVED, REFUTED
from lgc.verify.formal.context import Bits, Proving, Refutation
from lgc.verify.formal.netlists import gates
from lgc.verify.formal.polynomial import Monomial, Polynomial, literal_terms, node_terms, product_terms
from lgc.verify.formal.rtl import FlatDesign
from lgc.verify.formal.shared import written_by_shared
from lgc.verify.formal.sweep import sat_sweep, unsettled
from lgc.verify.formal.weights import Form, Words

_ROUNDS = 24
_CONFLICTS = 20_000


@dataclass(frozen=True)
class Scores:
    """Where the scores are.

    Attributes:
        words: per class, least bit first; two's complement if ``signed``.
        offset: what they are more than the scores.
        inside: they are no port, and only said to be the scores.
    """

    words: tuple[tuple[Bit, ...], ...]
    signed: bool
    offset: int = 0
    inside: bool = False

    @classmethod
    def cut(cls, bits: Sequence[Bit], width: int, *, signed: bool, offset: int = 0, inside: bool = False) -> Scores:
        """Words of one width, one behind the other."""
        return cls(tuple(tuple(bits[lo : lo + width]) for lo in range(0, len(bits), width)), signed, offset, inside)

    @property
    def width(self) -> int:
        """Bits of a word."""
        return len(self.words[0])

    @property
    def bits(self) -> tuple[Bit, ...]:
        """All of them, class by class."""
        return tuple(bit for word in self.words for bit in word)

    def holds(self, low: int, high: int) -> bool:
        """Whether words have room for all scores from ``low`` to ``high``."""
        least = -(1 << (self.width - 1)) if self.signed else 0
        return least <= low + self.offset and high + self.offset < least + (1 << self.width)


def score_bounds(circuit: Circuit, ordered: Encoder | None = None) -> tuple[int, int]:
    """The least and the largest score, after constants, wires and repeated gates of the model are seen to be such.

    Args:
        ordered: its thresholds alone say which inputs there are.
    """
    netlist, head, reduce = circuit.netlist, circuit.head, _reduction(ordered)
    literal: dict[int, votes.Literal] = {}
    known: dict[frozenset[tuple[Monomial, int]], int] = {}

    def of(net: int) -> votes.Literal:
        return literal.get(net, (net, False))

    for net in range(2, netlist.num_nets):
        terms = node_terms(netlist, net, of) if net >= netlist.first_node else literal_terms(net)
        if reduce is not None:
            terms = _collected([(reduce(monomial), value) for monomial, value in terms])
        inverse = [*product_terms([[(frozenset(), -1)], terms]), (frozenset(), 1)]
        for found, flip in ((terms, False), (_collected(inverse), True)):
            if (same := known.get(frozenset(found))) is not None:
                literal[net] = (same, flip)
        if all(not monomial for monomial, _ in terms):
            literal[net] = (CONST1 if terms else CONST0, False)
        if net not in literal:
            known[frozenset(terms)] = known[frozenset(literal_terms(net))] = net
    ranges = []
    for lo, hi, bias in zip(head.offsets[:-1].tolist(), head.offsets[1:].tolist(), head.bias.tolist(), strict=True):
        total = [(frozenset[int](), bias)]
        for net in netlist.outputs[lo:hi].tolist():
            total += literal_terms(*of(net))
        terms = _collected(total)
        fixed = sum(value for monomial, value in terms if not monomial)
        moving = [value for monomial, value in terms if monomial]
        ranges.append((fixed + sum(min(0, one) for one in moving), fixed + sum(max(0, one) for one in moving)))
    return min(low for low, _ in ranges), max(high for _, high in ranges)


def _collected(terms: Sequence[tuple[Monomial, int]]) -> list[tuple[Monomial, int]]:
    """Equal monomials together, none with the coefficient 0."""
    found: dict[Monomial, int] = {}
    for monomial, value in terms:
        found[monomial] = found.get(monomial, 0) + value
    return [(monomial, value) for monomial, value in found.items() if value]


def prove_scores(proof: Proving, design: FlatDesign, scores: Scores) -> bool:
    """Prove the words of a design to be the model's scores; whether that was done."""
    forms: list[Form] = []

    def sums() -> tuple[str, str]:
        low, high = proof.circuit.head.score_range
        if not scores.holds(low, high):
            low, high = score_bounds(proof.circuit, proof.ordered)
        if not scores.holds(low, high):
            return OPEN, f"{scores.width} bits do not hold every score from {low} to {high}"
        found = Words(design, scores.bits)
        forms.extend(found.value(word, signed=scores.signed) for word in scores.words)
        return PROVED, f"{found.additions:,} additions, none overflows"

    if not proof.part("scores are weighted sums of nets", "weight conservation", sums):
        return False
    return proof.part(
        "the sums are the model's, vote by vote",
        "backward rewriting of polynomials, ABC &cec",
        lambda: ScoreSums(proof, design, forms, scores).prove(),
    )


class ScoreSums:
    """Scores as forms over nets of a design, modulo 2**width, beside the model's."""

    def __init__(self, proof: Proving, design: FlatDesign, forms: list[Form], scores: Scores) -> None:
        self.proof, self.design, self.forms, self.inside = proof, design, forms, scores.inside
        self.width, self.offset = scores.width, scores.offset
        self.leaves = sorted({bit for form in forms for bit in form.weights}, key=str)
        # Whether the head is of adders; else its counts are lookup tables, whose polynomials grow out of order.
        self.adders = f"module {proof.rtl.manifest.top}_head " in proof.rtl.text
        port = design.ports[proof.rtl.manifest.input_port]
        self.seen = written_by_shared(gates(design, port, self.leaves, by_level=self.adders))
        self.net = dict(zip(self.leaves, self.seen.outputs.tolist(), strict=True))
        self.model: Netlist = proof.circuit.netlist
        if proof.ordered is not None:
            proof.certificate.domain = "every value of the port's bits that the encoder's thresholds can give"

    def values(self, bits: Bits) -> NDArray[np.int64]:
        """The words (B, C) for inputs (B, I)."""
        return votes.values(self.forms, self.leaves, interp.evaluate(self.seen, bits))

    def differs(self, bits: Bits) -> Bits:
        """Which of inputs (B, I) give other scores than the model's."""
        seen = self.values(bits)
        wanted = interp.scores(self.proof.circuit, bits) + self.offset
        return np.asarray(((seen - wanted) & ((1 << self.width) - 1) != 0).any(axis=1))

    def prove(self) -> tuple[str, str]:
        """Group nets by simulation, compare the sums, prove the groups; a counterexample joins the samples."""
        samples, alone = self.proof.samples(), set[votes.Member]()
        # High bits of counts in lookup tables are 1 too rarely to be seen: constants are claimed of gates alone.
        for _ in range(_ROUNDS):
            self.proof.left()
            if (wrong := self.differs(samples)).any():
                return self._refuted(samples[int(wrong.argmax())])
            found = votes.Families.of(self.model, self.seen, samples, alone, constants=self.adders)
            where = self._compare(found)
            if where is not None and self.differs(where[None])[0]:
                return self._refuted(where)
            claims = found.claims(self.model, self.seen, self.proof.ordered)
            if equivalent(*output_halves(claims), self.proof.folder, self.proof.left()):
                if where is not None:
                    return OPEN, "the sums differ, but no input was found that shows it"
                return PROVED, f"{len(found.used):,} nets equal to others, pair by pair; every polynomial is zero"
            asked = unsettled(claims, self.proof.folder, self.proof.left())
            swept = sat_sweep(claims, _CONFLICTS, asked=frozenset(asked))
            if not len(swept.vectors) and not swept.undecided:
                return OPEN, "ABC says that two nets differ, but no input was found that shows it"
            samples = np.concatenate([samples, self.proof.legal(swept.vectors)])
            alone |= {sorted(found.used)[pair] for pair in swept.undecided}
        return OPEN, f"no grouping of the nets was found in {_ROUNDS} rounds"

    def _refuted(self, bits: Bits) -> tuple[str, str]:
        if self.inside:
            return OPEN, "the nets that are named as the scores are not the model's scores"
        self.proof.refutation = Refutation("scores", bits, self.differs)
        return REFUTED, "a vector with other scores"

    def _compare(self, found: votes.Families) -> Bits | None:
        """None if all sums are equal, given that the groups are right; else inputs that they differ on."""
        head, reduce = self.proof.circuit.head, _reduction(self.proof.ordered)
        for index, form in enumerate(self.forms):
            self.proof.left()
            sums = Polynomial(self.width)
            sums.add(frozenset(), form.constant)
            for bit, weight in form.weights.items():
                for monomial, factor in literal_terms(self.net[bit]):
                    sums.add(monomial, factor * weight)
            sums.rewrite(self.seen, found.seen)
            rest = Polynomial(self.width, reduce)
            for monomial, value in sums.terms.items():
                for product, factor in product_terms((literal_terms(*found.of_seen(net)) for net in monomial), value):
                    rest.add(product, factor)
            rest.add(frozenset(), -int(head.bias[index]) - self.offset)
            for net in self.model.outputs[head.offsets[index] : head.offsets[index + 1]].tolist():
                for monomial, factor in literal_terms(*found.of_model(net)):
                    rest.add(monomial, -factor)
            rest.rewrite(self.model, literal=found.of_model)
            if rest.terms:
                return _witness(rest, self.model.num_inputs, self.proof.ordered)
        return None


def _reduction(ordered: Encoder | None) -> Callable[[Monomial], Monomial] | None:
    """Of the bits of one feature the highest threshold implies the others: their product is that bit."""
    if ordered is None:
        return None
    steps = ordered.num_thresholds
    last = FIRST_INPUT + ordered.num_features * steps

    def reduce(monomial: Monomial) -> Monomial:
        if len(monomial) < 2:
            return monomial
        highest = {(net - FIRST_INPUT) // steps if net < last else -net: net for net in sorted(monomial)}
        return frozenset(highest.values())

    return reduce


def _witness(rest: Polynomial, num_inputs: int, ordered: Encoder | None) -> Bits:
    """Inputs on which a polynomial over inputs is not zero: those of a monomial that no other one divides."""
    best: Bits | None = None
    for monomial in rest.terms:
        bits = np.zeros(num_inputs, np.bool_)
        for net in monomial:
            place = net - FIRST_INPUT
            start = place - place % ordered.num_thresholds if ordered is not None else place
            bits[start : place + 1] = True
        if best is None or bits.sum() < best.sum():
            best = bits
    assert best is not None
    return best
