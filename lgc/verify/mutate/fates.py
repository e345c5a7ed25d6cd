"""What becomes of faults."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lgc.verify.mutate.faults import Fault

KILLED, SURVIVED, EQUIVALENT, UNDECIDED = "killed", "survived", "equivalent", "undecided"
FATES = (KILLED, SURVIVED, EQUIVALENT, UNDECIDED)


@dataclass(frozen=True)
class Outcome:
    """What became of a fault.

    Attributes:
        fate: ``killed`` by the vectors given; ``survived`` them, but a new vector kills it; ``equivalent``, proved; or
            ``undecided``.
        by: the kind of vectors that showed it first, ``out_valid``, or what decided.
    """

    fault: Fault
    fate: str
    by: str


@dataclass
class Shard:
    """What became of some of the faults.

    Attributes:
        outcomes: in their order.
        rows: vectors that were made, bool (I,) each.
        notes: what kept faults undecided.
    """

    outcomes: list[Outcome] = field(default_factory=list)
    rows: list[NDArray[np.bool_]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    build_seconds: float = 0.0
    simulate_seconds: float = 0.0
    decide_seconds: float = 0.0
