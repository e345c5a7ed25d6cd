"""Changes the compiler's own code and asks the tests: `python tests/mutants/run.py [--count N] [--workers N]`.

Each mutant (sites.py) is put into a throw-away copy of the project, and the tests that call its function are run there
until one fails. Results are appended to a file, by which a run that was ended goes on where it stopped: what is killed
stays so until its file changes, and survivors are asked again when the tests change. docs/mutants.md has the table.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import farming
from mutants.choose import Touched
from mutants.judge import digest_of, digest_of_tests, judge, preload
from mutants.rooms import HERE, MORE_TESTS, ROOMS, ROOT, named, sample
from mutants.sites import Mutant
from mutants.table import Row, read_rows, score, survivors, write_page
from mutants.workspace import Workspace

from lgc.farm import Workers, answers


def map_of_tests(path: Path) -> Touched:
    """The map of touched.py, made where there is none: half an hour, in which every default test of the rooms runs."""
    if not path.exists():
        print(f"making {path}: which test calls which function", flush=True)
        wanted = dict.fromkeys([*(test for room in ROOMS for test in room.tests), *MORE_TESTS])
        paths = [one for one in wanted if not any(one.startswith(f"{other}/") for other in wanted)]
        environment = os.environ | {"PYTHONPATH": f"{ROOT}:{HERE}", "CI": "1"}
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", "-p", "touched", "-m", "not slow"]
        partial = path.with_suffix(".part")
        subprocess.run([*command, "--touched", str(partial), *paths], cwd=ROOT, env=environment, check=False)
        partial.replace(path)
    return Touched.read(path)


def warm_up(folder: Path) -> None:
    """The compiler as it is passes a few tests in a copy; what they compile is kept for all mutants.

    Raises:
        RuntimeError: it does not, so that no mutant could be judged.
    """
    names = [
        "tests/train/test_fused.py::test_state_continues_to_the_same_bits[dense]",
        "tests/backend/test_head_search.py::test_positions_of_chains_give_full_adders_and_pieces_their_second_output",
    ]
    fate = Workspace(folder / "first", warm=folder / "warm").run(names, 600, keep=True)
    if fate.fate != "survived" or fate.ran != len(names):
        raise RuntimeError(f"the compiler as it is does not pass {names}: {fate}")


def waiting(mutants: list[Mutant], known: dict[str, Row]) -> Iterator[Mutant]:
    """The mutants of which nothing is known that still holds."""
    for one in mutants:
        row = known.get(one.key)
        if row is None or row.source != digest_of(one.path) or (not row.is_killed and row.suite != digest_of_tests()):
            yield one


def run(mutants: list[Mutant], options: argparse.Namespace) -> None:
    """Judge what is not judged yet, with a line for each mutant and the time that is left."""
    touched = map_of_tests(options.map)
    todo = list(waiting(mutants, read_rows(options.results)))
    print(f"{len(mutants)} mutants, {len(mutants) - len(todo)} known from before", flush=True)
    with tempfile.TemporaryDirectory(prefix="lgc-mutants-") as folder:
        preload()
        warm_up(Path(folder))
        tasks = []
        for one in todo:
            first, others = touched.tests(one, options.budget)
            seconds = sum(touched.seconds[test] for test in (*first, *others))
            request = {"task": "mutant", "mutant": asdict(one), "first": first, "others": others, "seconds": seconds,
                       "source": digest_of(one.path), "suite": digest_of_tests()}  # fmt: skip
            tasks.append({"request": request, "folder": folder})
        with farming.open_farm(options, alone=False) as workers:
            _judge_all(workers, tasks, options)


def _judge_all(workers: Workers, tasks: list[dict[str, Any]], options: argparse.Namespace) -> None:
    start = time.monotonic()
    with options.results.open("a", encoding="utf-8") as stream:
        for done, (_, (mutant, row)) in enumerate(answers(workers, judge, tasks), 1):
            stream.write(json.dumps(asdict(row)) + "\n")
            stream.flush()
            left = (time.monotonic() - start) / done * (len(tasks) - done)
            print(f"{done}/{len(tasks)} {row.fate:9}{row.seconds:6.1f} s  {mutant} {mutant.shown()}  {row.by}"
                  f"  ({left / 60:.0f} min left)", flush=True)  # fmt: skip


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # the copies go, and the workers
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=220, help="about so many mutants, those of named.toml beside them")
    parser.add_argument("--seed", type=int, default=16)
    farming.add_options(parser)
    parser.add_argument("--budget", type=float, default=200, help="seconds of tests a mutant has to live through")
    parser.add_argument("--only", default="", help="mutants whose name has this pattern in it")
    parser.add_argument("--list", action="store_true", help="list the mutants, and run nothing")
    parser.add_argument("--results", type=Path, default=ROOT / "build/mutants/results.jsonl")
    parser.add_argument("--map", type=Path, default=ROOT / "build/mutants/touched.jsonl")
    parser.add_argument("--page", type=Path, help="write the table into this page")
    options = parser.parse_args()
    options.results.parent.mkdir(parents=True, exist_ok=True)
    names = {one.key: name for name, one in named()}
    mutants = [*(one for _, one in named()), *sample(options.count, options.seed)]
    mutants = [one for one in mutants if re.search(options.only, f"{one} {names.get(one.key, '')}")]
    if options.list:
        print(*(f"{one} {one.shown()}" for one in mutants), sep="\n")
        return
    run(mutants, options)
    rows = read_rows(options.results)
    print(*survivors(mutants, rows), score(mutants, rows), sep="\n")
    if options.page:
        write_page(options.page, mutants, rows, options)


if __name__ == "__main__":
    main()
