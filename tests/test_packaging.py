"""The wheel holds the package lgc, all of it and nothing else; the sdist also what surrounds it; builds repeat."""

from __future__ import annotations

import ast
import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LINKS = ("frontend", "backend", "sim")
BESIDES = ("docs", "examples", "tests", ".github")
"""Folders of the repository that the sdist holds and the wheel does not."""
ALONE = (
    ".ci/run", ".gitignore", ".pre-commit-config.yaml", "CHANGELOG.md", "CITATION.cff", "CONTRIBUTING.md", "LICENSE",
    "MANIFEST.in", "Makefile", "README.md", "SECURITY.md", "constraints.txt", "pyproject.toml",
)  # fmt: skip
NOT_SOURCE = shutil.ignore_patterns("__pycache__", "*.pyc", ".hypothesis", "*.lgc-tmp")


def build(source: Path, folder: Path, kind: str, **environment: str) -> Path:
    """Build a wheel or an sdist of a source tree."""
    command = [sys.executable, "-m", "build", f"--{kind}", "--no-isolation", "--outdir", str(folder), str(source)]
    run = subprocess.run(command, capture_output=True, text=True, cwd=source.parent, env=os.environ | environment)
    assert run.returncode == 0, run.stdout + run.stderr
    (built,) = folder.glob("*.whl" if kind == "wheel" else "*.tar.gz")
    return built


def files_of(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


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
    return build(source, folder, "wheel"), source


def checkout(folder: Path) -> Path:
    """A copy of what a commit of this tree would hold, without git's own."""
    folder.mkdir()
    for name in ALONE:
        (folder / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    for name in ("lgc", *BESIDES):
        shutil.copytree(ROOT / name, folder / name, ignore=NOT_SOURCE)
    return folder


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """(the sdist, the source tree it was built from)."""
    folder = tmp_path_factory.mktemp("sdist")
    source = checkout(folder / "source")
    return build(source, folder, "sdist"), source


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


def test_the_sdist_holds_what_surrounds_the_package(sdist: tuple[Path, Path], tmp_path: Path) -> None:
    """Documentation, tests, examples and Makefile, every file of them: who has the sdist can run the tests."""
    built, source = sdist
    with tarfile.open(built) as archive:
        archive.extractall(tmp_path, filter="data")
    (unpacked,) = tmp_path.iterdir()
    expected = {name for name in files_of(source) if ".egg-info/" not in name}
    assert expected - files_of(unpacked) == set()
    assert "docs/adr/README.md" in expected and "tests/conftest.py" in expected and "Makefile" in expected
    added = {"PKG-INFO", "setup.cfg"}
    assert {name for name in files_of(unpacked) - expected - added if ".egg-info/" not in name} == set()


@pytest.mark.slow
def test_a_commit_gives_the_same_wheel_byte_for_byte(tmp_path: Path) -> None:
    """Two copies, written at different times into different folders: only SOURCE_DATE_EPOCH is the same."""
    digests = []
    for number, stamp in enumerate((1_000_000_000, 1_700_000_000)):
        source = checkout(tmp_path / f"copy{number}")
        for path in source.rglob("*"):
            os.utime(path, (stamp, stamp))
        wheel = build(source, tmp_path / f"built{number}", "wheel", SOURCE_DATE_EPOCH="1500000000")
        digests.append(hashlib.sha256(wheel.read_bytes()).hexdigest())
    assert digests[0] == digests[1]


def test_the_same_files_at_another_date_are_another_wheel(wheel: tuple[Path, Path], tmp_path: Path) -> None:
    """That SOURCE_DATE_EPOCH reaches the archive at all: else equal bytes would show nothing."""
    dates = []
    for epoch in ("1500000000", "1600000000"):
        built = build(wheel[1], tmp_path / epoch, "wheel", SOURCE_DATE_EPOCH=epoch)
        with zipfile.ZipFile(built) as archive:
            dates.append({info.date_time[:3] for info in archive.infolist()})
    assert dates == [{(2017, 7, 14)}, {(2020, 9, 13)}]


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


@pytest.mark.skipif((ROOT / "PKG-INFO").exists(), reason="an sdist holds no links")
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
