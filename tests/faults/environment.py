"""A machine that misbehaves, for one command: stand-ins for programs, disks without room, and what must be left of it.

The stand-ins are scripts that do in no time what the real programs take seconds for, until they misbehave.
"""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import signal
import stat
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BLIF = """.model net
.inputs a[0] a[1] a[2] a[3]
.outputs y[0] y[1]
.names a[0] a[1] y[0]
11 1
.names a[2] a[3] y[1]
10 1
01 1
.end
"""
VERILOG = """module rom(input [3:0] a, output reg [1:0] y);
  always @* case (a) 4'd1: y = 2'd1; 4'd7: y = 2'd2; 4'd9: y = 2'd3; default: y = 2'd0; endcase
endmodule
"""

MISBEHAVES = {
    "hangs": "while :; do sleep 60; done",
    "hangs with children": "sleep 600 & sleep 600 & wait",
    "hangs, deaf to signals": "trap '' INT TERM HUP; while :; do sleep 60; done",
    "prints Latin-1": r"printf '\377\376 bad \351\n' >&2; exit 1",
    "prints 100 MB": "head -c 100000000 /dev/zero | tr '\\0' 'x'; exit 1",
    "prints without end": "yes 'error: again'",
    "says nothing": "exit 7",
    "does nothing, well": "exit 0",
    "is killed": "kill -KILL $$",
    "crashes": "ulimit -c 0; kill -SEGV $$",
}
"""What a program does, in the shell."""

_TOOLCHAIN = """#!/bin/sh
# Stands for a compiler. Objects and libraries are some machine code; programs are a shell script.
out=; object=
for word; do
  case "$word" in
    --version|-dumpfullversion|-dumpversion) echo 13.2.0; exit 0;;
    -c|-shared) object=1;;
  esac
  [ "$last" = -o ] && out=$word
  last=$word
done
@compiles@
if [ -n "$object" ]; then cp /bin/true "$out"; exit; fi
cat > "$out" <<'END'
#!/bin/sh
@runs@
END
chmod +x "$out"
"""
_VERILATOR = """#!/bin/sh
case "$1" in
  --version) echo 'Verilator 5.048 2026-01-01'; exit 0;;
  --getenv) echo '@root@'; exit 0;;
esac
@translates@
"""
_YOSYS = """
import os, sys
class Design:
    def top_module(self):
        return self
    def connections(self):
        return []
def run_pass(line, design):
    if line.startswith(("write_", "tee")):
        os.execv("/bin/sh", ["sh", "-c", {script!r}])
    print("Executing", line, flush=True)
"""


def script(path: Path, text: str) -> Path:
    """A program."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


@dataclass
class Machine:
    """Where a command runs: folders of its own, and the environment that names them.

    Attributes:
        work: holds models and what was compiled of them.
        temporary, cache: ``TMPDIR`` and ``LGC_CACHE``.
        variables: of the environment.
        mark: in the environment of all that is started here.
    """

    folder: Path
    variables: dict[str, str] = field(default_factory=dict)
    memory: int | None = None
    file_size: int | None = None
    mark: str = field(default_factory=lambda: uuid.uuid4().hex)

    def __post_init__(self) -> None:
        self.work, self.temporary, self.cache = (self.folder / name for name in ("work", "tmp", "cache"))
        for folder in (self.work, self.temporary, self.cache):
            folder.mkdir(exist_ok=True)
        self.cache.chmod(0o700)
        self.variables = {
            **os.environ, "TMPDIR": str(self.temporary), "LGC_CACHE": str(self.cache), "FAULTS": self.mark,
            "PYTHONPATH": str(ROOT), "NO_COLOR": "1", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1",
        } | self.variables  # fmt: skip

    def toolchain(self, *, compiles: str = "", runs: str = "exit 0", translates: str = "exit 0") -> None:
        """Compilers and a Verilator that are there, and do what is given; nothing is compiled that took time."""
        text = _TOOLCHAIN.replace("@compiles@", compiles).replace("@runs@", runs)
        for name, variable in (("cc", "CC"), ("c++", "CXX")):
            self.variables[variable] = str(script(self.folder / "bin" / name, text))
        root = self.folder / "verilator"
        (root / "include").mkdir(parents=True, exist_ok=True)
        for name in (
            "verilated.h",
            "verilated.cpp",
            "verilated_vpi.cpp",
            "verilated_threads.cpp",
            "verilated_vcd_c.cpp",
        ):
            (root / "include" / name).touch()
        text = _VERILATOR.replace("@root@", str(root)).replace("@translates@", translates)
        script(self.folder / "bin" / "verilator", text)
        self.variables["PATH"] = f"{self.folder / 'bin'}{os.pathsep}{self.variables['PATH']}"

    def program(self, name: str, does: str) -> None:
        """A program on PATH."""
        script(self.folder / "bin" / name, f"#!/bin/sh\n{does}\n")
        self.variables["PATH"] = f"{self.folder / 'bin'}{os.pathsep}{self.variables['PATH']}"

    def yosys(self, does: str) -> None:
        """A yosys that reads everything, and does this where it should write."""
        package = self.folder / "packages" / "pyosys"
        package.mkdir(parents=True)
        (package / "__init__.py").touch()
        (package / "libyosys.py").write_text(_YOSYS.format(script=does))
        script(package / "yosys-abc", f"#!/bin/sh\n{does}\n")
        self.variables["PYTHONPATH"] = f"{package.parent}{os.pathsep}{self.variables['PYTHONPATH']}"

    def start(self, words: Sequence[str], **streams: object) -> subprocess.Popen[bytes]:
        """A command, in the folder of work."""

        def prepare() -> None:  # a shell's background job ignores Ctrl-C, and what it starts does
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            if self.memory is not None:
                resource.setrlimit(resource.RLIMIT_AS, (self.memory, self.memory))
            if self.file_size is not None:
                resource.setrlimit(resource.RLIMIT_FSIZE, (self.file_size, self.file_size))

        return subprocess.Popen(
            [sys.executable, "-m", "lgc", *words], cwd=self.work, env=self.variables, preexec_fn=prepare,
            **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **streams},  # type: ignore[call-overload]
        )  # fmt: skip

    def run(self, words: Sequence[str], patience: float = 60.0) -> Ended:
        """A command to its end, and what it leaves."""
        before = self.files()
        start = time.monotonic()
        with self.start(words) as process:
            try:
                out, err = process.communicate(timeout=patience)
            finally:
                process.kill()
        seconds = time.monotonic() - start
        return Ended(process.returncode, out.decode(), err.decode(), seconds, self.files() - before, self.left())

    def files(self) -> set[str]:
        """What is in the folders of work and of temporary files."""
        return {str(path.relative_to(self.folder)) for top in (self.work, self.temporary) for path in top.rglob("*")}

    def left(self, patience: float = 10.0) -> list[str]:
        """Processes of this machine that still run, and go on to."""
        deadline = time.monotonic() + patience
        while True:
            found = [line for pid in running(self.mark) if (line := _command_of(pid))]
            if not found or time.monotonic() > deadline:
                return found
            time.sleep(0.1)


@dataclass(frozen=True)
class Ended:
    """How a command ended, and what it left: files, and processes."""

    code: int
    out: str
    err: str
    seconds: float
    files: set[str]
    processes: list[str]

    def check(self, *codes: int, says: str = "", files: Sequence[str] = ()) -> None:
        """One of the exit codes, one paragraph, no traceback, nothing left but what is named."""
        assert self.code in codes, self
        assert "Traceback" not in self.err + self.out, self
        error = "".join(line for line in self.err.splitlines(keepends=True) if not line.startswith("lgc: note: "))
        assert error.startswith("lgc: ") and error.count("\n") == 1 and says in error, self
        assert "every score equal" not in self.out and ": proved" not in self.out, self
        assert self.files <= set(files), self
        assert not self.processes, self


def running(mark: str) -> list[int]:
    """Processes with a mark in their environment."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            found += [int(path.parent.name)] if mark.encode() in path.read_bytes() else []
    return found


def _command_of(pid: int) -> str:
    """Its command line; empty if it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
    except OSError:
        return ""


@contextlib.contextmanager
def small_disk(folder: Path, size: int, room: int) -> Iterator[Callable[[int], None]]:
    """A disk of its own in the place of a folder: only root can, and not everywhere; skips aloud where it cannot."""
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", folder], capture_output=True, text=True
    )
    if done.returncode:
        pytest.skip(f"no disk can be mounted here: {done.stderr.strip()}")
    try:
        os.chmod(folder, 0o700)  # noqa: PTH101
        (folder / "fill").write_bytes(bytes(size - room))

        def fill(room: int) -> None:
            """Leave so much room."""
            disk = os.statvfs(folder)
            with (folder / "fill").open("ab") as stream:
                stream.write(bytes(max(0, disk.f_bfree * disk.f_frsize - room)))

        yield fill
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def can_mount() -> bool:
    """Whether :func:`small_disk` does not skip."""
    return os.geteuid() == 0 and shutil.which("mount") is not None
