"""`lgc verify --mutate`: put faults in, see which vectors notice, and settle the rest."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lgc.errors import MissingToolError, NotCheckedError
from lgc.ir import Circuit
from lgc.sim.mutate.faults import Fault, sample_faults
from lgc.sim.mutate.screen import Screen
from lgc.sim.mutate.survivors import decide
from lgc.sim.reference import Reference
from lgc.sim.rtl import Rtl
from lgc.sim.textnet import read_text, vote_groups
from lgc.sim.vectors import VectorSet

CAUGHT, NEW_VECTOR, EQUIVALENT, UNDECIDED = "caught", "new vector", "equivalent", "undecided"
FATES = (CAUGHT, NEW_VECTOR, EQUIVALENT, UNDECIDED)
_ALL_INPUTS = 14  # up to so many inputs, every vector is tried


@dataclass(frozen=True)
class Outcome:
    """What became of a fault.

    Attributes:
        fate: ``caught`` by the vectors given; by a ``new vector``; ``equivalent``, proved; or ``undecided``.
        by: the kind of vectors that showed it first, ``out_valid``, or what decided.
    """

    fault: Fault
    fate: str
    by: str


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
    rtl: Rtl,
    circuit: Circuit,
    reference: Reference,
    sets: Sequence[VectorSet],
    folder: Path,
    *,
    count: int,
    seed: int = 0,
    timeout: float = 3600.0,
    progress: Callable[[str, int], None] | None = None,
) -> Campaign:
    """Judge vectors by faults in the emitted text.

    Args:
        circuit: the unoptimised circuit; its head says which votes are which class's.
        sets: the vectors to judge; directed ones are tried first, which is the shortest way.

    Raises:
        NotCheckedError: no vectors, the text without a fault already differs, or a simulation did not end.
    """
    step = progress or (lambda _step, _done: None)
    if not any(len(one.bits) for one in sets):
        raise NotCheckedError("there are no vectors: no fault was tried", hint="Give data, or --random N")
    text = read_text(rtl.text, circuit.netlist.num_inputs)
    faults = sample_faults(rtl.text, text, count, seed)
    if not faults:
        raise NotCheckedError("the Verilog has no place for a fault: nothing was tried")
    campaign = Campaign(count, seed)
    step("mutants", 0)
    start = time.perf_counter()
    screen = Screen(rtl, [fault.edits for fault in faults], folder, timeout)
    campaign.build_seconds = time.perf_counter() - start
    start = time.perf_counter()
    tester = _Tester(screen, reference)
    ordered = sorted(sets, key=lambda one: one.kind != "directed")
    shown = tester.run(range(len(faults) + 1), np.concatenate([one.bits for one in ordered]))
    if shown[0] is not None:
        raise NotCheckedError(
            "the Verilog differs from the model without any fault: the vectors cannot be judged",
            hint="`lgc verify` without --mutate says where",
        )
    campaign.simulate_seconds = time.perf_counter() - start
    start = time.perf_counter()
    step("survivors", 0)
    kinds = [one.kind for one in ordered for _ in range(len(one.bits))]
    survivors = []
    for number, (fault, row) in enumerate(zip(faults, shown[1:], strict=True), 1):
        if row is None:
            survivors.append((number, fault))
        else:
            campaign.outcomes.append(Outcome(fault, CAUGHT, kinds[row] if row >= 0 else "out_valid"))
    _settle(campaign, survivors, text.netlist, circuit, rtl, tester)
    campaign.decide_seconds = time.perf_counter() - start
    return campaign


class _Tester:
    """Expected values and the screen together."""

    def __init__(self, screen: Screen, reference: Reference) -> None:
        self._screen, self._reference = screen, reference

    def run(self, mutants: Sequence[int], bits: NDArray[np.bool_]) -> list[int | None]:
        scores = self._reference.scores(bits)
        return self._screen.run(mutants, bits, scores, self._reference.classify(scores))


def _settle(campaign, survivors, netlist, circuit, rtl, tester) -> None:  # type: ignore[no-untyped-def]
    """Survivors: proved equivalent, or shown by a vector that is then tried in the simulator like any other."""
    num_inputs = circuit.netlist.num_inputs
    offsets = vote_groups(rtl.text, netlist, rtl.manifest.group_sizes)
    found: dict[int, NDArray[np.bool_]] = {}
    left = []
    for number, fault in survivors:
        answer = None
        if fault.change is not None:
            try:
                answer = decide(netlist, fault.change, offsets)
            except MissingToolError as error:
                campaign.notes = [str(error)]
        if answer is False:
            campaign.outcomes.append(Outcome(fault, EQUIVALENT, "SAT"))
        elif answer is None:
            left.append((number, fault))
        else:
            found[number] = np.asarray(answer)
    rows = list(found.values())
    shown = tester.run(list(found), np.stack(rows)) if rows else []
    by_number = dict(survivors)
    for number, row in zip(found, shown, strict=True):
        if row is None:  # only the class is a port, and it stays
            left.append((number, by_number[number]))
        else:
            campaign.outcomes.append(Outcome(by_number[number], NEW_VECTOR, "SAT"))
    rows += _exhaust(campaign, left, num_inputs, tester)
    if rows:
        campaign.vectors = VectorSet("mutation", np.unique(np.stack(rows), axis=0))


def _exhaust(campaign, left, num_inputs, tester) -> list[NDArray[np.bool_]]:  # type: ignore[no-untyped-def]
    """Every input, where those are few; else the faults stay undecided."""
    if not left:
        return []
    if num_inputs > _ALL_INPUTS:
        campaign.outcomes += [Outcome(fault, UNDECIDED, "") for _, fault in left]
        return []
    everything = ((np.arange(1 << num_inputs)[:, None] >> np.arange(num_inputs)) & 1).astype(np.bool_)
    rows = []
    for (_, fault), row in zip(left, tester.run([number for number, _ in left], everything), strict=True):
        if row is None:
            campaign.outcomes.append(Outcome(fault, EQUIVALENT, "all inputs"))
        else:
            campaign.outcomes.append(Outcome(fault, NEW_VECTOR, "all inputs"))
            rows += [everything[row]] if row >= 0 else []
    return rows
