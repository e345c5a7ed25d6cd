"""The one way to run a program: it is ended with all that it started, however the run ends.

A program gets a process group of its own. The group is killed when the program has ended, when its time is up, and when
an exception, such as Ctrl-C, leaves the run. Ctrl-C reaches the main thread alone: threads that run programs come from
:func:`workers`, which ends their programs too.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import IO

from lgc.errors import NotCheckedError, TimeLimitError, ToolError
from lgc.tools.cache import home_variables

Listener = Callable[[str], None]

_TICK_SECONDS = 0.05
# What says why: an error at the head of a line or before a colon, else the word anywhere, as in "syntax error".
_REASONS = (re.compile(r"^ERROR|rror:"), re.compile(r"\bERROR\b|[Ee]rror\b"))

_scope: ContextVar[tuple[object, ...]] = ContextVar("scope", default=())
_running: dict[subprocess.Popen[str], tuple[object, ...]] = {}
_closed: set[object] = set()
_lock = threading.Lock()


class FailedError(ToolError):
    """A program ended badly.

    Attributes:
        reason: why, as it says itself.
    """

    def __init__(self, what: str, reason: str, *, where: str | None = None, hint: str | None = None) -> None:
        super().__init__(f"{what} failed: {reason}", where=where, hint=hint)
        self.reason = reason


@dataclass(frozen=True, kw_only=True)
class Setup:
    """What a program finds where it starts, and how far it may go.

    Attributes:
        folder: where it runs; None is where we are.
        environment: all its variables; None is ours.
        timeout: seconds that it may take; None is without bound.
        memory: bytes of address space that it may take, where the system can bound it; None is without bound.
        hold_input: standard input stays open and empty as long as this process lives, so that a program that reads it
            notices our end; else there is none.
    """

    folder: Path | None = None
    environment: Mapping[str, str] | None = None
    timeout: float | None = None
    memory: int | None = None
    hold_input: bool = False


@dataclass(frozen=True)
class Captured:
    """The exit code of a program and what it printed."""

    code: int
    out: str
    err: str


def run(
    command: Sequence[str],
    log: Path,
    setup: Setup | None = None,
    *,
    what: str = "it",
    listen: Listener | None = None,
    tick: Callable[[], None] | None = None,
) -> int:
    """Run a program; what it prints goes to ``log``.

    Args:
        what: the program's name in errors.
        listen: called with each line that it prints, in this thread; what it raises ends the program.
        tick: called about 20 times a second while it runs, in the same way; only without ``listen``.

    Returns:
        Its exit code; negative is the signal that ended it.

    Raises:
        TimeLimitError: it took longer than it may.
        ToolError: it cannot be started.
    """
    with log.open("w", encoding="utf-8", buffering=1) as stream:
        pipe: IO[str] | int = subprocess.PIPE if listen else stream
        with _started(command, setup or Setup(), what, pipe, subprocess.STDOUT) as process:
            if listen:
                assert process.stdout is not None
                for line in process.stdout:
                    stream.write(line)
                    listen(line.rstrip("\n"))
            while tick and process.poll() is None:
                tick()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(_TICK_SECONDS)
            return process.wait()


def run_checked(command: Sequence[str], log: Path, what: str, setup: Setup | None = None) -> None:
    """Run a program that must end well; what it prints goes to ``log``.

    Raises:
        FailedError: it did not.
        TimeLimitError, ToolError: see :func:`run`.
    """
    code = run(command, log, setup, what=what)
    if code:
        raise FailedError(what, reason(log, code), hint="`--keep DIR` keeps the build folder and its logs")


def capture(command: Sequence[str], setup: Setup | None = None, what: str = "it") -> Captured:
    """Run a program for what it prints.

    Raises:
        TimeLimitError, ToolError: see :func:`run`.
    """
    with _started(command, setup or Setup(), what, subprocess.PIPE, subprocess.PIPE) as process:
        out, err = process.communicate()
        return Captured(process.returncode, out, err)


def output_of(command: Sequence[str], what: str) -> str:
    """What a program prints that must end well.

    Raises:
        FailedError: it did not.
        ToolError: see :func:`run`.
    """
    done = capture(command, what=what)
    if done.code:
        raise FailedError(what, reason_in(done.err, done.code))
    return done.out


def reason(log: Path, code: int) -> str:
    """Why a program failed, as its log says: the first line with an error, else the last line."""
    return reason_in(log.read_text(encoding="utf-8", errors="replace"), code)


def reason_in(text: str, code: int) -> str:
    """Why a program failed that printed ``text``; see :func:`reason`."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    matches = (line for pattern in _REASONS for line in lines if pattern.search(line))
    found = next(matches, lines[-1] if lines else "")
    how = f"it was ended by signal {-code}" if code < 0 else f"exit code {code}"
    return f"{found[:300]} ({how})" if found else how


@contextlib.contextmanager
def or_not_checked(verdict: str = "not checked") -> Iterator[None]:
    """Around a run that a check depends on: where it took too long, nothing was checked.

    Raises:
        NotCheckedError: so it is.
    """
    try:
        yield
    except TimeLimitError as error:
        raise NotCheckedError(f"{error.message}: {verdict}", where=error.where, hint=error.hint) from None


@contextlib.contextmanager
def workers(count: int) -> Iterator[ThreadPoolExecutor]:
    """Threads that may run programs: an exception that leaves the block ends those that run, and no more start."""
    token = object()
    # What threads of these threads run belongs to this block too.
    with ThreadPoolExecutor(count, initializer=_scope.set, initargs=((*_scope.get(), token),)) as pool:
        try:
            yield pool
        except BaseException:
            _close(token)
            pool.shutdown(cancel_futures=True)
            raise
        finally:
            _closed.discard(token)


def _close(token: object) -> None:
    with _lock:
        _closed.add(token)
        programs = [process for process, scope in _running.items() if token in scope]
    for process in programs:
        _kill_group(process)


@contextlib.contextmanager
def _started(
    command: Sequence[str], setup: Setup, what: str, output: IO[str] | int, errors: int
) -> Iterator[subprocess.Popen[str]]:
    expired = threading.Event()
    with contextlib.ExitStack() as stack:
        with _uninterrupted():  # else Ctrl-C between the start and the next line leaves a program that nobody ends
            process = _start(command, setup, what, output, errors)
            stack.callback(_ended, process)
        if setup.timeout is not None:
            watch = threading.Timer(setup.timeout, _expire, [expired, process])
            watch.daemon = True
            stack.callback(watch.cancel)
            watch.start()
        yield process
    if expired.is_set():
        raise TimeLimitError(f"{what} was stopped after {setup.timeout:g} s", hint="Give it more time with --timeout")


def _ended(process: subprocess.Popen[str]) -> None:
    _kill_group(process)  # what it started may still run where it has ended itself
    with process:  # closes the pipes
        process.wait()
    with _lock:
        _running.pop(process, None)


@contextlib.contextmanager
def _uninterrupted() -> Iterator[None]:
    """Handlers of signals, such as Ctrl-C's, wait for the end of the block; only the main thread has any."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    pending: list[tuple[int, FrameType | None]] = []
    numbers = (getattr(signal, name, None) for name in ("SIGINT", "SIGTERM", "SIGHUP"))
    handlers = {number: signal.getsignal(number) for number in numbers if number is not None}
    waiting = {number: handler for number, handler in handlers.items() if callable(handler)}
    for number in waiting:
        signal.signal(number, lambda *given: pending.append(given))
    try:
        yield
    finally:
        for number, handler in waiting.items():
            signal.signal(number, handler)
    for signalled, frame in pending:
        waiting[signal.Signals(signalled)](signalled, frame)


def _start(
    command: Sequence[str], setup: Setup, what: str, output: IO[str] | int, errors: int
) -> subprocess.Popen[str]:
    scope = _scope.get()
    with _lock:
        if _closed.intersection(scope):
            raise ToolError(f"{what} was not started: the run was interrupted")
        try:
            process = subprocess.Popen(
                command, cwd=setup.folder, env=_environment(setup), stdout=output, stderr=errors,
                stdin=subprocess.PIPE if setup.hold_input else subprocess.DEVNULL,
                text=True, encoding="utf-8", errors="replace", start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            raise ToolError(f"{what} cannot be started ({error.strerror})", where=str(command[0])) from None
        _running[process] = scope
    if setup.memory is not None:
        _bound_memory(process.pid, setup.memory)
    return process


def _environment(setup: Setup) -> Mapping[str, str] | None:
    """A program's variables, and a home for those of a user who has none; None is ours."""
    given = setup.environment
    lent = home_variables(os.environ if given is None else given)
    return {**(os.environ if given is None else given), **lent} if lent else given


def _bound_memory(process: int, size: int) -> None:
    import resource

    if hasattr(resource, "prlimit"):  # Linux; from here, for code of ours between fork and exec may lock up threads
        with contextlib.suppress(ProcessLookupError):
            resource.prlimit(process, resource.RLIMIT_AS, (size, size))


def _expire(expired: threading.Event, process: subprocess.Popen[str]) -> None:
    expired.set()
    _kill_group(process)


def _kill_group(process: subprocess.Popen[str]) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
