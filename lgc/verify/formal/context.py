"""What the steps of a proof share: what is proved, the time left, and what has been found."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lgc.backend.verilog.rtl import Rtl
from lgc.errors import NotCheckedError
from lgc.ir import Circuit, Encoder
from lgc.progress import Progress
from lgc.verify.formal.certificate import OPEN, PROVED, Certificate, Claim
from lgc.verify.reduce import Differs
from lgc.verify.vectors import random_vectors

Bits = NDArray[np.bool_]

SCORES, CLASS = "scores", "class_id"
"""Groups of claims: that the scores are the model's, and that the class is that of the scores, whatever these are."""
_SAMPLES = 2048


@dataclass(frozen=True, eq=False)
class Refutation:
    """Inputs, bool (I,), on which Verilog and model differ; None if it is about time.

    ``differs`` says of vectors (B, I) which of them show it, by what yosys read.
    """

    claim: str
    bits: Bits | None
    differs: Differs | None = None


@dataclass
class Proving:
    """What is proved, and how far it has come.

    Attributes:
        circuit: the unoptimised circuit of the model.
        folder: to work in.
        deadline: on the monotonic clock, in seconds.
        only: the group of claims that is proved here, where others prove the rest; None is all of them.
        reached: the groups that some claim was found to be of.
    """

    rtl: Rtl
    circuit: Circuit
    folder: Path
    deadline: float
    certificate: Certificate
    progress: Progress
    refutation: Refutation | None = None
    only: str | None = None
    reached: set[str] = field(default_factory=set)

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

    def samples(self) -> Bits:
        """Inputs (B, I) of the domain."""
        bits = random_vectors(self.circuit.netlist.num_inputs, _SAMPLES, 0).bits
        bits = np.concatenate([bits, np.zeros_like(bits[:1]), np.ones_like(bits[:1])])
        return self.legal(bits)

    def legal(self, bits: Bits) -> Bits:
        """Inputs moved into the domain."""
        return bits if self.ordered is None else self.ordered.ordered(bits)

    def part(
        self,
        claim: str,
        engine: str,
        step: Callable[[], tuple[str, str]],
        *,
        group: str = SCORES,
        prepares: bool = False,
    ) -> bool:
        """Run one step and write down its outcome; whether it was proved, or is for somebody else to prove.

        Args:
            group: of claims that do not depend on those of other groups, but on what steps of them prepare.
            prepares: whether later steps need what this one makes.
        """
        self.reached.add(group)
        own = self.only in (None, group)
        if not own and not prepares:
            return True
        self.progress.step(claim)
        start = time.perf_counter()
        try:
            self.left()
            result, note = step()
        except NotCheckedError as error:
            result, note = OPEN, str(error)
        if own:
            self.certificate.parts.append(Claim(claim, result, engine, round(time.perf_counter() - start, 3), note))
        return result == PROVED
