"""The arrows between the folders run one way, and importing the core stays light."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
HEAVY = ("torch", "cocotb", "click", "rich", "matplotlib", "sklearn", "scipy", "pyosys", "safetensors")


def test_import_contracts_hold() -> None:
    """import-linter, with the contracts of pyproject.toml; the same that CI runs."""
    code = "from importlinter.cli import lint_imports_command; lint_imports_command(['--no-cache', '--no-logo'])"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "0 broken" in run.stdout


@pytest.mark.parametrize("module", ["lgc", "lgc.errors", "lgc.files", "lgc.ir", "lgc.ir.interp", "lgc.passes"])
def test_importing_the_core_imports_nothing_heavy(module: str) -> None:
    code = f"import sys, {module}; print(*sorted(m for m in sys.modules if '.' not in m))"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not set(run.stdout.split()) & set(HEAVY)
