"""A replayed wiring against a reference netlist: which input is which bit, and what the outputs are, found by trying.

A reference of the checkpoint's own tool has bit i of the checkpoint's order at input i; one of lgc has lgc's order. Its
outputs are the gates before the head, or one score word a class in any order of classes and of bits.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lgc.errors import OptionError
from lgc.frontend.lower import lower
from lgc.frontend.model import Model
from lgc.ir import Circuit
from lgc.ir.interp import evaluate, scores

_VECTORS = 4096
_MAX_WORD = 62

Bits = NDArray[np.bool_]


@dataclass(frozen=True)
class Sizes:
    """What a reference must fit.

    Attributes:
        inputs: bits.
        gates: before the head.
        classes: scores.
        largest: the largest score, bias left out.
    """

    inputs: int
    gates: int
    classes: int
    largest: int

    @classmethod
    def of(cls, circuit: Circuit) -> Sizes:
        """Those of a model's circuit."""
        netlist = circuit.netlist
        return cls(netlist.num_inputs, netlist.num_outputs, circuit.head.num_classes, _largest(circuit.head.offsets))

    def check(self, inputs: int, outputs: int, classes: int | None = None) -> None:
        """Refuse a reference whose numbers of inputs and outputs fit no reading.

        Args:
            classes: how many scores it has; None is as many as outputs.

        Raises:
            OptionError: with the numbers.
        """
        if inputs != self.inputs:
            raise OptionError(f"the netlist of --check has {inputs} inputs, the model {self.inputs}")
        if outputs == self.gates or (classes or outputs) == self.classes or self.word(outputs):
            return
        raise OptionError(
            f"the netlist of --check has {outputs} outputs, the model {self.gates} gates before its head and "
            f"{self.classes} scores of up to {self.largest}"
        )

    def word(self, outputs: int) -> int | None:
        """The bits of one score word, if outputs can be words that hold every score."""
        width = outputs // self.classes
        fits = outputs % self.classes == 0 and self.largest.bit_length() <= width <= _MAX_WORD
        return width if fits else None


@dataclass(frozen=True)
class NetlistCheck:
    """Equality with a netlist on random vectors."""

    reference: Circuit

    def judge(self, model: Model, order: NDArray[np.int64]) -> tuple[bool, str]:
        """Whether some reading of the reference agrees, and the evidence in words: the best reading's.

        Args:
            order: int64 (I,), the encoder's bit that the checkpoint calls bit i.

        Raises:
            OptionError: the sizes fit no reading.
        """
        circuit, reference = lower(model), self.reference
        sizes = Sizes.of(circuit)
        sizes.check(reference.netlist.num_inputs, reference.netlist.num_outputs, reference.head.num_classes)
        rng = np.random.default_rng(0)
        width = circuit.netlist.num_inputs
        bits = rng.random((_VECTORS, width)) < rng.uniform(0.05, 0.95, (_VECTORS, 1))
        best = (-1.0, "")
        for which, inputs in _orders(order, lgc_first=reference.encoder.thresholds is not None):
            # Column i of what the reference reads is the encoder's bit inputs[i].
            for share, verdict in _readings(reference, circuit, bits[:, inputs], bits):
                if share == 1.0:
                    return True, f"{verdict}{which}"
                best = max(best, (share, verdict), key=lambda found: found[0])
        return False, best[1]


def _orders(order: NDArray[np.int64], *, lgc_first: bool) -> list[tuple[str, NDArray[np.int64]]]:
    own = np.arange(len(order))
    if np.array_equal(order, own):
        return [("", own)]
    found = [(", inputs in the checkpoint's order", order), (", inputs in lgc's order", own)]
    return found[::-1] if lgc_first else found


def _readings(reference: Circuit, circuit: Circuit, theirs: Bits, ours: Bits) -> Iterator[tuple[float, str]]:
    """For each reading of the outputs: the share that agrees, and the evidence."""
    outputs = reference.netlist.num_outputs
    found = evaluate(reference.netlist, theirs)
    if outputs == circuit.netlist.num_outputs:
        same = (found == evaluate(circuit.netlist, ours)).mean(axis=0)
        match = int((same == 1.0).sum())
        yield match / outputs, f"{match} of {outputs} gates match on {_VECTORS} random vectors"
    counted = scores(circuit, ours)
    if reference.head.num_classes == circuit.head.num_classes:
        rows = (scores(reference, theirs) == counted).all(axis=1)
        yield float(rows.mean()), f"{int(rows.sum())} of {_VECTORS} score vectors match"
    width = Sizes.of(circuit).word(outputs)
    if width is not None:
        yield from _words(found.reshape(len(found), -1, width), counted, circuit)


def _words(words: Bits, counted: NDArray[np.int64], circuit: Circuit) -> Iterator[tuple[float, str]]:
    """The outputs as score words (B, C, W), in both orders of classes and of bits, with the bias and without it."""
    weights = np.int64(1) << np.arange(words.shape[2], dtype=np.int64)
    targets = [("", counted)]
    if circuit.head.bias.any():
        targets.append((", without the bias", counted - circuit.head.bias))
    for bits, scale in (("lowest", weights), ("highest", weights[::-1])):
        numbers = words.astype(np.int64) @ scale
        for place, values in (("lowest", numbers), ("highest", numbers[:, ::-1])):
            for what, target in targets:
                rows = (values == target).all(axis=1)
                yield (
                    float(rows.mean()),
                    f"{int(rows.sum())} of {_VECTORS} score vectors match, one word of {words.shape[2]} bits a class, "
                    f"class 0 in the {place} outputs, the {bits} bit first{what}",
                )


def _largest(offsets: NDArray[np.int64]) -> int:
    return int(np.diff(offsets).max())
