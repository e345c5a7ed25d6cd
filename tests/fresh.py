"""A fresh environment for tests of installing: nothing in it is of the one that runs the tests."""

from __future__ import annotations

import os
import shutil
import subprocess
import venv
from pathlib import Path

ROOT = Path(__file__).parent.parent


class Fresh:
    """A new virtual environment, a copy of this checkout, and an empty folder in which scripts are run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "work"
        self.folder.mkdir()
        venv.create(folder / "venv", with_pip=True)
        self.bin = folder / "venv" / "bin"
        checkout = folder / "checkout"
        kept = shutil.ignore_patterns("__pycache__", ".git", ".venv*", "*.egg-info", ".*_cache", ".hypothesis", "site")
        shutil.copytree(ROOT, checkout, ignore=kept, symlinks=True)
        self.checkout = checkout

    def run(self, script: str, **variables: str) -> subprocess.CompletedProcess[str]:
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL"))}
        environment |= {"PATH": f"{self.bin}{os.pathsep}{os.environ['PATH']}", "PIP_RETRIES": "0", **variables}
        return subprocess.run(
            ["bash", "-eo", "pipefail", "-c", script],
            cwd=self.folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
