"""Kind 28: what others could have put into the cache is never loaded; what is damaged heals; `lgc cache` shows it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from strategies import random_circuit

from lgc.cli import main
from lgc.errors import CacheWarning, ToolError
from lgc.runtime import Predictor
from lgc.runtime import library as runtime
from lgc.sim import verilator
from lgc.tools import cache, entries, trust
from lgc.tools.cc import find_c_compiler
from lgc.tools.entries import cached

CIRCUIT = random_circuit(10, [20], 2, seed=28)
NOBODY = 65534
needs_root = pytest.mark.skipif(os.getuid() != 0, reason="only root can give files away")

EVIL = """#include <stdio.h>
#include <stddef.h>
__attribute__((constructor)) static void run(void) { FILE *f = fopen(MARK, "w"); if (f) fclose(f); }
size_t lgc_workspace_size(void) { return 64; }
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache with one library in it."""
    folder = tmp_path_factory.mktemp("built") / "cache"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LGC_CACHE", str(folder))
        Predictor(CIRCUIT, engine="c")
    return folder


@pytest.fixture
def folder(built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it; what is built again is copied, too."""
    (library,) = built.glob("runtime/*/library.so")
    monkeypatch.setattr(runtime, "_build", lambda _circuit, _model, _compiler, path: shutil.copyfile(library, path))
    monkeypatch.setenv("LGC_CACHE", str(tmp_path / "cache"))
    cache._told.cache_clear()
    shutil.copytree(built, tmp_path / "cache")
    return (tmp_path / "cache").resolve()


@pytest.fixture
def library(folder: Path) -> Path:
    (path,) = folder.glob("runtime/*/library.so")
    return path


def plant(library: Path, tmp_path: Path) -> Callable[[], bool]:
    """Put another library there; says whether it was loaded."""
    source, mark = tmp_path / "evil.c", tmp_path / "loaded"
    source.write_text(EVIL)
    library.unlink()
    command = [*find_c_compiler(), "-shared", "-fPIC", f'-DMARK="{mark}"', "-o", str(library), str(source)]
    subprocess.run(command, check=True)
    return mark.exists


class TestPlanted:
    def test_another_library(self, library: Path, tmp_path: Path) -> None:
        loaded = plant(library, tmp_path)
        with pytest.warns(CacheWarning, match=r"library\.so is damaged"):
            assert Predictor(CIRCUIT, engine="c").engine == "c"
        assert not loaded()
        Predictor(CIRCUIT, engine="c")  # healed: no warning any more

    def test_in_a_folder_of_everybodys(self, folder: Path, library: Path, tmp_path: Path) -> None:
        """Its digest fits too: who can write the folder can write both."""
        loaded = plant(library, tmp_path)
        manifest = json.loads((library.parent / "entry.json").read_text())
        manifest["files"]["library.so"] = entries._digest(library.read_bytes())
        (library.parent / "entry.json").write_text(json.dumps(manifest))
        folder.chmod(0o777)
        with pytest.warns(CacheWarning, match="others can write this folder"):
            assert Predictor(CIRCUIT, engine="c").engine == "c"
        assert not loaded()

    @pytest.mark.parametrize("which", ["runtime", "entry", "above"])
    def test_in_any_folder_on_the_way(self, which: str, folder: Path, library: Path, tmp_path: Path) -> None:
        loaded = plant(library, tmp_path)
        {"runtime": library.parents[1], "entry": library.parent, "above": folder.parent}[which].chmod(0o777)
        with pytest.warns(CacheWarning, match="others can write this folder"):
            Predictor(CIRCUIT)
        assert not loaded()

    def test_a_file_that_others_can_write(self, library: Path) -> None:
        library.chmod(0o666)
        with pytest.warns(CacheWarning, match="others can write this file"):
            Predictor(CIRCUIT, engine="c")
        assert library.stat().st_mode & 0o022 == 0

    def test_a_link(self, library: Path, tmp_path: Path) -> None:
        library.rename(tmp_path / "elsewhere.so")
        library.symlink_to(tmp_path / "elsewhere.so")
        with pytest.warns(CacheWarning):
            Predictor(CIRCUIT, engine="c")
        assert not library.is_symlink()
        assert (tmp_path / "elsewhere.so").exists()

    @needs_root
    @pytest.mark.parametrize("which", ["file", "entry", "cache", "above"])
    def test_what_belongs_to_another_user(self, which: str, folder: Path, library: Path) -> None:
        places = {"file": library, "entry": library.parent, "cache": folder, "above": folder.parent}
        os.chown(places[which], NOBODY, NOBODY)
        with pytest.warns(CacheWarning, match="belongs to another user"):
            assert Predictor(CIRCUIT, engine="c").engine == "c"

    @needs_root
    def test_in_a_sticky_folder_the_next_must_be_ones_own(self, tmp_path: Path) -> None:
        (tmp_path / "shared").mkdir()
        (tmp_path / "shared").chmod(0o1777)
        (tmp_path / "shared" / "mine").mkdir(mode=0o700)
        assert trust.trusted_folder(tmp_path / "shared" / "mine").name == "mine"
        (tmp_path / "shared" / "theirs").symlink_to(tmp_path)
        os.chown(tmp_path / "shared" / "theirs", NOBODY, NOBODY, follow_symlinks=False)
        with pytest.raises(trust.UntrustedError, match="another user"):
            trust.trusted_folder(tmp_path / "shared" / "theirs" / "shared" / "mine")

    def test_links_that_go_round(self, tmp_path: Path) -> None:
        (tmp_path / "a").symlink_to("b")
        (tmp_path / "b").symlink_to("a")
        with pytest.raises(trust.UntrustedError, match="circle"):
            trust.trusted_folder(tmp_path / "a" / "x")

    def test_a_group_of_one(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Where every user has a group of his own, folders are open to it; a group of others is another matter."""
        (tmp_path / "open").mkdir()
        (tmp_path / "open").chmod(0o770)
        for alone in (True, False):
            monkeypatch.setattr(trust, "_is_alone", lambda _, alone=alone: alone)
            if alone:
                trust.trusted_folder(tmp_path / "open")
            else:
                with pytest.raises(trust.UntrustedError):
                    trust.trusted_folder(tmp_path / "open")

    def test_a_pipe_does_not_hang(self, library: Path) -> None:
        library.unlink()
        os.mkfifo(library)
        with pytest.warns(CacheWarning, match="no file"):
            Predictor(CIRCUIT, engine="c")


DAMAGE: dict[str, Callable[[Path], object]] = {
    "cut": lambda path: path.write_bytes(path.read_bytes()[:100]),
    "emptied": lambda path: path.write_bytes(b""),
    "garbage": lambda path: path.write_bytes(b"\0" * 5000),
    "another architecture": lambda path: path.write_bytes(b"\x7fELF\x01\x02" + path.read_bytes()[6:]),
    "gone": Path.unlink,
    "a folder": lambda path: (path.unlink(), path.mkdir()),
}


@pytest.mark.parametrize("file", ["result.o", "entry.json"])
@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_of_any_file_heals(damage: str, file: str, folder: Path) -> None:
    def build(place: Path) -> None:
        (place / "result.o").write_bytes(b"\x7fELF\x02\x01" + b"x" * 1000)

    made = cached("verilator", "0" * 24, build)
    DAMAGE[damage](made / file)
    with pytest.warns(CacheWarning, match="is built again"):
        again = cached("verilator", "0" * 24, build)
    assert (again / "result.o").read_bytes().endswith(b"x")
    assert cached("verilator", "0" * 24, lambda _: pytest.fail("built once more")) == made
    assert not list(folder.glob("verilator/.build-*"))


def test_an_entry_that_is_a_file_or_a_link_heals(folder: Path, tmp_path: Path) -> None:
    build = lambda place: (place / "a").write_text("sound")  # noqa: E731
    room = folder / "head"
    room.mkdir()
    (room / ("1" * 24)).write_text("")
    (room / ("2" * 24)).symlink_to(tmp_path)
    assert (cached("head", "1" * 24, build) / "a").read_text() == "sound"
    with pytest.warns(CacheWarning):
        assert (cached("head", "2" * 24, build) / "a").read_text() == "sound"
    assert folder.exists()


def test_an_entry_of_another_key_is_none(library: Path) -> None:
    other = library.parent.with_name("f" * 40)
    shutil.copytree(library.parent, other)
    assert "another entry's" in str(entries.problem_of(other))


def test_an_emptied_object_of_verilators_heals(folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As it came in the report: `runtime.o` of no bytes failed every build from then on."""
    compiler, made = find_c_compiler(), []
    found = SimpleNamespace(version="1", root=tmp_path, include=tmp_path)
    monkeypatch.setattr(verilator, "compile_joined", lambda *words: (made.append(1), words[-1].write_bytes(b"object")))
    path = verilator._runtime_object(found, compiler, [], None)
    path.write_bytes(b"")
    with pytest.warns(CacheWarning, match=r"runtime\.o is damaged"):
        assert verilator._runtime_object(found, compiler, [], None).read_bytes() == b"object"
    assert verilator._runtime_object(found, compiler, [], None) == path
    assert len(made) == 2


def test_a_library_that_does_not_load_is_built_again_once(folder: Path) -> None:
    made = []

    def build(place: Path) -> None:
        made.append(1)
        (place / "library.so").write_bytes(b"no library")

    with pytest.warns(CacheWarning), pytest.raises(ToolError, match="cannot be loaded"):
        entries.load_library("head", "3" * 24, build)
    assert len(made) == 2


def lgc(*words: str) -> int:
    with pytest.raises(SystemExit) as end:
        main(["cache", *words])
    return int(end.value.code or 0)


class TestCommand:
    def test_info_counts(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert lgc("info", "--json") == 0
        told = json.loads(capsys.readouterr().out)
        assert told["folder"] == str(folder)
        assert [(row["kind"], row["entries"]) for row in told["kinds"]] == [("runtime", 1)]
        assert lgc("info") == 0
        assert "networks as machine code" in capsys.readouterr().out

    def test_verify_finds_damage_and_open_folders(
        self, folder: Path, library: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert lgc("verify") == 0
        library.unlink()
        library.write_bytes(b"")
        assert lgc("verify") == 3
        assert "library.so is damaged" in capsys.readouterr().out
        assert library.exists()  # it only says so
        assert lgc("verify", "--kind", "synth") == 0
        folder.chmod(0o777)
        assert lgc("verify", "--kind", "synth") == 3

    def test_verify_knows_what_was_published(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        (folder / "data" / "mnist").mkdir(parents=True)
        (folder / "data" / "mnist" / "t10k-labels-idx1-ubyte.gz").write_bytes(b"")
        assert lgc("verify") == 3
        assert "t10k-labels-idx1-ubyte.gz: not as published" in capsys.readouterr().out

    def test_clear_removes_by_kind_and_age_and_nothing_that_is_not_ours(self, folder: Path, library: Path) -> None:
        cached("head", "4" * 24, lambda place: (place / "a").write_text(""))
        (folder / "data" / "mnist").mkdir(parents=True)
        others = [folder / "notes.txt", folder / "runtime" / "mine.so", folder / "data" / "mnist" / "mine.gz"]
        for path in others:
            path.write_text("mine")
        assert lgc("clear", "--kind", "head") == 0
        assert library.exists()
        assert not list(folder.glob("head/*"))
        assert lgc("clear", "--older", "1") == 0
        assert library.exists()
        past = time.time() - 3 * 24 * 3600
        os.utime(library.parent / "entry.json", (past, past))
        assert lgc("clear", "--older", "1") == 0
        assert not library.parent.exists()
        (folder / "data" / "mnist" / "t10k-labels-idx1-ubyte.gz").write_bytes(b"")
        assert lgc("clear") == 0
        assert sorted(path for path in folder.rglob("*") if path.is_file()) == sorted(others)

    def test_using_an_entry_makes_it_young(self, library: Path) -> None:
        past = time.time() - 3 * 24 * 3600
        os.utime(library.parent / "entry.json", (past, past))
        Predictor(CIRCUIT, engine="c")
        assert lgc("clear", "--older", "1") == 0
        assert library.exists()

    def test_clear_refuses_a_folder_in_which_others_choose(self, folder: Path, library: Path) -> None:
        folder.chmod(0o777)
        assert lgc("clear") == 3
        assert library.exists()

    def test_there_need_be_none(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("LGC_CACHE", str(tmp_path / "none"))
        assert [lgc(word) for word in ("info", "verify", "clear")] == [0, 0, 0]
        assert not (tmp_path / "none").exists()
