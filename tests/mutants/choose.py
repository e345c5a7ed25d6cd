"""Which tests a mutant has to live through, those that are likely to kill it first."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from mutants.rooms import Room, room_of
from mutants.sites import Mutant

_QUICK, _FEW = 0.5, 40


@dataclass
class Touched:
    """What touched.py has written: seconds of each test, and the tests that call each function and each file."""

    seconds: dict[str, float] = field(default_factory=dict)
    callers: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    @classmethod
    def read(cls, path: Path) -> Touched:
        found = cls()
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            found.seconds[row["test"]] = row["seconds"]
            for function in row["functions"]:
                found.callers[function].add(row["test"])
                found.callers[function.partition("::")[0]].add(row["test"])
        return found

    def tests(self, mutant: Mutant, budget: float) -> tuple[list[str], list[str]]:
        """Names of tests in the order to run, ``budget`` seconds: a few quick ones of two files, then the others."""
        room = room_of(mutant.path)
        order = self._ordered(self._callers_of(mutant, room), room)
        left, kept = budget, list[str]()
        for test in order:
            left -= self.seconds[test]
            if kept and left < 0:
                break
            kept.append(test)
        quick = [test for test in kept if self.seconds[test] < _QUICK]
        files = [path for path, _ in Counter(test.partition("::")[0] for test in quick[:_FEW]).most_common(2)]
        first = [test for test in quick if test.partition("::")[0] in files][:_FEW]
        return first, [test for test in kept if test not in set(first)]

    def _callers_of(self, mutant: Mutant, room: Room) -> set[str]:
        if not mutant.path.endswith(".py"):
            return self.of_room(room)
        found = self.callers[f"{mutant.path}::{mutant.function}"] if mutant.function else set()
        return found or self.callers[mutant.path] or self.of_room(room)

    def _ordered(self, chosen: set[str], room: Room) -> list[str]:
        """Three variants of each test before all the others, quick tests first, and those of the room."""
        variants: Counter[str] = Counter()
        order = []
        for test in sorted(chosen, key=lambda test: (self.seconds[test], test)):
            function = test.partition("[")[0]
            order.append((variants[function] // 3, self.seconds[test] > 1, _place(test, room), len(order), test))
            variants[function] += 1
        return [test for *_, test in sorted(order)]

    def of_room(self, room: Room) -> set[str]:
        return {test for test in self.seconds if _place(test, room) < len(room.tests)}


def _place(test: str, room: Room) -> int:
    """0 for the room's first file or folder, and so on; behind them for other tests."""
    path = test.partition("::")[0]
    places = (index for index, one in enumerate(room.tests) if path == one or path.startswith(f"{one}/"))
    return next(places, len(room.tests))
