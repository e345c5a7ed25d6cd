"""docs/tabular.md is true: its commands run, in order, in an empty folder, and then its Python."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from lgc.cli import cli

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "tabular.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^    ((?:lgc|python) .*)$", PAGE, re.MULTILINE)
SNIPPETS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
QUICK = {"lgc train": "--epochs 4 --gates 300", "LogicGateClassifier(": "epochs=4, gates=300, "}
"""What makes a test of it: the page itself takes the defaults."""


@pytest.mark.slow
@pytest.mark.sim
@pytest.mark.filterwarnings("ignore::lgc.errors.LgcWarning")
def test_the_commands_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """In the order of the page, each on the files of those before it; and hardware is as right as the model."""
    pytest.importorskip("torch")
    pytest.importorskip("pyosys")
    monkeypatch.chdir(tmp_path)
    assert len(COMMANDS) >= 6
    for line in COMMANDS:
        words = shlex.split(f"{line} {QUICK.get(' '.join(line.split()[:2]), '')}")
        if words[0] == "python":
            subprocess.run([sys.executable, ROOT / words[1], *words[2:]], check=True, capture_output=True)
            continue
        done = CliRunner().invoke(cli, words[1:], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        if words[1] == "train":
            accuracy = re.findall(r"test +([\d.]+)%", done.output)[-1]
        elif words[1] in ("verify", "eval"):
            assert float(re.search(r"accuracy (?:of the hardware )?([\d.]+) %", done.output)[1]) == float(accuracy)


@pytest.mark.filterwarnings("ignore::lgc.errors.LgcWarning")
def test_the_snippets_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One after the other in one namespace; one that fails names its line of the page."""
    pytest.importorskip("torch")
    pytest.importorskip("sklearn")
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    assert len(SNIPPETS) >= 2
    for snippet in SNIPPETS:
        line = PAGE[: PAGE.index(snippet)].count("\n")
        text = snippet.replace("LogicGateClassifier(", f"LogicGateClassifier({QUICK['LogicGateClassifier(']}")
        exec(compile("\n" * line + text, str(ROOT / "docs" / "tabular.md"), "exec"), names)
    assert (tmp_path / "classifier.v").exists()
