"""A netlist that the interpreter evaluates, and scores made of its outputs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lgc.ir import Head, Netlist, interp
from lgc.sim.simulate import Observed

Bits = NDArray[np.bool_]


@dataclass(frozen=True)
class Evaluated:
    """A netlist and what makes scores of its outputs.

    Attributes:
        inputs: int64 (I,), per input of the netlist the encoder's bit that it reads.
        outputs: int64 (O,), per output that the head counts the netlist's output.
    """

    netlist: Netlist
    head: Head
    inputs: NDArray[np.int64]
    outputs: NDArray[np.int64]

    def run(self, bits: Bits, *, progress: Callable[[int], None] | None = None) -> Observed:
        """See :class:`lgc.verify.subject.Runner`."""
        del progress
        votes = interp.evaluate(self.netlist, bits[:, self.inputs])[:, self.outputs].astype(np.int64)
        # The sum up to each output: what a group adds is a difference, whatever its size.
        sums = np.concatenate([np.zeros((len(bits), 1), np.int64), votes.cumsum(axis=1)], axis=1)
        scores = sums[:, self.head.offsets[1:]] - sums[:, self.head.offsets[:-1]] + self.head.bias
        return Observed(scores, self.head.classify(scores), {})
