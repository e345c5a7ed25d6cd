"""Which files of lgc are changed, which tests are relevant for them, and which mutants a run takes."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from mutants.c_sites import c_mutants
from mutants.python_sites import python_mutants
from mutants.sites import Mutant

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Room:
    """Part of the compiler.

    Attributes:
        sources: patterns from the root of the repository.
        tests: files and folders, those that fail soonest first. Of a Python file the tests that call the mutant's
            function are run (touched.py), these before others; of C all of these are.
    """

    name: str
    sources: tuple[str, ...]
    tests: tuple[str, ...]


_KIND = "tests/faults/test_kind_08_mutants.py"
_C_TESTS = (_KIND, "tests/backend/test_c.py", "tests/backend/test_sliding.py", "tests/runtime")
_SEARCH = "tests/backend/test_head_search.py"
_HEADS = (_SEARCH, "tests/backend/test_mapped.py", "tests/backend", "tests/test_frozen.py")
ROOMS = (
    Room("ir", ("lgc/ir/*.py",), ("tests/ir", _KIND, "tests/passes", "tests/fuzz")),
    Room("passes", ("lgc/passes/*.py",), ("tests/passes", _KIND, "tests/fuzz")),
    Room("importers: families", ("lgc/frontend/families/*.py",), ("tests/frontend", _KIND)),
    Room("importers: containers", ("lgc/frontend/containers/*.py",), ("tests/frontend",)),
    Room("importers: what they share", ("lgc/frontend/*.py",), ("tests/frontend", _KIND)),
    Room("backends: Verilog", ("lgc/backend/verilog/**/*.py",), ("tests/backend", "tests/test_frozen.py")),
    Room("backends: C", ("lgc/backend/c/*.py", "lgc/backend/c/*.c"), _C_TESTS),
    Room("backends: others", ("lgc/backend/*.py", "lgc/backend/amaranth/*.py"), ("tests/backend", _KIND)),
    Room("mapping", ("lgc/mapping/*.py",), ("tests/backend", "tests/test_frozen.py")),
    Room("heads", ("lgc/mapping/heads/*.py", "lgc/mapping/heads/*.[ch]"), _HEADS),
    Room("runtime", ("lgc/runtime/*.py",), ("tests/runtime", _KIND)),
    Room(
        "training kernel",
        ("lgc/train/fused/*.py", "lgc/train/fused/*.[ch]"),
        ("tests/train/test_fused_memory.py", "tests/train/test_fused.py", "tests/train/test_fused_tables.py", _KIND),
    ),
)

MORE_TESTS = ("tests/fuzz", "tests/test_docs_ir.py", "tests/extending", "tests/parts", "tests/verify/test_formats.py")
"""Tests of no room that call the compiler as well."""


@cache
def room_of(path: str) -> Room:
    return next(room for room in ROOMS if path in files(room))


@cache
def files(room: Room) -> list[str]:
    found = {path for pattern in room.sources for path in ROOT.glob(pattern)}
    return sorted(path.relative_to(ROOT).as_posix() for path in found)


@cache
def mutants_of(path: str) -> list[Mutant]:
    source = (ROOT / path).read_text(encoding="utf-8")
    return python_mutants(path, source) if path.endswith(".py") else c_mutants(path, source)


def sample(count: int, seed: int) -> list[Mutant]:
    """About ``count`` mutants: of each file its share, at least one, and always the same ones for a seed.

    A mutant's rank is a digest of its key. An edit elsewhere in its file leaves it in the sample. Changes that die of
    almost any call are taken a third as often as others.
    """
    sites = {path: mutants_of(path) for room in ROOMS for path in files(room)}
    sites = {path: found for path, found in sites.items() if found}
    per_site = max(0, count - len(sites)) / sum(map(len, sites.values()))
    chosen: list[Mutant] = []
    for found in sites.values():
        ranked = sorted(found, key=lambda one: _rank(one, seed))
        chosen += ranked[: 1 + round(per_site * len(found))]
    return chosen


def _rank(mutant: Mutant, seed: int) -> float:
    number = int.from_bytes(hashlib.sha256(f"{seed} {mutant.key}".encode()).digest()[:8], "big") / 2**64
    return number * (3 if mutant.operator == "arguments" or mutant.new == "None" else 1)


def named() -> Iterator[tuple[str, Mutant]]:
    """The mutants of named.toml: what a wrong compiler once lived through, each with its name.

    Raises:
        LookupError: the text that it changes is not in its file, or not once.
    """
    for one in tomllib.loads((HERE / "named.toml").read_text(encoding="utf-8"))["mutant"]:
        source = (ROOT / one["path"]).read_text(encoding="utf-8")
        if source.count(one["old"]) != 1:
            raise LookupError(f"{one['path']} has {one['old']!r} {source.count(one['old'])} times, not once")
        start = source.index(one["old"])
        line = source.count("\n", 0, start) + 1
        text = source.splitlines()[line - 1]
        yield (
            one["name"],
            Mutant(one["path"], line, "named", "", start, start + len(one["old"]), one["old"], one["new"], text),
        )


def equivalent() -> dict[str, str]:
    """Key to the reason why a mutant is the same program."""
    rows = tomllib.loads((HERE / "equivalent.toml").read_text(encoding="utf-8"))["mutant"]
    return {key: row["why"] for row in rows for key in row["keys"]}
