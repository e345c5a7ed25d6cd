"""The runner: whatever ends a run ends the program and all that it started, and says why."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lgc.errors import NotCheckedError, TimeLimitError, ToolError
from lgc.tools.run import FailedError, Setup, capture, or_not_checked, output_of, reason_in, run, run_checked, workers

# Neither it nor its two grandchildren end at SIGTERM or SIGINT; each writes down who it is.
STUBBORN = """
import os, signal, sys, time
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)
for _ in range(2):
    if os.fork() == 0:
        break
open(f"{sys.argv[1]}/{os.getpid()}.pid", "w").close()
os.write(1, b"up\\n")
time.sleep(600)
"""
BRIEF = STUBBORN.replace("time.sleep(600)", "time.sleep(600 if os.getppid() != int(sys.argv[2]) else 0.5)")


def python(script: str, *arguments: object) -> list[str]:
    return [sys.executable, "-c", script, *map(str, arguments)]


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def pids(folder: Path) -> list[int]:
    return [int(path.stem) for path in folder.glob("*.pid")]


def alive(pid: int) -> bool:
    """Whether a process runs; one that ended and waits to be collected does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def all_gone(folder: Path, count: int = 3) -> bool:
    found = pids(folder)
    assert len(found) == count
    wait_for(lambda: not any(alive(pid) for pid in found))
    return True


def test_all_are_gone_after_a_time_out(tmp_path: Path) -> None:
    with pytest.raises(TimeLimitError, match=r"the tool was stopped after 1\.5 s") as caught:
        run(python(STUBBORN, tmp_path), tmp_path / "log", Setup(timeout=1.5), what="the tool")
    assert "--timeout" in str(caught.value)
    assert all_gone(tmp_path)


def test_all_are_gone_after_an_exception_of_the_listener(tmp_path: Path) -> None:
    said: list[str] = []

    def listen(line: str) -> None:
        said.append(line)
        if len(said) == 3:
            raise ValueError("enough")

    with pytest.raises(ValueError, match="enough"):
        run(python(STUBBORN, tmp_path), tmp_path / "log", listen=listen)
    assert said == ["up"] * 3
    assert all_gone(tmp_path)


def test_all_are_gone_after_an_interruption_of_the_main_thread(tmp_path: Path) -> None:
    assert threading.current_thread() is threading.main_thread()

    def interrupt() -> None:
        wait_for(lambda: len(pids(tmp_path)) == 3)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt).start()
    with pytest.raises(KeyboardInterrupt):
        run(python(STUBBORN, tmp_path), tmp_path / "log")
    assert all_gone(tmp_path)


def test_what_a_program_leaves_behind_is_gone_when_it_has_ended(tmp_path: Path) -> None:
    assert run(python(BRIEF, tmp_path, os.getpid()), tmp_path / "log") == 0
    assert all_gone(tmp_path)


def test_an_interruption_while_a_program_starts_ends_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The signal comes when the program runs already and nobody knows of it yet."""
    capture(["true"])  # the watchdog is there
    started, real = [], subprocess.Popen

    def interrupted(*given: Any, **more: Any) -> Any:
        started.append(real(*given, **more))
        signal.raise_signal(signal.SIGINT)
        return started[0]

    monkeypatch.setattr("lgc.tools.run.subprocess.Popen", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run([sys.executable, "-c", "import time; time.sleep(60)"], tmp_path / "log")
    assert started[0].poll() == -signal.SIGKILL
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_an_interruption_ends_what_other_threads_run_and_starts_no_more(tmp_path: Path) -> None:
    """Two threads, three programs: two run when Ctrl-C comes, the third waits for a thread."""
    folders = [tmp_path / name for name in "abc"]
    for folder in folders:
        folder.mkdir()

    def interrupt() -> None:
        wait_for(lambda: len(pids(folders[0])) == len(pids(folders[1])) == 3)
        os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt), workers(2) as pool:
        jobs = [pool.submit(run, python(STUBBORN, folder), folder / "log") for folder in folders]
        threading.Thread(target=interrupt).start()
        jobs[0].result()
    assert all_gone(folders[0]) and all_gone(folders[1])
    assert not pids(folders[2])


def test_an_error_in_one_block_of_threads_leaves_the_others_alone(tmp_path: Path) -> None:
    """Two builds at a time, each with threads of its own: the one that fails must not end the other."""

    def build(script: str, name: str) -> None:
        with workers(2) as pool:
            pool.submit(run_checked, python(script), tmp_path / name, name).result()

    with workers(2) as pool:
        good, bad = pool.submit(build, "import time; time.sleep(2)", "good"), pool.submit(build, "0 / 0", "bad")
        assert isinstance(bad.exception(), FailedError)
        assert good.exception() is None


def test_a_program_that_was_interrupted_before_it_started_is_not_started(tmp_path: Path) -> None:
    """A thread between two programs when the block is left."""
    go = threading.Event()

    def two() -> int:
        go.wait(20)
        return run(python(STUBBORN, tmp_path), tmp_path / "log")

    with pytest.raises(KeyboardInterrupt), workers(1) as pool:
        job = pool.submit(two)
        threading.Timer(0.5, go.set).start()
        raise KeyboardInterrupt
    assert isinstance(job.exception(), ToolError) and "interrupted" in str(job.exception())
    assert not pids(tmp_path)


def test_a_program_that_waits_for_its_input_notices_that_we_are_killed(tmp_path: Path) -> None:
    """SIGKILL leaves no time to end anything."""
    program = f"import os; open('{tmp_path}/' + str(os.getpid()) + '.pid', 'w').close(); os.read(0, 1)"
    script = (
        "import sys; from pathlib import Path; from lgc.tools.run import Setup, run\n"
        "run([sys.executable, '-c', sys.argv[1]], Path(sys.argv[2], 'log'), Setup(hold_input=True))"
    )
    pid = os.spawnv(os.P_NOWAIT, sys.executable, python(script, program, tmp_path))
    wait_for(lambda: len(pids(tmp_path)) == 1)
    assert alive(pids(tmp_path)[0])
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    assert all_gone(tmp_path, 1)


def test_output_goes_to_the_log_and_input_is_empty(tmp_path: Path) -> None:
    script = "import os, sys; print(os.getcwd(), os.environ['A'], repr(sys.stdin.read())); print('e', file=sys.stderr)"
    setup = Setup(folder=tmp_path, environment={"A": "b"})
    heard: list[str] = []
    for listen in (None, heard.append):
        assert run(python(script), tmp_path / "log", setup, listen=listen) == 0
        assert sorted((tmp_path / "log").read_text().splitlines()) == [f"{tmp_path} b ''", "e"]
    assert sorted(heard) == [f"{tmp_path} b ''", "e"]


def test_ticks_come_while_it_runs(tmp_path: Path) -> None:
    ticks: list[float] = []
    run(python("import time; time.sleep(0.6)"), tmp_path / "log", tick=lambda: ticks.append(time.monotonic()))
    assert len(ticks) >= 5


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux bounds the memory of another process")
def test_memory_is_bounded(tmp_path: Path) -> None:
    script = "import time; time.sleep(0.3); b = bytearray(1 << 30); print(len(b))"
    assert run(python(script), tmp_path / "log", Setup(memory=1 << 29)) == 1
    assert "MemoryError" in (tmp_path / "log").read_text()
    assert run(python(script), tmp_path / "log", Setup(memory=1 << 32)) == 0


def test_failures_say_why(tmp_path: Path) -> None:
    with pytest.raises(FailedError, match=r"the tool failed: ValueError: no ink \(exit code 1\)") as caught:
        run_checked(python("raise ValueError('no ink')"), tmp_path / "log", "the tool")
    assert caught.value.reason == "ValueError: no ink (exit code 1)"
    with pytest.raises(FailedError, match="it was ended by signal 6"):
        run_checked(python("import os; os.abort()"), tmp_path / "log", "the tool")
    with pytest.raises(FailedError, match="adding failed: no paper"):
        output_of(python("import sys; sys.exit('no paper')"), "adding")
    with pytest.raises(ToolError, match="the tool cannot be started"):
        run([str(tmp_path / "none")], tmp_path / "log", what="the tool")
    assert capture(python("import sys; print(1); sys.exit(4)")).code == 4
    assert output_of(python("print(1)"), "adding") == "1\n"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a\n%Error: x.v:3: no\nb", "%Error: x.v:3: no"),
        ("Info: 0 errors\nERROR: no room\n", "ERROR: no room"),
        ("x.v:3: syntax error\nI give up.", "x.v:3: syntax error"),
        ("0 errors\nundefined reference", "undefined reference"),
    ],
)
def test_the_reason_is_the_first_line_that_names_an_error(text: str, found: str) -> None:
    assert reason_in(text, 2) == f"{found} (exit code 2)"


def test_silence_is_an_exit_code() -> None:
    assert reason_in("\n", 7) == "exit code 7"


def test_a_check_that_took_too_long_is_not_checked(tmp_path: Path) -> None:
    message = r"the simulation was stopped after 0\.3 s: not proved"
    with pytest.raises(NotCheckedError, match=message), or_not_checked("not proved"):
        run(python("import time; time.sleep(60)"), tmp_path / "log", Setup(timeout=0.3), what="the simulation")
