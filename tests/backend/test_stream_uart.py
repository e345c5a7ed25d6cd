"""A stream behind a UART, as a board has it: bytes of pixels in by the line, classes out, in a second simulator."""

import re
import shutil
import subprocess

import numpy as np
import pytest
from conv_models import Slide, draw, naive

from lgc import compile as lgc_compile
from lgc.backend.base import write
from lgc.backend.manifest import read_manifest
from lgc.backend.verilog import Verilog
from lgc.backend.verilog.stream import StreamVerilog
from lgc.errors import OptionError
from lgc.frontend import lower

BIT = 4
_BENCH = """\
`timescale 1ns/1ps
module bench;
  reg clk = 0, rx = 1;
  reg [9:0] sent [0:%(count)d-1];  // data, then 1: a broken stop bit, 2: silence behind it
  reg [9:0] one;
  wire tx;
  wire [7:0] led;
  integer i, j;
  reg [7:0] got;
  net_ulx3s dut (.clk(clk), .rx(rx), .tx(tx), .led(led));
  defparam dut.uart.CLOCKS_PER_BIT = %(bit)d;
  defparam dut.uart.TIMEOUT = 400;
  always #1 clk = !clk;
  initial begin
    $readmemh("sent.hex", sent);
    repeat (200) @(negedge clk);
    for (i = 0; i < %(count)d; i = i + 1) begin
      one = sent[i];
      rx = 0;
      repeat (%(bit)d) @(negedge clk);
      for (j = 0; j < 8; j = j + 1) begin
        rx = one[j];
        repeat (%(bit)d) @(negedge clk);
      end
      rx = !one[8];
      repeat (%(bit)d) @(negedge clk);
      rx = 1;
      repeat (one[9] ? 600 : %(bit)d) @(negedge clk);
    end
    repeat (2000) @(negedge clk);
    $finish;
  end
  initial forever begin
    @(negedge tx);
    repeat (%(bit)d / 2) @(negedge clk);
    for (j2 = 0; j2 < 8; j2 = j2 + 1) begin
      repeat (%(bit)d) @(negedge clk);
      got[j2] = tx;
    end
    repeat (%(bit)d) @(negedge clk);
    $display("%%h %%b %%h", got, tx, led);
  end
  integer j2;
endmodule
"""


def model_of(planes: int = 0, dense: int = 8):
    slides = [Slide((3, 3), 6, 4, padding=(1, 1)), Slide((2, 2), 4, 4, 1, (2, 2))]
    return draw((2, 6, 6), slides, np.random.default_rng(7), dense=dense, thresholds=planes)


def answers(folder, frames, **options) -> tuple[list[int], list[int]]:
    """The bytes that come back for ``frames`` of (bytes, mark) pairs, and what the LEDs show then."""
    compiler, runner = shutil.which("iverilog"), shutil.which("vvp")
    if compiler is None or runner is None:
        pytest.skip("Icarus Verilog is not installed: a stream behind a UART was not tried")
    model = model_of()
    verilog = Verilog(top="net", outputs="class", interface="uart", board="ulx3s", baud=1_000_000)
    files = write(StreamVerilog(model, verilog, **options), lower(model), folder / "net.v")
    lines = [f"{value | mark << 8:03x}" for frame in frames for value, mark in frame]
    (folder / "sent.hex").write_text("\n".join(lines) + "\n")
    (folder / "bench.v").write_text(_BENCH % {"count": len(lines), "bit": BIT})
    sources = ["bench.v", *(file.name for file in files if file.suffix == ".v")]
    command = [compiler, "-g2005", "-s", "bench", "-o", "bench.vvp", *sources]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    out = subprocess.run([runner, "bench.vvp"], cwd=folder, capture_output=True, text=True, check=True).stdout
    rows = re.findall(r"^([0-9a-f]{2}) 1 ([0-9a-f]{2})$", out, re.MULTILINE)
    assert len(rows) == len([line for line in out.splitlines() if line and "finish" not in line]), out
    return [int(reply, 16) for reply, _ in rows], [int(led, 16) for _, led in rows]


@pytest.mark.parametrize("options", [{}, {"tables_per_clock": 2}])
def test_bytes_in_classes_out(tmp_path, options):
    """Frames follow each other without waiting for a reply; a broken and an unfinished one leave nothing behind."""
    model, rng = model_of(), np.random.default_rng(1)
    bits = rng.integers(0, 2, (6, 72)).astype(np.bool_)
    pixels = bits.reshape(6, 2, 36)
    frames = [[(int(a) | int(b) << 1, 0) for a, b in zip(*image, strict=True)] for image in pixels]
    broken = [*frames[0][:9], (frames[0][9][0], 1)]
    unfinished = [*frames[1][:20], (0, 2)]
    sent = [frames[0], frames[1], broken, frames[2], unfinished, *frames[3:]]
    expected = model.head.classify(naive(model, bits)).tolist()
    replies, leds = answers(tmp_path, sent, **options)
    assert replies == leds == expected
    assert len(set(expected)) == 2


def test_the_manifest_says_what_the_line_carries(tmp_path):
    model = model_of(dense=0)
    made = lgc_compile(model, tmp_path / "net.v", stream=True, interface="uart", board="ulx3s", baud=1_000_000)
    entry = read_manifest(tmp_path / "net.json").interface
    assert entry == {
        "kind": "uart", "module": "net_uart", "board": "ulx3s", "item_bytes": 1, "image_bytes": 36, "class_bytes": 1,
        "score_bytes": 1, "reply_bytes": 3, "baud": 1_000_000,
    }  # fmt: skip
    names = {path.name for path in made.files}
    assert names == {"net.v", "net.json", "net_uart.v", "net_ulx3s.v", "net_ulx3s.lpf"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"interface": "spi"}, "behind a UART, and not behind spi"),
        ({"interface": "axis"}, "behind a UART, and not behind axis"),
        ({"board": "ulx3s"}, "--board is for --interface"),
        ({"interface": "uart", "baud": 11_000_000}, "cannot be made of a clock of 12 MHz"),
    ],
)
def test_what_is_refused(tmp_path, options, message):
    with pytest.raises(OptionError, match=message):
        lgc_compile(model_of(), tmp_path / "net.v", stream=True, **options)
    assert not list(tmp_path.iterdir())


@pytest.mark.sim
def test_verilator_has_nothing_to_say(tmp_path):
    from lgc.tools.verilator import find_verilator

    made = lgc_compile(model_of(), tmp_path / "net.v", stream=True, interface="uart", board="ulx3s",
                       tables_per_clock=2, outputs="class")  # fmt: skip
    verilator = find_verilator()
    sources = [str(path) for path in made.files if path.suffix == ".v"]
    command = [*verilator.command, "--lint-only", "-Wall", "--top-module", "net_ulx3s", *sources]
    done = subprocess.run(command, env=verilator.environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "Warning" not in done.stderr, done.stderr
