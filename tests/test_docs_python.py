"""docs/python.md is true: its snippets run, in order, in one namespace."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

import lgc
from lgc.api import VERBS

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
SNIPPETS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.sim
def test_the_snippets_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the smallest shipped network as model.pt; one that fails names its line of the page."""
    pytest.importorskip("torch")
    pytest.importorskip("pyosys")
    shutil.copy(ROOT / "examples" / "mnist" / "mnist-1k5.pt", tmp_path / "model.pt")
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    assert len(SNIPPETS) >= 8
    for snippet in SNIPPETS:
        line = PAGE[: PAGE.index(snippet)].count("\n")
        exec(compile("\n" * line + snippet, str(ROOT / "docs" / "python.md"), "exec"), names)


def test_every_verb_is_in_the_table() -> None:
    for name in [*VERBS, "bench", "load", "from_torch"]:
        assert f"| `lgc.{name}(" in PAGE and callable(getattr(lgc, name)), name


def test_the_readme_shows_the_first_snippet() -> None:
    """A stranger sees on the first page what Python looks like; the lines are those that run here."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for line in SNIPPETS[0].splitlines():
        assert line.partition("#")[0].split(", route")[0].strip() in readme, line
