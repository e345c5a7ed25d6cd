"""The one way to run a program: it is ended with all that it started, however the run ends.

A program gets a process group of its own. The group is killed when the program has ended, when its time is up, and when
an exception, such as Ctrl-C, leaves the run. Ctrl-C reaches the main thread alone: threads that run programs come from
:func:`workers`, which ends their programs too. Where this process is killed, :mod:`lgc.tools.watchdog` ends them.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import signal
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType
from typing import IO

from lgc.errors import NotCheckedError, TimeLimitError, ToolError
from lgc.tools.cache import home_variables
from lgc.tools.limits import Deadline, Watch, check_room, deadline, set_deadline
from lgc.tools.watchdog import VARIABLE, kill_marked, nowhere, watchdog

Listener = Callable[[str], None]

_BY_SIGNAL, _UNREADABLE = "it was ended by signal", "what it wrote cannot be read"
_TICK_SECONDS = 0.05
_MOST_LOGGED, _MOST_CAPTURED = 1 << 30, 1 << 26
"""Bytes that a program may print to a file, and for us to read."""
_MOST_KEPT, _MOST_SEARCHED = 1 << 24, 1 << 20
_MOST_HEARD, _LONGEST_LINE = 1 << 20, 1 << 16
"""Characters that a listener is given in one go, and of one line."""
# What says why: an error at the head of a line or before a colon, else the word anywhere, as in "syntax error".
_REASONS = (re.compile(r"^ERROR|rror:"), re.compile(r"\bERROR\b|[Ee]rror\b"))

_scope: ContextVar[tuple[object, ...]] = ContextVar("scope", default=())
_running: dict[subprocess.Popen[bytes], tuple[object, ...]] = {}
_closed: set[object] = set()
_numbers = itertools.count()
_lock = threading.Lock()


class FailedError(ToolError):
    """A program ended badly.

    Attributes:
        reason: why, as it says itself.
    """

    def __init__(self, what: str, reason: str, *, where: str | None = None, hint: str | None = None) -> None:
        super().__init__(f"{what} failed: {reason}", where=where, hint=hint)
        self.reason = reason

    @property
    def crashed(self) -> bool:
        """Whether a signal ended it, or what it wrote cannot be read: that says nothing about what it was given."""
        return _BY_SIGNAL in self.reason or _UNREADABLE in self.reason


@dataclass(frozen=True, kw_only=True)
class Setup:
    """What a program finds where it starts, and how far it may go.

    Attributes:
        folder: where it runs; None is where we are.
        environment: all its variables; None is ours.
        temporary: where it puts its temporary files, which it may leave; None is beside its log, if it has one.
        timeout: seconds that it may take; None is without bound.
        writes: folders that it writes to, besides that of its log: where they are full, it is not waited for.
        memory: bytes of address space that it may take, where the system can bound it; None is without bound.
        hold_input: standard input stays open and empty as long as this process lives, so that a program that reads it
            notices our end; else there is none.
    """

    folder: Path | None = None
    environment: Mapping[str, str] | None = None
    temporary: Path | None = None
    timeout: float | None = None
    writes: tuple[Path, ...] = ()
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
        tick: called about 20 times a second while it runs, in the same way.

    Returns:
        Its exit code; negative is the signal that ended it.

    Raises:
        TimeLimitError: it took longer than it may, or than the block of :func:`within` has left.
        DiskError: it ended badly, or did not end, and the disk is full.
        ToolError: it cannot be started, or prints without end.
    """
    setup = setup or Setup()
    setup = setup if setup.temporary else replace(setup, temporary=log.parent.absolute())
    with log.open("wb") as stream, contextlib.ExitStack() as stack:
        tail = _Tail(stack.enter_context(log.open(encoding="utf-8", errors="replace")), listen) if listen else None

        def each() -> None:
            if tail:
                tail.read()
            if tick:
                tick()

        watch = Watch(what, setup.timeout, (stream.fileno(),), _MOST_LOGGED, (log.parent, *setup.writes))
        code = _run(command, setup, watch, (stream.fileno(), subprocess.STDOUT), each)
        if tail:
            tail.read(last=True)
        return code


class _Tail:
    """The lines that a program writes to a file, as they come; of endless ones, the beginning."""

    def __init__(self, stream: IO[str], listen: Listener) -> None:
        self._stream, self._listen, self._rest = stream, listen, ""

    def read(self, *, last: bool = False) -> None:
        """A bounded part, so that whoever prints without end is stopped in between; all that is left at the end."""
        while text := self._stream.read(_MOST_HEARD):
            *lines, rest = (self._rest + text).split("\n")
            self._rest = rest[:_LONGEST_LINE]
            for line in lines:
                self._listen(line)
            if not last:
                return
        if last and self._rest:
            self._listen(self._rest)


def run_checked(command: Sequence[str], log: Path, what: str, setup: Setup | None = None) -> None:
    """Run a program that must end well; what it prints goes to ``log``.

    Raises:
        FailedError: it did not.
        TimeLimitError, DiskError, ToolError: see :func:`run`.
    """
    code = run(command, log, setup, what=what)
    if code:
        raise FailedError(what, reason(log, code), hint="`--keep DIR` keeps the build folder and its logs")


def capture(command: Sequence[str], setup: Setup | None = None, what: str = "it") -> Captured:
    """Run a program for what it prints, of which the first 16 MB are kept.

    Raises:
        TimeLimitError, DiskError, ToolError: see :func:`run`.
    """
    setup = setup or Setup()
    with _unnamed_file() as out, _unnamed_file() as err:
        files = (out.fileno(), err.fileno())
        watch = Watch(what, setup.timeout, files, _MOST_CAPTURED, setup.writes)
        code = _run(command, setup, watch, files)
        texts = [os.pread(file, _MOST_KEPT, 0).decode("utf-8", "replace") for file in files]
        return Captured(code, *texts)


def _unnamed_file() -> IO[bytes]:
    """In memory, for there must be no disk with room just to ask for a version."""
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("lgc"), "w+b")
    return tempfile.TemporaryFile()


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
    with log.open("rb") as stream:
        text = stream.read(_MOST_SEARCHED)
        end = stream.seek(0, os.SEEK_END)
        stream.seek(max(len(text), end - _MOST_SEARCHED))
        return reason_in((text + stream.read()).decode("utf-8", "replace"), code)


def reason_in(text: str, code: int) -> str:
    """Why a program failed that printed ``text``; see :func:`reason`."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    matches = (line for pattern in _REASONS for line in lines if pattern.search(line))
    found = next(matches, lines[-1] if lines else "")
    how = f"{_BY_SIGNAL} {-code}" if code < 0 else f"exit code {code}"
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
def reading(what: str, folder: Path | None = None) -> Iterator[None]:
    """Around reading a file that a program wrote: it may have said that all is well, and written anything.

    Args:
        folder: that it wrote it to.

    Raises:
        FailedError: the file is not what it should be.
        DiskError: the same, on a full disk.
    """
    try:
        yield
    except (OSError, ValueError, KeyError, IndexError, TypeError, AttributeError, EOFError, RecursionError) as error:
        check_room(what, folder)
        said = " ".join(f"{type(error).__name__}: {error}".split())
        raise FailedError(what, f"{_UNREADABLE} ({said[:200]})") from error


@contextlib.contextmanager
def workers(count: int) -> Iterator[ThreadPoolExecutor]:
    """Threads that may run programs: an exception that leaves the block ends those that run, and no more start."""
    token = object()

    def enter(scope: tuple[object, ...], deadline: Deadline | None) -> None:
        _scope.set(scope)
        set_deadline(deadline)

    # What threads of these threads run belongs to this block too.
    with ThreadPoolExecutor(count, initializer=enter, initargs=((*_scope.get(), token), deadline())) as pool:
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


def _run(
    command: Sequence[str], setup: Setup, watch: Watch, output: tuple[int, int], each: Callable[[], None] | None = None
) -> int:
    """Run a program under watch; its exit code."""
    watch.check_time(started=False)
    mark = f"{watchdog().mark}.{next(_numbers)}"
    with contextlib.ExitStack() as stack:
        with _uninterrupted():  # else Ctrl-C between the start and the next line leaves a program that nobody ends
            process = _start(command, setup, watch.what, output, mark)
            stack.callback(_ended, process, mark)
        while (code := _exit_code(process)) is None:
            if each:
                each()
            watch.check()
        watch.check_end(code)
        return code


def _exit_code(process: subprocess.Popen[bytes]) -> int | None:
    """None if it runs for another tick."""
    try:
        return process.wait(_TICK_SECONDS)
    except subprocess.TimeoutExpired:
        return None


def _ended(process: subprocess.Popen[bytes], mark: str) -> None:
    by_itself = process.poll() is not None
    _kill_group(process)  # what it started may still run where it has ended itself
    with process:  # closes the pipe
        process.wait()
    with _lock:
        _running.pop(process, None)
    if not by_itself:  # what it started may have left the group
        kill_marked(mark)


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
    command: Sequence[str], setup: Setup, what: str, output: tuple[int, int], mark: str
) -> subprocess.Popen[bytes]:
    scope = _scope.get()
    with _lock:
        if _closed.intersection(scope):
            raise ToolError(f"{what} was not started: the run was interrupted")
        try:
            with nowhere() as nothing:
                process = subprocess.Popen(
                    command, cwd=setup.folder, env=_environment(setup, mark), stdout=output[0], stderr=output[1],
                    stdin=subprocess.PIPE if setup.hold_input else nothing, start_new_session=True,
                )  # fmt: skip
        except OSError as error:
            raise ToolError(f"{what} cannot be started ({error.strerror})", where=str(command[0])) from None
        _running[process] = scope
    if setup.memory is not None:
        _bound_memory(process.pid, setup.memory)
    return process


def _environment(setup: Setup, mark: str) -> Mapping[str, str]:
    """A program's variables: with the marks of the runs that it belongs to, and a home for whoever has none."""
    given = os.environ if setup.environment is None else setup.environment
    marks = ":".join(filter(None, (given.get(VARIABLE), mark)))
    temporary = {"TMPDIR": str(setup.temporary)} if setup.temporary else {}
    return {**given, **home_variables(given), **temporary, VARIABLE: marks}


def _bound_memory(process: int, size: int) -> None:
    import resource

    if hasattr(resource, "prlimit"):  # Linux; from here, for code of ours between fork and exec may lock up threads
        with contextlib.suppress(ProcessLookupError):
            resource.prlimit(process, resource.RLIMIT_AS, (size, size))


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
