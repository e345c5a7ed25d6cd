"""The wheel holds the package lgc, all of it and nothing else; the links at the root are for readers only."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LINKS = ("frontend", "backend", "sim")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """(the wheel, the source tree it was built from): a copy, since a build writes beside its sources."""
    folder = tmp_path_factory.mktemp("packaging")
    source = folder / "source"
    source.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    ignore = shutil.ignore_patterns("__pycache__", "*.pyc", ".*")
    shutil.copytree(ROOT / "lgc", source / "lgc", ignore=ignore)
    # What must not get into the wheel, though it lies beside the package.
    for name in LINKS:
        (source / name).symlink_to(f"lgc/{name}")
    for name in ("tests", "examples", "docs"):
        (source / name).mkdir()
        (source / name / "__init__.py").write_text("")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(source)]
    run = subprocess.run(command, capture_output=True, text=True, cwd=folder)
    assert run.returncode == 0, run.stdout + run.stderr
    (built,) = folder.glob("*.whl")
    return built, source


def test_the_top_level_is_lgc_alone(wheel: tuple[Path, Path]) -> None:
    with zipfile.ZipFile(wheel[0]) as archive:
        top = {name.split("/")[0] for name in archive.namelist()}
    assert {name for name in top if not name.endswith(".dist-info")} == {"lgc"}
    assert len(top) == 2


def test_the_wheel_holds_every_file_of_the_source_tree(wheel: tuple[Path, Path]) -> None:
    """Modules, py.typed and data: a package without __init__.py or a suffix not in package-data would be missing."""
    source = wheel[1]
    expected = {path.relative_to(source).as_posix() for path in (source / "lgc").rglob("*") if path.is_file()}
    with zipfile.ZipFile(wheel[0]) as archive:
        files = {name for name in archive.namelist() if name.startswith("lgc/")}
    assert files == expected
    assert "lgc/py.typed" in files
    assert "lgc/ir/netlist.py" in files


def test_every_folder_with_modules_is_a_package() -> None:
    folders = {path.parent for path in (ROOT / "lgc").rglob("*.py")}
    assert [str(folder) for folder in sorted(folders) if not (folder / "__init__.py").exists()] == []


def test_the_unpacked_wheel_works_from_elsewhere(wheel: tuple[Path, Path], tmp_path: Path) -> None:
    """-S keeps the editable install of this checkout away; numpy comes by its path."""
    import numpy as np

    with zipfile.ZipFile(wheel[0]) as archive:
        archive.extractall(tmp_path / "site")
    code = (
        "import lgc, lgc.passes; from lgc.ir import Builder; print(lgc.__version__, lgc.__file__);"
        "b = Builder(2); print(b.build([b.gate('and', 2, 3)]))"
    )
    (tmp_path / "elsewhere").mkdir()
    path = os.pathsep.join([str(tmp_path / "site"), str(Path(np.__file__).parent.parent)])
    run = subprocess.run(
        [sys.executable, "-S", "-c", code],
        cwd=tmp_path / "elsewhere",
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    first, second = run.stdout.splitlines()
    assert first.endswith(str(tmp_path / "site" / "lgc" / "__init__.py"))
    assert second == "Netlist(2 inputs, 1 nodes, 1 outputs, depth 1)"


def test_the_version_is_that_of_the_package(wheel: tuple[Path, Path]) -> None:
    import lgc

    assert wheel[0].name.startswith(f"lgc-{lgc.__version__}-py3-none-any")


@pytest.mark.parametrize("name", LINKS)
def test_the_links_at_the_root_lead_into_the_package(name: str) -> None:
    """Readers look for frontend, backend and sim at the root; there is one copy of each."""
    link = ROOT / name
    assert link.is_symlink()
    assert link.readlink().as_posix() == f"lgc/{name}"
    assert (link / "__init__.py").samefile(ROOT / "lgc" / name / "__init__.py")


def _imports(path: Path) -> set[str]:
    """First names of the absolute imports of a file."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            names.add(node.module.split(".")[0])
    return names


def test_nothing_imports_through_the_links() -> None:
    """``import sim`` works in a checkout and nowhere else."""
    files = [path for folder in ("lgc", "tests", "examples") for path in sorted((ROOT / folder).rglob("*.py"))]
    assert len(files) > 20
    assert [str(path) for path in files if _imports(path) & set(LINKS)] == []
