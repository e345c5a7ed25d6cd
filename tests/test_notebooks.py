"""The notebooks of examples/ run from top to bottom in a kernel of their own, and hold no outputs."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pages import need

ROOT = Path(__file__).parent.parent
NOTEBOOKS = sorted((ROOT / "examples").glob("**/*.ipynb"))


def cells(path: Path, kind: str) -> list[dict[str, Any]]:
    return [cell for cell in json.loads(path.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == kind]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_small_and_without_outputs(path: Path) -> None:
    assert path.stat().st_size < 20_000
    assert cells(path, "markdown") and cells(path, "code")
    for cell in cells(path, "code"):
        assert cell["outputs"] == [] and cell["execution_count"] is None
        ast.parse("".join(cell["source"]))
    lines = [line for kind in ("markdown", "code") for cell in cells(path, kind) for line in cell["source"]]
    assert max(map(len, lines)) <= 121  # with its end


@pytest.mark.slow  # the tutorial of the same name runs the same steps
@pytest.mark.parametrize("path", [one for one in NOTEBOOKS if one.stem == "table"], ids=lambda path: path.stem)
def test_the_cells_run(path: Path, tmp_path: Path) -> None:
    """One after the other as one script, with shorter training; all of them as they stand in the slow test."""
    need("torch", "sklearn", "pyosys", "matplotlib")
    texts = [f"# code cell {number}\n{''.join(cell['source'])}\n" for number, cell in enumerate(cells(path, "code"))]
    script = tmp_path / "cells.py"
    script.write_text(re.sub(r"epochs=\d+", "epochs=3", "\n".join(texts)), encoding="utf-8")
    environment = os.environ | {"PYTHONPATH": str(ROOT), "MPLBACKEND": "Agg"}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", script],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert list(tmp_path.glob("*.certificate.json"))


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
@pytest.mark.filterwarnings("ignore")  # of Jupyter's own packages
def test_a_notebook_runs(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What its last cell shows is there; a cell that fails is named with its text."""
    need("torch", "sklearn", "pyosys", "matplotlib", "ipykernel")
    client = pytest.importorskip("nbclient")
    nbformat = pytest.importorskip("nbformat")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    client.NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}}).execute()
    shown = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    assert any("image/png" in output.get("data", {}) for output in shown)
    assert "proved" in json.dumps(shown)
    assert notebook.cells[-1].outputs
