"""Which tests a mutant has to live through, those that are likely to kill it first."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from mutants.rooms import Room, room_of
from mutants.sites import Mutant

BUDGET = 90.0
"""Seconds of tests for a mutant, as touched.py has measured them."""


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

    def tests(self, mutant: Mutant) -> list[str]:
        """Names of tests in the order to run: those of the room first, quick ones first, within :data:`BUDGET`."""
        room = room_of(mutant.path)
        if mutant.path.endswith(".py"):
            chosen = self.callers[f"{mutant.path}::{mutant.function}"] if mutant.function else set()
            chosen = chosen or self.callers[mutant.path] or self.of_room(room)
        else:
            chosen = self.of_room(room)
        order = sorted(chosen, key=lambda test: (_place(test, room), self.seconds[test], test))
        left, kept = BUDGET, []
        for test in order:
            left -= self.seconds[test]
            if kept and left < 0:
                break
            kept.append(test)
        return kept

    def of_room(self, room: Room) -> set[str]:
        return {test for test in self.seconds if _place(test, room) < len(room.tests)}


def _place(test: str, room: Room) -> int:
    """0 for the room's first file or folder, and so on; behind them for other tests."""
    path = test.partition("::")[0]
    places = (index for index, one in enumerate(room.tests) if path == one or path.startswith(f"{one}/"))
    return next(places, len(room.tests))
