"""The wrappers' text: accepted without a warning, named after the circuit, and refused where it cannot work."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from lgc.backend.base import write
from lgc.backend.manifest import read_manifest
from lgc.backend.verilog import Verilog
from lgc.backend.verilog.interfaces import INTERFACES
from lgc.backend.verilog.interfaces.core import Core
from lgc.errors import OptionError
from lgc.ir import Builder, Circuit, Encoder, Head
from lgc.mapping.encoder import infer_code, lower_encoder
from lgc.parts.boards import BOARDS
from lgc.tools.verilator import find_verilator

KINDS = [kind for kind in INTERFACES if kind != "none"]


def circuit(inputs: int = 19, *, width: int = 0, classes: int = 3, bias: int = -1) -> Circuit:
    """A few gates; of features of ``width`` bits if that is not 0."""
    encoder = Encoder(inputs, np.full((inputs, 1), (1 << width) / 3) if width else None)
    builder = Builder(encoder.num_bits)
    nets = [builder.add(6, (2 + k % inputs, 2 + (k + 1) % inputs)) for k in range(2 * classes)]
    head = Head.equal_groups(2 * classes, tuple(map(str, range(classes))), bias=np.full(classes, bias))
    one = Circuit("small", encoder, builder.build(nets), head)
    return lower_encoder(one, infer_code(encoder, width, 1.0)) if width else one


def lint(top: str, *files: Path) -> None:
    verilator = find_verilator()
    command = [*verilator.command, "--lint-only", "-Wall", "--top-module", top, *map(str, files)]
    done = subprocess.run(command, env=verilator.environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "Warning" not in done.stderr, done.stderr


@pytest.mark.sim
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("outputs", ["class", "scores", "both"])
@pytest.mark.parametrize(("width", "classes", "bias"), [(0, 3, -1), (8, 10, 0), (12, 2, 300), (1, 1, 0)])
def test_verilator_has_nothing_to_say(
    tmp_path: Path, kind: str, outputs: str, width: int, classes: int, bias: int
) -> None:
    pipeline = (classes + width) % 3
    one = circuit(5 if width else 19, width=width, classes=classes, bias=bias)
    written = write(Verilog(top="net", outputs=outputs, interface=kind, pipeline=pipeline), one, tmp_path / "net.v")
    entry = json.loads((tmp_path / "net.json").read_text())["interface"]
    lint(entry["module"], *(file for file in written if file.suffix == ".v"))


@pytest.mark.sim
@pytest.mark.parametrize("kind", KINDS)
def test_a_serial_head_behind_every_wrapper(tmp_path: Path, kind: str) -> None:
    written = write(Verilog(top="net", head="serial", interface=kind), circuit(), tmp_path / "net.v")
    entry = json.loads((tmp_path / "net.json").read_text())["interface"]
    lint(entry["module"], *(file for file in written if file.suffix == ".v"))


@pytest.mark.sim
@pytest.mark.parametrize(("kind", "board"), [(kind, name) for name, one in BOARDS.items() for kind in one.lines])
def test_board_tops_and_their_pins(tmp_path: Path, kind: str, board: str) -> None:
    written = write(Verilog(top="net", interface=kind, board=board, outputs="class"), circuit(), tmp_path / "net.v")
    lint(f"net_{board}", *(file for file in written if file.suffix == ".v"))
    top = (tmp_path / f"net_{board}.v").read_text()
    (pins,) = (file for file in written if file.suffix in (".pcf", ".lpf", ".cst"))
    text = pins.read_text()
    for direction, size, name in re.findall(r"^  (input |output) wire (\[\d+:0\] )?(\w+)", top, re.MULTILINE):
        assert direction
        count = int(re.findall(r"\d+", size)[0]) + 1 if size else 0
        for port in [f"{name}[{index}]" for index in range(count)] or [name]:
            assert re.search(rf'(set_io |COMP "|IO_LOC "){re.escape(port)}"? ', text), port
    used = re.findall(r'^(?:set_io \S+ |LOCATE COMP "\S+" SITE "|IO_LOC "\S+" )(\w+)', text, re.MULTILINE)
    assert len(used) == len(set(used)) == 1 + len(BOARDS[board].lines[kind]) + len(BOARDS[board].leds)


def test_yosys_reads_every_wrapper(tmp_path: Path) -> None:
    pytest.importorskip("pyosys")
    script = []
    for kind in KINDS:
        top = f"net{kind}"
        written = write(Verilog(top=top, interface=kind), circuit(5, width=8), tmp_path / f"{top}.v")
        module = json.loads((tmp_path / f"{top}.json").read_text())["interface"]["module"]
        sources = " ".join(str(file) for file in written if file.suffix == ".v")
        script.append(
            f"design -reset; read_verilog {sources}; hierarchy -check -top {module}; proc; opt; check -assert"
        )
    code = "\n".join(
        ["import pyosys.libyosys as ys", "design = ys.Design()", *(f"ys.run_pass({one!r}, design)" for one in script)]
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, (done.stdout + done.stderr)[-2000:]
    warnings = [line for line in done.stdout.split("\n") if "Warning" in line]
    assert not [line for line in warnings if "Replacing memory" not in line]


def test_the_wrapper_changes_nothing_in_the_circuit(tmp_path: Path) -> None:
    plain = write(Verilog(top="net"), circuit(), tmp_path / "net.v")[0].read_bytes()
    assert write(Verilog(top="net", interface="axis"), circuit(), tmp_path / "net.v")[0].read_bytes() == plain
    assert read_manifest(tmp_path / "net.json").interface is not None


def test_sizes_in_the_manifest(tmp_path: Path) -> None:
    target = Verilog(top="net", interface="uart", board="ulx3s", baud=1_000_000)
    write(target, circuit(5, width=12, classes=300, bias=-200), tmp_path / "net.v")
    entry = json.loads((tmp_path / "net.json").read_text())["interface"]
    assert entry == {
        "kind": "uart",
        "module": "net_uart",
        "board": "ulx3s",
        "item_bytes": 2,
        "image_bytes": 10,
        "class_bytes": 2,
        "score_bytes": 2,
        "reply_bytes": 602,
        "baud": 1_000_000,
    }
    core = Core.of(read_manifest(tmp_path / "net.json"))
    assert (core.item_width, core.items, core.num_scores) == (12, 5, 300)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"interface": "usb"}, "no interface 'usb'"),
        ({"interface": "uart", "board": "de10"}, "no board 'de10'"),
        ({"interface": "spi", "board": "hx8k"}, "no pins for spi"),
        ({"interface": "axis", "board": "hx8k"}, "--board is for --interface uart or spi, not axis"),
        ({"board": "hx8k"}, "--board is for"),
        ({"interface": "spi", "baud": 9600}, "--baud is for --interface uart"),
        ({"interface": "uart", "beat": 3}, "--beat is for --interface axis"),
        ({"interface": "axis", "beat": -1}, "a beat of -1"),
        ({"interface": "uart", "baud": -5}, "-5 bits a second"),
        ({"interface": "uart", "baud": 5_000_000}, "5000000 bits a second cannot be made of a clock of 12 MHz"),
        ({"interface": "uart", "baud": 921_600}, None),
        ({"interface": "uart", "baud": 2_700_000}, "2 %"),
    ],
)
def test_what_cannot_be_is_refused(tmp_path: Path, options: dict[str, object], message: str | None) -> None:
    target = Verilog(**options)  # type: ignore[arg-type]
    if message is None:
        target.validate(circuit())
        return
    with pytest.raises(OptionError, match=re.escape(message)):
        write(target, circuit(), tmp_path / "net.v")
    assert not list(tmp_path.iterdir())
