"""The executor: answers are those of the requests, whoever works; what is heard, and what workers elsewhere lack."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

import lgc
from lgc.driver.workers import check_tools, open_workers
from lgc.driver.workers_request import WorkersRequest
from lgc.errors import LgcError, MissingToolError, NotCheckedError, OptionError, TimeLimitError, ToolError
from lgc.farm import Here, LocalWorkers, Task, Workers, all_answers, answers, progress_here
from lgc.progress import Silence
from lgc.tools import find
from lgc.tools.limits import within


def squared(task: Task) -> int:
    number = int(task["request"]["number"])
    progress_here().step(f"square {number}", 1, 2)
    print("what is printed is no answer")
    with Path(task["log"]).open("a") as stream:
        stream.write(f"{number}\n")
    return number**2


def failing(task: Task) -> None:
    class OfThisCall(Exception):
        pass

    raise OfThisCall(task["request"]["number"])


def slow(_task: Task) -> None:
    time.sleep(60)


def deaf(_task: Task) -> bool:
    """Whether threads of a task that is over may still tell something."""
    told = progress_here()
    threading.Timer(0.1, lambda: told.step("too late")).start()
    return True


class Heard:
    def __init__(self) -> None:
        self.steps: list[tuple[str, int, int | None]] = []

    def step(self, name: str, done: int = 0, total: int | None = None) -> None:
        self.steps.append((name, done, total))

    def note(self, text: str) -> None:
        self.steps.append((text, 0, None))


def tasks(folder: Path, *numbers: int) -> list[Task]:
    return [{"request": {"number": number}, "log": str(folder / "log")} for number in numbers]


@pytest.mark.parametrize("count", [1, 2])
def test_equal_requests_are_done_once_and_answers_have_their_order(count: int, tmp_path: Path) -> None:
    heard = Heard()
    with Here(heard) if count == 1 else LocalWorkers(count, heard) as workers:
        found = all_answers(workers, squared, tasks(tmp_path, 3, 1, 2, 3, 1), heard, "squares")
    assert found == [9, 1, 4, 9, 1]
    assert sorted((tmp_path / "log").read_text().split()) == ["1", "2", "3"]
    assert {("square 3", 1, 2), ("squares", 0, 3), ("squares", 3, 3)} <= set(heard.steps)


def test_an_error_that_cannot_travel_is_told_all_the_same(tmp_path: Path) -> None:
    with LocalWorkers(1) as workers, pytest.raises(ToolError, match=r"failed \(RuntimeError: OfThisCall: 7\), 3 times"):
        list(answers(workers, failing, tasks(tmp_path, 7)))


def test_this_process_tries_once(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="7") as found:
        list(answers(Here(), failing, tasks(tmp_path, 7)))
    assert not isinstance(found.value, LgcError)


def test_a_verb_whose_time_is_up_ends_its_workers(tmp_path: Path) -> None:
    start = time.monotonic()
    with LocalWorkers(1) as workers, within(1.5), pytest.raises(TimeLimitError, match=r"stopped after 1\.5 s"):
        list(answers(workers, slow, tasks(tmp_path, 1)))
    assert time.monotonic() - start < 30


def test_what_a_task_tells_when_it_is_over_disturbs_no_answer(tmp_path: Path) -> None:
    with LocalWorkers(1, Heard()) as workers:
        assert all_answers(workers, deaf, tasks(tmp_path, 1)) == [True]
        time.sleep(0.3)
        assert all_answers(workers, squared, tasks(tmp_path, 5)) == [25]


def test_a_script_needs_no_guard(tmp_path: Path) -> None:
    """Workers do not run the script of who started them again, as multiprocessing's do."""
    (tmp_path / "work.py").write_text("def double(task):\n    return 2 * task['request']['number']\n")
    script = (
        "from work import double\n"
        "from lgc.farm import LocalWorkers, all_answers\n"
        "print('begins')\n"
        "with LocalWorkers(2) as workers:\n"
        "    print(all_answers(workers, double, [{'request': {'number': n}} for n in (4, 5)]))\n"
    )
    (tmp_path / "script.py").write_text(script)
    path = os.pathsep.join(filter(None, sys.path))
    done = subprocess.run(
        [sys.executable, str(tmp_path / "script.py")], capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONPATH": path},
    )  # fmt: skip
    assert done.stdout == "begins\n[8, 10]\n"


class Elsewhere(Workers):
    """Another machine, of which only what it has installed is of interest."""

    elsewhere = True

    @property
    def room(self) -> int:
        return 1

    def submit(self, function: Callable[[Any], Any], argument: Any) -> Future[Any]:
        raise AssertionError("no task may begin")

    def everywhere(self, function: Callable[[Any], Any], argument: Any) -> list[Any]:
        return [function(argument)]

    def settle(self, future: Future[Any]) -> bool:
        return False

    def close(self) -> None: ...


def test_workers_that_lack_a_tool_are_told_of_before_the_first_task(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(find, "package_version", lambda name: None if name == "onnx" else "1.5")
    check_tools(Elsewhere(), "package:optuna", also=("package:onnx",))

    def everywhere(self: Elsewhere, function: Callable[[Any], Any], argument: Any) -> list[Any]:
        told.append(str(argument["request"]["tools"]))
        return [function({"request": argument["request"] | change})]

    monkeypatch.setattr(Elsewhere, "everywhere", everywhere)
    change: dict[str, Any] = {"tools": {"package:onnx": "onnx 1"}}
    with pytest.raises(MissingToolError, match=rf"^{platform.node()}.*a worker lacks a tool: onnx"):
        check_tools(Elsewhere(), "package:optuna")
    change = {"tools": {"package:optuna": "optuna 0.1"}}
    with pytest.raises(NotCheckedError, match=r"a worker has optuna 1\.5, and who asks has optuna 0\.1"):
        check_tools(Elsewhere(), "package:optuna")
    change = {"lgc": "0.0.1"}
    with pytest.raises(NotCheckedError, match=rf"a worker has lgc {lgc.__version__}, and who asks has 0\.0\.1"):
        check_tools(Elsewhere(), "package:optuna")
    assert told == ["{'package:optuna': 'optuna 1.5'}"] * 3


def test_two_places_to_work_at_are_refused() -> None:
    for words in ({"cluster": "slurm"}, {"workers": 2}):
        with pytest.raises(OptionError, match="--scheduler names workers that are there"):
            open_workers(WorkersRequest(scheduler="tcp://127.0.0.1:1", **words), Silence())


def test_no_more_workers_are_started_than_there_are_tasks() -> None:
    for asked, most, room in ((8, 3, 3), (2, 3, 2), (None, 3, 1), (5, None, 5)):
        with open_workers(WorkersRequest(workers=asked), Silence(), most=most) as workers:
            assert workers.room == room and isinstance(workers, Here) == (room == 1)
