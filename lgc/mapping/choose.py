"""Which head is built: the one decision behind ``auto``, for commands, Python, the benchmarks and the tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from lgc.ir import Circuit
from lgc.mapping.estimate import Estimate
from lgc.mapping.heads import AUTO, all_heads, find_head
from lgc.mapping.heads.base import HeadArchitecture
from lgc.parts.fabrics import FABRICS, Fabric
from lgc.parts.part import Family, Part, parts

GENERIC = "generic"
_GENERIC_LUT = 6


@dataclass(frozen=True)
class Choice:
    """A head, and why it is built.

    Attributes:
        lut: operands of the lookup tables that it is made for.
        estimates: of the heads that were compared, the one of the fewest lookup-table sites first; empty where nothing
            was compared.
    """

    head: str
    lut: int
    reason: str
    estimates: tuple[Estimate, ...] = ()


@lru_cache(maxsize=8)
def choose_head(
    circuit: Circuit,
    fabric: str,
    part: Part | None = None,
    *,
    outputs: str = "both",
    pipeline: int = 0,
    asked: str = AUTO,
) -> Choice:
    """The head that ``auto`` stands for: of :func:`candidates`, that of the fewest LUT sites by estimate.

    Without a fabric it is plain arithmetic, which any tool takes. What the last calls gave is remembered.

    Args:
        circuit: as the passes left it.
        fabric: ``generic`` or a key of :data:`lgc.parts.fabrics.FABRICS`.
        part: whose carry chains plain arithmetic goes onto; by default any of the fabric's family.
        outputs: ``class``, ``scores`` or ``both``.
        pipeline: register stages, or as many as the circuit has places for.
        asked: a head; ``auto`` compares.
    """
    known = FABRICS.get(fabric)
    lut = known.lut if known else _GENERIC_LUT
    if asked != AUTO:
        made_for = find_head(asked).lut_sizes
        return Choice(asked, lut if known or lut in made_for else max(made_for), "as asked for")
    if known is None:
        head = next(one for one in all_heads() if one.is_portable)
        return Choice(head.name, lut, f"{head.about} for any tool; --fabric or --part fits it to lookup tables")
    family = part.family if part else _family(fabric)
    heads = candidates(known, pipeline)
    found = [one.estimate(circuit, lut=lut, outputs=outputs, pipeline=pipeline, family=family) for one in heads]
    ranked = by_size([one for one in found if find_head(one.head).is_taken(pipeline, known, one.sites)])
    sizes = ", ".join(f"{one.sites:,} LUT{lut} ({one.head})" for one in ranked)
    return Choice(ranked[0].head, lut, f"the smallest on {fabric} by estimate: {sizes}", ranked)


def candidates(fabric: Fabric, pipeline: int = 0) -> list[HeadArchitecture]:
    """The heads that ``auto`` compares on a fabric, for a circuit of so many register stages."""
    return [head for head in all_heads() if head.fits(fabric) and head.is_taken(pipeline)]


def by_size(estimates: Sequence[Estimate]) -> tuple[Estimate, ...]:
    """The one of the fewest lookup-table sites first; of equals the one that came first."""
    return tuple(sorted(estimates, key=lambda one: one.sites))


def _family(fabric: str) -> Family | None:
    return next((part.family for part in parts().values() if part.fabric == fabric), None)
