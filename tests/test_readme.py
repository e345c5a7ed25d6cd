"""The README's lines for one's own data run as they stand, on a table with words in a column."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from pages import ROOT, Block, Session

README = ROOT / "README.md"


def own_data_lines() -> str:
    """The block under "Your own data"."""
    section = README.read_text(encoding="utf-8").partition("## Your own data")[2].partition("## ")[0]
    return "\n".join(re.findall(r"^    (lgc .*)$", section, re.MULTILINE))


def write_table(path: Path) -> None:
    """400 rows of five columns, three states."""
    rng = np.random.default_rng(0)
    rows = ["pressure,flow,valve,temperature,state"]
    for _ in range(400):
        state = int(rng.integers(3))
        numbers = rng.normal(state * 2.0, 1.0, 3)
        cells = [
            f"{numbers[0] * 10 + 300:.1f}",
            f"{numbers[1]:.3f}",
            "open" if state else "closed",
            f"{numbers[2]:.2f}",
        ]
        rows.append(",".join([*cells, ("idle", "running", "overload")[state]]))
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")


@pytest.mark.sim
@pytest.mark.filterwarnings("ignore::lgc.errors.LgcWarning")
@pytest.mark.parametrize("quick", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_the_lines_for_your_own_data(quick: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for package in ("torch", "pyosys"):
        pytest.importorskip(package)
    monkeypatch.chdir(tmp_path)
    write_table(tmp_path / "measurements.csv")
    shorter = {"lgc train": "--epochs 2", "lgc synth": "--no-route"} if quick else {}
    session = Session(README, tmp_path, shorter)
    lines = own_data_lines()
    assert lines.count("\n") == 4, "five lines"
    session.run(Block("sh", lines, "", "", 0, (0, 0)))
    printed = dict(session.outputs)
    verified = next(output for line, output in printed.items() if line.startswith("lgc verify"))
    assert "every score equal" in verified or "the class (the scores are no ports) equal" in verified
    page = (tmp_path / "net.html").read_text(encoding="utf-8")
    assert "overload" in page and "pressure" in page
