"""Texts in a simulator, many to a build, by a testbench in plain Verilog: each gets a schedule and tells what it shows.

Inputs are taken at an edge, and outputs are read just before the next one, as :mod:`lgc.sim.testbench` does.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from lgc.backend.manifest import Manifest
from lgc.errors import ToolError
from lgc.ir import Circuit, interp
from lgc.sim.schedule import Clock, schedule
from lgc.tools.cc import find_cxx_compiler
from lgc.tools.run import Setup, run
from lgc.tools.verilator import find_verilator
from lgc.verify.vectors import random_vectors

VECTORS = 40
_LANES = 4
_MAIN = """#include "Vtb.h"
int main(int argc, char** argv) {
    VerilatedContext context; context.commandArgs(argc, argv); Vtb tb{&context};
    for (int k = 0; k < %d; k++) { tb.tick = 0; tb.eval(); tb.tick = 1; tb.eval(); }
}
"""
_VERILATE = [
    "--cc",
    "-Wno-fatal",
    "--no-timing",
    "--x-assign",
    "fast",
    "--x-initial",
    "0",
    "-fno-dfg",
    "--output-split",
    "200000",
]
_SECONDS, _SHORT, _MEMORY = 900, 60, 4 << 30


@dataclass(frozen=True, eq=False)
class Form:
    """A circuit as some options emit it."""

    name: str
    circuit: Circuit
    manifest: Manifest
    text: str

    def clocks(self) -> list[Clock]:
        manifest = self.manifest
        if not manifest.latency:
            return [Clock(row, True, False, row) for row in range(VECTORS)]
        count = VECTORS if manifest.interval == 1 else 6
        return schedule(count, manifest.latency, manifest.interval)

    def rows(self) -> np.ndarray:
        return random_vectors(self.circuit.netlist.num_inputs, VECTORS, 0).bits

    def expected(self) -> list[str]:
        """Per row, class and scores as the ports show them, most significant bit first."""
        scores, manifest = interp.scores(self.circuit, self.rows()), self.manifest
        classes = self.circuit.head.classify(scores)
        found = []
        for index, row in zip(classes.tolist(), scores.tolist(), strict=True):
            words = [f"{score % (1 << manifest.score_width):0{manifest.score_width}b}" for score in reversed(row)]
            shown = {"class_id": f"{index:b}", "scores": "".join(words)}
            ports = {port.name: port.width for port in manifest.ports}
            found.append(" ".join(shown[name].zfill(ports[name]) for name in ("class_id", "scores") if name in ports))
        return found


def differs(forms: Sequence[tuple[Form, str]], folder: Path, simulator: str) -> list[bool | None]:
    """Whether each text shows anything but its circuit; None where the simulator refuses them.

    Args:
        forms: texts beside what they are to be.
        simulator: ``icarus``, ``verilator`` or ``lanes``, which is Verilator with several samples to an evaluation.
    """
    lanes = _LANES if simulator == "lanes" else 1
    folder.mkdir(parents=True)
    clocks = max(len(form.clocks()) for form, _ in forms) + 1
    texts = [_renamed(form, text, index) for index, (form, text) in enumerate(forms)]
    benches = [_bench(form, index, lanes, folder) for index, (form, _) in enumerate(forms)]
    tops = "\n".join(f"  tb{index} b{index}(tick);" for index in range(len(forms)))
    bench = "\n".join([*benches, f"module tb(input tick);\n{tops}\nendmodule\n"])
    (folder / "texts.v").write_bytes("\n".join(texts).encode())
    (folder / "tb.v").write_text(bench)
    printed = _icarus(folder, clocks) if simulator == "icarus" else _verilator(folder, clocks, lanes)
    if printed is None:
        return [None] * len(forms)
    shown: dict[int, list[str]] = {index: [] for index in range(len(forms))}
    for line in printed.splitlines():
        match = re.fullmatch(r"@(\d+) (.*)", line)
        if match:
            shown[int(match[1])].append(match[2])
    return [_is_wrong(form, shown[index], lanes) for index, (form, _) in enumerate(forms)]


def _is_wrong(form: Form, shown: list[str], lanes: int) -> bool:
    expected, clocks = form.expected(), form.clocks()
    if len(shown) <= len(clocks):
        return True
    shown = shown[1:] if form.manifest.latency else shown  # a clocked one shows before an edge what the last one made
    for clock, line in zip(clocks, shown, strict=False):
        valid, *words = line.split(" ")
        if form.manifest.latency and (valid != "1") != (clock.due < 0):
            return True
        for lane in range(lanes if clock.due >= 0 else 0):
            wanted = expected[(clock.due + 7 * lane) % VECTORS].split(" ")
            seen = [word[len(word) - 1 - lane :: -lanes][::-1] for word in words]
            if seen != wanted:
                return True
    return False


def _renamed(form: Form, text: str, index: int) -> str:
    """The text with modules of its own names."""
    text = re.sub(rf"(?<![\w.\\]){form.manifest.top}(?=_|\b)", f"t{index}x", text)
    text = re.sub(r"\b(?:SB_)?(?:LUT\d(?:_2)?|CARRY4)\b", rf"t{index}x\g<0>", text)
    return text.replace("LGC_CELLS_", f"LGC_CELLS_{index}_")


def _bench(form: Form, index: int, lanes: int, folder: Path) -> str:
    """Rows from a file go in at each tick, what stands at the outputs before it is printed."""
    ports = {port.name: port.width for port in form.manifest.ports}
    source, clocks, bits = form.manifest.input_port, form.clocks(), form.rows()
    lines = []
    for clock in [*clocks, clocks[-1]]:
        row = np.stack([bits[(clock.row + 7 * lane) % VECTORS] for lane in range(lanes)], axis=1).reshape(-1)
        word = "".join("1" if bit else "0" for bit in row[::-1].tolist())
        lines.append(f"{int(clock.reset)}{int(clock.valid)}{word}")
    (folder / f"rows{index}.mem").write_text("\n".join(lines) + "\n")
    width = ports[source] * lanes
    results = [name for name in ("class_id", "scores") if name in ports]
    wires = "".join(f"  wire [{ports[name] * lanes - 1}:0] {name};\n" for name in results)
    pins = [f".{source}(row[{width - 1}:0])", *(f".{name}({name})" for name in results)]
    if form.manifest.latency:
        pins += [".clk(tick)", f".rst(row[{width + 1}])", f".in_valid(row[{width}])", ".out_valid(valid)"]
    shows = ", ".join([*(["valid"] if form.manifest.latency else ["1'b1"]), *results])
    return f"""\
module tb{index}(input tick);
  reg [{width + 1}:0] rows [0:{len(lines) - 1}];
  integer k = 0;
  initial $readmemb("rows{index}.mem", rows);
  wire [{width + 1}:0] row = rows[k];
  wire valid;
{wires}  t{index}x dut ({", ".join(pins)});
  always @(posedge tick) if (k < {len(lines)}) begin
    $display("@{index} %b{" %b" * len(results)}", {shows});
    k <= k + 1;
  end
endmodule"""


def _output(
    command: Sequence[object], folder: Path, seconds: float = _SECONDS, environment: dict[str, str] | None = None
) -> str | None:
    """What a program prints; None if it fails, or takes too long or too much: an edit can make a loop endless."""
    log = folder / "log"
    setup = Setup(folder=folder, environment=environment, timeout=seconds, memory=_MEMORY)
    try:
        code = run([str(word) for word in command], log, setup, what=str(command[0]))
    except ToolError:
        return None
    return log.read_text(errors="replace") if code == 0 else None


def _icarus(folder: Path, clocks: int) -> str | None:
    driver = f"module drive; reg tick = 0; integer n; tb t(tick);\n  initial for (n = 0; n < {clocks}; n = n + 1) begin"
    (folder / "drive.v").write_text(driver + " #1 tick = 0; #1 tick = 1; end\nendmodule\n")
    words = ["iverilog", "-g2005", "-s", "drive", "-o", "t.vvp", "texts.v", "tb.v", "drive.v"]
    return None if _output(words, folder, _SHORT) is None else _output(["vvp", "-n", "t.vvp"], folder, _SHORT)


def _verilator(folder: Path, clocks: int, lanes: int) -> str | None:
    verilator, compiler = find_verilator(), find_cxx_compiler()
    (folder / "main.cpp").write_text(_MAIN % clocks)
    command = [*verilator.command, *_VERILATE, "--prefix", "Vtb", "--top-module", "tb", "--Mdir", "."]
    command += [f"-DLGC_LANES={lanes}"] if lanes > 1 else []
    if _output([*command, "tb.v", "texts.v"], folder, environment=verilator.environment()) is None:
        return None
    flags = ["-std=gnu++17", "-w", "-O0", f"-I{verilator.include}", f"-I{verilator.include}/vltstd", "-I."]
    sources = sorted(file.name for file in folder.glob("Vtb*.cpp"))
    (folder / "all.cpp").write_text("".join(f'#include "{name}"\n' for name in [*sources, "main.cpp"]))
    built = _output([*compiler, *flags, "all.cpp", _runtime(), "-o", "sim", "-lpthread"], folder)
    return None if built is None else _output(["./sim"], folder)


@cache
def _runtime() -> Path:
    """Verilator's runtime, compiled once."""
    import tempfile

    folder, verilator = Path(tempfile.mkdtemp()), find_verilator()
    names = ("verilated.cpp", "verilated_threads.cpp")
    (folder / "all.cpp").write_text("".join(f'#include "{verilator.include}/{name}"\n' for name in names))
    flags = ["-std=gnu++17", "-w", "-O0", f"-I{verilator.include}", f"-I{verilator.include}/vltstd"]
    built = _output([*find_cxx_compiler(), *flags, "-c", "all.cpp", "-o", "runtime.o"], folder)
    assert built is not None, (folder / "log").read_text()
    return folder / "runtime.o"


def simulators() -> list[str]:
    """Those that are installed."""
    return [*(["icarus"] if shutil.which("vvp") else []), "verilator", "lanes"]
