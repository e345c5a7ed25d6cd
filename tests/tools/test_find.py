"""What lgc needs from outside is one table; programs are started in one place."""

from __future__ import annotations

import ast
import importlib.util
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner

import lgc
from lgc.cli import cli
from lgc.errors import MissingToolError
from lgc.parts.part import parts
from lgc.tools import yosys
from lgc.tools.abc import find_abc
from lgc.tools.cc import find_c_compiler, find_cxx_compiler, has_c_compiler
from lgc.tools.detect import found_version
from lgc.tools.find import DEPENDENCIES, find_tool, missing, place_and_route
from lgc.tools.run import FailedError
from lgc.tools.yosys import SINGLE, find_yosys, run_yosys

ROOT = Path(lgc.__file__).parent
MODULES = {"subprocess", "multiprocessing", "pty"}
STARTS = {"system", "popen", "fork", "forkpty", "posix_spawn", "posix_spawnp"}
needs_yosys = pytest.mark.skipif(not importlib.util.find_spec("pyosys"), reason="pyosys is not installed")


def starts_programs(path: Path) -> set[str]:
    """Names in a file by which a program can be started."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {
                one.name for one in node.names if one.name.split(".")[0] in ("subprocess", "multiprocessing", "pty")
            }
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} & MODULES
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "os":
            found |= {node.attr} if node.attr in STARTS or node.attr.startswith(("exec", "spawn")) else set()
    return found


def test_programs_are_started_in_the_runner_only() -> None:
    """Besides, a sweep has processes of Python's own that train: no program, and they end with the one that asked."""
    files = [path for path in sorted(ROOT.rglob("*.py")) if starts_programs(path)]
    found = [str(path.relative_to(ROOT)) for path in files]
    assert found == ["farm/local.py", "tools/run.py", "tools/watchdog.py"]


def test_yosys_is_started_in_one_place() -> None:
    """Nobody else runs its passes, or knows how to start it."""
    users = [path for path in ROOT.rglob("*.py") if "libyosys" in path.read_text(encoding="utf-8")]
    assert users == [ROOT / "tools" / "yosys_process.py"]
    users = [path for path in ROOT.rglob("*.py") if "yosys_process" in path.read_text(encoding="utf-8")]
    assert set(users) == {ROOT / "tools" / "yosys_process.py", ROOT / "tools" / "yosys.py"}


@pytest.mark.parametrize("name", DEPENDENCIES)
def test_every_dependency_says_what_it_is_for_and_how_to_get_it(name: str) -> None:
    one = DEPENDENCIES[name]
    assert one.name == name and one.needed_for
    assert "pip install" in one.hint or "apt-get install" in one.hint
    error = missing(name, "this test", instead="leave it out")
    assert error.exit_code == 3
    assert str(error) == f"this test needs {one}, which is not installed. {one.hint}, or leave it out."


def test_extras_are_those_of_the_package() -> None:
    """An extra that a hint names brings the package that it is said to bring."""
    project = tomllib.loads((ROOT.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]

    def packages(extra: str) -> str:
        words = " ".join(extras[extra])
        inner = [name for name in extras if f"lgc[{name}]" in words]
        return " ".join([words, *(packages(name) for name in inner)])

    routers = [place_and_route(one.family.nextpnr, one.family.wheel) for one in parts().values() if one.family.wheel]
    for one in [*DEPENDENCIES.values(), *routers]:
        assert not one.extra or one.package in packages(one.extra), one


def test_doctor_shows_every_dependency_and_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lgc.tools.detect.found_version", lambda _: None)
    monkeypatch.setattr("lgc.tools.detect.found_program", lambda _: None)
    monkeypatch.setenv("COLUMNS", "300")
    result = CliRunner().invoke(cli, ["doctor"])
    assert result.exit_code == 3
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in result.output.splitlines() if "│" in line]
    shown = {row[0]: row[1:] for row in rows}
    routers = {one.family.nextpnr: one.family for one in parts().values() if one.family.nextpnr}
    wanted = [*DEPENDENCIES.values(), *(place_and_route(one.nextpnr, one.wheel, one.name) for one in routers.values())]
    assert set(shown) == {"python", *map(str, wanted)}
    for one in wanted:
        assert shown[str(one)] == ["missing", one.needed_for, one.hint]


def test_versions_are_found_where_the_thing_is() -> None:
    assert found_version(DEPENDENCIES["numpy"]) == importlib.import_module("numpy").__version__
    assert has_c_compiler() == (found_version(DEPENDENCIES["cc"]) is not None)


def test_compilers_are_named_by_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("mine", "c++"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("CC", "mine")
    monkeypatch.setenv("CXX", "mine")
    assert find_c_compiler() == find_cxx_compiler() == (str(tmp_path / "mine"),)
    monkeypatch.setenv("CC", "none")
    monkeypatch.setenv("CXX", "none")
    assert find_cxx_compiler() == (str(tmp_path / "c++"),)
    assert not has_c_compiler()
    with pytest.raises(MissingToolError, match=r"a C compiler is not installed: CC is 'none'"):
        find_c_compiler()


def test_a_missing_router_says_which_wheel_has_it() -> None:
    with pytest.raises(MissingToolError, match=r"-m pip install .*synth.*put it on PATH"):
        find_tool("nextpnr-none", "yowasp-none")
    with pytest.raises(MissingToolError, match="Build it and put it on PATH"):
        find_tool("nextpnr-none")


def test_yosys_on_path_serves_where_pyosys_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr("shutil.which", lambda name: str(tmp_path / name) if (tmp_path / name).exists() else None)
    with pytest.raises(MissingToolError, match=r"-m pip install .*synth"):
        run_yosys(["read_verilog a.v"], tmp_path / "yosys.log")
    program = tmp_path / "yosys"
    program.write_text('#!/bin/sh\n[ "$1" = -V ] && echo Yosys 0.99 && exit\n/bin/cat "$2"; echo ERROR: full; exit 1\n')
    program.chmod(0o755)
    assert str(find_yosys()) == "yosys 0.99"
    with pytest.raises(FailedError, match="yosys failed: ERROR: full"):
        run_yosys(["read_verilog a.v"], tmp_path / "yosys.log")
    assert (tmp_path / "yosys.log").read_text().startswith("read_verilog a.v\n")
    with pytest.raises(MissingToolError, match="pyosys"):  # what a plain yosys would take for a comment
        run_yosys(["read_verilog a.v", SINGLE], tmp_path / "yosys.log")
    with pytest.raises(MissingToolError, match="pyosys"):
        find_abc()


@needs_yosys
def test_yosys_runs_commands_and_says_why_not(tmp_path: Path) -> None:
    (tmp_path / "a.v").write_text("module a(input x, output y); assign y = x; endmodule\n")
    heard: list[str] = []
    run_yosys(["read_verilog a.v", "write_json a.json"], tmp_path / "yosys.log", 60, heard.append)
    assert (tmp_path / "a.json").exists() and any("Executing JSON backend" in line for line in heard)
    assert (tmp_path / "yosys.ys").read_text() == "read_verilog a.v\nwrite_json a.json\n"
    with pytest.raises(FailedError, match=r"ERROR: .*b\.v"):
        run_yosys(["read_verilog b.v"], tmp_path / "yosys.log")


@needs_yosys
@pytest.mark.parametrize("second", ["assign y = 1'b0;", "assign x = 1'b0;"])
def test_what_has_two_sources_is_refused(second: str, tmp_path: Path) -> None:
    (tmp_path / "a.v").write_text(f"module a(input x, output y); assign y = x; {second} endmodule\n")
    script = ["read_verilog a.v", "hierarchy -top a", "proc", "flatten"]
    run_yosys(script, tmp_path / "yosys.log")
    with pytest.raises(FailedError, match="is assigned twice, or is an input"):
        run_yosys([*script, SINGLE], tmp_path / "yosys.log")


@needs_yosys
def test_yosys_has_a_bound_of_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yosys.os, "sysconf", lambda name: 1 << (12 if "SIZE" in name else 13))
    (tmp_path / "a.v").write_text("module a(input x, output y); assign y = x; endmodule\n")
    with pytest.raises(FailedError):
        run_yosys(["read_verilog a.v"], tmp_path / "yosys.log")
