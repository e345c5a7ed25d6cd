"""Every pass and every pipeline, on one page.

All levels keep every score of every class: O0 to O2 for all input bits, O3 for all features.

- ``O0``: nothing. One node per neuron of the model: for debugging, and what proofs compare with.
- ``O1``: constants folded, dead gates gone. What is left are gates of the model, one node a neuron.
- ``O2``: gates also merge and absorb inverters, and the head's constants become bias, until nothing changes.
- ``O3``: O2, and gates use that the encoder's bits are ordered. The circuit is then wrong for bits that no feature
  gives; its metadata and manifest say so, and `lgc verify` draws features.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from lgc.errors import OptionError
from lgc.ir import Circuit
from lgc.passes.base import Pass, PassResult
from lgc.passes.dead import DeadGates
from lgc.passes.head_fold import HeadFold
from lgc.passes.levelize import Levelize
from lgc.passes.local import AbsorbInverters, ConstFold, FaninDedup
from lgc.passes.manager import BrokenPass, PassManager, PassPipeline, PassStats, Repeat
from lgc.passes.thermometer import ThermometerFold
from lgc.plugins import broken, load_class, plugins

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

__all__ = [
    "EXACT_LEVELS",
    "PASSES",
    "PIPELINES",
    "BrokenPass",
    "Pass",
    "PassManager",
    "PassPipeline",
    "PassResult",
    "PassStats",
    "Repeat",
    "all_passes",
    "optimize",
    "pipeline_of",
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

PIPELINES: dict[str, PassPipeline] = {
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

GROUP = "lgc.passes"
"""The entry points by which installed distributions add passes."""

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


def all_passes() -> dict[str, type[Pass]]:
    """Our own passes by name, then those of installed distributions.

    Raises:
        ToolError: a distribution adds something that is no pass.
    """
    return PASSES | {name: _loaded(point) for name, point in plugins(GROUP, PASSES).items()}


def pipeline_of(names: str) -> tuple[Pass, ...]:
    """The passes of a list such as ``const-fold,dead-gates``, in that order.

    Raises:
        OptionError: there is no such pass, or none is named.
        ToolError: a distribution adds something that is no pass.
    """
    wanted = [name.strip() for name in names.split(",")]
    added = plugins(GROUP, PASSES) if not set(wanted) <= set(PASSES) else {}
    unknown = [name for name in wanted if name not in PASSES and name not in added]
    if unknown:
        raise OptionError(f"no pass is called '{unknown[0]}'", hint=_nearest(unknown[0], [*PASSES, *added]))
    return tuple((PASSES[name] if name in PASSES else _loaded(added[name]))() for name in wanted)


def _nearest(name: str, known: list[str]) -> str:
    near = get_close_matches(name, known, 1)
    return f"Did you mean {near[0]}?" if near else f"There are: {', '.join(known)}"


def _loaded(point: EntryPoint) -> type[Pass]:
    found: type[Pass] = load_class(point, Pass)
    if getattr(found, "name", None) != point.name:
        raise broken(point, f"the pass calls itself '{getattr(found, 'name', '')}'")
    return found
