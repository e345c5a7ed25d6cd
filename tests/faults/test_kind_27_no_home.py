"""Kind 27: without a home folder everything works, and says once that nothing is kept."""

from __future__ import annotations

import os
import pwd
import subprocess
import sys
from pathlib import Path

import pytest
from strategies import random_circuit

from lgc.errors import CacheWarning
from lgc.ir import write_lgn
from lgc.runtime import Predictor
from lgc.tools import cache, watchdog
from lgc.tools.run import Setup, capture

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def forgetful(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test starts as a new process does."""
    for name in ("LGC_CACHE", "XDG_CACHE_HOME", "MPLCONFIGDIR"):
        monkeypatch.delenv(name, raising=False)
    cache._told.cache_clear()
    cache._private.cache_clear()


@pytest.fixture
def homeless(monkeypatch: pytest.MonkeyPatch) -> None:
    """A user whom the system does not know, as in many containers."""

    def unknown(_: object) -> None:
        raise KeyError

    monkeypatch.delenv("HOME")
    monkeypatch.setattr(pwd, "getpwuid", unknown)


@pytest.mark.usefixtures("homeless")
class TestNobodysHome:
    def test_the_cache_is_where_the_variable_says(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("LGC_CACHE", str(tmp_path / "own" / "cache"))
        assert cache.cache_folder() == (tmp_path / "own" / "cache").resolve()

    def test_so_it_is_for_a_relative_path(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("LGC_CACHE", "lgc-cache")
        assert cache.cache_folder() == (tmp_path / "lgc-cache").resolve()

    def test_the_systems_variable_will_do(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
        assert cache.cache_folder() == (tmp_path / "lgc").resolve()

    def test_without_any_it_is_private_and_said_once(self, recwarn: pytest.WarningsRecorder) -> None:
        with pytest.warns(CacheWarning, match=r"there is no home folder.*Set LGC_CACHE"):
            folder = cache.cache_folder()
        assert cache.cache_folder() == folder
        assert not recwarn.list
        assert folder.stat().st_mode & 0o777 == 0o700 and folder.parent.stat().st_mode & 0o777 == 0o700

    def test_the_runtime_builds(self) -> None:
        with pytest.warns(CacheWarning):
            assert Predictor(random_circuit(10, [20], 2, seed=1), engine="c").engine == "c"

    def test_programs_that_are_started_have_a_home(self, tmp_path: Path) -> None:
        done = capture(["sh", "-c", "echo $HOME; echo $XDG_CACHE_HOME"], Setup(folder=tmp_path))
        for line in done.out.split():
            assert Path(line).is_relative_to(cache._private())
        given = capture(["sh", "-c", "echo $HOME"], Setup(environment={"HOME": str(tmp_path), "PATH": os.defpath}))
        assert given.out == f"{tmp_path}\n"

    def test_so_have_packages_that_are_imported(self, monkeypatch: pytest.MonkeyPatch) -> None:
        names = ("HOME", "MPLCONFIGDIR", "TRITON_CACHE_DIR", "TORCHINDUCTOR_CACHE_DIR")
        others = {name: value for name, value in os.environ.items() if name not in names[1:]}  # torch may have set one
        monkeypatch.setattr(os, "environ", others)
        cache.lend_home()
        for name in names:
            assert Path(os.environ[name]).is_relative_to(cache._private())


@pytest.mark.parametrize("home", ["", "/nonexistent", "/proc/home", "relative"])
def test_a_home_that_is_none(home: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """`HOME` may be empty, a place that is not there or cannot be written, or no absolute path."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", home)
    monkeypatch.setattr(cache, "user_cache_path", lambda *_, **__: Path(home or "/proc") / ".cache" / "lgc")
    real = Path.mkdir

    def mkdir(path: Path, *args: object, **more: object) -> None:
        if path.is_relative_to("/nonexistent"):  # root could make it
            raise PermissionError(13, "Permission denied")
        real(path, *args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(Path, "mkdir", mkdir)
    with pytest.warns(CacheWarning):
        assert cache.cache_folder().parent == cache._private()
    assert not list(tmp_path.iterdir())


def test_a_file_where_the_cache_should_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cache").write_text("")
    monkeypatch.setenv("LGC_CACHE", str(tmp_path / "cache"))
    with pytest.warns(CacheWarning, match="no folder|cannot be made"):
        assert cache.cache_folder().is_dir()


def test_the_command_line_says_it_in_one_line_and_leaves_nothing(tmp_path: Path) -> None:
    with (tmp_path / "n.lgn").open("w") as stream:
        write_lgn(random_circuit(10, [60], 2, seed=1), stream)
    code = (
        "import os, pwd\n"
        "del os.environ['HOME']\n"
        "def unknown(_): raise KeyError\n"
        "pwd.getpwuid = unknown\n"
        "from lgc.cli import main\n"
        "main(['compile', 'n.lgn', '-o', 'n.v', '-q', '--head', 'compress'])\n"
    )
    environment = {k: v for k, v in os.environ.items() if k not in ("LGC_CACHE", "XDG_CACHE_HOME")}
    environment |= {"TMPDIR": str(tmp_path / "t"), "PYTHONPATH": str(ROOT)}
    (tmp_path / "t").mkdir()
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("lgc: note: the cache is not used") == 1 == done.stderr.count("\n")
    assert not list((tmp_path / "t").iterdir())
    assert {path.name for path in tmp_path.iterdir()} == {"n.lgn", "n.v", "n.json", "t"}


@pytest.mark.parametrize("exists", [True, False])
def test_programs_start_where_the_null_device_cannot_be_written(
    exists: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A user without rights may find a device of a wrong mode: a program needs no more than nothing to read."""

    def refused(*_: object) -> int:
        raise PermissionError(13, "Permission denied", os.devnull)

    monkeypatch.setattr(subprocess.Popen, "_get_devnull", refused)
    if not exists:
        monkeypatch.setattr(os, "devnull", str(tmp_path / "null"))
    monkeypatch.setattr(watchdog, "_watchdog", None)
    done = capture(["sh", "-c", "cat; echo done"])
    assert (done.code, done.out) == (0, "done\n")
    assert watchdog.watchdog()._process is not None
    watchdog.watchdog().dismiss()
