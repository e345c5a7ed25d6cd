"""Building a simulator of emitted Verilog: Verilator to C++, C++ to a program that cocotb drives.

This is not cocotb's own runner: that one makes every net public, which costs a large network minutes. Here only
the ports (and for triage the stages) are, and the runtime, the same for all designs, is compiled once and kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from lgc.sim.cxx import compile_joined, join_sources
from lgc.sim.simulate import Simulator, cocotb_config
from lgc.tools.cc import Command, find_cxx_compiler
from lgc.tools.entries import cached
from lgc.tools.run import Setup, capture, run_checked, workers
from lgc.tools.verilator import Verilator, find_verilator

_RUNTIME = ("verilated.cpp", "verilated_vpi.cpp", "verilated_threads.cpp")
_OBJECT = "runtime.o"
_TRACE_RUNTIME = {"vcd": ("verilated_vcd_c.cpp",), "fst": ("verilated_fst_c.cpp",)}
# Verilator splits its output at this many operations a file: every file pays for the runtime's headers once more.
_OUTPUT_SPLIT = 200_000
# Its data-flow graph pass and loop unrolling make more C++ of such designs, not less.
_compiling = Lock()
_FAST_BUILD = ("-fno-dfg", "--unroll-count", "1", "--no-assert")

# An optimising compiler takes more than twice the time for a function, or a file, of twice the length.
_OPTIMISED_SPLIT = ("--output-split", "20000", "--output-split-cfuncs", "1000")


@dataclass(frozen=True)
class BuildOptions:
    """What to build.

    Attributes:
        top: the top module.
        lanes: samples per evaluation; 1 is the text as hardware sees it.
        public: (module, signal) pairs to read besides the ports, for triage.
        trace: ``vcd``, ``fst`` or None.
    """

    top: str
    lanes: int = 1
    public: tuple[tuple[str, str], ...] = ()
    trace: str | None = None


@dataclass
class VerilatorSimulator(Simulator):
    """Verilator under cocotb: one lane, or 64 samples an evaluation.

    Attributes:
        public: (module, signal) pairs to read besides the ports, for triage.
        trace: waveforms that it can write: ``vcd``, ``fst`` or None.
    """

    public: tuple[tuple[str, str], ...] = ()
    trace: str | None = None

    def build(self, source: Path) -> None:
        """See :func:`build`."""
        ports = [(port.name, port.direction) for port in self.manifest.ports]
        options = BuildOptions(self.manifest.top, self.lanes, self.public, self.trace)
        self.program = build(source, ports, options, self.folder)

    def command(self, trace_file: Path | None = None) -> list[str]:
        """See :class:`Simulator`."""
        return [str(self.program), *(["--trace", "--trace-file", str(trace_file)] if trace_file else [])]


def build(source: Path, ports: Sequence[tuple[str, str]], options: BuildOptions, folder: Path) -> Path:
    """Build a simulator in ``folder``.

    Args:
        source: the Verilog file.
        ports: (name, direction) of the top module's ports.

    Returns:
        The program.

    Raises:
        MissingToolError: Verilator, cocotb or a C++ compiler is missing.
        ToolError: one of them failed; what it printed is in ``folder``.
    """
    verilator, compiler = find_verilator(), find_cxx_compiler()
    cocotb = cocotb_config()
    share, libraries = Path(cocotb.share_dir), Path(cocotb.libs_dir)
    flags = _flags(verilator, options)
    with workers(2) as pool:
        # The runtime and the translation do not depend on each other: two cores, half the time.
        runtime = pool.submit(_runtime_objects, verilator, compiler, flags, options.trace)
        _verilate(verilator, source, ports, options, folder)
        sources = [*sorted(folder.glob("Vtop*.cpp")), share / "lib" / "verilator" / "verilator.cpp"]
        design_flags = [*flags, f"-I{folder}", "-O0"]
        jobs = [
            pool.submit(compile_joined, compiler, design_flags, group, folder / f"part{index}.o")
            for index, group in enumerate(join_sources(sources))
        ]
        objects = [job.result() for job in jobs] + runtime.result()
    program = folder / "simulator"
    # The list of objects may be longer than a command line can be.
    response = folder / "objects.txt"
    response.write_text("\n".join(f'"{file}"' for file in objects))
    link = [*compiler, "-o", str(program), f"@{response}", f"-L{libraries}", f"-Wl,-rpath,{libraries}"]
    link += ["-lcocotbvpi_verilator", "-lpthread", *(["-lz"] if options.trace == "fst" else [])]
    run_checked(link, folder / "link.log", "linking the simulator")
    return program


def build_program(
    source: Path, top: str, driver: Path, folder: Path, macros: Mapping[str, str | int] | None = None
) -> Path:
    """Build a simulator of one file under a driver in C++, ``folder / "simulator"``.

    Args:
        driver: C++ that has ``main`` and includes ``Vtop.h``.
        macros: what is defined for the driver.

    Raises:
        MissingToolError: Verilator or a C++ compiler is missing.
        ToolError: one of them failed; what it printed is in ``folder``.
    """
    verilator, compiler = find_verilator(), find_cxx_compiler()
    options = BuildOptions(top)
    flags = _flags(verilator, options)
    command = [*verilator.command, "--cc", "--exe", "--prefix", "Vtop", "--top-module", top, "--Mdir", str(folder)]
    command += [*_OPTIMISED_SPLIT, "--timescale", "1ns/1ps", "--quiet", "-Wno-fatal"]
    command += ["--x-assign", "fast", "--x-initial", "0", *_FAST_BUILD]
    setup = Setup(environment=verilator.environment())
    with workers(2) as pool:
        runtime = pool.submit(_runtime_objects, verilator, compiler, flags, None)
        run_checked([*command, str(source.resolve())], folder / "verilator.log", "Verilator", setup)
        sources = sorted(folder.glob("Vtop*.cpp"))
        slow = [one for one in sources if "Slow" in one.name]
        fast = [driver, *(one for one in sources if one not in slow)]
        design_flags = [*flags, f"-I{folder}", *(f"-D{name}={value}" for name, value in (macros or {}).items())]
        jobs = [  # what runs at every clock is worth the compiler's time, and what runs once is not
            pool.submit(compile_joined, compiler, [*design_flags, level], group, folder / f"part{level}.{index}.o")
            for level, files in (("-O1", fast), ("-O0", slow))
            for index, group in enumerate(join_sources(files))
        ]
        objects = [job.result() for job in jobs] + runtime.result()
    program = folder / "simulator"
    run_checked([*compiler, "-o", str(program), *map(str, objects), "-lpthread"], folder / "link.log",
                "linking the simulator")  # fmt: skip
    return program


def _flags(verilator: Verilator, options: BuildOptions) -> list[str]:
    trace = options.trace
    defines = {
        "VERILATOR": 1,
        "VM_COVERAGE": 0,
        "VM_SC": 0,
        "VM_TIMING": 0,
        "VM_TRACE": int(trace is not None),
        "VM_TRACE_VCD": int(trace == "vcd"),
        "VM_TRACE_FST": int(trace == "fst"),
        "VM_TRACE_SAIF": 0,
    }
    include = [f"-I{verilator.include}", f"-I{verilator.include / 'vltstd'}"]
    return ["-std=gnu++17", "-w", *include, *(f"-D{name}={value}" for name, value in defines.items())]


def _verilate(
    verilator: Verilator, source: Path, ports: Sequence[tuple[str, str]], options: BuildOptions, folder: Path
) -> None:
    access = [
        f'public_flat_{"rw" if direction == "input" else "rd"} -module "{options.top}" -var "{name}"'
        for name, direction in ports
    ]
    access += [f'public_flat_rd -module "{module}" -var "{signal}"' for module, signal in options.public]
    # Functions per module instead of one flat design: shorter names, half the C++.
    access += [f'no_inline -module "{options.top}_*"'] if options.lanes > 1 else []
    control = folder / "access.vlt"
    control.write_text("\n".join(["`verilator_config", *access, ""]))
    command = [*verilator.command, "--cc", "--exe", "--vpi", "--prefix", "Vtop", "--top-module", options.top]
    command += ["--Mdir", str(folder), "--output-split", str(_OUTPUT_SPLIT), "--timescale", "1ns/1ps", "--quiet"]
    command += ["-Wno-fatal", "--x-assign", "fast", "--x-initial", "0", *_FAST_BUILD]
    if options.lanes > 1:
        command.append(f"-DLGC_LANES={options.lanes}")
    if options.trace:
        command.append(f"--trace-{options.trace}")
    setup = Setup(environment=verilator.environment())
    run_checked([*command, str(control), str(source)], folder / "verilator.log", "Verilator", setup)


def _runtime_objects(verilator: Verilator, compiler: Command, flags: list[str], trace: str | None) -> list[Path]:
    """The runtime's object file, from the cache or compiled into it; several builds at a time compile it once."""
    with _compiling:
        return [_runtime_object(verilator, compiler, flags, trace)]


def _runtime_object(verilator: Verilator, compiler: Command, flags: list[str], trace: str | None) -> Path:
    key = hashlib.sha256()
    for text in ("sealed", verilator.version, str(verilator.root), _version_of(compiler), *compiler[1:], *flags):
        key.update(text.encode() + b"\0")
    names = (*_RUNTIME, *(_TRACE_RUNTIME[trace] if trace else ()))

    def build(folder: Path) -> None:
        # As one: each of them alone pays the headers' two seconds again.
        sources = [verilator.include / name for name in names]
        compile_joined(compiler, [*flags, f"-I{verilator.include}", "-O0"], sources, folder / _OBJECT)
        for left in folder.glob("*.joined.cpp"):
            left.unlink()

    return cached("verilator", key.hexdigest()[:24], build) / _OBJECT


def _version_of(compiler: Command) -> str:
    return capture([*compiler, "--version"], what="the C++ compiler").out
