"""Blocks of the fuzzers' work, as tasks: the same block finds the same, whoever works on it."""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

CIRCUITS, EDITS = 2000, 250
"""Of a block. With every 50th circuit in the slow ways, these are a batch of a block."""


def circuits_block(task: dict[str, Any]) -> tuple[Counter[str], dict[str, Any] | None]:
    """Random circuits: how many went each way, or what differs."""
    import circuits as fuzzer

    from lgc.ir.text import to_text

    request = task["request"]
    try:
        return fuzzer.fuzz(request["count"], request["seed"], request["slow"]), None
    except fuzzer.Difference as found:
        text, seed = to_text(found.circuit), request["seed"] if found.seed is None else found.seed
        return Counter(), {"way": found.way, "circuit": text, "reason": str(found), "seed": seed}


def edits_block(task: dict[str, Any]) -> tuple[Counter[str], str, tuple[str, str] | None]:
    """Edits of texts: how many there were of each verdict, the lines of the log, and what is proved and differs."""
    import texts as fuzzer

    request = task["request"]
    with tempfile.TemporaryDirectory() as name:
        folder, log, wrong = Path(name), Path(name) / "log", None
        log.write_text(task["log"])
        done: Counter[str] = Counter()
        try:
            done = fuzzer.fuzz(iter(request["numbers"]), request["seed"], folder, log)
        except fuzzer.ProvedAndDifferentError as error:
            wrong = str(error), next(folder.glob("different*.v")).read_text()
        return done, log.read_text()[len(task["log"]) :], wrong
