"""Replays what fuzzing found worth keeping: every input ends in a network or in one clear error."""

from __future__ import annotations

from pathlib import Path

import fuzz
import pytest

CORPUS = sorted(fuzz.CORPUS.glob("*.bin"))


def test_there_is_a_corpus() -> None:
    assert len(CORPUS) > 20


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_replay(path: Path) -> None:
    fuzz.run_one(path.read_bytes())
