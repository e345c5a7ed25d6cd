"""docs/json.md is true: every command prints the fields of its table, of these types, and no others."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent / "cli"))
from cli import call, save
from pages import need

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "json.md").read_text(encoding="utf-8")
TYPES: dict[str, Callable[[object], bool]] = {
    "text": lambda value: isinstance(value, str),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "true": lambda value: value is True,
    "false": lambda value: value is False,
    "null": lambda value: value is None,
    "list": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
}
RUN = {
    "lgc compile": ["compile", "m.pt", "-o", "n.v", "--pipeline", "2"],
    "lgc verify": ["verify", "m.pt", "m.c", "--random", "20"],
    "lgc verify --formal": ["verify", "m.pt", "m.v", "--formal"],
    "lgc eval": ["eval", "m.pt", "--data", "bits.npz"],
    "lgc inspect": ["inspect", "m.pt"],
    "lgc estimate": ["estimate", "m.pt"],
    "lgc synth": ["synth", "m.v", "--part", "ice40-hx8k", "--no-route"],
    "lgc train": ["train", "bits.npz", "-o", "t.pt", "--gates", "60", "--epochs", "1"],
    "lgc runs": ["runs", "log.jsonl"],
    "lgc report": ["report", "m.pt", "-o", "r.html"],
    "lgc view": ["view", "m.pt", "--no-open"],
    "lgc draw": ["draw", "m.pt", "-o", "d.svg"],
    "lgc convert": ["convert", "m.pt", "-o", "c.pt"],
    "lgc doctor": ["doctor", "--for", "verify"],
    "lgc passes": ["passes"],
    "lgc cache": ["cache", "info"],
}
"""A command for each section, on a small network."""


def tables() -> dict[str, dict[str, str]]:
    """Sections of the page: their fields and types."""
    found: dict[str, dict[str, str]] = {}
    for section in PAGE.split("\n## ")[1:]:
        heading, _, text = section.partition("\n")
        rows = re.findall(r"^\| (`.*?) \| (.*?) \| .* \|$", text, flags=re.MULTILINE)
        found[heading] = {name: kind for names, kind in rows for name in re.findall(r"`(\w+)`", names)}
    return found


def test_every_section_is_run() -> None:
    assert set(tables()) == set(RUN)


@pytest.mark.filterwarnings("ignore::lgc.errors.LgcWarning")
@pytest.mark.parametrize("section", RUN)
def test_the_fields_are_those_of_the_page(
    section: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    need("torch", "pyosys")
    monkeypatch.chdir(tmp_path)
    save(tmp_path / "m.pt")
    rng = np.random.default_rng(0)
    np.savez("bits.npz", X=rng.integers(0, 2, (60, 16)).astype(bool), y=np.arange(60) % 3)
    for name in {"m.c", "m.v"} & set(RUN[section]):
        assert call(capfd, "compile", "m.pt", "-o", name).code == 0
    if "log.jsonl" in RUN[section]:
        trained = call(capfd, *RUN["lgc train"], "--log", "log.jsonl")
        assert trained.code == 0, trained.err
    done = call(capfd, *RUN[section], "--json")
    assert done.code in (0, 3), done.err  # doctor: something may be missing
    document: Any = json.loads(done.out)
    for one in document if isinstance(document, list) else [document]:
        table = tables()[section]
        assert set(one) == set(table)
        for name, value in one.items():
            assert any(TYPES[word](value) for word in table[name].split() if word != "or"), (name, value)
