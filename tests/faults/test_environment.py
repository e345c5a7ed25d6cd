"""Kinds 26 and 30, as a table: every command in every environment that fails it.

Whatever happens, the exit code is one that the page says, there is one paragraph, and nothing is left: no partial file,
no temporary folder, no process. A part of the table runs by default; all of it is marked ``slow``.
"""

from __future__ import annotations

import shutil
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from environment import BLIF, MISBEHAVES, VERILOG, Ended, Machine, can_mount, running, small_disk

CERTIFICATE = "work/net.certificate.json"
VERIFY_V = ["verify", "net.blif", "net.v", "--random", "9"]
COMMANDS = {
    "verify": VERIFY_V,
    "verify --waves": [*VERIFY_V, "--waves", "net.vcd"],
    "verify --mutate": [*VERIFY_V, "--mutate", "3"],
    "verify of C": ["verify", "net.blif", "net.c", "--random", "9"],
    "verify of BLIF": ["verify", "net.blif", "out.blif", "--random", "9"],
    "verify --formal": ["verify", "net.blif", "net.v", "--formal"],
    "synth": ["synth", "net.v", "--part", "ecp5-25k", "--no-cache"],
    "eval": ["eval", "net.blif", "--data", "data.npz", "--engine", "c"],
    "inspect": ["inspect", "rom.v"],
    "estimate": ["estimate", "rom.v"],
    "compile": ["compile", "rom.v", "-o", "rom.c"],
    "convert": ["convert", "rom.v", "-o", "rom.lgn"],
    "train": ["train", "train.npz", "--gates", "20", "--epochs", "1", "-o", "model.pt"],
    "doctor": ["doctor"],
    "cache info": ["cache", "info"],
    "cache verify": ["cache", "verify"],
    "cache clear": ["cache", "clear"],
    "bench infer": ["bench", "infer", "net.blif"],
    "bench compile": ["bench", "compile", "--gates", "20", "--repeats", "1"],
    "bench head": ["bench", "head", "net.blif"],
    "bench hardware": ["bench", "hardware", "net.blif", "--part", "ecp5-25k", "--pipeline", "0"],
}
SIMULATORS = {f"verify by {name}": [*VERIFY_V, "--simulator", name] for name in ("icarus", "cxxrtl")}
GOES_ON = {"train": "model.pt: 20 gates", "doctor": "Verilator", "bench hardware": "| ecp5-25k | "}
"""Commands that end well without a program that they would use, and what they say then."""
UNTIMED = ("train", "doctor", "cache info", "cache verify", "cache clear")
"""Commands that have no ``--timeout``, as most benchmarks; what they run is bounded by itself."""
PROGRAMS = {
    "verify": ("compiles", "translates", "runs"),
    "verify --waves": ("compiles", "translates", "runs"),
    "verify --mutate": ("compiles", "translates", "runs"),
    "verify of C": ("compiles",),
    "verify of BLIF": ("yosys",),
    "verify --formal": ("yosys",),
    "synth": ("yosys", "places"),
    "eval": ("compiles",),
    "inspect": ("yosys",),
    "estimate": ("yosys",),
    "compile": ("yosys",),
    "convert": ("yosys",),
    "train": ("compiles",),
    "doctor": ("asks",),
    "bench infer": ("compiles",),
    "bench head": ("yosys",),
    "bench hardware": ("yosys", "places"),
}
"""Which programs a command runs: compilers, Verilator, what was compiled, yosys, nextpnr, all that have a version."""

PLACED = '{"modules": {"net": {"ports": {}, "cells": {}, "netnames": {}}}}'
GARBAGE = {
    "yosys": {
        "writes nothing": "exit 0",
        "writes no JSON": "for f in design.json output.json circuit.json net.aag; do echo '{' > $f; done",
        "writes other JSON": "for f in design.json output.json circuit.json; do echo '[{}]' > $f; done",
        "writes bytes": r"for f in design.json output.json circuit.json net.aag; do printf '\377\0' > $f; done",
    },
    "compiles": {
        "writes an empty file": 'if [ -n "$object" ]; then : > "$out"; exit 0; fi',
        "writes a text": 'if [ -n "$object" ]; then echo text > "$out"; exit 0; fi',
        "writes half a library": 'if [ -n "$object" ]; then head -c 100 /bin/true > "$out"; exit 0; fi',
    },
    "runs": {
        "writes no results": "exit 0",
        "writes short results": "printf x > results.bin; printf x > valid.bin; echo [ > shown.json",
        "writes other results": "echo '[[1]]' > shown.json; echo x > results.bin",
    },
    "places": {"writes no report": "exit 0", "writes a text": "echo text > report.json"},
    "translates": {"writes a text": 'for w; do [ "$l" = --Mdir ] && d=$w; l=$w; done; echo x > "${d:-.}/Vtop.cpp"'},
    "asks": {"prints nothing": "exit 0", "prints bytes": r"printf '\377\0\n9.\377'"},
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Models, data, and what is compiled of them."""
    machine = Machine(tmp_path_factory.mktemp("made"))
    (machine.work / "net.blif").write_text(BLIF)
    (machine.work / "rom.v").write_text(VERILOG)
    np.savez(machine.work / "train.npz", X=np.arange(160).reshape(40, 4) % 3 // 2, y=np.arange(40) % 2)
    np.savez(machine.work / "data.npz", X=np.eye(4, dtype=np.uint8), y=np.array([0, 1, 0, 1]))
    for name in ("net.v", "net.c", "out.blif"):
        done = machine.run(["compile", "net.blif", "-o", name, "-q"])
        assert done.code == 0, done
    return machine.work


@pytest.fixture
def machine(made: Path, tmp_path: Path) -> Machine:
    machine = Machine(tmp_path)
    shutil.copytree(made, machine.work, dirs_exist_ok=True)
    return machine


def install(machine: Machine, program: str, does: str) -> None:
    """A stand-in for a program that misbehaves; those that come before it do not."""
    if program == "yosys":
        machine.yosys(does)
    elif program == "asks":
        for name in ("cc", "c++", "verilator", "iverilog", "vvp", "nextpnr-ecp5", "nextpnr-ice40"):
            machine.program(name, does)
        machine.variables |= {"CC": "cc", "CXX": "c++"}
    elif program == "places":
        machine.yosys(f"for f in circuit.json harness.json; do echo '{PLACED}' > $f; done; : > netlist.v")
        machine.program("nextpnr-ecp5", f'[ "$1" = --version ] && {{ echo 0.8; exit 0; }}\n{does}')
    else:
        machine.toolchain(**{program: does})


def told(command: str) -> tuple[str, ...]:
    """Files that a command leaves that came to no answer, by design: a certificate says what was not proved."""
    return (CERTIFICATE,) if command == "verify --formal" else ()


def check(command: str, done: Ended) -> None:
    """What the command needs and does not get is said, and ends it with 3; what it can do without does not."""
    if command in GOES_ON and done.code == 0:
        assert GOES_ON[command] in done.out + done.err and "Traceback" not in done.err and not done.processes, done
        kept = {file for file in done.files if not file.startswith("tmp/torchinductor_")}  # torch keeps that for itself
        assert kept <= {"work/model.pt"}, done
    else:
        done.check(3, files=told(command))


def patient(command: str, seconds: int) -> list[str]:
    """The command, within a time where it can be told one."""
    words = {**COMMANDS, **SIMULATORS}[command]
    timed = command not in UNTIMED and (words[0] != "bench" or command == "bench hardware")
    return [*words, "--timeout", str(seconds)] if timed else words


MISBEHAVING = [
    (command, program, how)
    for command, programs in PROGRAMS.items()
    for program in programs
    for how in MISBEHAVES
    if "hangs" not in how or len(patient(command, 4)) > len(COMMANDS[command]) or command == "doctor"
]
QUICK = {
    ("verify", "runs", "is killed"),
    ("verify", "translates", "hangs, deaf to signals"),
    ("verify", "compiles", "prints Latin-1"),
    ("verify of C", "compiles", "prints without end"),
    ("verify of BLIF", "yosys", "hangs with children"),
    ("verify --mutate", "runs", "crashes"),
    ("synth", "places", "hangs"),
    ("eval", "compiles", "prints 100 MB"),
    ("inspect", "yosys", "is killed"),
}


def rows(table: list[tuple[str, ...]], quick: set[tuple[str, ...]]) -> list[object]:
    assert quick <= set(table)
    marks = {row: () if row in quick else (pytest.mark.slow,) for row in table}
    return [pytest.param(*row, marks=marks[row], id=", ".join(row)) for row in table]


@pytest.mark.parametrize(("command", "program", "how"), rows(MISBEHAVING, QUICK))
def test_a_program_misbehaves(command: str, program: str, how: str, machine: Machine) -> None:
    install(machine, program, MISBEHAVES[how])
    check(command, machine.run(patient(command, 4) if "hangs" in how else COMMANDS[command], 120))


WRITING = [
    (command, program, how)
    for command, programs in PROGRAMS.items()
    for program in programs
    for how in GARBAGE[program]
]


@pytest.mark.parametrize(
    ("command", "program", "how"),
    rows(
        WRITING,
        {
            ("verify --formal", "yosys", "writes other JSON"),
            ("synth", "yosys", "writes no JSON"),
            ("eval", "compiles", "writes half a library"),
            ("verify", "runs", "writes short results"),
            ("synth", "places", "writes a text"),
        },
    ),
)
def test_a_program_writes_garbage(command: str, program: str, how: str, machine: Machine) -> None:
    install(machine, program, GARBAGE[program][how])
    done = machine.run(COMMANDS[command], 120)
    if command == "verify of BLIF" and done.code == 2:  # a file of AIGER that cannot be read
        done.check(2)
    else:
        check(command, done)


HANGS = f"touch started; {MISBEHAVES['hangs with children']}"
SIGNALS = {"SIGINT": 130, "SIGTERM": 130, "SIGHUP": 130, "SIGKILL": -9}
SIGNALLED = [
    (command, program, name) for command, programs in PROGRAMS.items() for program in programs for name in SIGNALS
]


@pytest.mark.parametrize(
    ("command", "program", "name"),
    rows(
        SIGNALLED,
        {
            ("verify", "translates", "SIGTERM"),
            ("verify --waves", "runs", "SIGKILL"),
            ("synth", "places", "SIGKILL"),
            ("verify of C", "compiles", "SIGHUP"),
            ("inspect", "yosys", "SIGINT"),
        },
    ),
)
def test_a_signal_in_mid_work(command: str, program: str, name: str, machine: Machine) -> None:
    started = machine.folder / "started"
    install(machine, program, HANGS.replace("started", str(started)))
    before = machine.files()
    with machine.start(COMMANDS[command]) as process:
        try:
            wait_for(started.exists, process.poll)
            assert len(running(machine.mark)) > 2
            process.send_signal(getattr(signal, name))
            out, err = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == SIGNALS[name], err
    assert not machine.left()
    wait_for(lambda: machine.files() <= before)
    assert b"Traceback" not in err and b"equal" not in out
    assert name == "SIGKILL" or err.strip() == b"lgc: interrupted"


def wait_for(condition: Callable[[], bool], ended: Callable[[], int | None] = lambda: None) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline and ended() is None
        time.sleep(0.05)


FULL = [
    *[(command, "temporary", str(room)) for command in (*COMMANDS, *SIMULATORS) for room in (0, 16_384, 131_072)],
    *[(command, "cache", "0") for command in (*COMMANDS, *SIMULATORS)],
    ("compile", "work", "0"),
    ("convert", "work", "0"),
    ("train", "work", "0"),
    ("train", "work", "4096"),
    ("estimate --json", "work", "0"),
    ("verify --formal", "work", "0"),
    ("verify --junit", "work", "0"),
    ("verify --waves", "work", "8192"),
]


@pytest.mark.skipif(not can_mount(), reason="only root can mount a disk of its own")
@pytest.mark.parametrize(
    ("command", "disk", "room"),
    rows(
        FULL,
        {
            ("verify of C", "temporary", "0"),
            ("inspect", "temporary", "0"),
            ("eval", "cache", "0"),
            ("compile", "work", "0"),
        },
    ),
)
def test_a_disk_is_full(command: str, disk: str, room: str, machine: Machine) -> None:
    """The real programs, which meet it wherever they do."""
    more = {
        "estimate --json": ["estimate", "net.blif", "--json", "e.json"],
        "verify --junit": [*VERIFY_V, "--junit", "j"],
    }
    words = more.get(command) or patient(command, 100)
    folder = {"temporary": machine.temporary, "cache": machine.cache, "work": machine.work}[disk]
    kept = machine.folder / "kept"
    shutil.copytree(folder, kept)
    with small_disk(folder, 1 << 20, 1 << 20) as fill:
        shutil.copytree(kept, folder, dirs_exist_ok=True)
        fill(int(room))
        done = machine.run(words, 200)
    if done.code == 0:  # there was room enough
        assert int(room) > 0 or disk != "work", done
        assert "Traceback" not in done.err and not done.processes
    else:
        done.check(3, files=told(command))


def test_a_file_may_not_be_that_large(machine: Machine) -> None:
    machine.file_size = 50
    machine.run(["compile", "net.blif", "-o", "b.v"]).check(3, says="cannot write: File too large")


@pytest.mark.parametrize("command", [pytest.param(one, marks=pytest.mark.slow) for one in COMMANDS])
@pytest.mark.parametrize("memory", [100, 200, 400])
def test_there_is_not_enough_memory(command: str, memory: int, machine: Machine) -> None:
    """Megabytes of address space; a library may end the process by a signal, which is an answer too."""
    machine.memory = memory << 20
    done = machine.run(patient(command, 100), 200)
    assert done.code in (0, 3) or done.code < 0 or done.code > 128, done
    assert "Traceback" not in done.err or done.code > 128 or done.code < 0, done
    assert not done.processes


HOMES: dict[str, dict[str, str | None]] = {
    "no home": {"HOME": None, "LGC_CACHE": None, "XDG_CACHE_HOME": None},
    "a home that is not there": {"HOME": "/proc/none", "LGC_CACHE": None, "XDG_CACHE_HOME": None},
    "a cache that cannot be": {"LGC_CACHE": "/proc/none"},
    "a cache that is a file": {"LGC_CACHE": "/dev/null"},
    "no folder for temporary files": {"TMPDIR": "/proc/none"},
}


HOMELESS = [(command, home) for command in COMMANDS for home in HOMES]


@pytest.mark.parametrize(
    ("command", "home"), rows(HOMELESS, {("eval", "no home"), ("cache info", "a cache that is a file")})
)
def test_there_is_no_home_or_cache(command: str, home: str, machine: Machine) -> None:
    for name, value in HOMES[home].items():
        machine.variables.pop(name, None)
        machine.variables |= {} if value is None else {name: value}
    done = machine.run(patient(command, 100), 200)
    assert done.code in (0, 2, 3) and "Traceback" not in done.err, done
    assert done.err.count("\n") <= 1 + (done.code == 0) and not done.processes, done


MISSING = {"CC": "/none/cc", "CXX": "/none/c++"}


@pytest.mark.parametrize("command", ["verify of C", "eval"])
def test_a_compiler_is_missing(command: str, machine: Machine) -> None:
    machine.variables |= MISSING
    machine.run(COMMANDS[command]).check(3, says="compiler")
