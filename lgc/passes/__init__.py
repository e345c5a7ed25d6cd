"""Every pass and every pipeline, on one page.

All levels keep every score of every class: O0 to O2 for all input bits, O3 for all features.

- ``O0``: nothing. One node per neuron of the model: for debugging, and what proofs compare with.
- ``O1``: constants folded, dead gates gone. What is left are gates of the model, one node a neuron.
- ``O2``: gates also merge and absorb inverters, and the head's constants become bias, until nothing changes.
- ``O3``: O2, and gates use that the encoder's bits are ordered. The circuit is then wrong for bits that no feature
  gives; its metadata and manifest say so, and `lgc verify` draws features.
"""

from __future__ import annotations

from lgc.errors import OptionError
from lgc.ir import Circuit
from lgc.passes.base import Pass, PassResult
from lgc.passes.dead import DeadGates
from lgc.passes.head_fold import HeadFold
from lgc.passes.levelize import Levelize
from lgc.passes.local import AbsorbInverters, ConstFold, FaninDedup
from lgc.passes.manager import BrokenPass, PassManager, PassStats, Pipeline, Repeat
from lgc.passes.thermometer import ThermometerFold

__all__ = [
    "EXACT_LEVELS",
    "PASSES",
    "PIPELINES",
    "BrokenPass",
    "Pass",
    "PassManager",
    "PassResult",
    "PassStats",
    "Pipeline",
    "Repeat",
    "optimize",
]

PASSES: dict[str, type[Pass]] = {
    "levelize": Levelize,
    "const-fold": ConstFold,
    "fanin-dedup": FaninDedup,
    "absorb-inverters": AbsorbInverters,
    "head-fold": HeadFold,
    "dead-gates": DeadGates,
    "thermometer": ThermometerFold,
}

_LOCAL = (
    AbsorbInverters(),  # removes inverters again, which makes more operands and gates equal
    HeadFold(),  # constants and pairs that the two exposed; unloads the popcount
    DeadGates(),  # the other two leave gates that nothing reads
)

PIPELINES: dict[str, Pipeline] = {
    "O0": (),
    "O1": (
        Levelize(),  # long runs make the sweeps fast
        ConstFold(),
        DeadGates(),  # folding leaves gates that nothing reads
        Levelize(),  # last: folding moves gates to lower levels, and backends want long runs too
    ),
    "O2": (
        Levelize(),
        ConstFold(),  # first: it is the cheapest way to fewer gates
        DeadGates(),
        FaninDedup(),  # makes inverters of complementary twins
        Repeat(_LOCAL),
        Levelize(),
    ),
    "O3": (
        Levelize(),
        ConstFold(),
        DeadGates(),
        FaninDedup(),
        # Absorbing inverters moves encoded bits together, and what the order of bits folds makes new inverters.
        Repeat((ThermometerFold(), *_LOCAL)),
        Levelize(),
    ),
}

EXACT_LEVELS = ("O0", "O1", "O2")
"""Those that keep every score for all input bits, whether features give them or not."""


def optimize(circuit: Circuit, level: str = "O2") -> Circuit:
    """The circuit after one of :data:`PIPELINES`.

    Raises:
        OptionError: there is no such level.
    """
    if level not in PIPELINES:
        raise OptionError(f"no optimisation level '{level}'", hint=f"There are: {', '.join(PIPELINES)}")
    return PassManager().run(circuit, PIPELINES[level])
