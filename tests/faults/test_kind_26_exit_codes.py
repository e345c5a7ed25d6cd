"""Kind 26: a crash is no difference. Whatever goes wrong, in every command, has the exit code that the page says."""

from __future__ import annotations

import errno
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "cli"))
from cli import call, save

from lgc.cli import COMMANDS, cli
from lgc.errors import MismatchError, OutputError
from lgc.files import write_text

Capture = pytest.CaptureFixture[str]
Patch = pytest.MonkeyPatch


def endless() -> None:
    endless()


def left_by_a_library(code: object) -> Callable[[], None]:
    def leave() -> None:
        sys.exit(code)  # type: ignore[arg-type]

    return leave


def raising(error: BaseException) -> Callable[[], None]:
    def fail() -> None:
        raise error

    return fail


def undecodable() -> None:
    b"\xff\xfebad".decode()


ENDINGS: dict[str, tuple[Callable[[], None], int, str]] = {
    "a fault": (raising(RuntimeError("a\nbug")), 70, "a fault of lgc.*RuntimeError: a bug"),
    "an assertion": (raising(AssertionError()), 70, "a fault of lgc"),
    "bytes that are no text": (undecodable, 70, "UnicodeDecodeError"),
    "endless recursion": (endless, 70, "RecursionError"),
    "what is no Exception": (raising(BaseException("panic")), 70, "panic"),
    "a library's exit": (left_by_a_library(1), 70, "a library ended the program with 1"),
    "a library's exit that looks well": (left_by_a_library(0), 70, "a library ended the program with 0"),
    "a library's exit with words": (left_by_a_library("bye"), 70, "bye"),
    "a full disk": (
        raising(OSError(errno.ENOSPC, "No space left on device", "/t/x")),
        3,
        "/t/x: No space left.*TMPDIR",
    ),
    "a quota": (raising(OSError(errno.EDQUOT, "Disk quota exceeded")), 3, "quota"),
    "too many files": (raising(OSError(errno.EMFILE, "Too many open files", "a")), 3, "ulimit -n"),
    "a folder not ours": (raising(PermissionError(errno.EACCES, "Permission denied", "a")), 3, "a: Permission denied"),
    "no memory": (raising(MemoryError()), 3, "out of memory"),
    "no memory, says torch": (raising(RuntimeError("DefaultCPUAllocator: can't allocate memory: you")), 3, "memory"),
    "no threads": (raising(RuntimeError("can't start new thread")), 3, "memory"),
    "a package without its library": (raising(ImportError("libx.so", name="onnx.x")), 3, "'onnx' cannot be loaded"),
    "a pipe that nobody reads": (raising(BrokenPipeError()), 130, "^$"),
    "Ctrl-C": (raising(KeyboardInterrupt()), 130, "^\nlgc: interrupted"),
    "click's own": (raising(click.FileError("x", "is odd")), 2, "odd"),
    "a difference": (raising(MismatchError("they differ")), 1, "they differ"),
}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_ending_of_every_command(command: str, capfd: Capture, monkeypatch: Patch) -> None:
    """One line, no traceback, nothing on standard output, and 1 for a difference alone."""
    for name, (end, code, says) in ENDINGS.items():
        monkeypatch.setattr(type(cli), "get_command", lambda _, __, found, end=end: click.Command(found, callback=end))
        result = call(capfd, command)
        assert result.code == code, (name, result)
        assert result.err.strip().count("\n") == 0 and "Traceback" not in result.err and not result.out, (name, result)
        assert re.search(says, result.err), (name, result)


def test_a_traceback_is_there_for_whoever_asks(capfd: Capture, monkeypatch: Patch) -> None:
    monkeypatch.setenv("LGC_TRACEBACK", "1")
    monkeypatch.setattr(type(cli), "get_command", lambda *_: click.Command("x", callback=ENDINGS["a fault"][0]))
    result = call(capfd, "passes")
    assert result.code == 70 and "Traceback" in result.err and "in fail" in result.err


@pytest.fixture
def work(tmp_path: Path, monkeypatch: Patch) -> Path:
    save(tmp_path / "model.safetensors")
    save(tmp_path / "other.safetensors", seed=1)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def lgc(*words: str, **more: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "lgc", *words]
    return subprocess.run(command, stderr=subprocess.PIPE, text=True, timeout=100, **more)  # type: ignore[call-overload]


BROKEN = {
    "click": ("__init__.py", "1 / 0"),
    "rich": ("__init__.py", "from rich_that_is_not_there import x"),
    "numpy": ("__init__.py", "raise OSError('libopenblas.so: file too short')"),
    "safetensors": ("__init__.py", "x = ("),
}


@pytest.mark.parametrize("package", BROKEN)
def test_a_package_that_is_damaged(package: str, work: Path) -> None:
    """Before click is there, too; a package of the same name that comes first stands for a damaged one."""
    name, text = BROKEN[package]
    (work / "packages" / package).mkdir(parents=True)
    (work / "packages" / package / name).write_text(text)
    path = os.pathsep.join([str(work / "packages"), str(Path(__file__).parents[2])])
    done = lgc("inspect", "model.safetensors", env=os.environ | {"PYTHONPATH": path}, stdout=subprocess.PIPE)
    assert done.returncode == 3 and done.stderr.count("\n") == 1, done.stderr
    assert f"the package '{package}' cannot be loaded" in done.stderr or "rich_that_is_not" in done.stderr
    assert done.stdout == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
@pytest.mark.parametrize("words", [["--help"], ["passes"], ["inspect", "model.safetensors"], ["completion", "bash"]])
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_standard_output_is_full(words: list[str], unbuffered: str, work: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = lgc(*words, stdout=full, env=os.environ | {"PYTHONUNBUFFERED": unbuffered})
    assert done.returncode == 3 and done.stderr.count("\n") == 1, done.stderr
    assert "standard output" in done.stderr and "No space left" in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_a_difference_is_one_whoever_can_read_it(work: Path) -> None:
    """The comparison found a difference: a full disk behind standard output does not hide it."""
    assert lgc("compile", "other.safetensors", "-o", "net.lgn", "-q").returncode == 0
    with Path("/dev/full").open("w") as full:
        done = lgc("verify", "--force", "model.safetensors", "net.lgn", stdout=full)
    assert done.returncode == 1 and "differ" in done.stderr, done


def test_closed_streams_are_not_handed_to_files(work: Path) -> None:
    """The next file that is opened would be standard output, and take what a program prints."""
    command = f"{sys.executable} -m lgc compile model.safetensors -o net.lgn <&- >&- 2>&-"
    assert subprocess.run(command, shell=True).returncode == 0
    assert Path("net.lgn").read_text().startswith("lgn")
    assert sorted(path.name for path in work.iterdir()) == ["model.safetensors", "net.lgn", "other.safetensors"]


def test_a_full_disk_is_the_machines_fault_and_a_wrong_folder_the_users(tmp_path: Path, monkeypatch: Patch) -> None:
    with pytest.raises(OutputError) as caught:
        write_text(tmp_path / "none" / "x", "")
    assert caught.value.exit_code == 2

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OutputError, match="No space left") as caught:
        write_text(tmp_path / "x", "")
    assert caught.value.exit_code == 3
    assert not list(tmp_path.iterdir()) and shutil.disk_usage(tmp_path)
