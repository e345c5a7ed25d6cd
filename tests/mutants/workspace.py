"""A throw-away copy of the project, in which a file is changed and tests are run."""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from mutants.rooms import ROOT
from mutants.sites import Mutant

PYTEST = ("-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-m", "not slow", "--no-header", "--tb=line")

_NO_TESTS = 5
_DIE_WITH_PARENT = 1  # prctl's PR_SET_PDEATHSIG


@dataclass(frozen=True)
class Fate:
    """What became of a mutant.

    Attributes:
        fate: ``killed``, ``survived``, ``timeout``, ``untested`` where no test was run, or ``error``.
        by: the test that failed first, or what else happened.
        ran: how many tests were run.
    """

    fate: str
    by: str
    ran: int
    seconds: float

    def after(self, other: Fate) -> Fate:
        """The same fate, the tests and seconds of both."""
        return replace(self, ran=self.ran + other.ran, seconds=round(self.seconds + other.seconds, 1))


class _Chosen:
    """A pytest plugin: of what is collected, the chosen tests in their order; who fails first is written down."""

    def __init__(self, names: Sequence[str], report: Path) -> None:
        self.order = {name: index for index, name in enumerate(names)}
        self.report = report
        self.seen = 0
        self.failed = ""

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = sorted((one for one in items if one.nodeid in self.order), key=lambda one: self.order[one.nodeid])

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.seen += report.when == "call"
        if report.failed and not self.failed:
            self.failed = report.nodeid

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed and not self.failed:
            self.failed = f"collecting {report.nodeid}"

    def pytest_sessionfinish(self) -> None:
        self.report.write_text(json.dumps([self.failed, self.seen]))


class Workspace:
    """A copy of all tracked files below ``folder``, with a cache of compiled code of its own.

    Args:
        warm: what the cache holds at first, if it exists.
    """

    def __init__(self, folder: Path, warm: Path) -> None:
        self.folder, self.warm = folder, warm
        self.code, self.cache, self.report = folder / "code", folder / "cache", folder / "report.json"
        shutil.rmtree(folder, ignore_errors=True)
        self.code.mkdir(parents=True)
        names = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, check=True,
                               capture_output=True, text=True).stdout.split("\0")  # fmt: skip
        for name in filter(None, names):
            if (ROOT / name).is_file():
                (self.code / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / name, self.code / name)

    @contextmanager
    def changed(self, mutant: Mutant | None) -> Iterator[None]:
        """The mutant is in the copy; afterwards it is not."""
        if mutant is None:
            yield
            return
        path = self.code / mutant.path
        source = path.read_text(encoding="utf-8")
        path.write_text(mutant.apply(source), encoding="utf-8")
        _forget(path)
        try:
            yield
        finally:
            path.write_text(source, encoding="utf-8")
            _forget(path)

    def run(self, tests: Sequence[str], timeout: float, *, mutant: Mutant | None = None, keep: bool = False) -> Fate:
        """Run tests on a mutant, or on the compiler as it is, until one fails; ``keep`` its compiled code as warm.

        Each run is a forked child, which has pytest, numpy and torch in memory already, and lgc not.
        """
        if not tests:
            return Fate("untested", "", 0, 0.0)
        start = time.monotonic()
        self.report.unlink(missing_ok=True)
        shutil.rmtree(self.cache, ignore_errors=True)  # what a mutant has built must not serve another
        if self.warm.exists():
            shutil.copytree(self.warm, self.cache)
        with self.changed(mutant):
            child = os.fork()
            if child == 0:
                self._pytest(tests)
            code = _wait(child, timeout)
        failed, seen = json.loads(self.report.read_text()) if self.report.exists() else ("", 0)
        if keep:
            shutil.copytree(self.cache, self.warm)
        fate, by = self._fate(code, failed, seen, mutant)
        return Fate(fate, by, seen, round(time.monotonic() - start, 1))

    def _fate(self, code: int | None, failed: str, seen: int, mutant: Mutant | None) -> tuple[str, str]:
        """Only what a mutant can have done counts as its death; anything else is an error of this program."""
        if code is None:
            return "timeout", ""
        if code in (0, _NO_TESTS):
            return ("survived", "") if seen else ("untested", "")
        if failed:
            return "killed", failed
        if code < 0:
            return "killed", f"signal {-code}"
        log = (self.folder / "log.txt").read_text(encoding="utf-8", errors="replace")
        if mutant is not None and str(self.code / mutant.path) in log:  # pytest could not even start
            return "killed", f"import: {log.strip().splitlines()[-1][:100]}"
        return "error", f"exit {code}: {log[-300:]}"

    def _pytest(self, tests: Sequence[str]) -> None:
        """In the child: never returns."""
        code = 99
        try:
            os.setsid()
            if sys.platform == "linux":
                ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, int(signal.SIGKILL))
            os.chdir(self.code)
            log = os.open(self.folder / "log.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            for stream in (1, 2):
                os.dup2(log, stream)
            os.environ |= {
                "PYTHONPATH": str(self.code),
                "CI": "1",
                "LGC_CACHE": str(self.cache),
                "OMP_NUM_THREADS": "2",
            }
            for name in [one for one in sys.modules if one.partition(".")[0] in ("lgc", "mutants", "farming")]:
                del sys.modules[name]  # the lgc of the copy is tested, and not that of whoever runs this
            sys.path[:] = [str(self.code), *(one for one in sys.path if not one.startswith(str(ROOT)) or "venv" in one)]
            paths = list(dict.fromkeys(test.partition("::")[0] for test in tests))
            paths = [path for path in paths if (self.code / path).exists()]
            code = int(pytest.main([*PYTEST, *paths], plugins=[_Chosen(tests, self.report)]))
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)


def _forget(path: Path) -> None:
    """Bytecode of a file: Python takes it by the file's second and size, which a change may keep."""
    for one in (path.parent / "__pycache__").glob(f"{path.stem}.*.pyc"):
        one.unlink()


def _wait(child: int, timeout: float) -> int | None:
    """The exit code of a child, negative for a signal; None if it was ended for taking too long."""
    end = time.monotonic() + timeout
    try:
        while time.monotonic() < end:
            done, status = os.waitpid(child, os.WNOHANG)
            if done:
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.05)
        return None
    finally:
        _end(child)


def _end(group: int) -> None:
    """All that is left of a child's group."""
    try:
        os.killpg(group, signal.SIGKILL)
        os.waitpid(group, 0)
    except (ProcessLookupError, ChildProcessError, PermissionError):
        pass
