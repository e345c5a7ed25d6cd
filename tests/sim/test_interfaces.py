"""The wrappers in simulation: every reply of every image through AXI4-Stream, UART, SPI and a Tiny Tapeout tile."""

from __future__ import annotations

import json
import os
import re
import subprocess
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from lgc.backend.base import to_bytes
from lgc.backend.verilog import Verilog
from lgc.ir import Builder, Circuit, Encoder, Head, interp
from lgc.mapping.encoder import infer_code, lower_encoder
from lgc.sim.simulate import simulator_environment
from lgc.sim.verilator import BuildOptions, build

pytestmark = pytest.mark.sim
IMAGES = 40


@dataclass(frozen=True)
class Case:
    """A circuit behind a wrapper; ``inputs`` are features of ``width`` bits, or bits if the width is 0."""

    interface: str
    inputs: int
    width: int
    options: dict[str, object]


CASES = {
    "wide": Case("axis", 5, 8, {"pipeline": 4, "beat": 5}),
    "narrow": Case("axis", 7, 12, {"outputs": "scores", "beat": 2}),
    "uart": Case("uart", 5, 9, {"baud": 1_000_000}),
    "spi": Case("spi", 19, 0, {"pipeline": 3}),
    "tt": Case("tt", 13, 0, {"outputs": "both"}),
    "slow": Case("axis", 5, 8, {"head": "serial", "beat": 5}),
    "slowtile": Case("tt", 13, 0, {"head": "serial"}),
}

BENCH = """
module bench (
  input  wire clk, input wire rst,
  input  wire [39:0] wide_s_axis_tdata, input wire wide_s_axis_tvalid, output wire wide_s_axis_tready,
  input  wire wide_s_axis_tlast, output wire [@wide@-1:0] wide_m_axis_tdata, output wire wide_m_axis_tvalid,
  input  wire wide_m_axis_tready, output wire wide_m_axis_tlast,
  input  wire [31:0] narrow_s_axis_tdata, input wire narrow_s_axis_tvalid, output wire narrow_s_axis_tready,
  input  wire narrow_s_axis_tlast, output wire [@narrow@-1:0] narrow_m_axis_tdata, output wire narrow_m_axis_tvalid,
  input  wire narrow_m_axis_tready, output wire narrow_m_axis_tlast, output wire narrow_frame_error,
  input  wire uart_rx, output wire uart_tx,
  input  wire spi_sck, input wire spi_cs_n, input wire spi_mosi, output wire spi_miso, output wire spi_ready,
  input  wire [7:0] tt_ui_in, output wire [7:0] tt_uo_out, input wire [7:0] tt_uio_in, output wire [7:0] tt_uio_out,
  output wire [7:0] tt_uio_oe,
  input  wire [39:0] slow_s_axis_tdata, input wire slow_s_axis_tvalid, output wire slow_s_axis_tready,
  input  wire slow_s_axis_tlast, output wire [@slow@-1:0] slow_m_axis_tdata, output wire slow_m_axis_tvalid,
  input  wire slow_m_axis_tready, output wire slow_m_axis_tlast,
  input  wire [7:0] slowtile_ui_in, output wire [7:0] slowtile_uo_out, input wire [7:0] slowtile_uio_in,
  output wire [7:0] slowtile_uio_out, output wire [7:0] slowtile_uio_oe
);
  wide_axis wide (.aclk(clk), .aresetn(!rst), .frame_error(),
    .s_axis_tdata(wide_s_axis_tdata), .s_axis_tvalid(wide_s_axis_tvalid), .s_axis_tready(wide_s_axis_tready),
    .s_axis_tlast(wide_s_axis_tlast), .m_axis_tdata(wide_m_axis_tdata), .m_axis_tvalid(wide_m_axis_tvalid),
    .m_axis_tready(wide_m_axis_tready), .m_axis_tlast(wide_m_axis_tlast));
  narrow_axis narrow (.aclk(clk), .aresetn(!rst), .frame_error(narrow_frame_error),
    .s_axis_tdata(narrow_s_axis_tdata), .s_axis_tvalid(narrow_s_axis_tvalid), .s_axis_tready(narrow_s_axis_tready),
    .s_axis_tlast(narrow_s_axis_tlast), .m_axis_tdata(narrow_m_axis_tdata), .m_axis_tvalid(narrow_m_axis_tvalid),
    .m_axis_tready(narrow_m_axis_tready), .m_axis_tlast(narrow_m_axis_tlast));
  line_uart #(.TIMEOUT(2000), .SETTLE(5)) uart (.clk(clk), .rst(rst), .rx(uart_rx), .tx(uart_tx), .reply());
  bus_spi spi (.clk(clk), .rst(rst), .sck(spi_sck), .cs_n(spi_cs_n), .mosi(spi_mosi), .miso(spi_miso),
    .ready(spi_ready), .reply());
  tt_um_tile tile (.ui_in(tt_ui_in), .uo_out(tt_uo_out), .uio_in(tt_uio_in), .uio_out(tt_uio_out), .uio_oe(tt_uio_oe),
    .ena(1'b1), .clk(clk), .rst_n(!rst));
  slow_axis slow (.aclk(clk), .aresetn(!rst), .frame_error(),
    .s_axis_tdata(slow_s_axis_tdata), .s_axis_tvalid(slow_s_axis_tvalid), .s_axis_tready(slow_s_axis_tready),
    .s_axis_tlast(slow_s_axis_tlast), .m_axis_tdata(slow_m_axis_tdata), .m_axis_tvalid(slow_m_axis_tvalid),
    .m_axis_tready(slow_m_axis_tready), .m_axis_tlast(slow_m_axis_tlast));
  tt_um_slowtile slowtile (.ui_in(slowtile_ui_in), .uo_out(slowtile_uo_out), .uio_in(slowtile_uio_in),
    .uio_out(slowtile_uio_out), .uio_oe(slowtile_uio_oe), .ena(1'b1), .clk(clk), .rst_n(!rst));
endmodule
"""
TOPS = {
    "wide": "wide",
    "narrow": "narrow",
    "uart": "line",
    "spi": "bus",
    "tt": "tile",
    "slow": "slow",
    "slowtile": "slowtile",
}


def circuit(case: Case, rng: np.random.Generator) -> Circuit:
    """Random gates, five classes, scores of both signs."""
    thresholds = None
    if case.width:
        thresholds = np.sort(rng.integers(0, 1 << case.width, (case.inputs, 3)) - 0.5, axis=1).clip(0.5)
        thresholds[0, 2] = (1 << case.width) - 1.5
    encoder = Encoder(case.inputs, thresholds)
    builder = Builder(encoder.num_bits)
    handles = builder.layer("engine", 40)  # the name of a wrapper's module
    for handle in handles.tolist():
        a, b = rng.choice(np.arange(2, builder.num_nets), 2, replace=False).tolist()
        builder.add(int(rng.choice([6, 8, 9, 14, 2])), (a, b), handle)
    netlist = builder.build(np.arange(builder.num_nets - 30, builder.num_nets))
    head = Head.equal_groups(30, tuple("abcde"), bias=np.array([-7, 1, 0, -2, 3]))
    plain = Circuit("random", encoder, netlist, head)
    return lower_encoder(plain, infer_code(encoder, case.width, 1.0)) if case.width else plain


def images(case: Case, one: Circuit, rng: np.random.Generator) -> list[tuple[str, str]]:
    """Images and replies in hex, by docs/interfaces.md."""
    if case.width:
        codes = rng.integers(0, 1 << case.width, (IMAGES, case.inputs))
        bits = ((codes[:, :, None] >> np.arange(case.width)) & 1).astype(np.bool_).reshape(IMAGES, -1)
        size = -(-case.width // 8)
        sent = [b"".join(int(code).to_bytes(size, "little") for code in row) for row in codes]
    else:
        bits = rng.random((IMAGES, case.inputs)) < 0.5
        sent = [row.tobytes() for row in np.packbits(bits, axis=1, bitorder="little")]
    scores = interp.scores(one, bits)
    outputs = str(case.options.get("outputs", "both"))
    replies = []
    for row, winner in zip(scores.tolist(), one.head.classify(scores).tolist(), strict=True):
        reply = bytes([winner]) if outputs != "scores" else b""
        reply += b"".join(score.to_bytes(1, "little", signed=True) for score in row) if outputs != "class" else b""
        replies.append(reply)
    return [(image.hex(), reply.hex()) for image, reply in zip(sent, replies, strict=True)]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return simulate(tmp_path_factory.mktemp("interfaces"))


def simulate(folder: Path) -> dict[str, str]:
    """Per test of the bench its failure, or an empty text. One simulator holds all wrappers."""
    rng = np.random.default_rng(11)
    texts, pairs, bench = [], {}, BENCH
    for name, case in CASES.items():
        one = circuit(case, rng)
        target = Verilog(top=TOPS[name], interface=case.interface, **case.options)  # type: ignore[arg-type]
        texts.append(to_bytes(target, one).decode())
        files = target.companions(one)
        texts += [text for suffix, text in files.items() if suffix.endswith(".v")]
        pairs[name] = images(case, one, rng)
        assert len(pairs[name][0][1]) == 2 * json.loads(files[".json"])["interface"]["reply_bytes"]
        bench = bench.replace(f"@{name}@", str(4 * len(pairs[name][0][1])))
    source = folder / "bench.v"
    source.write_text("\n".join(texts) + bench)
    ports = [(name, direction) for direction, name in re.findall(r"(input|output) +wire (?:\[\S+ ?)?(\w+)", bench)]
    program = build(source, ports, BuildOptions("bench"), folder)
    (folder / "bench.json").write_text(json.dumps(pairs))
    environment = simulator_environment("bench", folder) | {
        "COCOTB_TEST_MODULES": "testbench_interfaces",
        "LGC_BENCH": str(folder / "bench.json"),
    }
    environment["PYTHONPATH"] = os.pathsep.join([str(Path(__file__).parent), environment["PYTHONPATH"]])
    log = folder / "log"
    with log.open("wb") as stream:
        subprocess.run([program], cwd=folder, env=environment, stdout=stream, stderr=stream, check=False, timeout=300)
    assert (folder / "cocotb.xml").exists(), log.read_text()[-3000:]
    found = {}
    for one_case in ET.parse(folder / "cocotb.xml").iter("testcase"):
        failure = one_case.find("failure") if one_case.find("failure") is not None else one_case.find("error")
        message = "" if failure is None else f"{failure.attrib} {failure.text}"
        found[str(one_case.get("name"))] = message
    return found


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("axis_loses_nothing_under_back_pressure", 15),
        ("axis_lets_no_image_in_without_a_place_for_its_reply", 3),
        ("axis_takes_an_image_every_clock", 1),
        ("axis_replies_after_its_latency", 2),
        ("axis_drops_packets_of_another_length", 1),
        ("axis_reset_forgets_what_is_under_way", 1),
        ("uart_answers", 3),
        ("uart_forgets_half_an_image", 1),
        ("spi_answers", 3),
        ("spi_ignores_what_is_no_image", 1),
        ("tiny_tapeout_answers", 2),
        ("a_busy_core_takes_no_image", 1),
    ],
)
def test_wrapper(results: dict[str, str], name: str, count: int) -> None:
    mine = {test: failure for test, failure in results.items() if test.split("/")[0] == name}
    assert len(mine) == count, sorted(results)
    assert not any(mine.values()), mine
