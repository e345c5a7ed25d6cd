"""Kind 30: nothing hangs past any patience, and nothing goes on when lgc has ended, however it ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from environment import MISBEHAVES, Machine, can_mount, running, script, small_disk

from lgc.errors import DiskError, TimeLimitError, ToolError
from lgc.tools.limits import within
from lgc.tools.run import FailedError, Setup, capture, reading, run, workers
from lgc.tools.watchdog import VARIABLE, kill_marked, watchdog

SHELL = ["/bin/sh", "-c"]


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_one_deadline_for_all_programs_of_a_block(tmp_path: Path) -> None:
    """Each is within its own time; together they are not. Threads that work for the block have the same."""
    start = time.monotonic()
    with within(1.5), pytest.raises(TimeLimitError, match=r"the tool was (not started|stopped) after 1\.5 s") as caught:
        for _ in range(50):
            run([*SHELL, "sleep 0.4"], tmp_path / "log", Setup(timeout=10), what="the tool")
    assert time.monotonic() - start < 10 and "--timeout" in str(caught.value)
    with within(0.5), workers(1) as pool:
        job = pool.submit(run, [*SHELL, "sleep 60"], tmp_path / "log")
        assert isinstance(job.exception(), TimeLimitError)
    assert run([*SHELL, "exit 0"], tmp_path / "log") == 0


def test_an_inner_deadline_may_be_earlier_and_never_later(tmp_path: Path) -> None:
    with within(0.5), within(60), pytest.raises(TimeLimitError, match=r"0\.5 s"):
        run([*SHELL, "sleep 60"], tmp_path / "log")
    with within(60), within(0.5), pytest.raises(TimeLimitError, match=r"0\.5 s"):
        capture([*SHELL, "sleep 60"])
    with within(60), within(None), pytest.raises(TimeLimitError, match=r"after 0\.3 s"):
        capture([*SHELL, "sleep 60"], Setup(timeout=0.3))


@pytest.mark.parametrize("print_", ["yes", "yes >&2", "head -c 200000000 /dev/zero"])
def test_printing_without_end_is_ended(print_: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ToolError, match="it printed more than 64 MB"):
        capture([*SHELL, f"{print_}; sleep 60"])
    monkeypatch.setattr("lgc.tools.run._MOST_LOGGED", 1 << 20)
    with pytest.raises(ToolError, match="it printed more than 1 MB"):
        run([*SHELL, f"{print_}; sleep 60"], tmp_path / "log")


def test_of_a_large_log_the_reason_is_found_in_little_memory(tmp_path: Path) -> None:
    command = "head -c 90000000 /dev/zero | tr '\\0' ' '; echo; echo 'ERROR: no ink'; exit 3"
    code = run([*SHELL, command], tmp_path / "log")
    from lgc.tools.run import reason

    assert reason(tmp_path / "log", code) == "ERROR: no ink (exit code 3)"


@pytest.mark.skipif(not can_mount(), reason="only root can mount a disk of its own")
@pytest.mark.parametrize("writes", ["log", "elsewhere"])
def test_a_program_that_waits_for_a_full_disk_is_not_waited_for(writes: str, tmp_path: Path) -> None:
    """Verilator's waveforms onto a full disk stand still for ever; so does this."""
    disk = tmp_path / "disk"
    disk.mkdir()
    with small_disk(disk, 1 << 18, 1 << 15):
        log, setup = (disk / "log", Setup()) if writes == "log" else (tmp_path / "log", Setup(writes=(disk,)))
        with pytest.raises(DiskError, match="the tool was stopped: the disk is full") as caught:
            run([*SHELL, f"cat /dev/zero > {disk}/x; sleep 600"], log, setup, what="the tool")
        assert caught.value.exit_code == 3 and caught.value.where == str(disk)
        with pytest.raises(DiskError, match="the tool failed: the disk is full"):
            run([*SHELL, "exit 1"], log, setup, what="the tool")
        with pytest.raises(DiskError, match="the tool failed: the disk is full"), reading("the tool", disk):
            raise ValueError("half a file")


def test_what_a_program_wrote_is_read_with_care(tmp_path: Path) -> None:
    for error in (KeyError("cells"), ValueError("no JSON"), OSError(2, "none"), UnicodeDecodeError("u", b"", 0, 1, "")):
        with (
            pytest.raises(FailedError, match="the tool failed: what it wrote cannot be read") as caught,
            reading("the tool"),
        ):
            raise error
        assert caught.value.crashed


def test_what_left_its_group_is_ended_with_it(tmp_path: Path) -> None:
    """A tool may start something in a session of its own."""
    escape = f"setsid sleep 600 & echo $! > {tmp_path}/pid; wait"
    with pytest.raises(TimeLimitError):
        run([*SHELL, escape], tmp_path / "log", Setup(timeout=1.5))
    assert int((tmp_path / "pid").read_text()) not in running(watchdog().mark)


KILLED = """
import os, signal, sys
from pathlib import Path
from lgc.tools.run import run
from lgc.tools.watchdog import scratch
folder = Path(sys.argv[1])
with scratch("lgc-", folder) as work:
    run(["/bin/sh", "-c", sys.argv[2].format(folder=folder)], work / "log")
"""


@pytest.mark.parametrize(
    "program",
    [
        "touch {folder}/up; sleep 600",
        "sleep 600 & sleep 600 & touch {folder}/up; wait",
        "trap '' HUP INT TERM; setsid sleep 600 & touch {folder}/up; while :; do sleep 60; done",
    ],
)
@pytest.mark.parametrize(
    "number", [signal.SIGKILL, *[pytest.param(one, marks=pytest.mark.slow) for one in (signal.SIGSEGV, signal.SIGABRT)]]
)
def test_nothing_goes_on_where_lgc_is_killed(program: str, number: int, tmp_path: Path) -> None:
    """Neither programs nor temporary folders: a second process sees to it."""
    machine = Machine(tmp_path)
    command = [sys.executable, "-c", KILLED, str(tmp_path), program]
    with subprocess.Popen(command, env=machine.variables, stderr=subprocess.DEVNULL) as process:
        wait_for((tmp_path / "up").exists)
        assert len(running(machine.mark)) >= 3 and list(tmp_path.glob("lgc-*"))
        process.send_signal(number)
    assert process.returncode == -number
    assert not machine.left()
    wait_for(lambda: not list(tmp_path.glob("lgc-*")))


def test_lgc_started_by_lgc_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    machine, inner = Machine(tmp_path), tmp_path / "inner"
    inner.mkdir()
    text = f"exec {sys.executable} -c \"$KILLED\" {inner} 'touch {tmp_path}/up; sleep 600'"
    command = [sys.executable, "-c", KILLED, str(tmp_path), text.replace("{", "{{").replace("}", "}}")]
    with subprocess.Popen(command, env=machine.variables | {"KILLED": KILLED}) as process:
        wait_for((tmp_path / "up").exists)
        process.kill()
    assert not machine.left()


def test_the_watchdog_goes_when_all_is_well(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    script_ = "from lgc.tools.run import capture; print(capture(['true']).code)"
    done = subprocess.run([sys.executable, "-c", script_], env=machine.variables, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "0\n", "")
    assert not running(machine.mark)


def test_a_mark_is_no_part_of_another(tmp_path: Path) -> None:
    """Only what carries it ends: the next number, and another run of lgc, go on."""
    sleep = ["sleep", "600"]
    others = [subprocess.Popen(sleep, env={VARIABLE: mark}) for mark in ("b:axyz", "b:a.1", "b", "")]
    mine = [subprocess.Popen(sleep, env={VARIABLE: mark}) for mark in ("xyz.1", "b:xyz.2", "xyz.1:c")]
    try:
        wait_for(lambda: {one.pid for one in (*others, *mine)} <= set(running(VARIABLE)))
        kill_marked("xyz")
        assert [one.wait(10) for one in mine] == [-signal.SIGKILL] * 3
        assert [one.poll() for one in others] == [None] * 4
    finally:
        for one in (*others, *mine):
            one.kill()
            one.wait()


def test_a_fork_does_not_dismiss_its_parents_watchdog(tmp_path: Path) -> None:
    before = watchdog()
    pid = os.fork()
    if pid == 0:
        before.dismiss()
        os._exit(0 if watchdog() is not before else 1)
    assert os.waitpid(pid, 0)[1] == 0
    assert watchdog() is before and before.is_ours


def test_a_compiler_that_hangs_is_within_the_time_of_the_command(tmp_path: Path) -> None:
    """`--timeout` reached simulations alone."""
    from environment import BLIF

    machine = Machine(tmp_path)
    (machine.work / "net.blif").write_text(BLIF)
    assert machine.run(["compile", "net.blif", "-o", "net.c", "-q"]).code == 0
    machine.variables["CC"] = str(script(tmp_path / "cc", f"#!/bin/sh\n{MISBEHAVES['hangs, deaf to signals']}\n"))
    done = machine.run(["verify", "net.blif", "net.c", "--timeout", "5"])
    done.check(3, says="the C compiler was")
    assert done.seconds < 40


def test_threads_are_not_waited_for_when_a_program_ends(tmp_path: Path) -> None:
    before = threading.active_count()
    run([*SHELL, "exit 0"], tmp_path / "log", Setup(timeout=60))
    assert threading.active_count() == before
