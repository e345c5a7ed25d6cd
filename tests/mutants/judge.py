"""What a worker does with a mutant: run the tests that call its function in a copy of the project, until one fails."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import os
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

from mutants.rooms import HERE, ROOT
from mutants.sites import Mutant
from mutants.table import Row
from mutants.workspace import Workspace

_workspaces: dict[str, Workspace] = {}


@cache
def digest_of(path: str, root: Path = ROOT) -> str:
    return hashlib.sha256((root / path).read_bytes()).hexdigest()[:16]


@cache
def digest_of_tests(root: Path = ROOT) -> str:
    sha = hashlib.sha256()
    for path in sorted((root / "tests").glob("**/*.py")):
        if path.parent.name != HERE.name:
            sha.update(path.read_bytes())
    return sha.hexdigest()[:16]


def preload() -> None:
    """What a forked child then has in memory; of lgc it forgets what is there."""
    os.environ.setdefault("TRITON_INTERPRET", "1")  # as tests/conftest.py does
    for name in ("numpy", "torch"):
        if importlib.util.find_spec(name):
            importlib.import_module(name)


def _workspace(folder: str) -> Workspace:
    """The copy of this process."""
    if folder not in _workspaces:
        preload()
        _workspaces[folder] = Workspace(Path(folder) / f"worker-{os.getpid()}", warm=Path(folder) / "warm")
    return _workspaces[folder]


def judge(task: dict[str, Any]) -> tuple[Mutant, Row]:
    """The fate of a mutant.

    Raises:
        RuntimeError: the project here is not that of who asks.
    """
    request = task["request"]
    mutant, seconds, workspace = Mutant(**request["mutant"]), request["seconds"], _workspace(task["folder"])
    code = workspace.code  # the project as it was when the run began
    source, suite = digest_of(mutant.path, code), digest_of_tests(code)
    if (source, suite) != (request["source"], request["suite"]):
        raise RuntimeError("the project on this machine, or now, is another one than when the run began")
    fate = workspace.run(request["first"], 90 + 6 * seconds, mutant=mutant)
    if fate.fate in ("survived", "untested"):
        again = workspace.run(request["others"], 90 + 6 * seconds, mutant=mutant)
        fate = fate if again.fate == "untested" else again.after(fate)
    shown = {"key": mutant.key, "id": str(mutant), "change": mutant.shown(), "path": mutant.path}
    return mutant, Row(**shown, source=source, suite=suite, **asdict(fate))
