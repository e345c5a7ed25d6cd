"""The programs of the flow: where they are, which version, and one way to run them."""

from __future__ import annotations

import contextlib
import importlib.metadata
import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from lgc.errors import MissingToolError, NotCheckedError, TimeLimitError, ToolError

Listener = Callable[[str], None]

_running: set[subprocess.Popen[str]] = set()


@dataclass(frozen=True)
class Tool:
    """A program that can be run.

    Attributes:
        name: as people know it: ``nextpnr-ecp5``.
        command: what starts it.
        version: as it, or its package, calls itself.
    """

    name: str
    command: tuple[str, ...]
    version: str

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


@cache
def find_yosys() -> Tool:
    """Yosys, as the pyosys wheel carries it.

    Raises:
        MissingToolError: pyosys is not installed.
    """
    try:
        version = importlib.metadata.version("pyosys")
    except importlib.metadata.PackageNotFoundError:
        raise MissingToolError("pyosys is not installed", hint="`pip install lgc[synth]`") from None
    script = "import sys; from pyosys import libyosys as ys; ys.run_pass('script ' + sys.argv[1], ys.Design())"
    return Tool("yosys", (sys.executable, "-c", script), version)


def yosys_share() -> Path:
    """The folder of yosys's own files: cell libraries and simulation models.

    Raises:
        MissingToolError: pyosys is not installed.
    """
    find_yosys()
    spec = importlib.util.find_spec("pyosys")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "share"


def has_tool(name: str) -> bool:
    """Whether a program is on PATH."""
    return shutil.which(name) is not None


@cache
def find_tool(name: str, wheel: str = "") -> Tool:
    """A program on PATH or beside this Python, else the WebAssembly build of a YoWASP wheel.

    Args:
        wheel: the wheel that has it; for packers, the one that has their family's nextpnr.

    Raises:
        MissingToolError: it is nowhere.
    """
    path = shutil.which(name) or shutil.which(name, path=str(Path(sys.executable).parent))
    if path:
        return Tool(name, (path,), _version_of(path))
    module, function = wheel.replace("-", "_"), f"run_{name.replace('-', '_')}"
    if wheel and importlib.util.find_spec(module):
        script = f"import sys, {module} as wheel; sys.exit(wheel.{function}(sys.argv[1:]))"
        version = importlib.metadata.version(wheel)
        return Tool(name, (sys.executable, "-c", script), version)
    hint = "`pip install lgc[synth]`, or put it on PATH" if wheel else "Install it and put it on PATH"
    raise MissingToolError(f"{name} is not installed", hint=hint)


def _version_of(path: str) -> str:
    """What the program says of itself: nextpnr on standard error, others not at all."""
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        done = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=60, check=False)
        match = re.search(r"\d+\.[\w.+-]+", done.stdout + done.stderr)
        if match:
            return match[0].rstrip(".")
    return "of unknown version"


def run(command: Sequence[str], folder: Path, log: Path, timeout: float, listen: Listener | None = None) -> int:
    """Run a program in ``folder``; each line that it prints goes to ``log`` and to ``listen``.

    Returns:
        Its exit code.

    Raises:
        TimeLimitError: it took longer than ``timeout`` seconds, and was ended with all that it had started.
    """
    expired = threading.Event()
    with log.open("w", encoding="utf-8", buffering=1) as stream:
        process = subprocess.Popen(
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, encoding="utf-8", errors="replace", start_new_session=True,
        )  # fmt: skip
        watch = threading.Timer(timeout, _expire, [expired, process])
        watch.start()
        _running.add(process)
        try:
            assert process.stdout is not None
            for line in process.stdout:
                stream.write(line)
                if listen:
                    listen(line.rstrip("\n"))
            code = process.wait()
        finally:
            watch.cancel()
            _end(process)
            process.communicate()
    if expired.is_set():
        raise TimeLimitError(f"it was stopped after {timeout:g} s", hint="Give it more time with --timeout")
    return code


def end_all() -> None:
    """End every program that :func:`run` runs in any thread: for whoever is interrupted while others run."""
    for process in tuple(_running):
        _end(process)


def _expire(expired: threading.Event, process: subprocess.Popen[str]) -> None:
    expired.set()
    _end(process)


def _end(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)


def reason(log: Path, code: int) -> str:
    """Why a program failed, as its log says: the first line with an error, else the last line."""
    lines = [line.strip() for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    found = next((line for line in lines if line.startswith("ERROR") or "rror:" in line), lines[-1] if lines else "")
    how = f"it was ended by signal {-code}" if code < 0 else f"exit code {code}"
    return f"{found[:300]} ({how})" if found else how


def run_tool(
    command: list[str],
    log: Path,
    what: str,
    environment: dict[str, str] | None = None,
    *,
    timeout: float | None = None,
    folder: Path | None = None,
) -> None:
    """Run a program to its end, in ``folder`` if one is given, its output to ``log``.

    Raises:
        ToolError: it failed; with the first line that looks like the reason.
        NotCheckedError: it took longer than ``timeout`` seconds.
    """
    with log.open("wb") as stream:
        try:
            done = subprocess.run(
                command, stdout=stream, stderr=subprocess.STDOUT, env=environment, timeout=timeout, cwd=folder,
                check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise NotCheckedError(f"{what} was stopped after {timeout:g} s: not checked") from None
    if done.returncode:
        text = log.read_text(encoding="utf-8", errors="replace")
        lines = [line for line in text.splitlines() if "rror" in line] or text.splitlines() or ["no output"]
        raise ToolError(f"{what} failed: {lines[0][:300]}", hint="`--keep DIR` keeps the build folder and its logs")
