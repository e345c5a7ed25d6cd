"""Distributions that extend lgc, put onto the path as an installer would, without one."""

from __future__ import annotations

import shutil
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
TOY = ROOT / "examples" / "plugin"

Install = Callable[[str, dict[str, dict[str, str]]], Path]


def write_metadata(folder: Path, name: str, points: dict[str, dict[str, str]]) -> None:
    """What an installer leaves beside the modules of a distribution."""
    info = folder / f"{name.replace('-', '_')}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    sections = [
        f"[{group}]\n" + "".join(f"{key} = {value}\n" for key, value in rows.items()) for group, rows in points.items()
    ]
    (info / "entry_points.txt").write_text("\n".join(sections))


def toy_points() -> dict[str, dict[str, str]]:
    """The entry points of the example, as its pyproject.toml says."""
    return tomllib.loads((TOY / "pyproject.toml").read_text(encoding="utf-8"))["project"]["entry-points"]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Puts a distribution with these entry points, and the module lgc_toy, onto the path."""

    def done(name: str, points: dict[str, dict[str, str]]) -> Path:
        folder = tmp_path / f"site-{name}"
        folder.mkdir()
        shutil.copy(TOY / "lgc_toy.py", folder)
        write_metadata(folder, name, points)
        monkeypatch.syspath_prepend(str(folder))
        return folder

    return done


@pytest.fixture
def toy(install: Install) -> Path:
    """The example, installed."""
    return install("lgc-toy", toy_points())
