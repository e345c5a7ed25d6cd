"""Results of mutants: the file that a run goes on from, the score, the survivors, and the table of docs/mutants.md."""

from __future__ import annotations

import argparse
import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from mutants.rooms import ROOMS, equivalent, named, room_of
from mutants.sites import Mutant


@dataclass(frozen=True)
class Row:
    """A line of the results: the mutant, its fate, and digests of the file and the tests that said so."""

    key: str
    id: str
    change: str
    path: str
    source: str
    suite: str
    fate: str
    by: str
    ran: int
    seconds: float

    @property
    def is_killed(self) -> bool:
        return self.fate in ("killed", "timeout")


def read_rows(path: Path) -> dict[str, Row]:
    """The latest row of each key."""
    if not path.exists():
        return {}
    rows = (json.loads(line) for line in path.read_text(encoding="utf-8").splitlines())
    return {row["key"]: Row(**row) for row in rows}


def fate_of(mutant: Mutant, rows: dict[str, Row]) -> str:
    """``equivalent`` if equivalent.toml says so and no test objects; ``unknown`` if it was not run."""
    row = rows.get(mutant.key)
    if row is None:
        return "unknown"
    return "equivalent" if not row.is_killed and mutant.key in equivalent() else row.fate


def count(mutants: list[Mutant], rows: dict[str, Row]) -> Counter[str]:
    return Counter(fate_of(one, rows) for one in mutants)


def share(counts: Counter[str]) -> float:
    """Of the mutants that are not equivalent, the killed ones."""
    killed = counts["killed"] + counts["timeout"]
    return killed / max(1, counts.total() - counts["equivalent"])


def score(mutants: list[Mutant], rows: dict[str, Row]) -> str:
    counts = count(mutants, rows)
    parts = ", ".join(f"{number} {fate}" for fate, number in counts.most_common())
    return f"{len(mutants)} mutants: {parts}. Score {100 * share(counts):.1f} % of those that are not equivalent"


def survivors(mutants: list[Mutant], rows: dict[str, Row]) -> list[str]:
    return [
        f"{fate_of(one, rows)}: {one} {one.shown()}"
        for one in mutants
        if fate_of(one, rows) not in ("killed", "timeout", "equivalent")
    ]


def write_page(page: Path, mutants: list[Mutant], rows: dict[str, Row], options: argparse.Namespace) -> None:
    """Between the two markers of a page: a line for each room, the score, and the survivors."""
    lines = [f"    python tests/mutants/run.py --count {options.count} --seed {options.seed}", ""]
    lines += ["| room | mutants | killed | by time | equivalent | survivors | score |", "|---|---|---|---|---|---|---|"]
    names = {one.key for _, one in named()}
    groups = [("named: what once lived", [one for one in mutants if one.key in names])]
    rest = [one for one in mutants if one.key not in names]
    groups += [(room.name, [one for one in rest if room_of(one.path) == room]) for room in ROOMS]
    for name, members in [*groups, ("**all**", mutants)]:
        found = count(members, rows)
        lived = len(members) - found["killed"] - found["timeout"] - found["equivalent"]
        lines.append(f"| {name} | {len(members)} | {found['killed']} | {found['timeout']} | {found['equivalent']} "
                     f"| {lived} | {100 * share(found):.1f} % |")  # fmt: skip
    lived = survivors(mutants, rows)
    lines += ["", "Survivors:" if lived else "No survivors.", "", *(f"- {one.partition(': ')[2]}" for one in lived)]
    body = "\n".join(lines).rstrip()
    before, _, rest = page.read_text(encoding="utf-8").partition("<!-- mutants -->")
    after = rest.partition("<!-- end -->")[2]
    page.write_text(f"{before}<!-- mutants -->\n\n{body}\n\n<!-- end -->{after}", encoding="utf-8")
