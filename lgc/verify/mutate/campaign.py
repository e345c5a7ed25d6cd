"""`lgc verify --mutate`: put faults in, see which vectors notice, and settle the rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from lgc.errors import NotCheckedError
from lgc.farm import Here, Workers, all_answers
from lgc.ir import interp
from lgc.verify.comparison import Comparison
from lgc.verify.formats.verilog import VerilogText
from lgc.verify.mutate.fates import EQUIVALENT, FATES, KILLED, SURVIVED, UNDECIDED, Outcome, Shard
from lgc.verify.mutate.shard import FAULTS, Judged, judge_shard, shard_tasks
from lgc.verify.subject import DeviceUnderTest
from lgc.verify.vectors import VectorSet

__all__ = ["EQUIVALENT", "FATES", "KILLED", "SURVIVED", "UNDECIDED", "Campaign", "Outcome", "collected", "mutate"]

D = TypeVar("D", bound=DeviceUnderTest)


@dataclass
class Campaign:
    """A mutation run.

    Attributes:
        asked: how many faults were asked for; there may be fewer places.
        vectors: those that were made, or None.
        notes: what kept faults undecided.
    """

    asked: int
    seed: int
    outcomes: list[Outcome] = field(default_factory=list)
    vectors: VectorSet | None = None
    notes: list[str] = field(default_factory=list)
    build_seconds: float = 0.0
    simulate_seconds: float = 0.0
    decide_seconds: float = 0.0

    def count(self, fate: str, kind: str | None = None) -> int:
        """Faults of that fate (and kind)."""
        return sum(one.fate == fate and kind in (None, one.fault.kind) for one in self.outcomes)

    @property
    def kinds(self) -> list[str]:
        """Kinds of faults, the most frequent first."""
        return [kind for kind, _ in Counter(one.fault.kind for one in self.outcomes).most_common()]


def mutate(
    comparison: Comparison[VerilogText],
    sets: Sequence[VectorSet],
    count: int,
    seed: int = 0,
    farm: Workers | None = None,
) -> Campaign:
    """Judge vectors by faults in the emitted text.

    Args:
        sets: the vectors to judge; directed ones are tried first, which is the shortest way.
        count: how many faults to try.
        seed: of the choice among them.
        farm: who works, so many faults a task; by default this process. The campaign is the same.

    Raises:
        NotCheckedError: no vectors, the text without a fault already differs, or a simulation did not end.
    """
    if not any(len(one.bits) for one in sets):
        raise NotCheckedError("there are no vectors: no fault was tried", hint="Give data, or --random N")
    ordered = sorted(sets, key=lambda one: one.kind != "directed")
    bits = np.concatenate([one.bits for one in ordered])
    scores, kinds = comparison.reference.scores(bits), [one.kind for one in ordered for _ in range(len(one.bits))]
    judged = Judged(
        comparison.device.rtl, comparison.circuit, comparison.device.options.timeout, bits, scores,
        comparison.reference.classify(scores), tuple(kinds), count, seed,
    )  # fmt: skip
    if not judged.faults:
        raise NotCheckedError("the Verilog has no place for a fault: nothing was tried")
    comparison.folder.mkdir(parents=True)
    tasks = shard_tasks(judged.request(), judged, len(judged.faults), FAULTS, comparison.folder)
    found = all_answers(farm or Here(comparison.progress), judge_shard, tasks, comparison.progress, "mutants: shards")
    return collected(Campaign(count, seed), found, comparison)


def collected(campaign: Campaign, shards: Sequence[Shard | NotCheckedError], comparison: Comparison[D]) -> Campaign:
    """What shards found, as one campaign, in the order of the faults.

    Raises:
        NotCheckedError: a shard could not be judged, or a vector that one made has other scores than the model gives.
    """
    rows: list[NDArray[np.bool_]] = []
    for one in shards:
        if isinstance(one, NotCheckedError):
            raise one
        campaign.outcomes += one.outcomes
        campaign.notes = campaign.notes or one.notes
        campaign.build_seconds += one.build_seconds
        campaign.simulate_seconds += one.simulate_seconds
        campaign.decide_seconds += one.decide_seconds
        rows += one.rows
    if rows:
        campaign.vectors = VectorSet("mutation", np.unique(np.stack(rows), axis=0))
        made = campaign.vectors.bits
        if (comparison.reference.scores(made) != interp.scores(comparison.circuit, made)).any():
            raise NotCheckedError("the model's own scores are not the interpreter's on a vector that was made")
    return campaign
