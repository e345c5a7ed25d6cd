"""Workers: what a dead one held is begun again, nothing comes back twice, and nobody outlives who started them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import wait
from pathlib import Path
from typing import Any

import pytest

from lgc.errors import DiskError, OptionError, ToolError
from lgc.farm import Flow, LocalWorkers


def work(argument: dict[str, Any]) -> tuple[int, int]:
    """A task that may die, fail, or have its machine fail it, the first time it is tried or ever."""
    mark = Path(argument["folder"]) / str(argument["number"])
    tried = len(list(mark.parent.glob(f"{mark.name}.*")))
    (mark.parent / f"{mark.name}.{tried}").touch()
    if tried < argument.get("dies", 0):
        os.kill(os.getpid(), signal.SIGKILL)
    if tried < argument.get("full", 0):
        raise DiskError("cannot write: no space left on device")
    if argument.get("wrong"):
        raise OptionError("gates is -1")
    return argument["number"], os.getpid()


def threads(_argument: Any) -> tuple[str, int]:
    return os.environ["OMP_NUM_THREADS"], os.getpgrp()


@pytest.fixture(scope="module")
def workers() -> Iterator[LocalWorkers]:
    with LocalWorkers(2) as found:
        yield found


def ran(workers: LocalWorkers, tmp_path: Path, **of: dict[str, Any]) -> tuple[list[int], Flow[int]]:
    flow: Flow[int] = Flow(workers, work)
    waiting = [{"number": number, "folder": str(tmp_path), **of.get(f"n{number}", {})} for number in range(6)]
    found = []
    try:
        while waiting or len(flow):
            while waiting and flow.has_room:
                one = waiting.pop()
                flow.start(one["number"], one)
            key, result = flow.finished()
            assert result[0] == key
            found.append(key)
    finally:
        for future in wait(flow._calls).done:  # the workers are those of the next test too
            workers.settle(future)
    return found, flow


def test_a_killed_worker_loses_nothing_and_doubles_nothing(workers: LocalWorkers, tmp_path: Path) -> None:
    found, flow = ran(workers, tmp_path, n2={"dies": 2}, n4={"dies": 1})
    assert sorted(found) == list(range(6)) and flow.lost == 3


def test_a_full_disk_is_tried_again_elsewhere(workers: LocalWorkers, tmp_path: Path) -> None:
    found, flow = ran(workers, tmp_path, n1={"full": 1})
    assert sorted(found) == list(range(6)) and flow.lost == 1


def test_a_task_that_always_takes_its_worker_down_is_given_up(workers: LocalWorkers, tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="ended its worker, 3 times"):
        ran(workers, tmp_path, n3={"dies": 9})


def test_a_disk_that_stays_full_is_said_as_it_is(workers: LocalWorkers, tmp_path: Path) -> None:
    with pytest.raises(DiskError, match="no space left"):
        ran(workers, tmp_path, n0={"full": 9})


def test_a_mistake_of_the_user_is_not_tried_again(workers: LocalWorkers, tmp_path: Path) -> None:
    with pytest.raises(OptionError):
        ran(workers, tmp_path, n5={"wrong": True})
    assert len(list(tmp_path.glob("5.*"))) == 1


def test_workers_have_one_thread_and_a_process_group_of_their_own(workers: LocalWorkers) -> None:
    """So that Ctrl-C reaches only who started them, and two of them take two cores."""
    found = workers.everywhere(threads, None)
    assert [one[0] for one in found] == ["1", "1"]
    assert len({os.getpgrp(), *(one[1] for one in found)}) == 3


def test_workers_end_with_the_process_that_was_killed(tmp_path: Path) -> None:
    """kill -9 of the client: its workers are gone a moment later."""
    script = (
        "import os, sys, time\n"
        "from lgc.farm import LocalWorkers\n"
        "if __name__ == '__main__':\n"
        "    workers = LocalWorkers(1)\n"
        "    print(*workers.everywhere(os.getpgid, 0), flush=True)\n"
        "    time.sleep(60)\n"
    )
    (tmp_path / "client.py").write_text(script)
    run = subprocess.Popen([sys.executable, str(tmp_path / "client.py")], stdout=subprocess.PIPE, text=True)
    assert run.stdout is not None
    pid = int(run.stdout.readline())
    run.kill()
    run.communicate()
    end = time.monotonic() + 30
    while Path(f"/proc/{pid}").exists() and time.monotonic() < end:
        time.sleep(0.05)
    assert not Path(f"/proc/{pid}").exists()
