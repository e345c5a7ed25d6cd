"""A streaming circuit in Icarus Verilog, under a test bench of its own: it knows X, and shares nothing with lgc's."""

import random
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from conv_models import naive
from numpy.typing import NDArray

from lgc.backend.base import write
from lgc.backend.manifest import Manifest, read_manifest
from lgc.backend.verilog.stream import StreamVerilog
from lgc.frontend import lower

_BENCH = """\
`timescale 1ns/1ps
module bench;
  reg clk = 0, resetn = 0, valid = 0, last = 0, take = 0;
  reg [%(beat)d-1:0] data;
  reg [%(beat)d+15:0] beats [0:%(count)d-1];
  reg [15:0] random = 16'h%(seed)04x;
  wire ready, answered, flag, wrong, m_last;
  wire [%(reply)d-1:0] reply;
  integer i, clock = 0, idle;
  %(top)s dut (.aclk(clk), .aresetn(resetn), .s_axis_tdata(data), .s_axis_tvalid(valid), .s_axis_tready(ready),
    .s_axis_tlast(last), .m_axis_tdata(reply), .m_axis_tvalid(answered), .m_axis_tready(take), .m_axis_tlast(m_last),
    .m_axis_tuser(flag), .frame_error(wrong));
  always #1 clk = !clk;
  always @(posedge clk) begin
    clock <= clock + 1;
    random <= {random[14:0], random[15] ^ random[13] ^ random[12] ^ random[10]};
    take <= %(eager)d || random[2:0] == 0;
    if (answered && take) $display("R %%h %%b %%b", reply, flag, m_last);
    if (wrong === 1'b1 && resetn) $display("E");
    if (answered !== 1'b0 && answered !== 1'b1 && clock > 4) $display("X");
  end
  initial begin
    $readmemh("beats.hex", beats);
    repeat (4) @(negedge clk);
    resetn = 1;
    @(negedge clk);
    for (i = 0; i < %(count)d; i = i + 1) begin
      valid = 0;
      idle = beats[i][%(beat)d+15:%(beat)d+1];
      while (idle > 0) begin
        @(negedge clk);
        idle = idle - 1;
      end
      data = beats[i][%(beat)d-1:0];
      last = beats[i][%(beat)d];
      valid = 1;
      #0.5;
      while (!ready) begin
        @(negedge clk);
        #0.5;
      end
      @(negedge clk);
    end
    valid = 0;
    repeat (%(after)d) @(negedge clk);
    $finish;
  end
endmodule
"""


@dataclass(frozen=True)
class Sent:
    """A frame: pixels (beats, bytes), and whether it is longer or shorter than it should be."""

    pixels: NDArray[np.uint8]
    idle: int = 0


def replies(model, folder: Path, frames: list[Sent], *, eager: bool, seed: int = 1, **options):
    """Scores, classes and flags of what came back, and how often ``frame_error`` came.

    Args:
        frames: ``idle`` is the most clocks before a beat.
        eager: whether results are taken at once.
    """
    compiler, runner = shutil.which("iverilog"), shutil.which("vvp")
    if compiler is None or runner is None:
        pytest.skip("Icarus Verilog is not installed: a second simulator of streams was not tried")
    folder.mkdir(parents=True, exist_ok=True)
    write(StreamVerilog(model, **options), lower(model), folder / "net.v")
    manifest = read_manifest(folder / "net.json")
    lines, rng = [], random.Random(seed)
    for one in frames:
        for index, pixel in enumerate(one.pixels):
            idle = rng.randrange(one.idle + 1) if rng.random() < 0.5 else 0
            head = (idle << 1) | int(index == len(one.pixels) - 1)
            lines.append(f"{head:04x}{pixel.tobytes()[::-1].hex()}")
    (folder / "beats.hex").write_text("\n".join(lines) + "\n")
    values = {
        "beat": manifest.port("s_axis_tdata").width, "reply": manifest.port("m_axis_tdata").width, "count": len(lines),
        "top": manifest.top, "eager": int(eager), "seed": seed | 1, "after": 40 * (manifest.latency + 20) + 400,
    }  # fmt: skip
    (folder / "bench.v").write_text(_BENCH % values)
    command = [compiler, "-g2005", "-Wall", "-s", "bench", "-o", "bench.vvp", "bench.v", "net.v"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    out = subprocess.run([runner, "bench.vvp"], cwd=folder, capture_output=True, text=True, check=True).stdout
    rows = out.splitlines()
    assert "X" not in rows, "m_axis_tvalid is undefined"
    found = [row.split()[1:] for row in rows if row.startswith("R")]
    assert all(last == "1" for _, _, last in found)
    return (*_told(manifest, [reply for reply, _, _ in found]), [flag for _, flag, _ in found], rows.count("E"))


def _told(manifest: Manifest, texts: list[str]):
    entry = manifest.stream
    raw = [bytes.fromhex(text)[::-1] for text in texts]  # an x is no hexadecimal digit
    start, size = entry["class_bytes"], entry["score_bytes"]
    scores = [
        [int.from_bytes(one[start + i * size :][:size], "little", signed=manifest.score_signed)
         for i in range(len(manifest.classes))]
        for one in raw
    ]  # fmt: skip
    return np.array(scores), np.array([int.from_bytes(one[:start], "little") for one in raw])


def pixels_of(model, bits, rate=1):
    """Frames (B, beats, bytes) of the encoder's bits (B, I), so many pixels a beat."""
    g = model.layers[0].geometry
    planes = bits.reshape(len(bits), g.channels, g.height * g.width, g.planes).transpose(0, 2, 1, 3)
    bytes_ = np.packbits(planes.reshape(len(bits), g.height * g.width, -1), axis=2, bitorder="little")
    return bytes_.reshape(len(bits), g.height * g.width // rate, -1)


def check(model, folder, *, eager: bool, idle: int, count: int = 5, seed: int = 1, rate: int = 1, **options) -> None:
    """All scores of some images, some of them damaged frames, which count as images with zeros for what is missing."""
    rng = np.random.default_rng(seed)
    bits = rng.integers(0, 2, (count, model.encoder.num_bits)).astype(np.bool_)
    pixels = pixels_of(model, bits, rate)
    whole = pixels.shape[1]
    lengths = [whole] * count
    lengths[1], lengths[2] = max(1, whole // 2), whole + 2
    seen = [frame[np.arange(length) % whole] for frame, length in zip(pixels, lengths, strict=True)]
    given_bits = bits.copy().reshape(count, model.layers[0].geometry.channels, whole * rate, -1)
    given_bits[1, :, lengths[1] * rate :] = False
    expected = naive(model, given_bits.reshape(count, -1)) + model.head.bias
    frames = [Sent(one, idle) for one in seen]
    scores, classes, flags, errors = replies(
        model, folder, frames, eager=eager, seed=seed, pixels_per_clock=rate, **options
    )
    np.testing.assert_array_equal(scores, expected)
    np.testing.assert_array_equal(classes, model.head.classify(expected))
    assert flags == ["1" if length != whole else "0" for length in lengths]
    assert errors == sum(length != whole for length in lengths)
