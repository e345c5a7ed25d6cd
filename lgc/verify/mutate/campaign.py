"""`lgc verify --mutate`: put faults in, see which vectors notice, and settle the rest."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from lgc.backend.verilog.textnet import vote_groups
from lgc.errors import MissingToolError, NotCheckedError
from lgc.frontend.reference import Reference
from lgc.progress import Progress
from lgc.verify.comparison import Comparison
from lgc.verify.formats.verilog import VerilogText
from lgc.verify.mutate.faults import Fault, Places, find_places, sample_faults
from lgc.verify.mutate.proofs import PROOF, Answer, FlatText, decide_by_proof, is_combinational
from lgc.verify.mutate.screen import Screen
from lgc.verify.mutate.survivors import decide
from lgc.verify.vectors import VectorSet

KILLED, SURVIVED, EQUIVALENT, UNDECIDED = "killed", "survived", "equivalent", "undecided"
FATES = (KILLED, SURVIVED, EQUIVALENT, UNDECIDED)
_ALL_INPUTS = 14  # up to so many inputs, every vector is tried


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


def mutate(comparison: Comparison[VerilogText], sets: Sequence[VectorSet], count: int, seed: int = 0) -> Campaign:
    """Judge vectors by faults in the emitted text.

    Args:
        sets: the vectors to judge; directed ones are tried first, which is the shortest way.
        count: how many faults to try.
        seed: of the choice among them.

    Raises:
        NotCheckedError: no vectors, the text without a fault already differs, or a simulation did not end.
    """
    rtl, timeout = comparison.device.rtl, comparison.device.options.timeout
    if not any(len(one.bits) for one in sets):
        raise NotCheckedError("there are no vectors: no fault was tried", hint="Give data, or --random N")
    places = find_places(rtl.text, comparison.num_inputs)
    faults = sample_faults(places, count, seed)
    if not faults:
        raise NotCheckedError("the Verilog has no place for a fault: nothing was tried")
    campaign = Campaign(count, seed)
    comparison.progress.step("mutants: build", 0, len(faults))
    start = time.perf_counter()
    screen = Screen(rtl, [fault.edits for fault in faults], comparison.folder, timeout)
    campaign.build_seconds = time.perf_counter() - start
    tester = _Tester(screen, comparison.reference)
    survivors = _screened(campaign, faults, tester, sets, comparison.progress)
    start = time.perf_counter()
    _Survivors(comparison, places, tester).settle(campaign, survivors)
    campaign.decide_seconds = time.perf_counter() - start
    return campaign


def _screened(
    campaign: Campaign, faults: Sequence[Fault], tester: _Tester, sets: Sequence[VectorSet], progress: Progress
) -> list[tuple[int, Fault]]:
    """Write down the faults that vectors show; returns the others, with their numbers.

    Raises:
        NotCheckedError: the text without a fault already differs, or the simulation did not end.
    """
    progress.step("mutants: simulate", 0, len(faults))
    start = time.perf_counter()
    ordered = sorted(sets, key=lambda one: one.kind != "directed")
    shown = tester.run(range(len(faults) + 1), np.concatenate([one.bits for one in ordered]))
    if shown[0] is not None:
        raise NotCheckedError(
            "the Verilog differs from the model without any fault: the vectors cannot be judged",
            hint="`lgc verify` without --mutate says where",
        )
    campaign.simulate_seconds = time.perf_counter() - start
    kinds = [one.kind for one in ordered for _ in range(len(one.bits))]
    survivors = []
    for number, (fault, row) in enumerate(zip(faults, shown[1:], strict=True), 1):
        if row is None:
            survivors.append((number, fault))
        else:
            campaign.outcomes.append(Outcome(fault, KILLED, kinds[row] if row >= 0 else "out_valid"))
    return survivors


class _Tester:
    """Expected values and the screen together."""

    def __init__(self, screen: Screen, reference: Reference) -> None:
        self._screen, self._reference = screen, reference

    def run(self, mutants: Sequence[int], bits: NDArray[np.bool_]) -> list[int | None]:
        scores = self._reference.scores(bits)
        return self._screen.run(mutants, bits, scores, self._reference.classify(scores))


@dataclass
class _Survivors:
    """Faults that no vector showed: proved equivalent, or shown by a vector, which is then simulated like any other."""

    comparison: Comparison[VerilogText]
    places: Places
    tester: _Tester

    def settle(self, campaign: Campaign, survivors: Sequence[tuple[int, Fault]]) -> None:
        """By the cheapest way that decides: SAT on the gates, every input where those are few, a proof."""
        left = dict(survivors)
        rows = self._try(campaign, left, self._by_sat, "SAT")
        rows += self._exhaust(campaign, left)
        rows += self._try(campaign, left, self._by_proof, PROOF)
        campaign.outcomes += [Outcome(fault, UNDECIDED, "") for fault in left.values()]
        if rows:
            campaign.vectors = VectorSet("mutation", np.unique(np.stack(rows), axis=0))

    def _by_sat(self, number: int, fault: Fault) -> Answer:
        del number
        if fault.change is None or self.places.netlist is None:
            return None
        netlist, rtl = self.places.netlist.netlist, self.comparison.device.rtl
        return decide(netlist, fault.change, vote_groups(rtl.text, netlist, rtl.manifest.group_sizes))

    def _by_proof(self, number: int, fault: Fault) -> Answer:
        device, folder = self.comparison.device, self.comparison.folder / "proofs" / str(number)
        return decide_by_proof(self._flat, fault, self.comparison.circuit, folder, device.options.timeout)

    @cached_property
    def _flat(self) -> FlatText:
        device = self.comparison.device
        return FlatText(device.rtl, self.comparison.folder / "proofs" / "good", device.options.timeout)

    def _try(
        self, campaign: Campaign, left: dict[int, Fault], way: Callable[[int, Fault], Answer], name: str
    ) -> list[NDArray[np.bool_]]:
        """Take the faults that a way decides out of those left; returns the vectors it makes."""
        found: dict[int, NDArray[np.bool_]] = {}
        waiting = list(left.items())
        for done, (number, fault) in enumerate(waiting):
            self.comparison.progress.step(f"mutants: settle survivors by {name}", done, len(waiting))
            try:
                answer = way(number, fault)
            except MissingToolError as error:
                campaign.notes = [str(error)]
                break
            if answer is False:
                campaign.outcomes.append(Outcome(left.pop(number), EQUIVALENT, name))
            elif answer is not None:
                found[number] = np.asarray(answer)
        rows = list(found.values())
        shown = self.tester.run(list(found), np.stack(rows)) if rows else []
        for number, row in zip(found, shown, strict=True):
            if row is not None:  # else only the class is a port, and it stays
                campaign.outcomes.append(Outcome(left.pop(number), SURVIVED, name))
        return rows

    def _exhaust(self, campaign: Campaign, left: dict[int, Fault]) -> list[NDArray[np.bool_]]:
        """Every input, where those are few: a proof, unless it matters what comes before and after."""
        num_inputs, rtl = self.comparison.num_inputs, self.comparison.device.rtl
        mine = [number for number, fault in left.items() if is_combinational(rtl, fault)]
        if not mine or num_inputs > _ALL_INPUTS:
            return []
        everything = ((np.arange(1 << num_inputs)[:, None] >> np.arange(num_inputs)) & 1).astype(np.bool_)
        rows = []
        for number, row in zip(mine, self.tester.run(mine, everything), strict=True):
            fate = EQUIVALENT if row is None else SURVIVED
            campaign.outcomes.append(Outcome(left.pop(number), fate, "all inputs"))
            rows += [everything[row]] if row is not None and row >= 0 else []
        return rows
