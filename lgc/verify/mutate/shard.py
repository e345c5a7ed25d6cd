"""Some of the faults of a campaign: a task, which any worker can do.

How many faults a shard has is fixed. What survivors are tried with depends on the shard, so that a campaign is the same
however many workers there are.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import lgc
from lgc.backend.verilog.rtl import Rtl
from lgc.backend.verilog.textnet import vote_groups
from lgc.errors import MissingToolError, NotCheckedError
from lgc.farm import Task, check_version, progress_here
from lgc.ir import Circuit, interp
from lgc.verify.carried import digest_of_arrays, digests, room, unpacked
from lgc.verify.mutate.climb import near_ties
from lgc.verify.mutate.fates import EQUIVALENT, KILLED, SURVIVED, UNDECIDED, Outcome, Shard
from lgc.verify.mutate.faults import Fault, Places, find_places, sample_faults
from lgc.verify.mutate.proofs import PROOF, Answer, FlatText, decide_by_proof, is_combinational
from lgc.verify.mutate.screen import Screen
from lgc.verify.mutate.survivors import decide
from lgc.verify.vectors import random_vectors

FAULTS = 250
"""Of a shard."""
_TIES = 1024  # inputs on which classes are close, which survivors are tried with
_ALL_INPUTS = 14  # up to so many inputs, every vector is tried


@dataclass(frozen=True, eq=False)
class Judged:
    """Vectors that are judged, and by what.

    Attributes:
        circuit: the unoptimised circuit of the model.
        timeout: seconds that a run may take.
        bits: the vectors, bool (B, I), in the order they are tried.
        scores, classes: what is right, int64 (B, C) and (B,).
        kinds: of each vector, what it is.
        count, seed: how many faults are chosen, and by which seed.
    """

    rtl: Rtl
    circuit: Circuit
    timeout: float
    bits: NDArray[np.bool_]
    scores: NDArray[np.int64]
    classes: NDArray[np.int64]
    kinds: tuple[str, ...]
    count: int
    seed: int

    @cached_property
    def places(self) -> Places:
        """Where faults can be."""
        return find_places(self.rtl.text, self.circuit.netlist.num_inputs)

    @cached_property
    def faults(self) -> list[Fault]:
        """All faults of the campaign."""
        return sample_faults(self.places, self.count, self.seed)

    def request(self) -> dict[str, object]:
        """What decides the fates."""
        vectors = digest_of_arrays(self.bits, self.scores, self.classes)
        return {
            "task": "mutants", "lgc": lgc.__version__, **digests(self.rtl), "circuit": self.circuit.digest(),
            "vectors": vectors, "count": self.count, "seed": self.seed, "timeout": self.timeout,
        }  # fmt: skip


def shard_tasks(request: Mapping[str, object], judged: object, count: int, size: int, folder: Path) -> list[Task]:
    """A campaign of ``count`` faults as tasks of ``size`` faults.

    Args:
        folder: to build in, for workers that see it.
    """
    return [
        {"request": {**request, "first": first, "faults": size}, "judged": judged, "folder": str(folder)}
        for first in range(0, count, size)
    ]


def judge_shard(task: Task) -> Shard | NotCheckedError:
    """Do a task: what became of its faults, or why they could not be judged."""
    request, judged = task["request"], task["judged"]
    check_version(request)
    first = int(request["first"])
    with room(task["folder"], f"faults{first}") as folder:
        mine = judged.faults[first : first + int(request["faults"])]
        try:
            return _Judging(judged, mine, folder).shard()
        except NotCheckedError as error:
            return error


class _Judging:
    """One simulator with a shard's faults, and what becomes of them."""

    def __init__(self, judged: Judged, faults: Sequence[Fault], folder: Path) -> None:
        self.judged, self.faults, self.folder = judged, faults, folder
        self.rtl = unpacked(judged.rtl, folder)
        self.told, self.found = progress_here(), Shard()
        self.fates: dict[int, Outcome] = {}
        self.left = dict(enumerate(faults, 1))

    def shard(self) -> Shard:
        """The fates.

        Raises:
            NotCheckedError: the text without a fault already differs, or the simulation did not end.
        """
        self.told.step("mutants: build", 0, len(self.faults))
        start = time.perf_counter()
        edits = [fault.edits for fault in self.faults]
        self.screen = Screen(self.rtl, edits, self.folder / "screen", self.judged.timeout)
        self.found.build_seconds = time.perf_counter() - start
        self._simulate()
        start = time.perf_counter()
        self._settle()
        self.found.decide_seconds = time.perf_counter() - start
        self.found.outcomes = [self.fates[number] for number in range(1, len(self.faults) + 1)]
        return self.found

    def _simulate(self) -> None:
        """Take those out that the vectors show."""
        judged, start, count = self.judged, time.perf_counter(), len(self.faults)
        self.told.step("mutants: simulate", 0, count)

        def tell(done: int) -> None:
            self.told.step("mutants: simulate", max(0, done - 1), count)  # the first one is the text without a fault

        shown = self.screen.run(range(count + 1), judged.bits, judged.scores, judged.classes, tell)
        if shown[0] is not None:
            raise NotCheckedError(
                "the Verilog differs from the model without any fault: the vectors cannot be judged",
                hint="`lgc verify` without --mutate says where",
            )
        self.found.simulate_seconds = time.perf_counter() - start
        for number, row in enumerate(shown[1:], 1):
            if row is not None:
                self._decided(number, KILLED, judged.kinds[row] if row >= 0 else "out_valid")

    def _decided(self, number: int, fate: str, by: str) -> None:
        self.fates[number] = Outcome(self.left.pop(number), fate, by)

    def _run(self, numbers: Sequence[int], bits: NDArray[np.bool_]) -> list[int | None]:
        """Try faults with vectors that were made."""
        scores = interp.scores(self.judged.circuit, bits)
        return self.screen.run(numbers, bits, scores, self.judged.circuit.head.classify(scores))

    def _settle(self) -> None:
        """By the cheapest way that decides: SAT on the gates, every input where those are few, ties, a proof."""
        self._try(self._by_sat, "SAT")
        self._exhaust()
        self._near_ties()
        self._try(self._by_proof, PROOF)
        for number in list(self.left):
            self._decided(number, UNDECIDED, "")

    def _by_sat(self, number: int, fault: Fault) -> Answer:
        del number
        places = self.judged.places
        if fault.change is None or places.netlist is None:
            return None
        netlist = places.netlist.netlist
        return decide(netlist, fault.change, vote_groups(self.rtl.text, netlist, self.rtl.manifest.group_sizes))

    def _by_proof(self, number: int, fault: Fault) -> Answer:
        folder = self.folder / "proofs" / str(number)
        return decide_by_proof(self._flat, fault, self.judged.circuit, folder, self.judged.timeout)

    @cached_property
    def _flat(self) -> FlatText:
        return FlatText(self.rtl, self.folder / "proofs" / "good", self.judged.timeout)

    def _try(self, way: Callable[[int, Fault], Answer], name: str) -> None:
        """Take the faults that a way decides out of those left."""
        found: dict[int, NDArray[np.bool_]] = {}
        waiting = list(self.left.items())
        for done, (number, fault) in enumerate(waiting):
            self.told.step(f"mutants: settle survivors by {name}", done, len(waiting))
            try:
                answer = way(number, fault)
            except MissingToolError as error:
                self.found.notes = [str(error)]
                break
            if answer is False:
                self._decided(number, EQUIVALENT, name)
            elif answer is not None:
                found[number] = np.asarray(answer)
        rows = list(found.values())
        shown = self._run(list(found), np.stack(rows)) if rows else []
        for number, row in zip(found, shown, strict=True):
            if row is not None:  # else only the class is a port, and it stays
                self._decided(number, SURVIVED, name)
        self.found.rows += rows

    def _near_ties(self) -> None:
        """Inputs on which two classes are a vote apart: there a wrong vote changes the class."""
        if not self.left:
            return
        judged, numbers = self.judged, list(self.left)
        self.told.step("mutants: settle survivors by near ties", 0, len(numbers))
        number = judged.circuit.netlist.num_inputs
        bits = near_ties(judged.circuit, random_vectors(number, _TIES, 1).bits, 1)
        for number, row in zip(numbers, self._run(numbers, bits), strict=True):
            if row is not None:
                self._decided(number, SURVIVED, "near ties")
                self.found.rows += [bits[row]] if row >= 0 else []

    def _exhaust(self) -> None:
        """Every input, where those are few: a proof, unless it matters what comes before and after."""
        num_inputs = self.judged.circuit.netlist.num_inputs
        mine = [number for number, fault in self.left.items() if is_combinational(self.rtl, fault)]
        if not mine or num_inputs > _ALL_INPUTS:
            return
        everything = ((np.arange(1 << num_inputs)[:, None] >> np.arange(num_inputs)) & 1).astype(np.bool_)
        for number, row in zip(mine, self._run(mine, everything), strict=True):
            self._decided(number, EQUIVALENT if row is None else SURVIVED, "all inputs")
            self.found.rows += [everything[row]] if row is not None and row >= 0 else []
