"""A pytest plugin: which functions of lgc each test calls, and how long it takes.

``-p touched --touched FILE`` appends a line of JSON for each test that passes: its name, the seconds that the processor
took, and the functions as ``lgc/ir/netlist.py::Netlist.runs``. What a test starts in another process is not seen;
fixtures count for the test that is the first to ask for them.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FrameType

import pytest

ROOT = Path(__file__).resolve().parents[2]
_PREFIX = f"{ROOT}/lgc/"
_seen: set[CodeType] = set()


def _on_call(frame: FrameType, event: str, argument: object) -> None:
    """The global trace function: nothing below a call is traced, so a test takes little longer."""
    if frame.f_code not in _seen and frame.f_code.co_filename.startswith(_PREFIX):
        _seen.add(frame.f_code)


def processor_time() -> float:
    """Of this process and of those that it has waited for: other load of the machine does not count."""
    return sum(os.times()[:4])


def function_of(code: CodeType) -> str:
    return f"{Path(code.co_filename).relative_to(ROOT).as_posix()}::{code.co_qualname}"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--touched", help="the file to append to")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    _seen.clear()
    item.stash[_START] = processor_time()
    threading.settrace(_on_call)
    sys.settrace(_on_call)
    try:
        return (yield)
    finally:
        sys.settrace(None)
        threading.settrace(None)  # type: ignore[arg-type]


_START = pytest.StashKey[float]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    report = yield
    path = item.config.getoption("--touched")
    if path and report.when == "call" and report.passed:
        row = {
            "test": item.nodeid,
            "seconds": round(processor_time() - item.stash[_START], 3),
            "functions": sorted(map(function_of, list(_seen))),
        }
        with Path(path).open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(row) + "\n")
    return report
